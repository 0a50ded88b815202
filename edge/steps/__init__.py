"""The steps of an inspection, one file each; edge/flow.py joins them and they never import each other."""

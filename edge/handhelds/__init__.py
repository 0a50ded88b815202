"""Handhelds of a box: which are paired with it, and how one becomes so. A person signs in there as anywhere else."""

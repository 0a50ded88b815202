"""The bench over HTTP: thin routes over edge/flow.py, and the pages."""

"""Adapters of the two ports, Camera and Scanner. Only edge/app.py and provisioning choose among them."""

"""Pixels in, measurements out. This package knows no parcels, no registry and no verdict."""

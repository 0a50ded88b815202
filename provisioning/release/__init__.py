"""Releases of the program: bundled and signed by a publisher, taken, tried, put into use or taken back by a box."""

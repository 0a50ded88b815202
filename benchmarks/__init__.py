"""Repeatable measurements, each a command that prints figures and a ratio against a stated peer or limit."""

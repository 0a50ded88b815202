"""The central over HTTP: one file for each kind of caller, each with `add(app, central)`."""

"""The people of a bench: accounts, roles, signing in, lockout, sessions, hand-over of a shift. Web and CLI use it."""

"""A box in a container of its own: the real package on a clean Debian, booted by the real systemd."""

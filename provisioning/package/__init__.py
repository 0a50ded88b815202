"""The Debian package of a box, built from the lock without a compiler; a tool of the release, never run on a bench."""

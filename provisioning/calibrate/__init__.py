"""`sekisho calibrate`: the printed target, and what its pictures tell of a camera and its light."""

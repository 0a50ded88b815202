"""Faults made on purpose, seeded: disks that lose power, fill up or go away, and links that drop, stall and reset."""

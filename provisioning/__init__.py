"""What a technician does to a box: draw the demo, enrol, seed, calibrate, doctor, retire."""

"""What comes back to the bench: sightings, decisions of examiners and courts, precision, answers."""

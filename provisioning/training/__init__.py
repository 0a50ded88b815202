"""Practice with drawn parcels: what they are, their sheet, and the practice bench itself."""

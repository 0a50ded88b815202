"""What boxes bring in: batches of rows, pictures, sticks; kept, receipted and proved again at rest."""

"""`sekisho doctor`: looks at every part of the box and says of each how it is, and what to do."""

"""The only SQL and the only paths of the edge: registry edition, ledger, evidence."""

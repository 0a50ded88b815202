"""What the box keeps: the registry edition, the ledger, the evidence. The only SQL and the only file layout."""

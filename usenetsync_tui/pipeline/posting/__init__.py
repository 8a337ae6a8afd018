"""From a planned segment to an acknowledged article: the ledger and its lanes."""

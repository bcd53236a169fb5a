"""One fault at a time against the unmodified handler: how the execution ends, what is paid, what its ledger says."""

"""One public page of named domains."""

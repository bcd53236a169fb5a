"""How an operator sees the pipeline."""

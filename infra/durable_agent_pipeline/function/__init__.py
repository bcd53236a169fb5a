"""The durable function with what it needs to run."""

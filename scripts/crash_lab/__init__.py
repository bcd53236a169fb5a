"""Kills the pipeline at every durable operation."""

"""Measures what a failure costs in three designs."""

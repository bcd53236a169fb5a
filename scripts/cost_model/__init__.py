"""Measures what a failure costs in four designs."""

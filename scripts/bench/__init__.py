"""Measures speed, memory, sizes and counts."""

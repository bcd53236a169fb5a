"""The table of what a model call's failure is taken for."""

"""Draws the synthesized dashboard with the metrics of rehearsed runs."""

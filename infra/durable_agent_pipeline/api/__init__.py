"""The front door: an API that starts executions."""

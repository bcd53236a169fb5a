"""Documents that agents search and read."""

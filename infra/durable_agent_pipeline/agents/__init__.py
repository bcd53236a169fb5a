"""Which agents run, on which models, at which prices."""

"""The pipeline's own modules: what may be asked, which agents answer, in what order, at what cost."""

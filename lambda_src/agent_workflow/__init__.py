"""The pipeline's own rooms: what may be asked, which agents answer, in what order, at what cost."""

"""Random input against the function: every end must be typed, and no text of the input may stand in a message."""

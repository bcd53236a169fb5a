"""What a caller may choose, one group of choices a file."""

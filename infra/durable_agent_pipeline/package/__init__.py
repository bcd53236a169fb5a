"""The Lambda package: what goes in, how it is built, where it is kept."""

"""One read-only statement on a database."""

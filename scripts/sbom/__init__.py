"""What the Lambda package ships, listed for scanners and lawyers."""

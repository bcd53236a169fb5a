"""How good the reports are, over topics whose answers are known."""

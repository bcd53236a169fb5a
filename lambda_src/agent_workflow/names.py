"""Names that the function shares with what deploys it."""

ALIAS = "live"
"""What executions are started through: each is then pinned to the version behind it, as any caller's is."""

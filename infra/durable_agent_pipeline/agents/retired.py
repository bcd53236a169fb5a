"""Models that Bedrock has retired, with what to use instead."""

# Collected 2026-11-22: end of life by the Bedrock user guide, "Model lifecycle"; that of Claude 3.5 Sonnet v1 from
# AWS's mail to customers, that of 3.7 Sonnet from public repositories; None where only its absence from the lists of
# active and legacy models is known. Keys are foundation model ids; profiles of them are refused too.
RETIRED: dict[str, tuple[str | None, str]] = {
    "anthropic.claude-3-5-sonnet-20240620-v1:0": ("2026-03-01", "anthropic.claude-sonnet-4-6"),
    "anthropic.claude-3-5-sonnet-20241022-v2:0": (None, "anthropic.claude-sonnet-4-6"),
    "anthropic.claude-3-7-sonnet-20250219-v1:0": ("2026-04-28", "anthropic.claude-sonnet-4-6"),
    "anthropic.claude-sonnet-4-20250514-v1:0": ("2026-10-14", "anthropic.claude-sonnet-4-6"),
    "anthropic.claude-3-5-haiku-20241022-v1:0": ("2026-06-19", "anthropic.claude-haiku-4-5-20251001-v1:0"),
    "anthropic.claude-3-haiku-20240307-v1:0": ("2026-09-10", "anthropic.claude-haiku-4-5-20251001-v1:0"),
}

# Still answering, end of life announced: a warning at synth, not a refusal.
LEGACY: dict[str, tuple[str, str]] = {
    "anthropic.claude-opus-4-1-20250805-v1:0": ("2027-01-08", "anthropic.claude-opus-4-6-v1"),
}

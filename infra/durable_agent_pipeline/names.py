"""Names that the construct, the Lambda and an operator share."""

HANDLER = "handler.lambda_handler"

AGENTS_FOLDER = "agents"
"""Where agents.toml, prompts/ and tools.py lie inside the package: the packaged agents, or the caller's own."""

ALIAS_NAME = "live"

NAMESPACE = "DurableAgentPipeline"
"""Of the metrics."""

SERVICE = "durable-agent-pipeline"
"""Of the log lines."""

DEPLOYMENT_FILE = "DEPLOYMENT_FILE"
"""Variable that names a file of the package: what did not fit into the variables."""

FILE_NAME = "deployment.json"
"""That file."""

PROFILES_PREFIX = "PROFILES_PREFIX"
"""Variable with what comes before the id of every application inference profile of the stack."""

SHORT = "~"
"""Begins a model id that stands for PROFILES_PREFIX with the rest."""

RUNBOOK = "docs/operations.md"
"""In the repository of this construct, whose address nobody can know from here."""

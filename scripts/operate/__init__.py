"""The operator's command, started by `scripts/pipeline`; a file and a folder of one name cannot both exist."""

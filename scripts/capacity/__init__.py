"""How many executions an hour a quota of tokens a minute carries."""

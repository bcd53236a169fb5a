"""Endpoints of Amazon SageMaker whose container takes OpenAI's chat completions."""

"""One attempt for each call: the retries inside a provider's own client, switched off."""

from __future__ import annotations

from typing import Any


def switch_off(model: Any) -> None:
    """Make the client of a Strands model ask once: two retry layers multiply, and a client's sleeps are billed.

    Known are botocore's client (Bedrock, SageMaker), and those of OpenAI and Anthropic, whether given to the model or
    built by it. Ollama's and Gemini's ask once by themselves.

    Args:
        model: The Strands model; changed in place. One of another kind is left alone.
    """
    for name in ("client", "_custom_client"):
        client: Any = getattr(model, name, None)
        _of_botocore(client)
        if isinstance(getattr(client, "max_retries", None), int):
            client.max_retries = 0
    # Strands' OpenAI model builds a client for each call; LiteLLM's derives from it and passes the choice on.
    if any(cls.__name__ == "OpenAIModel" for cls in type(model).__mro__) and hasattr(model, "client_args"):
        model.client_args = {**(model.client_args or {}), "max_retries": 0}


def _of_botocore(client: Any) -> None:
    meta = getattr(client, "meta", None)
    service = getattr(getattr(meta, "service_model", None), "service_id", None)
    if meta is None or service is None:
        return
    name = service.hyphenize()
    meta.events.unregister(f"needs-retry.{name}", unique_id=f"retry-config-{name}")

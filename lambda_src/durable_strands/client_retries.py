"""One attempt for each call: the retries inside a provider's own client, switched off."""

from __future__ import annotations

from typing import Any


def switch_off(model: Any) -> None:
    """Make the client of a Strands model ask once: two retry layers multiply, and a client's sleeps are billed.

    Known are botocore's client (Bedrock, SageMaker), and those of OpenAI, Anthropic and Gemini, whether given to the
    model or built by it. Ollama's asks once by itself.

    Args:
        model: The Strands model; changed in place. One of another kind is left alone.
    """
    for name in ("client", "_custom_client"):
        client: Any = getattr(model, name, None)
        _of_botocore(client)
        if isinstance(getattr(client, "max_retries", None), int):
            client.max_retries = 0
    if any(cls.__name__ == "GeminiModel" for cls in type(model).__mro__):
        _of_gemini(model)
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


def _of_gemini(model: Any) -> None:
    """Beside aiohttp, where that is installed, Google's client asks again by itself unless it is told how often."""
    import tenacity
    from google.genai import _api_client, types

    once = types.HttpRetryOptions(attempts=1)
    if hasattr(model, "client_args"):
        given = (model.client_args or {}).get("http_options")
        options = types.HttpOptions.model_validate(given or {}).model_copy(update={"retry_options": once})
        model.client_args = {**(model.client_args or {}), "http_options": options}
    own: Any = getattr(getattr(model, "_custom_client", None), "_api_client", None)
    if own is not None:
        own._http_options.retry_options = once  # noqa: SLF001 - it offers no other way to a client that is built
        own._async_retry = tenacity.AsyncRetrying(**_api_client.retry_args(once))  # noqa: SLF001

"""Strands' models of five providers, each with its real client, pointed at a service on loopback."""

from __future__ import annotations

from functools import cache
from typing import Any

import boto3
from botocore.config import Config
from strands.models import BedrockModel


@cache
def _session() -> boto3.Session:
    return boto3.Session(region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")


def bedrock(url: str, *, streaming: bool = True, **config: Any) -> BedrockModel:
    config = {"connect_timeout": 2, "read_timeout": 1, **config}
    return BedrockModel(
        boto_session=_session(),
        endpoint_url=url,
        model_id="m",
        streaming=streaming,
        boto_client_config=Config(**config),
    )


def openai(url: str) -> Any:
    from strands.models.openai import OpenAIModel

    return OpenAIModel(client_args={"base_url": f"{url}/v1", "api_key": "x", "timeout": 1}, model_id="m")


def anthropic(url: str) -> Any:
    from strands.models.anthropic import AnthropicModel

    return AnthropicModel(client_args={"base_url": url, "api_key": "x", "timeout": 1}, model_id="m", max_tokens=9)


def ollama(url: str) -> Any:
    from strands.models.ollama import OllamaModel

    return OllamaModel(host=url, model_id="m", ollama_client_args={"timeout": 1})


def gemini(url: str) -> Any:
    from strands.models.gemini import GeminiModel

    return GeminiModel(client_args={"api_key": "x", "http_options": {"base_url": url, "timeout": 1000}}, model_id="m")


def gemini_with_a_client(url: str) -> Any:
    from google import genai
    from strands.models.gemini import GeminiModel

    options = genai.types.HttpOptions(
        base_url=url, timeout=1000, retry_options=genai.types.HttpRetryOptions(attempts=4, initial_delay=0.01)
    )
    return GeminiModel(client=genai.Client(api_key="x", http_options=options), model_id="m")

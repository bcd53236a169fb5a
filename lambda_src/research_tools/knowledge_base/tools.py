"""The tool `search_knowledge_base`: passages of one Amazon Bedrock knowledge base."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from research_tools.aws_failures import failure_of
from research_tools.reading import NotRead, Reading

MAX_QUERY_CHARACTERS = 1_000


def make(settings: Any, folder: Path) -> dict[str, Callable[..., list[Reading]]]:
    """The tool, for `[tools.knowledge_base]`."""
    del folder

    def search_knowledge_base(query: str) -> list[Reading]:
        """Search the knowledge base for passages that answer a question.

        Args:
            query: The question, in words; at most 1,000 characters.
        """
        return retrieved(_client(), query, settings.id, settings.max_results)

    return {"search_knowledge_base": search_knowledge_base}


def retrieved(client: Any, query: str, knowledge_base: str, max_results: int) -> list[Reading]:
    """The passages that the service finds, best first.

    Raises:
        NotRead: it could not be asked; for the model.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    if not 0 < len(query.strip()) <= MAX_QUERY_CHARACTERS:
        raise NotRead(f"query must be 1 to {MAX_QUERY_CHARACTERS} characters, got {len(query.strip())}")
    try:
        answer = client.retrieve(
            knowledgeBaseId=knowledge_base,
            retrievalQuery={"text": query},
            retrievalConfiguration={"vectorSearchConfiguration": {"numberOfResults": max_results}},
        )
    except (ClientError, BotoCoreError) as error:
        raise NotRead(f"the knowledge base could not be searched: {failure_of(error)}") from error
    readings = [_reading(result, knowledge_base) for result in answer["retrievalResults"][:max_results]]
    return [reading for reading in readings if reading.text]


def _reading(result: Mapping[str, Any], knowledge_base: str) -> Reading:
    url = _address(result.get("location", {})) or f"bedrock-knowledge-base:{knowledge_base}"
    title = result.get("metadata", {}).get("title")
    return Reading(title if isinstance(title, str) and title else _last_part(url), url, _text(result["content"]))


def _address(location: Mapping[str, Any]) -> str:
    """Each kind of data source names its address in a member of its own: `url`, `uri`, `id` or `query`."""
    places = [value for value in location.values() if isinstance(value, dict)]
    return next((str(value) for place in places for value in place.values() if value), "")


def _text(content: Mapping[str, Any]) -> str:
    if content.get("type") == "ROW":
        return json.dumps({cell["columnName"]: cell.get("columnValue") for cell in content["row"]}, ensure_ascii=False)
    heard = content.get("audio", {}).get("transcription") or content.get("video", {}).get("summary") or ""
    return str(content.get("text") or heard)


def _last_part(url: str) -> str:
    return url.rstrip("/").rpartition("/")[2] or url


def _client() -> Any:
    import boto3

    return boto3.client("bedrock-agent-runtime")

"""Amazon Bedrock AgentCore's web search."""

from datetime import UTC, date, datetime, time
from typing import Any

from research_tools.aws_failures import failure_of
from research_tools.reading import NotRead, Reading

TOOL = "web-search.v1"
ONE_SECOND_BEFORE_MIDNIGHT = time(23, 59, 59, tzinfo=UTC)
"""The service takes a day without a time as its first moment; ours means the whole day."""


class AgentCoreSearch:
    """A provider that needs no key: the function's role may call it."""

    def __init__(self, settings: Any, client: Any = None) -> None:
        self._settings = settings
        self._client = client

    def search(self, query: str, published_after: date | None, published_before: date | None) -> list[Reading]:
        """The results, best first.

        Raises:
            NotRead: the service refused or could not be reached; for the model.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        self._client = self._client or _made(self._settings.region)
        filters = self._filters(published_after, published_before)
        try:
            answer = self._client.invoke_web_search(
                webSearchId=TOOL,
                searchQuery=query,
                maxResults=self._settings.max_results,
                **({"filters": filters} if filters else {}),
            )
        except (ClientError, BotoCoreError) as error:
            raise NotRead(f"the web could not be searched: {failure_of(error)}") from error
        return [_reading(result) for result in answer["results"]]

    def _filters(self, after: date | None, before: date | None) -> dict[str, Any]:
        lists = {"include": self._settings.include_domains, "exclude": self._settings.exclude_domains}
        domains = {name: list(given) for name, given in lists.items() if given}
        days = {
            **({"publishedAfter": datetime.combine(after, time(tzinfo=UTC))} if after else {}),
            **({"publishedBefore": datetime.combine(before, ONE_SECOND_BEFORE_MIDNIGHT)} if before else {}),
        }
        both = {"domainFilter": domains, "publishedDateFilter": days}
        return {name: chosen for name, chosen in both.items() if chosen}


def _reading(result: dict[str, Any]) -> Reading:
    url = result.get("url") or ""
    return Reading(result.get("title") or url or "a web page", url, result["text"])


def _made(region: str | None) -> Any:
    import boto3

    return boto3.client("bedrock-agentcore", region_name=region)

"""search_web, search_knowledge_base and Athena, by the shapes that botocore's own models demand."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.stub import Stubber

from research_tools.database.athena import Athena
from research_tools.database.read_only_sql import QueryRefused
from research_tools.knowledge_base.tools import retrieved
from research_tools.reading import NotRead, NotUsable, Reading
from research_tools.web_search import tools as web_search
from research_tools.web_search.agentcore import AgentCoreSearch

KB = "ABCDEFGHIJ"


def client(service: str) -> Any:
    keys = {"aws_access_key_id": "x", "aws_secret_access_key": "x"}
    return boto3.client(service, region_name="us-east-1", config=Config(retries={"total_max_attempts": 1}), **keys)  # type: ignore[call-overload]


@pytest.fixture
def stub(request):
    made = client(request.param)
    with Stubber(made) as stubber:
        yield made, stubber
        stubber.assert_no_pending_responses()


def settings(**chosen: Any) -> Any:
    usual = {"max_results": 3, "include_domains": (), "exclude_domains": (), "region": None, "provider": ""}
    return SimpleNamespace(**{**usual, **chosen})


@pytest.mark.parametrize("stub", ["bedrock-agentcore"], indirect=True)
class TestWeb:
    def test_results_are_sources(self, stub):
        made, stubber = stub
        results = [{"title": "A", "url": "https://a.example/", "text": "one"}, {"text": "two"}, {"text": " "}]
        stubber.add_response(
            "invoke_web_search",
            {"results": results},
            {"webSearchId": "web-search.v1", "searchQuery": "lambda", "maxResults": 3},
        )
        provider = AgentCoreSearch(settings(), made)
        assert web_search.found(provider, " lambda ", "", "") == [
            Reading("A", "https://a.example/", "one"),
            Reading("a web page", "", "two"),
        ]

    def test_domains_and_whole_days_are_asked_for(self, stub):
        made, stubber = stub
        wanted = {
            "domainFilter": {"include": ["aws.amazon.com"], "exclude": ["evil.test"]},
            "publishedDateFilter": {
                "publishedAfter": datetime(2026, 1, 1, tzinfo=UTC),
                "publishedBefore": datetime(2026, 1, 31, 23, 59, 59, tzinfo=UTC),
            },
        }
        stubber.add_response(
            "invoke_web_search",
            {"results": []},
            {"webSearchId": "web-search.v1", "searchQuery": "q", "maxResults": 3, "filters": wanted},
        )
        chosen = settings(include_domains=("aws.amazon.com",), exclude_domains=("evil.test",))
        assert web_search.found(AgentCoreSearch(chosen, made), "q", "2026-01-01", "2026-01-31") == []

    def test_fails_when_the_service_refuses(self, stub):
        made, stubber = stub
        stubber.add_client_error("invoke_web_search", "ThrottlingException", "slow down, arn:aws:secret")
        with pytest.raises(NotRead, match=r"could not be searched: ThrottlingException$"):
            web_search.found(AgentCoreSearch(settings(), made), "q", "", "")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("", "", ""), "1 to 200 characters"),
        (("x" * 201, "", ""), "got 201"),
        (("q", "yesterday", ""), "published_after must be a day"),
        (("q", "2026-02-01", "2026-01-01"), "must not be later"),
    ],
)
def test_fails_when_an_argument_of_search_web_breaks_a_rule(arguments, told):
    with pytest.raises(NotRead, match=told):
        web_search.found(AgentCoreSearch(settings(), object()), *arguments)


def test_another_provider_is_a_class_beside_agents_toml(tmp_path):
    (tmp_path / "engine.py").write_text(
        "from research_tools.reading import Reading\n"
        "class Engine:\n"
        "    def __init__(self, settings, folder): self.most = settings.max_results\n"
        "    def search(self, query, published_after, published_before):\n"
        "        return [Reading(str(n), f'https://x.test/{n}', query) for n in range(200)]\n"
    )
    [search] = web_search.make(settings(provider="engine.py:Engine"), tmp_path).values()
    assert [one.title for one in search("q")] == ["0", "1", "2"]
    for odd in ("engine.py:Other", "gone.py:Engine"):
        with pytest.raises(NotUsable, match="provider must"):
            web_search.make(settings(provider=odd), tmp_path)


@pytest.mark.parametrize("stub", ["bedrock-agent-runtime"], indirect=True)
class TestKnowledgeBase:
    def test_passages_of_every_kind_are_sources(self, stub):
        made, stubber = stub
        row = [{"columnName": "item", "columnValue": "x", "type": "STRING"}]
        results = [
            {
                "content": {"type": "TEXT", "text": "one"},
                "location": {"type": "S3", "s3Location": {"uri": "s3://b/a.md"}},
                "metadata": {"title": "A"},
                "score": 0.9,
            },
            {
                "content": {"type": "ROW", "row": row},
                "location": {"type": "SQL", "sqlLocation": {"query": "SELECT 1"}},
            },
            {"content": {"type": "AUDIO", "audio": {"s3Uri": "s3://b/a.mp3", "transcription": "heard"}}},
            {"content": {"type": "IMAGE", "byteContent": "data:"}},
        ]
        stubber.add_response(
            "retrieve",
            {"retrievalResults": results},
            {
                "knowledgeBaseId": KB,
                "retrievalQuery": {"text": "q"},
                "retrievalConfiguration": {"vectorSearchConfiguration": {"numberOfResults": 5}},
            },
        )
        assert retrieved(made, "q", KB, 5) == [
            Reading("A", "s3://b/a.md", "one"),
            Reading("SELECT 1", "SELECT 1", '{"item": "x"}'),
            Reading("bedrock-knowledge-base:ABCDEFGHIJ", "bedrock-knowledge-base:ABCDEFGHIJ", "heard"),
        ]

    def test_a_service_that_sends_more_than_was_asked_for_is_cut(self, stub):
        made, stubber = stub
        results = [{"content": {"text": str(number)}} for number in range(200)]
        stubber.add_response("retrieve", {"retrievalResults": results})
        assert [one.text for one in retrieved(made, "q", KB, 5)] == ["0", "1", "2", "3", "4"]

    def test_fails_when_there_is_none(self, stub):
        made, stubber = stub
        stubber.add_client_error("retrieve", "ResourceNotFoundException", "arn")
        with pytest.raises(NotRead, match=r"could not be searched: ResourceNotFoundException$"):
            retrieved(made, "q", KB, 5)
        with pytest.raises(NotRead, match="1 to 1000 characters"):
            retrieved(made, "x" * 1001, KB, 5)


RESULTS = {
    "ResultSet": {
        "Rows": [
            {"Data": [{"VarCharValue": "id"}, {"VarCharValue": "item"}]},
            {"Data": [{"VarCharValue": "1"}, {}]},
        ],
        "ResultSetMetadata": {"ColumnInfo": [{"Name": "id", "Type": "integer"}, {"Name": "item", "Type": "varchar"}]},
    }
}
STARTED = {
    "QueryString": "SELECT * FROM (\nSELECT 1\n) AS answer LIMIT 3",
    "QueryExecutionContext": {"Database": "shop", "Catalog": "AwsDataCatalog"},
    "WorkGroup": "readers",
}


@pytest.mark.parametrize("stub", ["athena"], indirect=True)
class TestAthena:
    def begun(self, stubber: Stubber, *states: str, reason: str = "over the limit") -> None:
        stubber.add_response("start_query_execution", {"QueryExecutionId": "q1"}, STARTED)
        for state in states:
            status = {"State": state, "StateChangeReason": reason}
            stubber.add_response(
                "get_query_execution", {"QueryExecution": {"Status": status}}, {"QueryExecutionId": "q1"}
            )

    def ask(self, made: Any, seconds: float = 30) -> Any:
        return Athena(workgroup="readers", database="shop", client=made).ask(
            "SELECT 1", max_rows=2, max_bytes=1000, seconds=seconds
        )

    def test_rows_come_by_name(self, stub):
        made, stubber = stub
        self.begun(stubber, "QUEUED", "RUNNING", "SUCCEEDED")
        stubber.add_response("get_query_results", RESULTS, {"QueryExecutionId": "q1", "MaxResults": 4})
        assert self.ask(made).text(2, 1000) == '{"id": "1", "item": null}'

    def test_fails_when_the_scan_limit_is_reached(self, stub):
        made, stubber = stub
        self.begun(stubber, "CANCELLED", reason="Bytes scanned limit was exceeded")
        with pytest.raises(QueryRefused, match="Bytes scanned limit was exceeded"):
            self.ask(made)

    def test_a_query_without_end_is_stopped(self, stub):
        made, stubber = stub
        self.begun(stubber, "RUNNING")
        stubber.add_response("stop_query_execution", {}, {"QueryExecutionId": "q1"})
        with pytest.raises(QueryRefused, match="within 0 seconds"):
            self.ask(made, seconds=0)

    def test_fails_when_it_may_not_be_asked(self, stub):
        made, stubber = stub
        stubber.add_client_error("start_query_execution", "InvalidRequestException", "no such workgroup")
        with pytest.raises(QueryRefused, match=r"could not be run: InvalidRequestException$"):
            self.ask(made)

"""What the front door accepts and answers: JSON schema, mapping templates, status codes."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from aws_cdk import aws_apigateway as apigateway

from ..event_rules import BESIDE_QUERIES, FIELDS, MAX_QUERIES, MIN_QUERIES, QUERIES

KEY_HEADER = "Idempotency-Key"
KEY_PATTERN = "[a-zA-Z0-9-_]{1,64}"
"""Lambda's own rule for the name of an execution, which the key becomes."""

EXECUTION_HEADER = "X-Amz-Durable-Execution-Arn"
JSON = "application/json"

# Urlencode(urldecode()): API Gateway hands a path parameter on without encoding it again, and Lambda wants the slashes
# of the ARN encoded; a parameter that arrives encoded or decoded comes out the same.
EXECUTION_OF_PATH = """\
#set($context.requestOverride.path.execution = $util.urlEncode($util.urlDecode($input.params('id'))))
"""
NO_BODY = "## a GET sends nothing"
WHOLE_BODY = "$input.body"
STOP_BODY = EXECUTION_OF_PATH + '{"ErrorType": "StoppedByCaller", "ErrorMessage": "stopped through the API"}'

ACCEPTED = '{"status": "ACCEPTED"}'
STOPPED = '{"status": "STOPPED"}'
FOUND = """\
#set($all = $input.path('$.DurableExecutions'))
{"executions": [#foreach($one in $all){"execution_arn": "$one.DurableExecutionArn", \
"key": "$one.DurableExecutionName", "status": "$one.Status"}#if($foreach.hasNext), #end#end]}
"""
# Lambda keeps the result as text that is JSON already, so it goes in as it is
EXECUTION = """\
#set($status = $input.path('$.Status'))
{"execution_arn": $input.json('$.DurableExecutionArn'), "key": $input.json('$.DurableExecutionName'), \
"status": $input.json('$.Status'), "started_at": $input.json('$.StartTimestamp')\
#if($status == "SUCCEEDED"), "result": $input.path('$.Result')#end\
#if($status == "FAILED" || $status == "TIMED_OUT" || $status == "STOPPED"), \
"error": {"type": $input.json('$.Error.ErrorType'), "message": $input.json('$.Error.ErrorMessage'), \
"data": $input.json('$.Error.ErrorData')}#end}
"""


@dataclass(frozen=True)
class Answer:
    """What a caller gets for an answer of Lambda."""

    pattern: str | None
    """Of Lambda's status code, or of the error's text where API Gateway looks at that. None: of everything else."""

    status: str
    body: str
    """Template. Of a refusal a fixed text: Lambda's own would name the function, and might name what was sent."""

    headers: Mapping[str, str] = field(default_factory=dict)
    """Header -> where it comes from."""


def _refused(pattern: str | None, status: str, message: str) -> Answer:
    return Answer(pattern, status, f'{{"message": "{message}"}}')


_ANOTHER_EVENT = "this key has started an execution with another event"
_MALFORMED = _refused("400", "400", f"refused: a key must match {KEY_PATTERN}, an id be the ARN of an execution")
_BUSY = _refused("429", "429", "too many requests: try again with the same key")
_NOT_TAKEN = "Lambda did not take the request: try again"
_FOUND = r"2\d{2}"

# API Gateway may read an Invoke's answer as a function's, where only the answer without a pattern is a success. So that
# one is, and the patterns of the refusals leave no status code out.
OF_START = (
    Answer(None, "202", ACCEPTED, {EXECUTION_HEADER: f"integration.response.header.{EXECUTION_HEADER}"}),
    _refused("(409|.*AlreadyStarted.*)", "409", _ANOTHER_EVENT),
    _MALFORMED,
    _refused("413", "413", "the event is larger than 1 MB"),
    _BUSY,
    _refused(r"([135]\d{2}|40[1-8]|41[0-24-9]|42[0-8]|4[3-9]\d)", "502", f"{_NOT_TAKEN} with the same key"),
)
OF_KEY = (Answer(_FOUND, "200", FOUND), _MALFORMED, _BUSY, _refused(None, "502", _NOT_TAKEN))
_OF_ONE = (
    _MALFORMED,
    _refused("(403|404)", "404", "no such execution of this pipeline"),
    _BUSY,
    _refused(None, "502", _NOT_TAKEN),
)
OF_READ = (Answer(_FOUND, "200", EXECUTION), *_OF_ONE)
OF_STOP = (Answer(_FOUND, "200", STOPPED), *_OF_ONE)


def event_schema() -> apigateway.JsonSchema:
    """The event, field by field as the function reads it; a field that is not here is refused."""
    return apigateway.JsonSchema(
        schema=apigateway.JsonSchemaVersion.DRAFT4,
        title="Event",
        type=apigateway.JsonSchemaType.OBJECT,
        properties={**_one(), QUERIES: _queries()},
        additional_properties=False,
        one_of=[
            apigateway.JsonSchema(required=["query"]),
            apigateway.JsonSchema(
                required=[QUERIES],
                not_=apigateway.JsonSchema(
                    any_of=[
                        apigateway.JsonSchema(required=[name])
                        for name in FIELDS
                        if name != "query" and name not in BESIDE_QUERIES
                    ]
                ),
            ),
        ],
    )


def _one() -> dict[str, apigateway.JsonSchema]:
    return {name: field.schema for name, field in FIELDS.items()}


def _queries() -> apigateway.JsonSchema:
    return apigateway.JsonSchema(
        type=apigateway.JsonSchemaType.ARRAY,
        min_items=MIN_QUERIES,
        max_items=MAX_QUERIES,
        items=apigateway.JsonSchema(
            type=apigateway.JsonSchemaType.OBJECT, properties=_one(), required=["query"], additional_properties=False
        ),
    )

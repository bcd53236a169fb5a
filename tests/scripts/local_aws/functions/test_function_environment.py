"""What the function's process may know of its caller."""

from scripts.local_aws.functions.function_environment import function_environment

CALLER = {
    "PATH": "/bin",
    "AWS_ACCESS_KEY_ID": "theirs",
    "AWS_SECRET_ACCESS_KEY": "theirs",
    "AWS_SESSION_TOKEN": "theirs",
    "AWS_PROFILE": "theirs",
    "AWS_BEARER_TOKEN_BEDROCK": "theirs",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "theirs",
    "AWS_REGION": "eu-west-1",
    "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": "http://127.0.0.1:2",
    "PYTHONDONTWRITEBYTECODE": "1",
}


def made(*, real_credentials):
    return function_environment(
        CALLER, endpoint_url="http://127.0.0.1:1", handler="m.f", root="/f", real_credentials=real_credentials
    )


def test_the_callers_credentials_stay_out():
    environment = made(real_credentials=False)
    assert "theirs" not in environment.values()
    assert environment["AWS_ACCESS_KEY_ID"] == "local"


def test_with_real_bedrock_the_callers_credentials_are_kept():
    environment = made(real_credentials=True)
    assert environment["AWS_SESSION_TOKEN"] == environment["AWS_BEARER_TOKEN_BEDROCK"] == "theirs"
    assert "AWS_ENDPOINT_URL" not in environment


def test_lambda_calls_go_to_the_endpoint_bedrock_calls_where_the_caller_said_and_no_other_leaves_the_machine():
    environment = made(real_credentials=False)
    assert environment["AWS_ENDPOINT_URL_LAMBDA"] == environment["AWS_ENDPOINT_URL"] == "http://127.0.0.1:1"
    assert environment["AWS_ENDPOINT_URL_BEDROCK_RUNTIME"] == "http://127.0.0.1:2"


def test_the_region_is_the_callers():
    environment = made(real_credentials=False)
    assert environment["AWS_REGION"] == environment["AWS_DEFAULT_REGION"] == "eu-west-1"

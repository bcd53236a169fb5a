"""Nothing that a local deployment starts can reach the caller's AWS account."""

import os

from scripts.local_aws.account.environment import ACCOUNT, cli_environment, emulator_environment, isolate

CALLER = {
    "PATH": "/bin",
    "AWS_PROFILE": "production",
    "AWS_SESSION_TOKEN": "a caller's",
    "AWS_ENDPOINT_URL": "https://elsewhere",
    "CDK_OUTDIR": "/elsewhere",
    "PYTHONPATH": "/elsewhere",
    "AUTH": "true",
    "no_proxy": "internal",
}


def test_the_callers_account_is_forgotten():
    environ = dict(CALLER)
    isolate(environ)
    assert not {"AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "CDK_OUTDIR", "PYTHONPATH"} & environ.keys()
    assert environ["AWS_ACCESS_KEY_ID"] == ACCOUNT
    assert {environ["AWS_CONFIG_FILE"], environ["AWS_SHARED_CREDENTIALS_FILE"]} == {os.devnull}


def test_a_proxy_never_sees_loopback_but_keeps_its_other_exceptions():
    environ = dict(CALLER)
    isolate(environ)
    assert environ["NO_PROXY"] == environ["no_proxy"] == "internal,127.0.0.1,localhost"


def test_the_emulator_and_its_functions_get_no_setting_of_the_callers(tmp_path):
    given = emulator_environment(CALLER, folder=tmp_path, engine_url="http://engine", bedrock_url="http://bedrock")
    assert given["PATH"] == "/bin"
    assert given["AWS_ENDPOINT_URL_LAMBDA"] == "http://engine"
    assert given["AWS_ENDPOINT_URL_BEDROCK_RUNTIME"] == "http://bedrock"
    assert not {"AUTH", "AWS_PROFILE", "AWS_ENDPOINT_URL", "PYTHONPATH"} & given.keys()


def test_the_cdk_is_pointed_at_the_emulator_with_its_asset_bucket(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "environ", {})
    given = cli_environment("http://emulator", tmp_path)
    assert {given["AWS_ENDPOINT_URL"], given["AWS_ENDPOINT_URL_S3"]} == {"http://emulator"}
    assert given["CDK_HOME"] == str(tmp_path)

"""Bad input to run_local: one clear line on stderr, exit status 2, refused before anything is started."""

import os
import socket
import subprocess
import sys

import pytest

from agent_workflow.agents import read_agents
from scripts.local_aws.processes.child import REPOSITORY

TOO_LONG = "x" * 2_001
PACKAGED = ", ".join(agent.name for agent in read_agents(REPOSITORY / "lambda_src" / "agents"))


def run_local(*arguments, given=b"", folder=None):
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    command = [sys.executable, "-P", "-m", "scripts.run_local.command", *arguments]
    return subprocess.run(
        command, input=given, capture_output=True, cwd=folder, env=environment, timeout=60, check=False
    )


def refused(*arguments, given=b"", folder=None):
    """Run and return the one line of refusal."""
    done = run_local(*arguments, given=given, folder=folder)
    assert done.returncode == 2
    assert done.stdout == b""
    [line] = done.stderr.decode().splitlines()
    return line.removeprefix("run_local: ")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], 'TOPIC is missing: scripts/run_local.sh "AWS Lambda durable functions"'),
        (["--json"], 'TOPIC is missing: scripts/run_local.sh "AWS Lambda durable functions"'),
        ([""], "TOPIC must be 1 to 2,000 characters after trimming, got 0"),
        ([" \n\t "], "TOPIC must be 1 to 2,000 characters after trimming, got 0"),
        ([TOO_LONG], "TOPIC must be 1 to 2,000 characters after trimming, got 2,001"),
        ([b"\xff\xfe"], "TOPIC must be UTF-8 text"),
        (
            ["edge", "computing"],
            (
                "unrecognized arguments: computing; a topic of several words needs quotes: "
                'scripts/run_local.sh "edge computing"'
            ),
        ),
        (["--output", ".", "topic"], "--output . is a folder, give the name of a file"),
        (["--output", "no/where.md", "topic"], "--output no/where.md cannot be written: there is no folder no"),
        (["--jsom", "topic"], "unrecognized arguments: --jsom"),
        (["--event"], "argument --event: expected one argument"),
        (["--event", "absent.json"], "--event absent.json cannot be read: No such file or directory"),
        (["--event", "."], "--event . cannot be read: Is a directory"),
        (["--event", "-", "topic"], "give TOPIC or --event, not both"),
        (["--model", "absent.gguf", "topic"], "--model absent.gguf cannot be read: No such file or directory"),
        (["--model", ".", "topic"], "--model . cannot be read: Is a directory"),
        (["--openai-url", "http://127.0.0.1:9/v1", "topic"], "--openai-url and --openai-model belong together"),
        (["--openai-model", "llama", "topic"], "--openai-url and --openai-model belong together"),
        (
            ["--openai-url", "127.0.0.1:9", "--openai-model", "m", "topic"],
            "--openai-url must start with http:// or https://, got '127.0.0.1:9'",
        ),
        (
            ["--openai-url", "http://127.0.0.1:9/v1", "--openai-model", "m", "topic"],
            "--openai-url http://127.0.0.1:9/v1 does not answer: Connection refused",
        ),
        (["--bedrock", "--script", "x.json", "topic"], "only one model can answer, got --bedrock and --script"),
        (["--script", "absent.json", "topic"], "--script absent.json cannot be read: no such file"),
        (["--kill-after", "sumary", "topic"], f"--kill-after must be one of {PACKAGED}, got 'sumary'"),
        (
            ["--durability", "agent", "topic"],
            "unrecognized arguments: --durability",
        ),
    ],
)
def test_fails_when_the_command_line_is_wrong(arguments, said, tmp_path):
    assert refused(*arguments, folder=tmp_path).startswith(said)


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (b"", "--event - must be a JSON document: Expecting value: line 1 column 1 (char 0)"),
        (b"{", "must be a JSON document: Expecting property name"),
        (b'{"query": NaN}', "must be a JSON document: NaN is not JSON"),
        (b"[" * 100_000, "must be a JSON document: maximum recursion depth"),
        (b'{"query": "\xe4"}', "must be UTF-8, got byte 0xe4"),
    ],
)
def test_fails_when_the_event_is_not_json_in_utf_8(event, said):
    assert said.replace("--event - ", "--event standard input ") in refused("--event", "-", given=event)


def test_fails_when_the_model_is_not_a_gguf_file(tmp_path):
    file = tmp_path / "model.gguf"
    file.write_bytes(b"PK\x03\x04 a zip")
    assert refused("--model", str(file), "topic").endswith(
        "must be a GGUF file, got one that starts with b'PK\\x03\\x04'"
    )


def test_fails_when_bedrock_is_wanted_without_credentials(monkeypatch, tmp_path):
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "absent"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    assert (
        refused("--bedrock", "topic") == "--bedrock needs AWS credentials, found none (aws configure, or AWS_PROFILE)"
    )


def test_help_names_every_option_of_the_contract():
    done = run_local("--help")
    assert done.returncode == 0
    text = done.stdout.decode()
    options = ("--json", "--event", "--model", "--openai-url", "--openai-model", "--bedrock", "--kill-after", "--help")
    assert all(option in text for option in options)


@pytest.mark.parametrize("module", ["scripts.local_aws.functions.engine", "scripts.local_aws.functions.endpoint"])
def test_fails_when_a_port_is_in_use(module, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        arguments = ["--port", str(port)]
        if module.endswith("endpoint"):
            arguments += ["--engine-url", "http://127.0.0.1:9", "--function-root", str(tmp_path), "--handler", "a.b"]
            arguments += ["--log-dir", str(tmp_path), "--events", str(tmp_path / "events")]
        command = [sys.executable, "-m", module, *arguments]
        done = subprocess.run(command, capture_output=True, cwd=REPOSITORY, timeout=60, check=False)
    assert done.returncode == 2
    [line] = done.stderr.decode().splitlines()
    assert line.endswith(f": cannot listen on 127.0.0.1 port {port}: Address already in use")


def test_fails_when_no_engine_answers(tmp_path):
    arguments = ["--engine-url", "http://127.0.0.1:9", "--function-root", str(tmp_path), "--handler", "a.b"]
    arguments += ["--log-dir", str(tmp_path), "--events", str(tmp_path / "events")]
    command = [sys.executable, "-m", "scripts.local_aws.functions.endpoint", *arguments]
    done = subprocess.run(command, capture_output=True, cwd=REPOSITORY, timeout=60, check=False)
    [line] = done.stderr.decode().splitlines()
    assert done.returncode == 2
    assert line.startswith("the durable engine at http://127.0.0.1:9 does not answer: ")


def test_bedrock_with_a_profile_that_names_nobody_is_one_line(monkeypatch, tmp_path):
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    assert "profile (nobody) could not be found" in refused("--bedrock", "topic", folder=tmp_path)


def test_bedrock_with_a_broken_config_file_is_one_line(monkeypatch, tmp_path):
    config = tmp_path / "config"
    config.write_text("[profile")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    assert refused("--bedrock", "topic", folder=tmp_path).startswith("--bedrock: ")

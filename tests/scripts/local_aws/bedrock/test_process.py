"""The endpoint as a process: its first line, its exit codes, and the one line it says when it cannot start."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from scripts.local_aws.bedrock.endpoint import main
from scripts.local_aws.processes.loopback import listen

ROOT = Path(__file__).parents[4]
POST = "import sys, urllib.request; urllib.request.urlopen(sys.argv[1], sys.argv[2].encode(), timeout=60)"


def _endpoint(folder, script, *options):
    (folder / "script.json").write_text(json.dumps(script))
    return ["-m", "scripts.local_aws.bedrock.endpoint", "--script", folder / "script.json", *options]


@pytest.fixture
def endpoint(tmp_path):
    """The endpoint with a script of one stalling reply; ended whatever happens."""
    stalling = {"default": {"text": "x", "faults": ["stall"]}}
    command = [sys.executable, *_endpoint(tmp_path, stalling, "--calls", tmp_path / "calls.jsonl")]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    yield process
    process.kill()
    process.communicate()


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_at_once_with_exit_0_even_while_a_call_is_open(endpoint, stop, tmp_path):
    ready, url = endpoint.stdout.readline().split()
    assert ready == "ready"
    assert url.startswith("http://127.0.0.1:")
    body = json.dumps({"messages": [{"role": "user", "content": [{"text": "Tides?"}]}]})
    client = subprocess.Popen([sys.executable, "-c", POST, f"{url}/model/m/converse", body], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while "started" not in (tmp_path / "calls.jsonl").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    endpoint.send_signal(stop)
    assert endpoint.wait(timeout=60) == 0
    assert endpoint.stderr.read() == ""
    assert client.wait(timeout=60) != 0
    assert "disconnected" in (tmp_path / "calls.jsonl").read_text()


def _refused(capsys, *arguments):
    code = main([str(argument) for argument in arguments])
    said = capsys.readouterr()
    assert said.out == ""
    [line] = said.err.splitlines()
    return code, line


def test_fails_when_the_port_is_in_use(capsys, tmp_path):
    script = tmp_path / "script.json"
    script.write_text("{}")
    taken = listen(0)
    port = taken.getsockname()[1]
    refusal = _refused(capsys, "--script", script, "--port", port)
    taken.close()
    assert refusal == (2, f"bedrock endpoint: cannot listen on 127.0.0.1 port {port}: Address already in use")


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b'{"replies": [{"text": 1}]}', "replies[0].text: Input should be a valid string"),
        (b"\xff\xfe", "Invalid JSON"),
        (None, "No such file or directory"),
    ],
)
def test_fails_when_the_script_is_unusable(capsys, tmp_path, content, complaint):
    script = tmp_path / "script.json"
    if content is not None:
        script.write_bytes(content)
    code, line = _refused(capsys, "--script", script)
    assert code == 2
    assert str(script) in line
    assert complaint in line


def test_fails_when_the_model_is_missing_or_no_gguf(capsys, tmp_path):
    missing = tmp_path / "none.gguf"
    assert _refused(capsys, "--model", missing) == (2, f"bedrock endpoint: {missing}: No such file or directory")
    text = tmp_path / "text.gguf"
    text.write_text("not a model")
    expected = f"bedrock endpoint: {text}: a GGUF model starts with b'GGUF', got b'not '"
    assert _refused(capsys, "--model", text) == (2, expected)
    cut_short = tmp_path / "cut.gguf"
    cut_short.write_bytes(b"GGUF\x03\x00\x00\x00")
    code, line = _refused(capsys, "--model", cut_short)
    assert (code, "llama.cpp cannot load this model" in line) == (2, True)


def test_fails_when_the_openai_server_is_unreachable(capsys):
    listener = listen(0)
    port = listener.getsockname()[1]
    listener.close()
    code, line = _refused(capsys, "--openai-url", f"http://127.0.0.1:{port}", "--openai-model", "qwen")
    assert code == 2
    assert f"cannot reach the OpenAI-compatible server at http://127.0.0.1:{port}" in line


@pytest.mark.parametrize(
    "arguments",
    [["--openai-url", "http://127.0.0.1:1"], ["--script", "a", "--model", "b"], ["--port", "many"]],
)
def test_fails_when_the_choices_do_not_go_together(capsys, arguments):
    with pytest.raises(SystemExit) as refused:
        main(arguments)
    assert refused.value.code == 2
    assert "error:" in capsys.readouterr().err

"""The emulated AWS account: MiniStack in its own venv, on loopback, ended with everything it started.

    python -m scripts.local_aws.account.emulator --python VENV/bin/python --types FILE

Prints `ready http://127.0.0.1:PORT` when serving. FILE then lists the resource types that it can create.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from scripts.local_aws.processes.child import REPOSITORY

HOST = "127.0.0.1"
START_SECONDS = 60


def main() -> int:
    """Serve until SIGTERM; returns the exit status."""
    options = _options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    port = _free_port()
    process = _start(options.python, options.types, port)
    try:
        _wait_until_healthy(f"http://{HOST}:{port}/_ministack/health", process)
        print(f"ready http://{HOST}:{port}", flush=True)
        code = process.wait()
        return code if code >= 0 else 128 - code  # as a shell reports a signal
    finally:
        _end(process)


def _start(python: Path, types: Path, port: int) -> subprocess.Popen[bytes]:
    settings = {
        "BIND_HOST": HOST,  # its defaults listen on every interface, MQTT as well
        "MINISTACK_HOST": HOST,
        "GATEWAY_PORT": str(port),
        "IOT_MTLS_ENABLED": "false",
        "LAMBDA_EXECUTOR": "local",
        "LOG_LEVEL": "WARNING",  # at INFO it writes the function's output, which may quote a prompt
    }
    return subprocess.Popen(
        [python, "-m", "scripts.local_aws.processes.leash", "scripts.local_aws.account.patched_ministack", types],
        stdin=subprocess.PIPE,  # the leash: closes when we end
        cwd=REPOSITORY,
        env={**os.environ, **settings},
        start_new_session=True,  # one process group with the functions that it runs
    )


def _wait_until_healthy(url: str, process: subprocess.Popen[bytes]) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            sys.exit(f"MiniStack ended with status {process.returncode} before it served")
        with contextlib.suppress(urllib.error.URLError, ConnectionError), opener.open(url, timeout=5):
            return
        time.sleep(0.05)
    sys.exit(f"MiniStack did not serve within {START_SECONDS} seconds")


def _end(process: subprocess.Popen[bytes]) -> None:
    # at once, with the functions of its group: it has nothing to save, and would wait for idle connections
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="emulator", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--python", type=Path, required=True, help="the interpreter of MiniStack's venv")
    parser.add_argument("--types", type=Path, required=True, help="where to write the resource types that it knows")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())

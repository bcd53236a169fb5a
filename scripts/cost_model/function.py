"""The pipeline's function in this process, as a deployment would configure it, its output kept off the terminal."""

from __future__ import annotations

import io
import json
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import Any

from agent_workflow.deployment import deployed
from scripts.local_aws.functions.function_environment import DUMMY_CREDENTIALS

# they write a traceback for every failed attempt, and here attempts fail on purpose
_LOUD = ("aws_durable_execution_sdk_python", "strands")

# Powertools keeps the stream that it found at its first line, so there is one for good and it is never closed.
_LOGS = io.StringIO()


@contextmanager
def deployed_with(bedrock_url: str, **variables: Any) -> Iterator[None]:
    """Inside, the function's environment holds `variables` (JSON unless a string), Bedrock is at `bedrock_url`.

    None of the caller's own AWS_ variables is seen, so that nothing can leave this machine.
    """
    kept = dict(os.environ)
    for name in [name for name in kept if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ |= DUMMY_CREDENTIALS | {
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": bedrock_url,
        # also tells a process's cached Bedrock clients of two endpoints apart
        "PIPELINE_NAME": bedrock_url.removeprefix("http://"),
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
        "POWERTOOLS_LOG_LEVEL": "CRITICAL",
    }
    os.environ |= {name: value if isinstance(value, str) else json.dumps(value) for name, value in variables.items()}
    deployed.cache_clear()
    levels = {name: logging.getLogger(name).level for name in _LOUD}
    for name in _LOUD:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        with redirect_stdout(_LOGS):
            yield
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
        os.environ.clear()
        os.environ.update(kept)
        deployed.cache_clear()

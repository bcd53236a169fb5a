"""The pipeline's own handler, whose shortest review lasts two seconds, not a minute; with a mutant if one is named."""

import os
import sys
from importlib import import_module
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[4] / "lambda_src"))

from aws_durable_execution_sdk_python.config import Duration

from handler import lambda_handler

__all__ = ["lambda_handler"]


class _Durations:
    @staticmethod
    def from_seconds(seconds: int) -> Duration:
        return Duration.from_seconds(2 if seconds == 60 else seconds)


# the local engine waits in real time for the end of a callback
import_module("agent_workflow.review").Duration = _Durations  # type: ignore[attr-defined]
import_module("mutants").plant(os.environ.get("PLANTED"))

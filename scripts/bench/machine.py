"""On what, with what and when something was measured; nothing that names a machine."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version

PACKAGES = (
    "strands-agents",
    "aws-durable-execution-sdk-python",
    "aws-durable-execution-sdk-python-testing",
    "boto3",
    "aws-lambda-powertools",
    "aws-cdk-lib",
    "xllamacpp",
)


def today() -> str:
    """The date, UTC."""
    return datetime.now(UTC).date().isoformat()


def machine() -> str:
    """Class of this machine, such as "2 cores, x86-64"."""
    return f"{os.cpu_count()} cores, {platform.machine().replace('_', '-')}"


def versions() -> dict[str, str]:
    """Package -> version, of what is installed."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found

"""Keeps the caller's AWS profile out of the local stack: it may name nobody, and nothing on loopback needs it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from botocore.session import Session

PROFILES = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE")
FILES = ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE")


def without_profile(environ: Mapping[str, str]) -> dict[str, str]:
    """`environ` in which boto3 finds neither a profile nor the files in ~/.aws."""
    kept = {name: value for name, value in environ.items() if name not in PROFILES}
    return kept | dict.fromkeys(FILES, os.devnull)


def forget_profile() -> None:
    """Take it from this process itself, for what is served or run here and makes clients of its own."""
    for name in PROFILES:
        os.environ.pop(name, None)
    os.environ.update(dict.fromkeys(FILES, os.devnull))


def session_without_profile() -> Session:
    """A botocore session that reads neither AWS_PROFILE nor ~/.aws, for a client of this very process."""
    from botocore.session import Session

    files = dict.fromkeys(("config_file", "credentials_file"), (None, None, os.devnull, None))
    return Session(session_vars={"profile": (None, None, None, None), **files})

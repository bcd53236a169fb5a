"""The endpoint in a thread of this process, for a test or a sweep."""

from contextlib import AbstractContextManager

from scripts.local_aws.bedrock.app import build_app
from scripts.local_aws.bedrock.calls import CallsLog
from scripts.local_aws.bedrock.pieces import Backend
from scripts.local_aws.processes.loopback import serving_app


def serving(backend: Backend, calls: CallsLog | None = None) -> AbstractContextManager[str]:
    """Serve `backend` and yield the URL; stops when the block ends."""
    return serving_app(build_app(backend, calls or CallsLog()))

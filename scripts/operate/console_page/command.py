"""The command console: serves the page on loopback until Ctrl-C."""

from __future__ import annotations

import secrets
import sys
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated
from urllib.parse import quote

import typer

from scripts.operate.endings import Refused
from scripts.operate.output import write_json
from scripts.operate.place import Place


def console(
    place: Place,
    *,
    port: Annotated[int, typer.Option(min=0, max=65535, metavar="N", help="of 127.0.0.1; 0: a free one")] = 0,
    browse: Annotated[bool, typer.Option("--open/--no-open", help="open it in the browser")] = True,
) -> None:
    """Watch executions and act on them in the browser.

    One page on this machine, which only the printed address opens, until Ctrl-C.
    """
    from scripts.local_aws.processes.loopback import listen, serve_until_signal  # a web server for this command only
    from scripts.operate.console_page.app import build_app

    place.alias  # noqa: B018 - refuse before a page is opened
    try:
        listener = listen(port)
    except ValueError as refused:
        raise Refused(f"{refused}: another --port, or none for a free one") from None
    token = secrets.token_urlsafe(24)
    address = _address(listener.getsockname()[1], token)
    if place.as_json:
        write_json({"url": address})
    else:
        print(f"the console is at {address}\nuntil Ctrl-C; executions go on without it")
    sys.stdout.flush()
    if browse and sys.stdout.isatty():
        webbrowser.open(address)
    serve_until_signal(
        build_app(place, hosts=_hosts(listener.getsockname()[1]), token=token), listener, announced=False
    )


def address_of(console_url: str, arn: str) -> str:
    """The address of one execution in a console."""
    return f"{console_url}&execution={quote(arn, safe='')}"


@contextmanager
def serving_console(place: Place) -> Iterator[str]:
    """Serve it from a thread of this process and yield its address; stops when the block ends."""
    from scripts.local_aws.processes.loopback import listen, serving_app
    from scripts.operate.console_page.app import build_app

    token = secrets.token_urlsafe(24)
    listener = listen(0)
    port = listener.getsockname()[1]
    with serving_app(build_app(place, hosts=_hosts(port), token=token), listener):
        yield _address(port, token)


def _hosts(port: int) -> frozenset[str]:
    return frozenset({f"127.0.0.1:{port}", f"localhost:{port}"})


def _address(port: int, token: str) -> str:
    """The token stands behind #, which a browser sends to nobody and the page takes away."""
    return f"http://127.0.0.1:{port}/#token={token}"

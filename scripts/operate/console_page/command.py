"""The command console: serves the page on loopback until Ctrl-C."""

from __future__ import annotations

import secrets
import socket
import sys
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote

import typer

from scripts.operate.endings import Refused
from scripts.operate.output import write_json
from scripts.operate.place import Place

if TYPE_CHECKING:
    from starlette.applications import Starlette


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

    place.alias  # noqa: B018 - refuse before a page is opened
    try:
        listener = listen(port)
    except ValueError as refused:
        raise Refused(f"{refused}: another --port, or none for a free one") from None
    app, address = _app_on(listener, place)
    if place.as_json:
        write_json({"url": address})
    else:
        print(f"the console is at {address}\nuntil Ctrl-C; executions go on without it")
    sys.stdout.flush()
    if browse and sys.stdout.isatty():
        webbrowser.open(address)
    serve_until_signal(app, listener, announced=False)


def address_of(console_url: str, arn: str) -> str:
    """The address of one execution in a console."""
    return f"{console_url}&execution={quote(arn, safe='')}"


@contextmanager
def serving_console(place: Place) -> Iterator[str]:
    """Serve it from a thread of this process and yield its address; stops when the block ends."""
    from scripts.local_aws.processes.loopback import listen, serving_app

    listener = listen(0)
    app, address = _app_on(listener, place)
    with serving_app(app, listener):
        yield address


def _app_on(listener: socket.socket, place: Place) -> tuple[Starlette, str]:
    """The console and its address; the token in it stands behind #, which a browser sends to nobody."""
    from scripts.operate.console_page.app import build_app

    port, token = listener.getsockname()[1], secrets.token_urlsafe(24)
    hosts = frozenset({f"127.0.0.1:{port}", f"localhost:{port}"})
    return build_app(place, hosts=hosts, token=token), f"http://127.0.0.1:{port}/#token={token}"

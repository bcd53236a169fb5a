"""A PostgreSQL of this machine's packages, in place of a database in the cloud: on loopback, with TLS, its log kept."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.local_aws.certificates import HOST, certificate

PASSWORD = "admin"  # noqa: S105  (of a server that lives as long as its process, on loopback)
AS_ANOTHER_USER = ("setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups")
"""PostgreSQL refuses to run as root."""


@dataclass(frozen=True)
class Server:
    """A running server.

    port: on 127.0.0.1.
    log: where it writes every statement.
    ca_file: its certificate.
    """

    port: int
    log: Path
    ca_file: Path

    def admin(self) -> Any:
        """A connection that may do everything; the caller closes it."""
        from pg8000.native import Connection

        trusts = ssl.create_default_context(cafile=self.ca_file)
        return Connection(
            "postgres", host=HOST, port=self.port, database="postgres", password=PASSWORD, ssl_context=trusts
        )


def programs() -> Path | None:
    """The folder with initdb and pg_ctl, of the newest version that is installed; None where there is none."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    known = [*(str(path) for path in reversed(versions)), shutil.which("initdb")]
    return next((Path(path).resolve().parent for path in known if path), None)


@contextmanager
def running(binaries: Path, *names: str) -> Iterator[Server]:
    """A server of its own, empty.

    Args:
        binaries: the folder with its programs.
        *names: for which its certificate stands beside 127.0.0.1.
    """
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        _, public = certificate(folder, "server", *names)
        (folder / "password").write_text(PASSWORD, encoding="utf-8")
        if os.geteuid() == 0:
            for path in (folder, *folder.iterdir()):
                shutil.chown(path, "postgres")
        data, log, port = folder / "data", folder / "log", _free_port()
        made = (binaries / "initdb", "-D", data, "-U", "postgres", "-A", "scram-sha-256", "-E", "UTF8", "--no-sync")
        _run([*made, f"--pwfile={folder / 'password'}"], folder)
        options = (
            f"-c listen_addresses={HOST} -c port={port} -c unix_socket_directories={folder} -c log_statement=all "
            f"-c ssl=on -c ssl_cert_file={public} -c ssl_key_file={public.with_suffix('.key')} -c fsync=off"
        )
        _run([binaries / "pg_ctl", "-D", data, "-l", log, "-w", "-o", options, "start"], folder)
        try:
            yield Server(port, log, public)
        finally:
            _run([binaries / "pg_ctl", "-D", data, "-m", "immediate", "stop"], folder)


def _run(command: list[Any], folder: Path) -> None:
    user = AS_ANOTHER_USER if os.geteuid() == 0 else ()
    done = subprocess.run([*user, *map(str, command)], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{Path(command[0]).name} of PostgreSQL must succeed, got: {done.stderr or done.stdout}")


def _free_port() -> int:
    with socket.socket() as one:
        one.bind((HOST, 0))
        return int(one.getsockname()[1])

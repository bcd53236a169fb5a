"""A real PostgreSQL of this machine's packages, on loopback with TLS, that logs every statement it is given."""

import fcntl
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pg8000.native import Connection

from tests.lambda_src.research_tools.ssrf_lab import certificate

SCHEMA = (
    "CREATE TABLE orders (id int PRIMARY KEY, item text, price numeric)",
    "INSERT INTO orders SELECT n, 'item ' || n, n * 1.5 FROM generate_series(1, 500) n",
    "CREATE SEQUENCE tickets",
    "CREATE EXTENSION dblink",
    "CREATE FUNCTION wipe() RETURNS int LANGUAGE sql AS 'DELETE FROM orders; SELECT 1'",
    "CREATE FUNCTION wipe_as_owner() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'DELETE FROM orders; SELECT 1'",
    "CREATE ROLE reader LOGIN PASSWORD 'reads'",
    "CREATE ROLE owner LOGIN PASSWORD 'owns'",
    "GRANT SELECT ON orders TO reader",
    "GRANT ALL ON orders, tickets TO owner",
    "GRANT ALL ON SCHEMA public TO owner",
)

STATE = (
    "SELECT md5(string_agg(o::text, ',' ORDER BY id)) FROM orders o",
    "SELECT count(*) FROM pg_class",
    "SELECT count(*) FROM pg_largeobject_metadata",
    "SELECT last_value, is_called FROM tickets",
    "SELECT string_agg(rolname || rolsuper, ',' ORDER BY rolname) FROM pg_roles",
    "SELECT string_agg(proname, ',' ORDER BY oid) FROM pg_proc",
    "SELECT count(*) FROM pg_db_role_setting",
)


@dataclass(frozen=True)
class Server:
    """A running server."""

    port: int
    log: Path
    ca_file: str

    def admin(self) -> Any:
        """A connection that may do everything."""
        import ssl

        context = ssl.create_default_context(cafile=self.ca_file)
        return Connection(
            "postgres",
            host="db.example.org",
            port=self.port,
            database="postgres",
            password="admin",
            ssl_context=context,
        )

    def state(self) -> list[Any]:
        """All that a statement may have changed."""
        connection = self.admin()
        try:
            return [connection.run(question) for question in STATE]
        finally:
            connection.close()


def programs() -> Path:
    """Where initdb and pg_ctl are; Debian's package is installed where this process may do so."""
    if found := _installed():
        return found
    if not shutil.which("apt-get") or os.geteuid() != 0:
        pytest.skip("needs PostgreSQL: apt-get install postgresql (or run as root on Debian, which installs it)")
    with (Path(tempfile.gettempdir()) / "install-postgresql.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _installed():
            quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
            subprocess.run(["apt-get", "update", "-qq"], check=False, env=quiet, stdout=subprocess.DEVNULL)
            command = ["apt-get", "install", "-qq", "-y", "--no-install-recommends", "postgresql"]
            subprocess.run(command, check=True, env=quiet, stdout=subprocess.DEVNULL)
    found = _installed()
    assert found
    return found


def _installed() -> Path | None:
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    known = [*(str(path) for path in reversed(versions)), shutil.which("initdb")]
    return next((Path(path).resolve().parent for path in known if path), None)


@contextmanager
def running() -> Iterator[Server]:
    """A server of its own with the table `orders` in it."""
    binaries = programs()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        pem, key = certificate(folder)
        key.chmod(0o600)
        (folder / "password").write_text("admin")
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            shutil.chown(folder, "postgres")
            for file in folder.iterdir():
                shutil.chown(file, "postgres")
        data, log = folder / "data", folder / "log"
        _run([binaries / "initdb", "-D", data, "-U", "postgres", "-A", "scram-sha-256",
              f"--pwfile={folder / 'password'}", "--no-sync", "-E", "UTF8"], folder)  # fmt: skip
        port = _free_port()
        options = (
            f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={folder} -c ssl=on "
            f"-c ssl_cert_file={pem} -c ssl_key_file={key} -c log_statement=all -c fsync=off"
        )
        _run([binaries / "pg_ctl", "-D", data, "-l", log, "-w", "-o", options, "start"], folder)
        server = Server(port, log, str(pem))
        try:
            connection = server.admin()
            for statement in SCHEMA:
                connection.run(statement)
            connection.close()
            yield server
        finally:
            _run([binaries / "pg_ctl", "-D", data, "-m", "immediate", "stop"], folder)


def _run(command: list[Any], folder: Path) -> None:
    user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"] if os.geteuid() == 0 else []
    done = subprocess.run([*user, *map(str, command)], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr + done.stdout


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])

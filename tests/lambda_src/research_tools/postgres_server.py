"""A real PostgreSQL with the table `orders`, whose state shows whatever got through."""

import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from scripts.local_aws import postgres

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


class Server(postgres.Server):
    """A server with SCHEMA in it."""

    def state(self) -> list[Any]:
        """All that a statement may have changed."""
        connection = self.admin()
        try:
            return [connection.run(question) for question in STATE]
        finally:
            connection.close()


def programs() -> Path:
    """Where initdb and pg_ctl are; Debian's package is installed where this process may do so."""
    if found := postgres.programs():
        return found
    if not shutil.which("apt-get") or os.geteuid() != 0:
        pytest.skip("needs PostgreSQL: apt-get install postgresql (or run as root on Debian, which installs it)")
    with (Path(tempfile.gettempdir()) / "install-postgresql.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not postgres.programs():
            quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
            subprocess.run(["apt-get", "update", "-qq"], check=False, env=quiet, stdout=subprocess.DEVNULL)
            command = ["apt-get", "install", "-qq", "-y", "--no-install-recommends", "postgresql"]
            subprocess.run(command, check=True, env=quiet, stdout=subprocess.DEVNULL)
    found = postgres.programs()
    assert found
    return found


@contextmanager
def running() -> Iterator[Server]:
    """A server of its own with the table `orders` in it."""
    with postgres.running(programs(), "db.example.org") as started:
        server = Server(started.port, started.log, started.ca_file)
        connection = server.admin()
        for statement in SCHEMA:
            connection.run(statement)
        connection.close()
        yield server

"""The database of the readers: PostgreSQL, which says itself when it is asked, and holds a query by a lock."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any

from scripts.crash_lab.agents.sources.texts import LEVELS
from scripts.crash_lab.agents.sources.witness import Witness
from scripts.local_aws.postgres import Server, programs, running

CALL = "query_database:levels"
USER, PASSWORD = "reader", "reads"
ASKED = "START TRANSACTION READ ONLY"
"""What the tool sends first, once for each call; the server logs it."""
LOOK_SECONDS = 0.01
_SCHEMA = (
    "CREATE TABLE levels (harbour text, metres int)",
    *(f"INSERT INTO levels VALUES ('{harbour}', {metres})" for harbour, metres in LEVELS),  # noqa: S608  (of ours)
    f"CREATE ROLE {USER} LOGIN PASSWORD '{PASSWORD}'",
    f"GRANT SELECT ON levels TO {USER}",
)


def installed() -> bool:
    """Whether this machine has PostgreSQL."""
    return programs() is not None


@contextmanager
def database(witness: Witness) -> Iterator[Server]:
    """The server, and beside it a thread that tells the witness of each call and locks the table for one to be held."""
    binaries = programs()
    if binaries is None:
        raise RuntimeError("the lab's database needs PostgreSQL's initdb and pg_ctl, found none")
    with running(binaries) as server:
        admin = server.admin()
        for statement in _SCHEMA:
            admin.run(statement)
        stopping = Event()
        thread = Thread(target=_watch, args=(server.log, admin, witness, stopping), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            stopping.set()
            thread.join(5)
            admin.close()


def _watch(log: Path, admin: Any, witness: Witness, stopping: Event) -> None:
    locked = False
    with log.open(encoding="utf-8", errors="replace") as lines:
        while not stopping.is_set():
            if (held := witness.holds(CALL)) != locked:
                for statement in ("BEGIN", "LOCK TABLE levels") if held else ("ROLLBACK",):
                    admin.run(statement)
                locked = held
            for line in lines:
                if ASKED in line:
                    witness.noted(CALL)
            time.sleep(LOOK_SECONDS)

"""query_database on a real PostgreSQL: both defences, each alone, and what it does when the database is in trouble."""

import json
import threading
from collections.abc import Iterator

import pytest
import sqlglot
from sqlglot import exp

from research_tools.database import tools
from research_tools.database.postgres import Postgres
from research_tools.database.read_only_sql import QueryRefused, read_only
from tests.lambda_src.research_tools import hostile_sql
from tests.lambda_src.research_tools.postgres_server import Server, running

pytestmark = pytest.mark.slow

LOOPBACK = "127.0.0.1"
FINE = {"random", "clock_timestamp", "statement_timestamp", "timeofday", "gen_random_uuid", "uuidv4", "uuidv7"}
"""Volatile functions of PostgreSQL without an effect."""


@pytest.fixture(scope="module")
def server(monkeypatch_module) -> Iterator[Server]:
    with running() as started:
        yield started


@pytest.fixture(scope="module")
def monkeypatch_module() -> Iterator[pytest.MonkeyPatch]:
    """The server's certificate is for a name, which only this process knows."""
    import socket

    real = socket.getaddrinfo

    def resolved(host, *more, **others):
        return real(LOOPBACK if host == "db.example.org" else host, *more, **others)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", resolved)
        yield patch


def database(server: Server, user: str = "reader", password: str = "reads", host: str = "db.example.org") -> Postgres:
    return Postgres(
        host=host,
        port=server.port,
        database="postgres",
        credentials=lambda: (user, password),
        ca_file=str(server.ca_file),
    )


def ask(server: Server, sql: str, **more):
    usual = {"max_rows": 200, "max_bytes": 100_000, "seconds": 30, "database": database(server)}
    return tools.ask(sql, dialect="postgres", address="postgresql://db.example.org/postgres", **{**usual, **more})


def answered(server: Server, sql: str, **more) -> list[dict[str, object]]:
    [reading] = ask(server, sql, **more)
    return [json.loads(line) for line in reading.text.splitlines()]


def test_rows_come_back_as_a_source(server):
    [reading] = ask(server, "select id, item, price from orders where id <= 2 order by id -- the first two")
    assert reading.title == "SELECT id, item, price FROM orders WHERE id <= 2 ORDER BY id"
    assert reading.url.startswith("postgresql://db.example.org/postgres#")
    assert reading.text.splitlines() == [
        '{"id":1,"item":"item 1","price":1.5}',
        '{"id":2,"item":"item 2","price":3.0}',
    ]
    assert answered(server, "select '{:a}' as \"b:c\", '%s' as d, now()::date > '2000-01-01'::date as e") == [
        {"b:c": "{:a}", "d": "%s", "e": True}
    ]
    assert ask(server, "select 1 where false")[0].text == "(no rows)"


def test_no_statement_of_the_corpus_reaches_the_server(server):
    before, logged = server.state(), server.log.read_text()
    for sql in hostile_sql.ALL:
        with pytest.raises(QueryRefused):
            ask(server, sql)
    assert server.log.read_text().count("START TRANSACTION") == logged.count("START TRANSACTION")
    assert server.state() == before


@pytest.mark.parametrize(("user", "password"), [("reader", "reads"), ("owner", "owns")])
def test_the_transaction_holds_without_the_parser(server, user, password):
    before = server.state()
    bare = database(server, user, password)
    refused = 0
    for sql in hostile_sql.ALL:
        try:
            bare.ask(sql, max_rows=10, max_bytes=1000, seconds=0.1)
        except QueryRefused:
            refused += 1
    assert server.state() == before
    assert refused > 100  # what is not refused, such as pg_sleep(0) or an advisory lock, leaves nothing behind


def test_the_state_would_show_what_got_through(server):
    before = server.state()
    admin = server.admin()
    admin.run("UPDATE orders SET price = price + 1 WHERE id = 500")
    assert server.state() != before
    admin.run("UPDATE orders SET price = price - 1 WHERE id = 500")
    admin.close()
    assert server.state() == before


def volatile(server: Server) -> set[str]:
    admin = server.admin()
    try:
        return {row[0] for row in admin.run("SELECT DISTINCT proname FROM pg_proc WHERE provolatile = 'v'")}
    finally:
        admin.close()


def test_the_parser_refuses_every_function_of_the_server_that_may_have_an_effect(server):
    names = volatile(server)
    assert len(names) > 200
    let_through = set()
    for name in names:
        for arguments in ("", "1", "1, 2", "'a', 'b', 'c'"):
            try:
                read_only(f"SELECT {name}({arguments})", "postgres")
            except QueryRefused:
                continue
            let_through.add(name)
    assert let_through <= FINE


def test_no_function_that_the_parser_knows_is_written_as_one_with_an_effect(server):
    names = volatile(server) - FINE
    written = set()
    for known in sqlglot.Dialect.get_or_raise("postgres").parser_class.FUNCTIONS:
        for arguments in ("", "1", "1, 2", "1, 2, 3", "1, 2, 3, 4"):
            try:
                runs = read_only(f"SELECT {known}({arguments})", "postgres")
            except (QueryRefused, ValueError, TypeError, AttributeError, IndexError):
                continue
            calls = sqlglot.parse_one(runs, dialect="postgres").find_all(exp.Func)
            written |= {call.name.lower() for call in calls} | {runs.partition(" ")[2].partition("(")[0].lower()}
    assert len(written) > 200
    assert not written & names


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("select count(*) from generate_series(1, 100000000000)", "must end within 1 seconds"),
        ("select nothing from orders", 'column "nothing" does not exist'),
        ("select rolpassword from pg_authid", "permission denied"),
        ("select 1/0", "division by zero"),
    ],
)
def test_fails_when_the_server_refuses(server, sql, told):
    with pytest.raises(QueryRefused, match=told):
        ask(server, sql, seconds=1)


def test_an_answer_is_cut_by_the_server(server):
    [reading] = ask(server, "select id from orders", max_rows=200)
    assert len(reading.text.splitlines()) == 201
    assert "more rows than 200" in reading.text
    [reading] = ask(server, "select id from orders", max_bytes=100)
    assert len(reading.text.encode()) < 200
    [reading] = ask(server, "select repeat('x', 100000000) as big", max_bytes=1000)
    assert "only 0 are shown" in reading.text


def test_fails_when_the_database_is_not_there_or_is_another(server):
    gone = Postgres(host=LOOPBACK, port=1, database="x", credentials=lambda: ("x", "x"))
    with pytest.raises(QueryRefused, match="could not be reached"):
        ask(server, "select 1", database=gone)
    with pytest.raises(QueryRefused, match="password authentication failed"):
        ask(server, "select 1", database=database(server, password="wrong"))
    with pytest.raises(QueryRefused, match="could not be reached"):  # the certificate is for another name
        ask(server, "select 1", database=database(server, host="localhost"))
    strangers = Postgres(host="db.example.org", port=server.port, database="postgres", credentials=lambda: ("x", "x"))
    with pytest.raises(QueryRefused, match="could not be reached"):  # nobody that the system trusts has signed it
        ask(server, "select 1", database=strangers)


def test_fails_when_the_server_dies_during_a_query(server):
    def kill() -> None:
        admin = server.admin()
        killed = 0
        while not killed:
            killed = admin.run(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                "WHERE application_name = 'durable-agent-pipeline' AND state = 'active'"
            )[0][0]
        admin.close()

    killer = threading.Thread(target=kill)
    killer.start()
    with pytest.raises(QueryRefused, match=r"terminating connection|database was lost"):
        ask(server, "select count(*) from generate_series(1, 100000000000)", seconds=30)
    killer.join()

"""The parser's defence alone: what is refused, and what runs in place of what was written."""

import logging

import pytest

from research_tools.database.read_only_sql import QueryRefused, read_only
from tests.lambda_src.research_tools import hostile_sql


@pytest.mark.parametrize("dialect", ["postgres", "athena"])
@pytest.mark.parametrize("sql", hostile_sql.ALL)
def test_fails_when_a_statement_may_do_more_than_read(sql, dialect):
    if dialect == "athena" and sql in hostile_sql.ONLY_POSTGRES:
        pytest.skip("a harmless text in this dialect")
    with pytest.raises(QueryRefused):
        read_only(sql, dialect)


@pytest.mark.parametrize(
    ("sql", "runs"),
    [
        ("select 1 -- why", "SELECT 1"),
        ("select /* x */ id from orders where item like 'a;b%'", "SELECT id FROM orders WHERE item LIKE 'a;b%'"),
        ("with x as (select 1 as a) select a from x;", "WITH x AS (SELECT 1 AS a) SELECT a FROM x"),
        ("(select 1) union all (select 2) limit 3", "(SELECT 1) UNION ALL (SELECT 2) LIMIT 3"),
        ("values (1), (2)", "VALUES (1), (2)"),
        ("select count(*), max(price) from orders group by 1", "SELECT COUNT(*), MAX(price) FROM orders GROUP BY 1"),
        ("select lower(item), coalesce(price, 0) from orders", "SELECT LOWER(item), COALESCE(price, 0) FROM orders"),
        ("select jsonb_build_object('a', 1)", "SELECT JSONB_BUILD_OBJECT('a', 1)"),
    ],
)
def test_what_runs_is_what_the_parser_understood(sql, runs):
    assert read_only(sql, "postgres") == runs


def test_no_word_of_a_statement_is_logged(caplog):
    caplog.set_level(logging.DEBUG)
    for sql in ("EXPLAIN SELECT 'secret'", "SHOW secret"):
        with pytest.raises(QueryRefused):
            read_only(sql, "postgres")
    assert not caplog.records

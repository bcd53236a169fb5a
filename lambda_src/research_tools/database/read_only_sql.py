"""One statement that only reads, judged by sqlglot's parser and written anew from what the parser understood.

What runs is the parser's own text, without comments: a database that would read the original in another way than the
parser never sees it. This is one of two defences; the other, a read-only transaction or role, must hold alone.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import sqlglot
from sqlglot import exp

from research_tools.reading import NotRead

MAX_CHARACTERS = 10_000

READS = (exp.Select, exp.SetOperation, exp.Subquery, exp.Values)
NEVER = (exp.DML, exp.DDL, exp.Command, exp.Into, exp.Lock, exp.Operator, exp.Parameter, exp.Placeholder)
"""Writes wherever they stand, what the parser did not understand, row locks, and operators called by their schema."""

UNKNOWN_TO_THE_PARSER = (exp.Anonymous, exp.AnonymousAggFunc, exp.CombinedAggFunc)

WITHOUT_EFFECT = frozenset(
    """
    age btrim clock_timestamp cume_dist date_bin date_part dense_rank every format isfinite json_agg
    json_array_elements json_array_elements_text json_array_length json_build_array json_build_object json_each
    json_each_text json_object_agg json_object_keys json_typeof jsonb_agg jsonb_array_elements
    jsonb_array_elements_text jsonb_array_length jsonb_build_array jsonb_build_object jsonb_each jsonb_each_text
    jsonb_object_agg jsonb_object_keys jsonb_path_query jsonb_pretty jsonb_typeof justify_days justify_hours
    justify_interval make_date make_interval make_time make_timestamp mode num_nonnulls num_nulls percent_rank
    phraseto_tsquery plainto_tsquery quote_ident quote_literal regexp_match regexp_matches regexp_split_to_array
    regexp_split_to_table row_to_json scale similarity statement_timestamp string_to_array string_to_table strpos
    to_json to_jsonb to_tsquery to_tsvector ts_headline ts_rank ts_rank_cd websearch_to_tsquery width_bucket
    word_similarity
    """.split()  # noqa: SIM905 - a table of words
)
"""Functions that the parser has no class for and that only compute; every other is refused."""


class QueryRefused(NotRead):
    """A statement that is not run, or a query that failed; the model is told the message."""


def read_only(sql: str, dialect: str) -> str:
    """The statement to run in place of `sql`.

    Args:
        sql: what the model wrote.
        dialect: "postgres" or "athena".

    Raises:
        QueryRefused: it is not one statement that only reads.
    """
    if len(sql) > MAX_CHARACTERS:
        raise QueryRefused(f"sql must have {MAX_CHARACTERS} characters at most, got {len(sql)}")
    with _nothing_logged():
        written = _judged(sql, dialect)
        return _judged(written, dialect)  # the parser must understand its own words in the same way


def _judged(sql: str, dialect: str) -> str:
    try:
        statement = _only(sqlglot.parse(sql, dialect=dialect))
        for node in statement.walk():
            _refuse(node)
        return statement.sql(dialect=dialect, comments=False)
    except QueryRefused:
        raise
    except RecursionError:
        raise QueryRefused("sql is nested too deep") from None
    except Exception:  # noqa: BLE001 - whatever a parser stumbles over is no statement to run
        raise QueryRefused("sql could not be parsed") from None


def _only(statements: list[exp.Expr | None]) -> exp.Expr:
    found = [one for one in statements if one is not None]
    if len(found) != 1 or not isinstance(found[0], READS):
        raise QueryRefused("sql must be one SELECT")
    return found[0]


def _refuse(node: exp.Expr) -> None:
    if isinstance(node, NEVER) or (isinstance(node, exp.CTE) and not isinstance(node.this, READS)):
        raise QueryRefused(f"sql must only read, got {node.key.upper()}")
    if isinstance(node, exp.Func) and isinstance(node.parent, exp.Dot) and node.parent.expression is node:
        raise QueryRefused("sql must call functions by their name alone, got one with its schema")
    if isinstance(node, UNKNOWN_TO_THE_PARSER) and node.name.lower() not in WITHOUT_EFFECT:
        raise QueryRefused("sql must call functions without effects only, got another")


@contextmanager
def _nothing_logged() -> Iterator[None]:
    """The parser logs what it does not understand, word for word."""
    logger = logging.getLogger("sqlglot")
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before

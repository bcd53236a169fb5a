"""Random events: near misses of a good one, any JSON at all, messages of a queue."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from agent_workflow.batch_request import parse_event
from agent_workflow.errors import InvalidRequest
from scripts.fuzz.sweep import MARK

DEEP = 20_000
FIELDS = (
    *("query", "demo_checkpoint", "budget_usd", "qeury", "Records", "body", "topics", "review", "queries", "tenant"),
    *("batch_query", "batch", "operation", "request"),
)

_texts = st.one_of(
    st.text(max_size=30).map(lambda text: MARK + text),
    st.integers(1_900, 2_100).map(lambda length: MARK + "x" * (length - len(MARK))),
    st.sampled_from(["", " ", "\u200b\u2060", "\ud800", "0.01", "1e3", "Infinity", "٣"]),
)
_numbers = st.one_of(st.integers(), st.floats(), st.sampled_from([0, -1, 10**400, 0.1, 10_000, 10_001]))
_values = st.recursive(
    st.one_of(st.none(), st.booleans(), _numbers, _texts),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.sampled_from(FIELDS), inner, max_size=4)),
    max_leaves=8,
)
_near = st.fixed_dictionaries(
    {"query": st.one_of(_texts, _values)},
    optional={"demo_checkpoint": st.one_of(st.booleans(), _values), "budget_usd": _values, "qeury": _values},
)
_batches = st.fixed_dictionaries(
    {"queries": st.lists(st.one_of(_near, _values), max_size=3)}, optional={"budget_usd": _values, "review": _values}
)
_bodies = st.one_of(
    _near.map(json.dumps),
    _texts,
    st.sampled_from(["[" * DEEP, '{"a":' * DEEP, "[" * DEEP + "]" * DEEP, "", "null", "NaN"]),
    _values,
)
_queued = st.lists(st.one_of(_values, st.fixed_dictionaries({"body": _bodies})), max_size=2).map(
    lambda records: {"Records": records}
)

EVENTS = st.one_of(_near, _values, _queued, _batches)
"""Whatever Lambda may hand to the handler."""


def end_of_event(event: Any) -> tuple[str, str]:
    """What the parser makes of it: a request, or the one typed refusal."""
    try:
        parse_event(event)
    except InvalidRequest as refused:
        return "InvalidRequest", str(refused)
    return "a request", ""

"""What a person sent by the page's form, as the callback's result; by the rules that the execution itself applies."""

import json
from collections.abc import Mapping
from typing import Any

from agent_workflow.review_answer import TEXT_OF, read_answer, read_response
from agent_workflow.review_link import Claims

FIELDS = ("decision", "reviewer", "reason", "text", "comments", "response")
"""Of the form, beside the link."""


def result_of(form: Mapping[str, str], claims: Claims, shown: Mapping[str, Any]) -> str:
    """The callback's result, bound to the round and the text of the link.

    Raises:
        Unreadable: it breaks a rule; the message says which, and quotes nothing.
    """
    if shown.get("kind") == "interrupt":  # always a text: what a person wrote must not turn into a number or a list
        return json.dumps(read_response(_lines(form.get("response", ""))), ensure_ascii=False)
    decision = form.get("decision", "")
    field = TEXT_OF.get(decision)
    words = {name: _lines(form.get(name, "")) for name in ("reviewer", field) if name and form.get(name, "").strip()}
    answer = {"decision": decision, **words, "round": claims.round, "digest": claims.digest}
    document = json.dumps(answer, ensure_ascii=False)
    read_answer(document, number=claims.round, digest=claims.digest, may_revise=bool(shown.get("may_revise")))
    return document


def _lines(text: str) -> str:
    """A form sends every end of a line as two characters."""
    return text.replace("\r\n", "\n").strip("\n")

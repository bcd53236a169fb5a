"""The page as HTML: no script, no address of anybody else's, every text escaped."""

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from agent_workflow.review_answer import MOST_CHARACTERS
from agent_workflow.review_link import PARAMETER

STYLE = (Path(__file__).parent / "page.css").read_text(encoding="utf-8")
_STYLE_DIGEST = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_DIGEST}'; form-action 'self'; frame-ancestors 'none'; "
        "base-uri 'none'"
    ),
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=31536000",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow",
}
_DECISIONS = (
    ("approve", "Approve", "Use the text as it is.", None, None),
    ("edit", "Edit", "Use your version instead.", "text", "Your version"),
    ("revise", "Send back", "The agent writes it again with your comments.", "comments", "What to change"),
    ("reject", "Reject", "Nothing of it is used.", "reason", "Reason (optional)"),
)
"""Decision, its label, what it does, the form's field that goes with it, and that field's label."""


def question_page(
    text: str, shown: Mapping[str, Any], about: Mapping[str, str], *, given: Mapping[str, str], error: str = ""
) -> str:
    """The text under review, what it rests on and cost, and the form.

    Args:
        text: what is to be read.
        shown: what was kept with it.
        about: what stands in the list above it.
        given: the link, which goes back with the form, and what that was sent with before, if it broke a rule.
        error: the rule.
    """
    of = str(shown.get("of", "text"))
    asks = shown.get("kind") == "interrupt"
    title = f"Answer the {of}" if asks else f"Review the {of}"
    parts = [
        f"<h1>{_html(title)}</h1>",
        f'<dl class="about">{"".join(_facts(about))}</dl>',
        f'<section aria-labelledby="text-title"><h2 id="text-title">The {_html(of)}</h2>',
        f'<div class="text" tabindex="0" role="region" aria-labelledby="text-title">{_html(text)}</div></section>',
        *_sources(shown.get("sources") or ()),
        f'<form method="post" action="?" autocomplete="off"><h2>Your answer</h2>{_error(error)}',
        f'<input type="hidden" name="{PARAMETER}" value="{_html(given[PARAMETER])}">',
        *(_response(given) if asks else _decision(text, shown, given)),
        '<button type="submit">Send the answer</button>',
        '<p class="note">It can be sent once, and not taken back.</p></form>',
    ]
    return _document(title, "".join(parts))


def message_page(title: str, sentence: str) -> str:
    """A page that says one thing."""
    return _document(title, f'<h1>{_html(title)}</h1><p role="status">{_html(sentence)}</p>')


def _document(title: str, body: str) -> str:
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{_html(title)}</title><style>{STYLE}</style></head><body><main>{body}</main></body></html>"
    )


def _facts(about: Mapping[str, str]) -> Iterator[str]:
    for name, value in about.items():
        yield f"<div><dt>{_html(name)}</dt><dd>{_html(value)}</dd></div>"


def _sources(sources: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if not sources:
        return
    yield "<section><h2>Sources</h2><ol>"
    for source in sources:
        title, url = str(source.get("title") or source.get("id", "")), str(source.get("url") or "")
        if url.startswith(("https://", "http://")):
            yield f'<li><a href="{_html(url)}" rel="noreferrer noopener" target="_blank">{_html(title or url)}</a></li>'
        else:
            yield f"<li>{_html(title)}</li>"
    yield "</ol></section>"


def _error(error: str) -> str:
    return f'<p class="error" role="alert">Not sent: {_html(error)}.</p>' if error else ""


def _choice(row: tuple[str, str, str, str | None, str | None], text: str, given: Mapping[str, str]) -> str:
    decision, label, does, field, field_label = row
    checked = " checked" if given.get("decision") == decision else ""
    choice = (
        f'<div class="choice"><input type="radio" id="{decision}" name="decision" value="{decision}" required{checked}>'
        f'<label for="{decision}"><strong>{label}</strong> <span>{does}</span></label>'
    )
    if field is None:
        return f"{choice}</div>"
    start = given.get(field, text if field == "text" else "")
    rows = 14 if field == "text" else 4
    # a browser drops the first line break in a textarea
    return (
        f'{choice}<div class="field"><label for="{field}">{field_label}</label>'
        f'<textarea id="{field}" name="{field}" rows="{rows}" maxlength="{MOST_CHARACTERS[field]}">\n{_html(start)}'
        "</textarea></div></div>"
    )


def _decision(text: str, shown: Mapping[str, Any], given: Mapping[str, str]) -> Iterator[str]:
    yield "<fieldset><legend>Decision</legend>"
    yield from (_choice(row, text, given) for row in _DECISIONS if row[0] != "revise" or shown.get("may_revise"))
    yield '</fieldset><label for="reviewer">Your name (optional)</label>'
    yield _name(given.get("reviewer", ""))


def _response(given: Mapping[str, str]) -> Iterator[str]:
    yield '<label for="response">What the agent is told</label>'
    yield f'<textarea id="response" name="response" rows="5" required maxlength="{MOST_CHARACTERS["response"]}">\n'
    yield f"{_html(given.get('response', ''))}</textarea>"


def _name(given: str) -> str:
    return f'<input id="reviewer" name="reviewer" maxlength="{MOST_CHARACTERS["reviewer"]}" value="{_html(given)}">'


def _html(text: str) -> str:
    """Escaped for an element and for a quoted attribute; half a surrogate pair has no UTF-8."""
    return escape(text.encode("utf-8", "replace").decode(), quote=True)

"""The index of an agent's documents: how long it takes to build, how large it is, how long a search takes."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from itertools import accumulate
from statistics import median, quantiles

from research_tools.documents.index import Index, build
from scripts.bench.row import Asked, Row

DOCUMENTS, WORDS, QUERIES, MOST = 10_000, 75, 1_000, 8
VOCABULARY, STOP_WORDS = 30_000, 100
SEED = 12


def index_rows(asked: Asked) -> Iterator[Row]:
    """10,000 short documents of made-up words, as often as words are in a language: the n-th 1/n as often."""
    draw = random.Random(SEED)  # noqa: S311 - the same documents each time
    words = ["".join(draw.choices("abcdefghijklmnoprstuvw", k=draw.randint(2, 10))) for _ in range(VOCABULARY)]
    often = list(accumulate(1 / rank for rank in range(1, VOCABULARY + 1)))
    texts = [" ".join(draw.choices(words, cum_weights=often, k=WORDS)) for _ in range(DOCUMENTS)]
    documents = [(f"{number}.md", f"# {text[:40]}\n\n{text}.\n".encode()) for number, text in enumerate(texts)]
    file = asked.scratch / "documents.sqlite"
    seconds = []
    for _ in range(asked.repeat):
        began = time.perf_counter()
        build(file, documents)
        seconds.append(time.perf_counter() - began)
    size = sum(len(data) for _, data in documents)
    how = f"{DOCUMENTS:,} generated Markdown documents of {WORDS} words, {size / 10**6:.1f} MB, without reading files"
    yield Row(name="documents-build", what="index of documents, built", value=min(seconds), unit="s", how=how)
    yield Row(name="documents-size", what="its size", value=file.stat().st_size / 10**6, unit="MB", how=how)
    # as keywords are: one word of any, two as often as they are, none of those that stand in every text
    telling, weights = words[STOP_WORDS:], list(accumulate(1 / rank for rank in range(STOP_WORDS, VOCABULARY)))
    queries = [
        f"{draw.choice(words)} {' '.join(draw.choices(telling, cum_weights=weights, k=2))}" for _ in range(QUERIES)
    ]
    took = [_took(Index(file), query) for query in queries]
    asked_how = f"{QUERIES:,} searches of three keywords, {MOST} passages, a connection for each"
    yield Row(name="documents-median", what="a search in it, median", value=median(took), unit="ms", how=asked_how)
    yield Row(
        name="documents-p99", what="a search in it, 99th percentile", value=quantiles(took, n=100)[98], unit="ms",
        how=asked_how,
    )  # fmt: skip


def _took(index: Index, query: str) -> float:
    began = time.perf_counter()
    index.search(query, MOST)
    return (time.perf_counter() - began) * 1000

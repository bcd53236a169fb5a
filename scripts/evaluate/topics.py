"""Topics with known answers, over a corpus: what an evaluation asks, and what a good report has."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

PACKAGED = Path(__file__).with_name("topics.toml")


class BrokenTopics(ValueError):
    """A file of topics that cannot be used; the message is one line."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Topic(_Part):
    """One question.

    name: a word for it.
    query: what the pipeline is asked.
    facts: name -> patterns, of which one must stand in the report.
    documents: of the corpus, that a good report cites.
    """

    name: str = Field(pattern="^[a-z][a-z0-9-]*$")
    query: str = Field(min_length=1, max_length=2_000)
    facts: Mapping[str, tuple[str, ...]] = Field(min_length=1)
    documents: tuple[str, ...] = Field(min_length=1)

    @field_validator("facts")
    @classmethod
    def _are_patterns(cls, facts: Mapping[str, tuple[str, ...]]) -> Mapping[str, tuple[str, ...]]:
        for pattern in (each for patterns in facts.values() for each in patterns):
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"must hold regular expressions, got {pattern!r}: {error}") from None
        return facts


class Suite(_Part):
    """A file of topics.

    corpus: folder of the documents, from the file on.
    words: least and most words of a report, its list of sources not counted.
    headings: of a report, in this order.
    least_coverage: share of a topic's facts that its report must have.
    """

    corpus: Path
    words: tuple[int, int]
    headings: tuple[str, ...]
    least_coverage: float = Field(ge=0, le=1)
    topics: tuple[Topic, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _stands_together(self) -> Suite:
        names = [topic.name for topic in self.topics]
        if len(names) != len(set(names)):
            raise ValueError(f"topics must have names of their own, got {', '.join(names)}")
        for document in (each for topic in self.topics for each in topic.documents):
            if not (self.corpus / document).is_file():
                raise ValueError(f"documents must be files of {self.corpus}, got {document!r}")
        return self


def read_suite(file: Path) -> Suite:
    """The topics in a file.

    Raises:
        BrokenTopics: it is not there, is no TOML, or breaks a rule.
    """
    try:
        tables: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8"))
        return Suite(**{**tables, "corpus": file.parent / str(tables.get("corpus", ""))})
    except OSError as error:
        raise BrokenTopics(f"{file} cannot be read: {error.strerror}") from error
    except tomllib.TOMLDecodeError as error:
        raise BrokenTopics(f"{file} must be TOML: {error}") from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise BrokenTopics(f"{file}: {place or 'topics'}: {first['msg'].removeprefix('Value error, ')}") from error

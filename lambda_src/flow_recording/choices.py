"""The ways through a flow: at every question that only a run could answer, each answer in its turn."""

import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

MOST_WAYS = 400
MOST_SECONDS = 20
"""So many ways are tried, for so long; a flow with more of them is tried at its extremes beside these."""

FEW_WAYS = 20
_MOST_SITES = 5

Site = tuple[str, int, str]
"""File, line, and what is asked there."""


@dataclass
class Choices:
    """The answers of one way through.

    Attributes:
        script: answers to give first, in order; those after it are 0, or that of `fixed` for the site.
        fixed: an answer for a site, whenever it is asked.
        taken: (site, answer, number of answers) of every question so far.
    """

    script: tuple[int, ...] = ()
    fixed: dict[Site, int] = field(default_factory=dict)
    taken: list[tuple[Site, int, int]] = field(default_factory=list)
    _known: dict[tuple[Site, int], int] = field(default_factory=dict)

    def choose(self, site: Site, options: int, moment: int) -> int:
        """An answer between 0 and `options` - 1; the same for the same site at the same moment."""
        if (site, moment) not in self._known:
            place = len(self.taken)
            answer = self.script[place] if place < len(self.script) else min(self.fixed.get(site, 0), options - 1)
            self.taken.append((site, answer, options))
            self._known[site, moment] = answer
        return self._known[site, moment]


def every_way(walk: Callable[[Choices], None]) -> bool:
    """Call `walk` with the answers of each way through, and say whether these were all.

    With more ways than a few, those follow early that answer each question the same whenever it is asked: the most that
    a loop or a branch can cost is among them. With more than can be tried, it ends there.
    """
    sites: dict[Site, int] = {}
    waiting: list[tuple[int, ...]] = [()]
    until = time.monotonic() + MOST_SECONDS
    for tried in range(MOST_WAYS):
        if not waiting:
            return True
        if time.monotonic() > until:
            break
        script = waiting.pop()
        choices = Choices(script)
        walk(choices)
        sites.update({site: options for site, _, options in choices.taken})
        answers = tuple(answer for _, answer, _ in choices.taken)
        for place in range(len(script), len(answers)):
            waiting.extend((*answers[:place], other) for other in range(1, choices.taken[place][2]))
        if tried == FEW_WAYS:
            for fixed in _extremes(sites):
                walk(Choices(fixed=fixed))
    return not waiting


def _extremes(sites: dict[Site, int]) -> Iterator[dict[Site, int]]:
    few, rest = list(sites.items())[:_MOST_SITES], list(sites)[_MOST_SITES:]
    for answers in itertools.product(*(range(options) for _, options in few)):
        known = {site: answer for (site, _), answer in zip(few, answers, strict=True)}
        yield known
        yield {**known, **dict.fromkeys(rest, 1)}

"""Names of a flow's operations: static and ASCII, as the durable service wants them, and each used once."""

import re
from collections import Counter

from agent_workflow.flow_errors import FlowFailed
from agent_workflow.refusals import hidden

NAME = re.compile(r"[a-z][a-z0-9-]{0,63}")
MAX_SLUG_CHARACTERS = 40


class Names:
    """Gives every use of a name a number of its own, the same on every replay."""

    def __init__(self) -> None:
        self._used: Counter[str] = Counter()

    def use(self, name: str) -> str:
        """`name`, or from its second use on `name-2`, `name-3`, ...

        Raises:
            FlowFailed: it is no lower-case ASCII name.
        """
        if not isinstance(name, str) or not NAME.fullmatch(name):
            raise FlowFailed(f"a name in flow.py must be like {NAME.pattern}, got {hidden(name)}")
        self._used[name] += 1
        return name if self._used[name] == 1 else f"{name}-{self._used[name]}"

    def further(self, name: str, most: int) -> tuple[str, ...]:
        """Names for `most` further runs, kept free whether they are made or not: never the plain one."""
        self._used[name] = max(1, self._used[name])
        return tuple(self.use(name) for _ in range(most))


def branch_name(number: int, text: str, kind: str = "") -> str:
    """Name of a branch: its kind and number, from 1, and what ASCII is left of `text`, such as `2-edge-computing`."""
    words = re.findall(r"[a-z0-9]+", text.lower())
    slug = "-".join(words)[:MAX_SLUG_CHARACTERS].strip("-")
    return f"{kind}{number}-{slug}" if slug else f"{kind}{number}"


def branch_of(call: str) -> int:
    """Number of the branch that made a call, which the call's name in the ledger begins with; 0 outside of branches."""
    number, _, rest = call.partition("/")
    return int(number) if rest and number.isdigit() else 0

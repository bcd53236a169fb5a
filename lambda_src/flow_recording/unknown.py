"""A value that only a real run would know, such as an agent's answer: whatever is asked of it is tried both ways."""

from collections.abc import Callable, Iterator
from typing import Any, Self

from flow_recording.places import place

MANY = 201
"""As often as a loop over something unknown is tried: once more than a map may have branches."""

Decide = Callable[[str, int], int]


class Unbounded(BaseException):
    """A loop of the flow ends only by what a run would find out. No `except Exception` of a flow hides it."""


class World:
    """The recording that is under way: what unknown values ask."""

    decide: Decide = staticmethod(lambda _kind, _options: 0)
    operations: Callable[[], int] = staticmethod(lambda: 0)


def decided(kind: str) -> bool:
    """Yes on one way through, no on another."""
    return World.decide(kind, 2) == 0


def is_filled(value: object) -> bool:
    """Whether a text is certainly not empty."""
    return value.filled if isinstance(value, Unknown) else isinstance(value, str) and value != ""


class Unknown(str):
    """Text, number or document: nobody knows. As a text it is its own description."""

    __slots__ = ("filled", "kind", "most")
    kind: str
    most: int | None
    filled: bool

    def __new__(
        cls, shown: str = "unknown", kind: str = "text", most: int | None = None, *, filled: bool = False
    ) -> Self:
        """Make one.

        Args:
            shown: what it is as a plain text.
            kind: "text" for what is certainly a string.
            most: most elements that a loop over it can find. Default: no end is known.
            filled: whether it is certainly not empty. Default: nobody knows.
        """
        made = super().__new__(cls, shown)
        made.kind, made.most, made.filled = kind, most, filled
        return made

    def __bool__(self) -> bool:
        return self.filled or decided("truth")

    def __contains__(self, _part: object) -> bool:
        return decided("in")

    def __eq__(self, other: object) -> bool:
        return other is self or decided("equal")

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return id(self)

    def __iter__(self) -> Iterator[Any]:
        if not decided("any"):
            return
        before = World.operations()
        for number in range(1, (self.most or MANY) + 1):
            yield Unknown(f"item {number}", "item")
        if self.most is None and World.operations() > before:
            raise Unbounded(f"{place()} loops over what only a run knows: cut it with [:n]")

    def __getitem__(self, key: Any) -> Any:
        if not isinstance(key, slice):
            return Unknown(kind=self.kind if self.kind == "text" else "item")
        stop = key.stop if isinstance(key.stop, int) and not isinstance(key.stop, Unknown) else None
        return Unknown(str.__str__(self), self.kind, stop if stop is not None and stop > 0 else self.most)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Unknown(kind="item")

    def __call__(self, *_given: Any, **_named: Any) -> Any:
        return Unknown(kind="item")

    def __format__(self, _spec: str) -> str:
        return str.__str__(self)

    def __int__(self) -> int:
        return int(decided("number"))

    def __float__(self) -> float:
        return float(decided("number"))

    def __index__(self) -> int:
        return int(decided("number"))


def _asks(name: str) -> Callable[..., bool]:
    return lambda _self, *_given, **_named: decided(name)


def _gives(kind: str) -> Callable[..., Any]:
    return lambda _self, *_given, **_named: Unknown(kind=kind)


for _name in dir(str):
    if _name.startswith("is") or _name in {"startswith", "endswith"}:
        setattr(Unknown, _name, _asks(_name))
    elif not _name.startswith("_") and _name != "maketrans":
        lists = _name in {"split", "rsplit", "splitlines", "partition", "rpartition"}
        number = _name in {"find", "rfind", "index", "rindex", "count"}
        setattr(Unknown, _name, _gives("item" if lists or number else "text"))
for _name in ("lt", "le", "gt", "ge"):
    setattr(Unknown, f"__{_name}__", _asks(_name))
for _name in ("mod", "rmod", "mul", "rmul"):
    setattr(Unknown, f"__{_name}__", _gives("text"))
for _name in ("add", "radd"):
    setattr(Unknown, f"__{_name}__", lambda self, other: Unknown(filled=is_filled(self) or is_filled(other)))
for _name in ("sub", "rsub", "truediv", "rtruediv", "floordiv", "neg", "abs", "and", "or"):
    setattr(Unknown, f"__{_name}__", _gives("item"))

"""A flow as a Mermaid flowchart, out of the ways through it."""

from collections import defaultdict
from collections.abc import Sequence

from flow_recording.recording import Way
from flow_recording.verbs import Act

_SHAPES = {
    "ask": '["{}"]', "each": '[["{}"]]', "wait": '(["{}"])', "step": '[/"{}"/]', "review": '{{"{}"}}',
}  # fmt: skip
Key = tuple[str, int, str]


def mermaid(ways: Sequence[Way]) -> str:
    """The flowchart: a box for each place that uses a verb, an arrow for each order in which they were used."""
    boxes: dict[Key, tuple[str, Act]] = {}
    arrows: defaultdict[tuple[str, str], dict[str, None]] = defaultdict(dict)
    for way in sorted(ways, key=lambda way: (way.failure is not None, len(way.acts))):
        before = "query"
        for act in way.acts:
            box, _ = boxes.setdefault(act.key, (f"n{len(boxes) + 1}", act))
            arrows[before, box][act.because] = None
            before = box
            if act.kind == "review":
                arrows[box, "rejected"]["rejected"] = None
        if way.failure is None:
            arrows[before, "report"][way.because] = None
    lines = ["flowchart TD", '    query(["query"])']
    lines += [f"    {box}{_drawn(act)}" for box, act in boxes.values()]
    lines += [f'    {end}(["{end}"])' for end in ("report", "rejected") if any(end == to for _, to in arrows)]
    lines += [f"    {begin} -->{_label(tuple(why))} {end}" for (begin, end), why in arrows.items()]
    return "\n".join(lines)


def _drawn(act: Act) -> str:
    return _SHAPES[act.kind].format(act.label)


def _label(reasons: tuple[str, ...]) -> str:
    """What this arrow needs to be asked for; nothing if it is also taken without."""
    if "" in reasons or reasons == ("rejected",):
        return ""
    return f"|{' or '.join(reasons)}|"

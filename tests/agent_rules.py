"""The ranges of agents.toml as an author may rely on them, for the tests of both its readers: synth and function."""

from pathlib import Path

ENDS = {
    "max_tokens = {}": (1, 1_000_000),
    "max_tokens = 9\ntemperature = {}": (0, 1),
    "max_tokens = 9\n[agents.limits]\nturns = {}": (1, 1_000),
    "max_tokens = 9\n[agents.limits]\ntotal_tokens = {}": (1, 10**12),
    'max_tokens = 9\ntools = ["pay"]\n[agents.tool_options.pay]\nmax_attempts = {}': (1, 10),
    'max_tokens = 9\ntools = ["pay"]\n[agents.tool_options.pay]\ntimeout_seconds = {}': (1, 900),
    'max_tokens = 9\ntools = ["pay"]\n[agents.tool_options.pay]\nmax_result_bytes = {}': (1, 10_000_000),
}
"""Lines of an agent -> the lowest and the highest number that may stand in them."""

NAME_LENGTH = 32
MOST_AGENTS = 32


def folder_with(folder: Path, lines: str, name: str = "one", agents: int = 1) -> Path:
    """An agents folder that lacks nothing, with these lines in its (first) agent."""
    names = [name, *(f"other-{number}" for number in range(1, agents))]
    (folder / "prompts").mkdir(parents=True)
    for each in names:
        (folder / "prompts" / f"{each}.md").write_text("You are an agent.\n", encoding="utf-8")
    (folder / "tools.py").write_text("from strands import tool\n\n\n@tool\ndef pay() -> str: ...\n", encoding="utf-8")
    one = '[[agents]]\nname = "{}"\ninputs = ["query"]\nmodel = "us.amazon.nova-lite-v1:0"\n{}\n'
    rest = [one.format(each, "max_tokens = 9") for each in names[1:]]
    (folder / "agents.toml").write_text(one.format(name, lines) + "".join(rest), encoding="utf-8")
    return folder

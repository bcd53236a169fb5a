"""The rules of agents.toml, one set for the construct at synth and the function at start.

It needs nothing but Python and the modules beside it: the construct loads these few out of the Lambda's source.
"""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from .call_choices import REASONING, TIER, Reasoning, billed_as, refuse_reasoning
from .model_features import DEFAULT_TIER
from .model_tables import model_tables
from .rules import FLAG, Rule, is_table, made, ruled, shown, text, whole, words
from .toolboxes import boxes_of, has_packaged, refuse_effects

QUERY = "query"
RESERVED = ("query", "status", "report", "usage", "stored", "sources", "citations", "queries", "verdicts")
"""Fields of the result that are not an agent's text."""

MAX_AGENTS = 32
FILE = "agents.toml"
TOOLS = "tools"
_NAME = r"[a-z][a-z0-9-]{0,31}"

D = TypeVar("D", bound="Declaration")

__all__ = [
    "AgentLimits",
    "Critic",
    "Declaration",
    "Questions",
    "ToolChoices",
    "in_order",
    "read_declarations",
    "read_prompt",
    "read_tables",
    "shown",
]


def _fraction(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


@dataclass(frozen=True, kw_only=True)
class AgentLimits:
    """Caps of one agent's run, checked between its model calls.

    Attributes:
        turns: most model calls; 1,000 with a tool in each are 2,000 of the 3,000 operations that an execution may have.
            Default: 25, that of durable_strands.
        total_tokens: most input and output tokens together. Default: no cap.
    """

    turns: int | None = ruled(whole(1, 1000), default=None)
    total_tokens: int | None = ruled(whole(1, 10**12), default=None)

    def chosen(self) -> dict[str, int]:
        """The caps that are not left out."""
        return {name: value for name, value in vars(self).items() if value is not None}


@dataclass(frozen=True, kw_only=True)
class ToolChoices:
    """How one tool of an agent is run; each field's default is that of durable_strands.ToolOptions.

    Attributes:
        durable: whether each call is a checkpoint. Default: true.
        at_most_once: never run a call again, not even after a killed process. Default: false, a killed call is tried
            again, 3 times in all.
        max_attempts: tries of a call that raises. Default: 1, the model gets the error at once.
        timeout_seconds: longest run of one call, in seconds. Default: 120.
        max_result_bytes: largest result, in bytes. Default: 200,000.
        reads_only: whether a tool of tools.py has no effect on anything, which an agent that reads strangers' texts by
            packaged tools asks of all its tools. Default: false.
    """

    durable: bool = ruled(FLAG, default=True)
    at_most_once: bool = ruled(FLAG, default=False)
    max_attempts: int = ruled(whole(1, 10), default=1)
    timeout_seconds: int = ruled(whole(1, 900), default=120)
    max_result_bytes: int = ruled(whole(1, 10_000_000), default=200_000)
    reads_only: bool = ruled(FLAG, default=False)


def _limits(value: Mapping[str, Any], where: str) -> AgentLimits:
    return made(AgentLimits, value, f"{where}: limits")


def _tool_options(value: Mapping[str, Any], where: str) -> dict[str, ToolChoices]:
    where = f"{where}: tool_options of "
    return {tool: made(ToolChoices, options, where + shown(tool)) for tool, options in value.items()}


@dataclass(frozen=True, kw_only=True)
class Questions:
    """Follow-up questions that an agent may ask another one while it works.

    Attributes:
        to: the agent that answers; it asks no questions itself and has no critic.
        most: most questions of one run, 1 to 10. Default: 3.
    """

    to: str = ruled(text(_NAME, f"a word like {_NAME}"))
    most: int = ruled(whole(1, 10), default=3)

    @property
    def tool(self) -> str:
        """Name of the tool by which the agent asks."""
        return f"ask_{self.to.replace('-', '_')}"


@dataclass(frozen=True, kw_only=True)
class Critic:
    """An agent that judges each answer and may send it back with reasons.

    Attributes:
        agent: the agent that judges. It has no place of its own in the order of the file, and no critic.
        rounds: how often it may send an answer back, 1 to 5. Default: 2.
    """

    agent: str = ruled(text(_NAME, f"a word like {_NAME}"))
    rounds: int = ruled(whole(1, 5), default=2)


def _questions(value: Mapping[str, Any], where: str) -> Questions:
    return made(Questions, value, f"{where}: questions")


def _critic(value: Mapping[str, Any], where: str) -> Critic:
    return made(Critic, value, f"{where}: critic")


_QUESTIONS = Rule("a table of to and most", is_table, _questions)
_CRITIC = Rule("a table of agent and rounds", is_table, _critic)
_LIMITS = Rule("a table of turns and total_tokens", is_table, _limits)
_TOOL_OPTIONS = Rule(
    "a table of tables", lambda value: is_table(value) and all(map(is_table, value.values())), _tool_options
)


@dataclass(frozen=True, kw_only=True)
class Declaration:
    """One agent, as agents.toml declares it.

    Attributes:
        name: also its prompt's file stem, metric dimension and dashboard row; unique, none of `query`, `status`,
            `report`, `usage`, `stored`, `sources`, `citations`, `queries`, `verdicts`.
        inputs: what it is given to read, quoted as data; `query` is the event's text.
        model: Bedrock model id, inference profile id or ARN, `openai/NAME` or `sagemaker/ENDPOINT`, see docs/models.md;
            the construct's `models` replaces it per deployment.
        max_tokens: most tokens of one reply; reaching it fails the execution, so leave enough.
        temperature: leave it out for models that refuse it. Default: the model's own.
        tools: Strands tools, or durable tools that may wait, of tools.py; packaged ones by the table that
            switches them on, such as `[tools.documents]`. Default: none.
        tool_options: name of one of these tools -> how it is run. Default: those of ToolChoices.
        limits: caps of its run. Default: those of AgentLimits.
        questions: whom it may ask while it works. Default: nobody.
        critic: who judges its answers. Default: nobody.
        prompt_cache: whether Bedrock keeps its prompt and conversation for the next turn, where the model can. Default:
            whether it has tools or asks questions: a write costs more than plain input, so one that is called once
            would pay for nothing.
        service_tier: Bedrock's, for models that have more than one; a reserved one is bought beforehand. Default:
            `default`.
        reasoning: how much the model thinks before it answers, for models that can. Default: the model's own.
    """

    name: str = ruled(text(_NAME, f"a word like {_NAME}"))
    inputs: tuple[str, ...] = ruled(words(f"a list of {QUERY!r} and earlier agents", 1))
    model: str = ruled(text(r"\S{1,2048}", "a model id"))
    max_tokens: int = ruled(whole(1, 1_000_000))
    temperature: float | None = ruled(Rule("a number between 0 and 1", _fraction), default=None)
    tools: tuple[str, ...] = ruled(words("a list of names in tools.py, or of packaged tools", 0), default=())
    tool_options: Mapping[str, ToolChoices] = ruled(_TOOL_OPTIONS, default_factory=dict)
    limits: AgentLimits = ruled(_LIMITS, default_factory=AgentLimits)  # noqa: RUF009 - ruled makes a dataclass field
    questions: Questions | None = ruled(_QUESTIONS, default=None)  # noqa: RUF009 - as above
    critic: Critic | None = ruled(_CRITIC, default=None)  # noqa: RUF009 - as above
    prompt_cache: bool | None = ruled(FLAG, default=None)
    service_tier: str = ruled(TIER, default=DEFAULT_TIER)
    reasoning: Reasoning | None = ruled(REASONING, default=None)  # noqa: RUF009 - as above

    @property
    def caches(self) -> bool:
        """Whether its prompt is to be cached, as far as the declaration tells."""
        return bool(self.tools or self.questions) if self.prompt_cache is None else self.prompt_cache

    @property
    def billed_as(self) -> str:
        """The id under which its calls are priced: the model's, with the tier unless that is the default one."""
        return billed_as(self.model, self.service_tier)


@dataclass(frozen=True)
class Tables:
    """What agents.toml holds: its agents in the order they run, the packaged tools that are switched on, its models.

    Attributes:
        agents: in the order they run.
        boxes: name of a table `[tools.NAME]` -> its settings, see toolboxes.py.
        models: id of a model with a table `[models."ID"]` -> what that says, see model_tables.py.
    """

    agents: tuple[Declaration, ...]
    boxes: Mapping[str, Any]
    models: Mapping[str, Any]


def read_declarations(folder: Path) -> tuple[Declaration, ...]:
    """The agents of `<folder>/agents.toml`, in the order they run.

    Raises:
        ValueError: as `read_tables`.
    """
    return read_tables(folder).agents


def read_tables(
    folder: Path,
    *,
    more_settings: Mapping[str, Mapping[str, Any]] | None = None,
    more_tools: Mapping[str, Sequence[str]] | None = None,
    more_models: Mapping[str, Mapping[str, Any]] | None = None,
    more_fields: Mapping[str, Mapping[str, Any]] | None = None,
) -> Tables:
    """Read and check `<folder>/agents.toml`.

    Args:
        folder: holds it.
        more_settings: of packaged tools, as a deployment chose them; they stand above those of the file.
        more_tools: name of an agent -> packaged tools that the deployment gave it besides.
        more_models: id of a model -> fields of its table, as the deployment chose them.
        more_fields: name of an agent -> fields that stand above its own, `service_tier` and `reasoning`.

    Raises:
        ValueError: in one line that names the file, the agent, the rule and the value got.
    """
    entries, tools, models = _entries(folder / FILE)
    boxes = boxes_of(tools, more_settings or {}, FILE)
    declared: list[Declaration] = []
    for entry in (_with(each, more_fields or {}) for each in entries):
        agent = made(Declaration, entry, f"{FILE}: agent {shown(entry.get('name'))}")
        more = (more_tools or {}).get(agent.name, ())
        agent = replace(agent, tools=tuple(dict.fromkeys((*agent.tools, *more))))
        _check(agent, [one.name for one in declared])
        harmless = [tool for tool, options in agent.tool_options.items() if options.reads_only]
        refuse_effects(agent.tools, harmless, boxes, f"{FILE}: agent {agent.name!r}")
        declared.append(agent)
    if odd := sorted((more_fields or {}).keys() - {one.name for one in declared}):
        raise ValueError(f"service_tiers and reasoning must name agents of {FILE}, got {shown(odd[0])}")
    _check_together({one.name: one for one in declared}, boxes)
    return Tables(tuple(declared), boxes, model_tables(models, more_models or {}, FILE))


def _with(entry: Mapping[str, Any], more: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The entry with a deployment's fields; a temperature was chosen for answers without reasoning."""
    name = entry.get("name")
    chosen = more.get(name, {}) if isinstance(name, str) else {}
    left = {field: value for field, value in entry.items() if field != "temperature" or "reasoning" not in chosen}
    return {**left, **chosen}


def in_order(agents: Iterable[D]) -> tuple[D, ...]:
    """Those that work by themselves, in the order of the file: all but the critics of others."""
    agents = tuple(agents)
    critics = {one.critic.agent for one in agents if one.critic}
    return tuple(one for one in agents if one.name not in critics)


def read_prompt(folder: Path, name: str) -> str:
    """The text of `<folder>/prompts/<name>.md`, trimmed.

    Raises:
        ValueError: when there is none, it is blank or not UTF-8.
    """
    try:
        text = (folder / "prompts" / f"{name}.md").read_text(encoding="utf-8").strip()
    except OSError:
        text = ""
    except UnicodeDecodeError as error:
        raise ValueError(f"prompts/{name}.md must be UTF-8, got: {error}") from None
    if not text:
        raise ValueError(f"agent {name!r} must have a prompt in prompts/{name}.md, got none in {str(folder)!r}")
    return text


def _entries(file: Path) -> tuple[list[dict[str, Any]], Any, Any]:
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError:
        raise ValueError(f"agents must be a folder with an {FILE}, got {str(file.parent)!r}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{FILE} must be valid TOML in UTF-8, got: {error}") from None
    except RecursionError:
        raise ValueError(f"{FILE} must not be nested so deep") from None
    except ValueError:  # Python reads no number of thousands of digits
        raise ValueError(f"{FILE} must hold numbers that Python can read, got one with too many digits") from None
    entries = document.pop("agents", [])
    tools, models = document.pop(TOOLS, {}), document.pop("models", {})
    if document:
        raise ValueError(
            f"{FILE} must hold [[agents]], [tools.NAME] and [models.ID] tables only, got {shown(min(document))}"
        )
    entries = entries if isinstance(entries, list) else [entries]
    if not 1 <= len(entries) <= MAX_AGENTS:
        raise ValueError(f"{FILE} must declare 1 to {MAX_AGENTS} [[agents]] tables, got {len(entries)}")
    if odd := [entry for entry in entries if not isinstance(entry, dict)]:
        raise ValueError(f"{FILE}: agents must be [[agents]] tables, got {shown(odd[0])}")
    return entries, tools, models


def _check(agent: Declaration, earlier: Sequence[str]) -> None:
    """Refuse what no field can tell by itself."""
    if agent.name in (*RESERVED, *earlier):
        raise ValueError(f"{FILE}: name must be none of {', '.join((*RESERVED, *earlier))}, got {agent.name!r}")
    where = f"{FILE}: agent {agent.name!r}"
    if agent.reasoning:
        refuse_reasoning(where, agent.reasoning, agent.max_tokens, agent.temperature)
    for given in agent.inputs:
        if given not in (QUERY, *earlier):
            raise ValueError(
                f"{where}: inputs must name what comes before it ({', '.join((QUERY, *earlier))}), so that there is no "
                f"cycle, got {shown(given)}"
            )
    for tool, options in agent.tool_options.items():
        if tool not in agent.tools:
            raise ValueError(f"{where}: tool_options must name tools of the agent, got {shown(tool)}")
        if options.at_most_once and options.max_attempts > 1:
            raise ValueError(
                f"{where}: tool_options of {shown(tool)}: at_most_once must leave max_attempts at 1, "
                f"got {options.max_attempts}"
            )


def _check_together(agents: Mapping[str, Declaration], boxes: Mapping[str, Any]) -> None:
    """Refuse questions and critics that no agent can tell of by itself."""
    for name, agent in agents.items():
        where = f"{FILE}: agent {name!r}:"
        if agent.questions:
            to = _other(agents, name, f"{where} questions: to", agent.questions.to)
            if to.questions:
                raise ValueError(
                    f"{where} questions: to must name an agent that asks no questions itself, so that there is no "
                    f"cycle, got {to.name!r}"
                )
            if agent.questions.tool in agent.tools:
                tool = agent.questions.tool
                raise ValueError(f"{where} tools must not be named as that of its questions, got {tool!r}")
        if agent.critic:
            critic = _other(agents, name, f"{where} critic: agent", agent.critic.agent)
            if has_packaged(critic.tools, boxes):
                raise ValueError(
                    f"{where} critic: agent must name an agent without packaged tools, which answers in a verdict and "
                    f"not in findings, got {critic.name!r}"
                )


def _other(agents: Mapping[str, Declaration], name: str, where: str, other: str) -> Declaration:
    if other == name or other not in agents:
        others = ", ".join(each for each in agents if each != name) or "there is none"
        raise ValueError(f"{where} must name another agent ({others}), got {shown(other)}")
    if agents[other].critic:
        raise ValueError(f"{where} must name an agent without a critic, so that there is no cycle, got {other!r}")
    return agents[other]

"""The agents of this deployment, read from agents.toml beside their prompts and checked."""

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from agent_workflow.errors import InvalidConfiguration
from agent_workflow.inputs import QUERY
from agent_workflow.refusals import refusal, shown

MAX_AGENTS = 32
RESERVED = frozenset({"query", "status", "report", "usage", "stored"})
"""Fields of the result that are not an agent's text."""
AgentName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,31}$")]
ModelId = Annotated[str, StringConstraints(min_length=1, max_length=2048, pattern=r"^\S+$")]


class AgentLimits(BaseModel):
    """Caps of one agent's run, checked between its model calls.

    Attributes:
        turns: most model calls. Default: 25, that of durable_strands. At most 1,000: with a tool in each turn that is
            2,000 of the 3,000 operations that an execution may have.
        total_tokens: most input and output tokens together. Default: no cap.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    turns: int | None = Field(default=None, ge=1, le=1000)
    total_tokens: int | None = Field(default=None, ge=1)


class ToolChoices(BaseModel):
    """How one tool of an agent is run; each field's default is that of durable_strands.ToolOptions.

    Attributes:
        durable: whether each call is a checkpoint. Default: it is.
        at_most_once: never run a call again, not even after a killed process. Default: a killed call is tried again.
        max_attempts: tries of a call that raises. Default: 1, the model is told at once.
        timeout_seconds: longest run of one call. Default: 120.
        max_result_bytes: largest result. Default: 200,000.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    durable: bool = True
    at_most_once: bool = False
    max_attempts: int = Field(default=1, ge=1, le=10)
    timeout_seconds: int = Field(default=120, ge=1, le=900)
    max_result_bytes: int = Field(default=200_000, ge=1, le=10_000_000)

    @model_validator(mode="after")
    def _once_is_not_retried(self) -> Self:
        if self.at_most_once and self.max_attempts > 1:
            raise PydanticCustomError("once", "at_most_once must leave max_attempts at 1")
        return self


class Declaration(BaseModel):
    """One agent, as agents.toml declares it.

    Attributes:
        name: also its prompt's file stem, metric dimension and dashboard row.
        inputs: what it is given to read: `query`, or names of earlier agents.
        model: Bedrock model or inference profile id.
        max_tokens: most tokens of one reply.
        temperature: 0 to 1. Default: the model's own.
        tools: names of tools it may call. Default: none.
        tool_options: name of one of these tools -> how it is run. Default: those of ToolChoices.
        limits: caps of its run. Default: those of AgentLimits.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    name: AgentName
    inputs: tuple[str, ...] = Field(min_length=1)
    model: ModelId
    max_tokens: int = Field(ge=1, le=1_000_000)
    temperature: float | None = Field(default=None, ge=0, le=1)
    tools: tuple[str, ...] = ()
    tool_options: dict[str, ToolChoices] = {}
    limits: AgentLimits = AgentLimits()

    @model_validator(mode="after")
    def _options_are_of_own_tools(self) -> Self:
        if strangers := sorted(self.tool_options.keys() - set(self.tools)):
            raise PydanticCustomError(
                "stranger", "tool_options must name tools of the agent, not {name}", {"name": strangers[0]}
            )
        return self


class AgentSpec(Declaration):
    """One agent, complete.

    Attributes:
        prompt: its system prompt, the text of prompts/<name>.md.
    """

    prompt: str

    @property
    def operation(self) -> str:
        """Name of its durable operation."""
        return f"{self.name}-agent"


class _AgentsFile(BaseModel):
    model_config = ConfigDict(extra="forbid")

    agents: list[Declaration] = Field(min_length=1, max_length=MAX_AGENTS)


def read_agents(folder: Path, models: Mapping[str, str] | None = None) -> tuple[AgentSpec, ...]:
    """The agents declared in `folder`, in the order they run, each with its prompt.

    Args:
        folder: holds agents.toml and prompts/<name>.md.
        models: agent name -> model id that replaces the declared one. Default: the declared models.

    Raises:
        InvalidConfiguration: the file, a prompt, or a name in `models` is missing or breaks a rule.
    """
    agents = _declared(folder / "agents.toml")
    _check_names(agents)
    overrides = dict(models or {})
    if unknown := sorted(overrides.keys() - {agent.name for agent in agents}):
        raise InvalidConfiguration(f"models may be given for declared agents only, got {shown(unknown[0])}")
    return tuple(_complete(agent, folder, overrides.get(agent.name)) for agent in agents)


def _declared(file: Path) -> list[Declaration]:
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
        # by way of JSON, whose strict rules turn lists into the tuples that a frozen value needs
        return _AgentsFile.model_validate_json(json.dumps(document, default=str), strict=True).agents
    except OSError:
        raise InvalidConfiguration(f"an agents folder must hold {file.name}, got none in {file.parent.name}/") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidConfiguration(f"{file.name} must be valid TOML in UTF-8: {error}") from None
    except (RecursionError, ValueError) as error:  # depth that no declaration has, a number of thousands of digits
        raise InvalidConfiguration(f"{file.name}: {_rule(error)}") from None


def _rule(error: Exception) -> str:
    if isinstance(error, ValidationError):
        return refusal(error)
    return "must not be nested so deep" if isinstance(error, RecursionError) else "must be values that JSON can hold"


def _check_names(agents: list[Declaration]) -> None:
    earlier = {QUERY}
    for index, agent in enumerate(agents):
        place = f"agents.toml: agents[{index}]"
        if agent.name in earlier | RESERVED:
            taken = ", ".join(sorted(earlier | RESERVED))
            raise InvalidConfiguration(f"{place}.name must be none of {taken}, got {shown(agent.name)}")
        for name in agent.inputs:
            if name not in earlier:
                known = ", ".join(sorted(earlier))
                raise InvalidConfiguration(f"{place}.inputs must name what comes earlier ({known}), got {shown(name)}")
        earlier.add(agent.name)


def _complete(agent: Declaration, folder: Path, model: str | None) -> AgentSpec:
    fields = dict(agent)
    if model is not None and model != agent.model:
        # a temperature is chosen for one model; newer ones refuse the field altogether (docs/decisions/0010)
        fields |= {"model": model, "temperature": None}
    return AgentSpec(**fields, prompt=_prompt(folder / "prompts" / f"{agent.name}.md"))


def _prompt(file: Path) -> str:
    try:
        text = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise InvalidConfiguration(f"every agent needs a prompt in UTF-8, got no readable {file.name}") from None
    if not text:
        raise InvalidConfiguration(f"every agent needs a prompt, got an empty {file.name}")
    return text

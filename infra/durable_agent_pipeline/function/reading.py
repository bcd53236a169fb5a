"""Puts the packaged tools that keywords switch on to use: their variables and their permissions, in one place."""

from pathlib import Path
from typing import Any

from aws_cdk import Stack, Token
from aws_cdk import aws_iam as iam

from ..agents.declaration import boxes_in, toolboxes
from ..choices.props import PipelineProps
from ..names import AGENTS_FOLDER
from ..package.lambda_source import lambda_source


def tool_settings(stack: Stack, props: PipelineProps) -> dict[str, dict[str, Any]]:
    """Name of a box -> the settings that its keyword chose."""
    return {choice.box: choice.settings(stack) for choice in props.tools}


def known_settings(stack: Stack, props: PipelineProps) -> dict[str, dict[str, Any]]:
    """The same for the rules at synth: a word for each text that only the deployment knows."""
    return {
        box: {name: _word(value) for name, value in chosen.items()}
        for box, chosen in tool_settings(stack, props).items()
    }


def _word(value: Any) -> Any:
    return "known-at-deployment" if isinstance(value, str) and Token.is_unresolved(value) else value


def agent_tools(stack: Stack, props: PipelineProps) -> dict[str, list[str]]:
    """Name of an agent -> packaged tools that keywords gave it."""
    given: dict[str, list[str]] = {}
    for choice in props.tools:
        names = toolboxes().names_in(choice.box, choice.settings(stack))
        for agent in choice.agents:
            given.setdefault(agent, []).extend(names)
    return given


def boxes_used(props: PipelineProps) -> set[str]:
    """The boxes of packaged tools that the agents file or a keyword switches on; the code of the rest does not ship."""
    return {*boxes_in(agents_folder(props)), *(choice.box for choice in props.tools)}


def agents_folder(props: PipelineProps) -> Path:
    """The caller's own, or the packaged one."""
    return Path(props.agents) if props.agents else lambda_source() / AGENTS_FOLDER


def allow_reading(stack: Stack, props: PipelineProps, role: iam.IRole) -> None:
    """What each tool needs of the role, and nothing more."""
    for choice in props.tools:
        for statement in choice.statements(stack):
            role.add_to_principal_policy(statement)
        choice.accept(role)

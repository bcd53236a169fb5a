"""The package for this machine is chosen by context, and the default package does not know of it."""

import sys

import pytest

from infra.durable_agent_pipeline.choices.props import PipelineProps
from infra.durable_agent_pipeline.package import build as builder
from infra.durable_agent_pipeline.package.code import BUNDLE_FOR, pipeline_code
from infra.durable_agent_pipeline.package.inputs import package_of
from scripts.deploy_local.assembly import CONTEXT
from tests.infra.apps import new_app


def test_the_package_for_this_machine_has_its_python_and_another_hash():
    default, here = package_of(PipelineProps()), package_of(PipelineProps(), for_host=True)
    assert (default.python, default.architecture) == ("3.13", "arm64")
    assert (here.python, here.architecture) == (f"{sys.version_info.major}.{sys.version_info.minor}", builder.HOST)
    assert here.sources == default.sources
    assert here.digest != default.digest


def test_wheels_for_this_machine_are_installed_without_naming_a_platform():
    foreign = builder.installer("3.13", "arm64")
    here = builder.installer("3.13", builder.HOST)
    assert foreign is not None
    assert here is not None
    assert any("platform" in word for word in foreign)
    assert not any("platform" in word for word in here)


def test_the_deployment_asks_for_it_by_the_context_key_that_the_construct_reads():
    assert CONTEXT == {BUNDLE_FOR: "host", "api": "true"}


def test_fails_when_the_context_asks_for_another_machine():
    app = new_app()
    app.node.set_context(BUNDLE_FOR, "mars")
    with pytest.raises(ValueError, match="bundle-for must be host, got 'mars'"):
        pipeline_code(app, PipelineProps())

"""The stages that the command offers."""

from infra.stacks.stages import STAGES
from scripts.deploy_local import options


def test_every_stage_can_be_deployed_locally():
    assert [stage.name for stage in STAGES] == list(options.STAGES)

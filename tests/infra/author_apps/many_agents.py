"""As many agents as there may be, each billed by a profile of its own."""

import tempfile
from pathlib import Path

from aws_cdk import App, Environment, Stack
from aws_cdk import aws_bedrock as bedrock

from infra.durable_agent_pipeline import DurableAgentPipeline

MODEL = "us.anthropic.claude-sonnet-4-6"


def agents(folder: Path, count: int) -> list[str]:
    names = [f"reader-{number}" for number in range(count)]
    (folder / "prompts").mkdir()
    for name in names:
        (folder / "prompts" / f"{name}.md").write_text("Read.", encoding="utf-8")
    tables = [
        f'[[agents]]\nname = "{name}"\ninputs = ["query"]\nmodel = "{MODEL}"\nmax_tokens = 1000\n' for name in names
    ]
    (folder / "agents.toml").write_text("\n".join(tables), encoding="utf-8")
    return names


def build(app: App) -> None:
    stack = Stack(app, "Reports", env=Environment(account="111111111111", region="us-east-1"))
    copied = stack.format_arn(service="bedrock", resource="inference-profile", resource_name=MODEL)
    source = bedrock.CfnApplicationInferenceProfile.InferenceProfileModelSourceProperty(copy_from=copied)
    with tempfile.TemporaryDirectory() as folder:
        profiles = {
            name: bedrock.CfnApplicationInferenceProfile(
                stack, f"Profile-{name}", inference_profile_name=name, model_source=source
            )
            for name in agents(Path(folder), 32)
        }
        DurableAgentPipeline(stack, "Pipeline", agents=folder, models=profiles)

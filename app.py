#!/usr/bin/env python3
"""Every stage of the pipeline as a stack; `python app.py` alone writes them all to cdk.out/."""

import json
import os
import shutil
import sys
from pathlib import Path

if (beside := Path(sys.executable).with_name("node")).exists():  # .venv has one
    os.environ.setdefault("JSII_NODE", str(beside))
os.environ.setdefault("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "20")  # eleven lines on stderr
if shutil.which(os.environ.get("JSII_NODE", "node")) is None:  # else the CDK ends in a traceback of its own
    sys.exit("app.py: synth needs Node 22 or newer on PATH, or its path in JSII_NODE, found none")

from aws_cdk import App, Environment

from infra.stacks.pipeline_stack import PipelineStack
from infra.stacks.rule_packs import check
from infra.stacks.stages import STAGES

HERE = Path(__file__).parent

# The CLI passes cdk.json's feature flags and the output folder by itself; plain Python has to.
flags = json.loads((HERE / "cdk.json").read_text(encoding="utf-8"))["context"]
app = App(context=flags, outdir=os.environ.get("CDK_OUTDIR", str(HERE / "cdk.out")))
account, region = os.environ.get("CDK_DEFAULT_ACCOUNT"), os.environ.get("CDK_DEFAULT_REGION")
env = Environment(account=account, region=region) if account and region else None

for stage in STAGES:
    PipelineStack(app, stage, env=env)

check(app)
app.synth()

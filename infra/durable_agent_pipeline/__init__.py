"""Checkpointed Strands agents on a Lambda durable function, as one AWS CDK construct."""

from .front_door import FrontDoor
from .keywords import PipelineKeywords
from .pipeline import DurableAgentPipeline
from .props import PipelineProps

__all__ = ["DurableAgentPipeline", "FrontDoor", "PipelineKeywords", "PipelineProps"]

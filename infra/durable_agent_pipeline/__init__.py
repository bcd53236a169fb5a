"""Checkpointed Strands agents on a Lambda durable function, as one AWS CDK construct."""

from .alarm_choice import AlarmChoice
from .front_door import FrontDoor
from .keywords import PipelineKeywords
from .pipeline import DurableAgentPipeline
from .props import PipelineProps

__all__ = ["AlarmChoice", "DurableAgentPipeline", "FrontDoor", "PipelineKeywords", "PipelineProps"]

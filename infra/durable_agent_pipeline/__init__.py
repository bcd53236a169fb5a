"""Checkpointed Strands agents on a Lambda durable function, as one AWS CDK construct."""

from .api.front_door import FrontDoor
from .choices.alarm_choice import AlarmChoice
from .choices.keywords import PipelineKeywords
from .choices.props import PipelineProps
from .choices.review import Review
from .function.review_page import ReviewPage
from .pipeline import DurableAgentPipeline
from .research_tools.documents import Documents

__all__ = [
    "AlarmChoice",
    "Documents",
    "DurableAgentPipeline",
    "FrontDoor",
    "PipelineKeywords",
    "PipelineProps",
    "Review",
    "ReviewPage",
]

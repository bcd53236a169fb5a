"""Checkpointed Strands agents on a Lambda durable function, as one AWS CDK construct."""

from .agents.endpoints import OpenAiEndpoint, SageMakerEndpoint
from .api.front_door import FrontDoor
from .choices.alarm_choice import AlarmChoice
from .choices.budgets import Budgets
from .choices.keywords import PipelineKeywords
from .choices.props import PipelineProps
from .choices.review import Review
from .function.review_page import ReviewPage
from .pipeline import DurableAgentPipeline
from .research_tools.databases import Athena, Postgres
from .research_tools.documents import Documents
from .research_tools.knowledge_base import KnowledgeBase
from .research_tools.mcp import Mcp, McpServer
from .research_tools.pages import Pages
from .research_tools.web_search import WebSearch

__all__ = [
    "AlarmChoice",
    "Athena",
    "Budgets",
    "Documents",
    "DurableAgentPipeline",
    "FrontDoor",
    "KnowledgeBase",
    "Mcp",
    "McpServer",
    "OpenAiEndpoint",
    "Pages",
    "PipelineKeywords",
    "PipelineProps",
    "Postgres",
    "Review",
    "ReviewPage",
    "SageMakerEndpoint",
    "WebSearch",
]

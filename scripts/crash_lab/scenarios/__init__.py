"""The scenarios of the lab, in the order in which a sweep goes through them."""

from scripts.crash_lab.scenario import Scenario
from scripts.crash_lab.scenarios.batch import BATCH
from scripts.crash_lab.scenarios.flow import FLOW
from scripts.crash_lab.scenarios.sources import SOURCES
from scripts.crash_lab.scenarios.tools import TOOLS

SCENARIOS: dict[str, Scenario] = {scenario.name: scenario for scenario in (TOOLS, SOURCES, FLOW, BATCH)}

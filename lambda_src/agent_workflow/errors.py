"""The refusals of the pipeline itself: nothing was called, and a retry would be refused alike.

The failures of an agent's run are in durable_strands.errors, and BudgetExceeded in budget.py; docs/errors.md has all.
"""


class InvalidRequest(ValueError):
    """The event breaks a rule."""


class InvalidConfiguration(ValueError):
    """The deployment's environment, agents file or prompts break a rule; only a redeployment helps."""


class UnpricedModel(ValueError):
    """A budget applies, but an agent's model has no price, so the budget could not be kept."""


_REFUSALS = (InvalidRequest, InvalidConfiguration, UnpricedModel)
for _refusal in _REFUSALS:
    # The SDK qualifies ErrorType with the module unless it is builtins; callers and alarms match the bare name.
    _refusal.__module__ = "builtins"

REFUSALS = frozenset(refusal.__name__ for refusal in _REFUSALS)
"""Types of a failed execution that has called nothing."""

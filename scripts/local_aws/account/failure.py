"""The one failure of a local deployment that its caller has to understand."""

from __future__ import annotations


class DeploymentFailed(RuntimeError):
    """A step before the execution failed; the message says which one, why and what to do."""

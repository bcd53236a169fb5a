"""MiniStack with the two function properties that its CloudFormation drops. Runs in MiniStack's own venv.

    python -m scripts.deploy.patched_ministack TYPES_FILE

Also writes the resource types that it can create to TYPES_FILE, a JSON list.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

# Kept as the template says them. MiniStack's own switch, DurableConfig.Enabled, stays unset: AWS's local runner is the
# durable engine here, and two engines for one execution would both invoke the function.
KEPT = ("DurableConfig", "DeadLetterConfig")
FUNCTION = "AWS::Lambda::Function"

Create = Callable[[str, dict[str, Any], str], tuple[str, dict[str, Any]]]


def keeping(create: Create, functions: Any) -> Create:
    """The same creation, after which the function's configuration also has the kept properties.

    Args:
        create: MiniStack's (logical id, properties, stack name) -> (physical id, attributes).
        functions: MiniStack's function name -> record with "config".
    """

    def create_and_keep(logical_id: str, properties: dict[str, Any], stack: str) -> tuple[str, dict[str, Any]]:
        name, attributes = create(logical_id, properties, stack)
        functions[name]["config"].update({key: properties[key] for key in KEPT if key in properties})
        return name, attributes

    return create_and_keep


def main() -> None:
    """Serve until SIGTERM."""
    from ministack.app import main as serve  # type: ignore[import-not-found]
    from ministack.services import lambda_svc  # type: ignore[import-not-found]
    from ministack.services.cloudformation import provisioners  # type: ignore[import-not-found]

    handlers = provisioners._RESOURCE_HANDLERS  # noqa: SLF001
    handlers[FUNCTION]["create"] = keeping(handlers[FUNCTION]["create"], lambda_svc._functions)  # noqa: SLF001
    Path(sys.argv[1]).write_text(json.dumps(sorted(handlers)), encoding="utf-8")
    sys.argv = ["ministack"]  # it parses the command line too
    serve()


if __name__ == "__main__":
    main()

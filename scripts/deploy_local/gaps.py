"""What the emulated account lacks, and what was done about it: said after every local deployment."""

from __future__ import annotations

import platform

_SAID = """\
CloudFormation drops a function's DurableConfig and DeadLetterConfig: a patch of the emulator keeps them as deployed, \
but it never deletes an execution after its retention and never writes a dead letter
its own durable engine leaves some executions running for ever: AWS's dex-local-runner is the engine here, and invokes \
the deployed function through the emulator's Lambda API by the alias
it does not enforce IAM: least privilege is proven by the template's tests, not here
it has none of Lambda's durable metrics and takes no metrics from logs: alarms and dashboard are there, without data
its API Gateway knows neither conditions in mapping templates nor Lambda's own API behind a method: a patch of the \
emulator maps requests and answers as the deployed methods say, and makes the call of Lambda at the engine; the role \
that API Gateway calls as, throttling and access logs were only synthesized
its alarms do not ask the topic's policy: a patch asks it with the emulator's own evaluation of policies
it has no X-Ray and applies no metric filters
"""

GAPS = tuple(_SAID.splitlines())


def interpreter_gap(runtime: str, architectures: str) -> str:
    """Which Python ran the function: the emulator's venv has the one that runs this."""
    here = f"Python {platform.python_version()} on {platform.machine()}"
    return f"its functions run on {here}, not on {runtime} on {architectures}: the package was built for this machine"

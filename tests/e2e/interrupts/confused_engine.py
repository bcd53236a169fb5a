"""The durable engine with a planted fault that an emulator once had: two executions get equal callback ids."""

from __future__ import annotations

from aws_durable_execution_sdk_python_testing.token import CallbackToken

from scripts.local_aws.functions.engine import main

_first: dict[str, str] = {}


def _to_str(self: CallbackToken) -> str:
    _first.setdefault(self.operation_id, self.execution_arn)
    return self.operation_id


def _from_str(token: str) -> CallbackToken:
    return CallbackToken(_first[token], token)


CallbackToken.to_str = _to_str  # type: ignore[method-assign]
CallbackToken.from_str = _from_str  # type: ignore[method-assign]

if __name__ == "__main__":
    main()

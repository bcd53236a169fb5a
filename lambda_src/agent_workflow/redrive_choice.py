"""What a redrive names: an earlier execution, and the operation from which on nothing of it is taken."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

MAX_ARN_CHARACTERS = 1_024
MAX_OPERATION_CHARACTERS = 2_048


class Redrive(BaseModel):
    """The earlier execution.

    Attributes:
        execution_arn: which.
        before: path of the first operation that is made anew, such as `research-agent/model-2`. Default: everything
            that finished is taken.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    execution_arn: Annotated[str, StringConstraints(min_length=1, max_length=MAX_ARN_CHARACTERS)]
    before: Annotated[str, StringConstraints(min_length=1, max_length=MAX_OPERATION_CHARACTERS)] | None = None

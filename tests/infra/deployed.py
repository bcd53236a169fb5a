"""A template as it would be after deployment: every reference and join a plain text, every resource an ARN."""

from collections.abc import Mapping
from typing import Any

ACCOUNT, REGION = "111111111111", "us-east-1"
PSEUDO = {"AWS::AccountId": ACCOUNT, "AWS::Region": REGION, "AWS::Partition": "aws", "AWS::URLSuffix": "amazonaws.com"}

_ARNS = {
    "AWS::SNS::Topic": "sns:{region}:{account}:{id}",
    "AWS::SQS::Queue": "sqs:{region}:{account}:{id}",
    "AWS::KMS::Key": "kms:{region}:{account}:key/{id}",
    "AWS::IAM::Role": "iam::{account}:role/{id}",
    "AWS::Lambda::Function": "lambda:{region}:{account}:function:{id}",
    "AWS::Lambda::Alias": "lambda:{region}:{account}:function:{id}:live",
    "AWS::Events::Rule": "events:{region}:{account}:rule/{id}",
    "AWS::CloudWatch::Alarm": "cloudwatch:{region}:{account}:alarm:{id}",
    "AWS::Scheduler::Schedule": "scheduler:{region}:{account}:schedule/default/{id}",
}
_REF_IS_ARN = ("AWS::SNS::Topic", "AWS::Lambda::Alias")


class Deployed:
    """Resources by logical id, their properties resolved."""

    def __init__(self, template: Mapping[str, Any]) -> None:
        self._types = {name: found["Type"] for name, found in template["Resources"].items()}
        self.resources: dict[str, dict[str, Any]] = {
            name: self._resolved(found.get("Properties", {})) for name, found in template["Resources"].items()
        }

    def of_type(self, resource_type: str) -> dict[str, dict[str, Any]]:
        """Logical id -> properties."""
        return {name: given for name, given in self.resources.items() if self._types[name] == resource_type}

    def arn(self, logical_id: str) -> str:
        """The ARN that the resource would have."""
        pattern = _ARNS.get(self._types.get(logical_id, ""), "other:{region}:{account}:{id}")
        return "arn:aws:" + pattern.format(region=REGION, account=ACCOUNT, id=logical_id)

    def named(self, arn: str, resource_type: str) -> str | None:
        """The logical id of a resource of this template by its ARN."""
        found = [name for name in self.of_type(resource_type) if self.arn(name) == arn]
        return found[0] if found else None

    def key(self, named: str) -> str | None:
        """The ARN of the key that a resource names by ARN, id or alias; None if it names none."""
        if not named or named.startswith("alias/aws/"):
            return None
        for given in self.of_type("AWS::KMS::Alias").values():
            if named.endswith(given["AliasName"]):
                return self.key(given["TargetKeyId"])
        return self.arn(named) if named in self.of_type("AWS::KMS::Key") else named

    def _resolved(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._resolved(item) for item in value]
        if not isinstance(value, dict):
            return value
        if set(value) == {"Ref"}:
            return self._reference(value["Ref"])
        if set(value) == {"Fn::GetAtt"}:
            name, attribute = value["Fn::GetAtt"]
            return self.arn(name) if attribute == "Arn" else f"{name}.{attribute}"
        if set(value) == {"Fn::Join"}:
            separator, parts = value["Fn::Join"]
            return separator.join(str(self._resolved(part)) for part in parts)
        return {key: self._resolved(item) for key, item in value.items()}

    def _reference(self, name: str) -> str:
        if name in PSEUDO:
            return PSEUDO[name]
        return self.arn(name) if self._types.get(name) in _REF_IS_ARN else name

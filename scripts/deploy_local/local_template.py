"""What a template must lose or say differently to be deployed into the emulator. Pure: the construct stays as it is."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any

ALARM = "AWS::CloudWatch::Alarm"
PLAIN_STATISTICS = frozenset({"SampleCount", "Average", "Sum", "Minimum", "Maximum"})

EMPTIED = "Custom::S3AutoDeleteObjects"
EMPTIER = "CustomS3AutoDeleteObjectsCustomResourceProvider"
"""What CDK brings to empty a bucket before it is deleted: its resource's type, how its own parts' ids begin."""

LEFT_OUT = "left out"
REWRITTEN = "rewritten"


@dataclass(frozen=True)
class Change:
    """One resource that is not deployed as synthesized.

    change: "left out" or "rewritten".
    why: what the emulator lacks.
    """

    logical_id: str
    type: str
    change: str
    why: str

    def document(self) -> dict[str, str]:
        """For `--json`."""
        return asdict(self)


def localized(template: Mapping[str, Any], supported: Collection[str]) -> tuple[dict[str, Any], tuple[Change, ...]]:
    """The template for the emulator, and every difference.

    Args:
        template: as synthesized; not changed.
        supported: resource types that the emulator can create.
    """
    resources: dict[str, Any] = {}
    changes: list[Change] = []
    for logical_id, resource in template["Resources"].items():
        kept, change, why = _local(logical_id, resource, supported)
        if kept is not None:
            resources[logical_id] = kept
        if change:
            changes.append(Change(logical_id, resource["Type"], change, why))
    gone = {change.logical_id for change in changes if change.change == LEFT_OUT}
    return _without({**template, "Resources": resources}, gone), tuple(changes)


def absent(logical_id: str) -> str:
    """What stands where a left-out resource was referred to."""
    return f"{logical_id}-is-left-out-locally"


def _local(
    logical_id: str, resource: dict[str, Any], supported: Collection[str]
) -> tuple[dict[str, Any] | None, str, str]:
    if logical_id.startswith(EMPTIER) or resource["Type"] == EMPTIED:
        return None, LEFT_OUT, "the emulator runs no Node.js, and is thrown away with its buckets"
    if resource["Type"] not in supported and not resource["Type"].startswith("Custom::"):
        return None, LEFT_OUT, "the emulator does not know this type"
    metrics = resource.get("Properties", {}).get("Metrics")
    if resource["Type"] != ALARM or metrics is None:
        return resource, "", ""
    if len(metrics) > 1 or "Expression" in metrics[0]:
        return None, LEFT_OUT, "the emulator has no metric math"
    properties = {name: value for name, value in resource["Properties"].items() if name != "Metrics"}
    plain = {**resource, "Properties": properties | _plain(metrics[0]["MetricStat"])}
    return plain, REWRITTEN, "the emulator knows one metric only in the older form; the same alarm"


def _plain(stat: Mapping[str, Any]) -> dict[str, Any]:
    statistic = "Statistic" if stat["Stat"] in PLAIN_STATISTICS else "ExtendedStatistic"
    unit = {"Unit": stat["Unit"]} if "Unit" in stat else {}
    return {**stat["Metric"], "Period": stat["Period"], statistic: stat["Stat"], **unit}


def _without(value: Any, gone: Collection[str]) -> Any:
    """The same document with every reference to a left-out resource replaced."""
    if isinstance(value, list):
        return [_without(item, gone) for item in value]
    if not isinstance(value, dict):
        return value
    named = _target(value)
    if named in gone:
        return absent(named)
    return {
        key: _dependencies(item, gone) if key == "DependsOn" else _without(item, gone) for key, item in value.items()
    }


def _target(value: Mapping[str, Any]) -> str:
    """The logical id that a Ref or Fn::GetAtt names; "" for anything else."""
    reference = value.get("Ref", value.get("Fn::GetAtt"))
    if len(value) != 1 or reference is None:
        return ""
    first = reference[0] if isinstance(reference, list) else str(reference).partition(".")[0]
    return str(first)


def _dependencies(value: Any, gone: Collection[str]) -> Any:
    return [name for name in ([value] if isinstance(value, str) else value) if name not in gone]

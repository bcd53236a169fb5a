"""The distributions as a CycloneDX 1.6 document, checked against its schema."""

from __future__ import annotations

from collections.abc import Sequence

from cyclonedx.factory.license import LicenseFactory
from cyclonedx.model import Property
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentScope, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

from scripts.sbom.distributions import NOT_DECLARED, Shipped

TOOL = "durable-agent-pipeline:tool"
"""Property of an optional component: a packaged tool for which it ships."""


class InvalidDocument(RuntimeError):
    """The document breaks CycloneDX's own schema."""


def cyclonedx(shipped: Sequence[Shipped], version: str) -> str:
    """The document as JSON text.

    Args:
        shipped: what the package ships.
        version: that of durable-agent-pipeline itself.

    Raises:
        InvalidDocument: the schema refuses it.
    """
    bom = Bom(components=[_component(one) for one in shipped])
    bom.metadata.component = root = Component(
        name="durable-agent-pipeline-lambda", version=version, type=ComponentType.APPLICATION, bom_ref="package"
    )
    bom.register_dependency(root, bom.components)
    text = JsonV1Dot6(bom).output_as_string(indent=2)
    if (broken := JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)) is not None:
        raise InvalidDocument(f"the bill of materials breaks the CycloneDX 1.6 schema: {broken}")
    return text


def _component(one: Shipped) -> Component:
    url = PackageURL("pypi", name=one.name, version=one.version)
    return Component(
        name=one.name,
        version=one.version,
        purl=url,
        bom_ref=url.to_string(),
        licenses=[] if one.licence == NOT_DECLARED else [LicenseFactory().make_from_string(one.licence)],
        scope=ComponentScope.OPTIONAL if one.tools else ComponentScope.REQUIRED,
        properties=[Property(name=TOOL, value=tool) for tool in one.tools],
    )

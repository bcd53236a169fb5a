"""What tools and kinds of models need is pinned once for the package and once for development, alike."""

from pathlib import Path

ROOT = Path(__file__).parents[3]
SHIPPED = [
    file
    for folder in ("research_tools", "model_kinds")
    for file in (ROOT / "lambda_src" / folder).glob("*/requirements.txt")
]


def pins(file: Path) -> dict[str, str]:
    lines = (line.split()[0] for line in file.read_text().splitlines() if "==" in line and not line.startswith("#"))
    return {name.lower(): version for name, _, version in (line.partition("==") for line in lines)}


def test_tools_are_tested_with_the_versions_that_ship():
    development = pins(ROOT / "requirements-dev.txt")
    shipped = [pins(file) for file in SHIPPED]
    assert len(shipped) >= 4
    for box in shipped:
        both = box.keys() & development.keys()
        assert both
        assert {name: box[name] for name in both} == {name: development[name] for name in both}


def test_no_tool_pins_what_the_package_has_anyway():
    base = pins(ROOT / "lambda_src/requirements.txt")
    for file in SHIPPED:
        assert not base.keys() & pins(file).keys()

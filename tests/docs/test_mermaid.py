"""Mermaid itself can draw every diagram: parsed in Node always, drawn by Chromium where there is one."""

import html
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, blocks

pytestmark = pytest.mark.slow
PACKAGES = {"mermaid": "11.17.2", "jsdom": "29.1.1"}
PARSE = Path(__file__).parent / "mermaid" / "parse.mjs"
PAGE = """<body>{diagrams}<script src="{library}"></script>
<script>mermaid.initialize({{ startOnLoad: true, suppressErrorRendering: false }})</script>"""


@pytest.fixture(scope="module")
def packages() -> Path:
    """A folder with Mermaid and a DOM for it, from npm; kept, because it takes a while."""
    folder = ROOT / ".local" / "mermaid"
    folder.mkdir(parents=True, exist_ok=True)
    npm = str(Path(sys.executable).with_name("npm"))
    wanted = json.dumps({"private": True, "dependencies": PACKAGES})
    manifest = folder / "package.json"
    if not manifest.exists() or manifest.read_text(encoding="utf-8") != wanted:
        manifest.write_text(wanted, encoding="utf-8")
        quiet = ["--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error", "--no-package-lock"]
        try:
            subprocess.run([npm, "install", *quiet], cwd=folder, check=True, capture_output=True, text=True)
        except BaseException:
            manifest.unlink()  # half an installation must not be taken for a whole one
            raise
    return folder


def refused(packages, diagrams):
    node = str(Path(sys.executable).with_name("node"))
    done = subprocess.run(
        [node, str(PARSE)], cwd=packages, input=json.dumps(diagrams), capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def drawn(packages, diagrams, chromium, tmp_path):
    """The page as Chromium has it after Mermaid has drawn."""
    shown = "".join(f'<pre class="mermaid">{html.escape(diagram)}</pre>' for diagram in diagrams)
    library = (packages / "node_modules/mermaid/dist/mermaid.min.js").as_uri()
    page = tmp_path / "page.html"
    page.write_text(PAGE.format(diagrams=shown, library=library), encoding="utf-8")
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=20000", "--dump-dom"]
    command = [chromium, *options, f"--user-data-dir={tmp_path / 'profile'}", page.as_uri()]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout


def test_mermaid_draws_every_diagram(packages, tmp_path):
    diagrams = {str(block): block.text for block in blocks("mermaid")}
    assert diagrams
    assert refused(packages, diagrams) == {}
    if (chromium := shutil.which("chromium")) is not None:
        page = drawn(packages, diagrams.values(), chromium, tmp_path)
        assert page.count('data-processed="true"') == len(diagrams)
        assert "Syntax error in text" not in page.partition("<script")[0]


def test_a_diagram_that_mermaid_cannot_read_is_found(packages):
    found = refused(
        packages,
        {"a note": "sequenceDiagram\n A->>B: x\n Note over A: here; there\n", "well": "flowchart TD\n a-->b\n"},
    )
    assert list(found) == ["a note"]
    assert "Parse error on line 3" in found["a note"]

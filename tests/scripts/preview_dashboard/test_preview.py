"""The dashboard's picture is of today's widgets, each at its place."""

import re
from pathlib import Path

import pytest

from scripts.local_aws.cloudwatch.metrics import Datum, MetricId
from scripts.preview_dashboard.command import METRICS, PICTURE, main
from scripts.preview_dashboard.picture import MARKED, as_svg, digest
from scripts.rehearse.history import History, read
from scripts.rehearse.synthesized import synthesized

MARKDOWN = "# Title\n**Bold** [a](b)"
TEXT = {
    "type": "text",
    "x": 0,
    "y": 0,
    "width": 24,
    "height": 2,
    "properties": {"markdown": MARKDOWN},
}
GRAPH = {
    "type": "metric", "x": 0, "y": 2, "width": 12, "height": 6,
    "properties": {
        "title": "Failures", "metrics": [["N", "m", {"label": "Failed", "stat": "Sum"}]],
        "annotations": {"horizontal": [{"value": 5, "label": "limit"}]},
    },
}  # fmt: skip


def test_the_kept_picture_is_of_todays_dashboard():
    # else draw it anew: scripts/preview_dashboard.py
    assert f"{MARKED}\0{digest(synthesized().widgets())}".encode() in PICTURE.read_bytes()
    assert read(METRICS.read_text(encoding="utf-8")).rang


def test_titles_labels_marks_and_texts_are_in_the_drawing():
    drawn = as_svg([TEXT, GRAPH], History((Datum(MetricId.of("N", "m"), 10, 2),), frozenset()))
    words = " ".join(re.findall(r"<text [^>]*>([^<]*)</text>", drawn))
    for word in ("Title", "Bold a (b)", "Failures", "Failed", "limit 5"):
        assert word in words
    assert "no data" not in words
    assert "no data" in as_svg([GRAPH], History((), frozenset()))


def test_fails_when_there_are_no_such_metrics(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["--metrics", str(tmp_path / "none.json"), "--picture", str(tmp_path / "x.png")]) == 1
    assert "none.json" in capsys.readouterr().err

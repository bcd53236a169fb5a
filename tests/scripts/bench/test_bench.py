"""The benchmark tool: it runs, and what it prints and writes is well-formed. No figure is asserted."""

import json
import subprocess
import sys

import pytest

from scripts.bench import command
from scripts.bench.catalogue import BENCHMARKS
from scripts.bench.report import BEGIN, END, target, value, write
from scripts.bench.row import Benchmark, NotMeasured, Row
from scripts.console.marked_block import NoPlace
from scripts.local_aws.processes.child import REPOSITORY

ORDER = {"first": 0, "second": 1}


def row(name: str, figure: float = 1.0, **fields) -> Row:
    return Row(name=name, what=f"the {name}", value=figure, unit=fields.pop("unit", "s"), how="by hand", **fields)


@pytest.fixture
def page(tmp_path):
    file = tmp_path / "page.md"
    file.write_text(f"# Before\n\n{BEGIN}\n{END}\n\nAfter\n")
    return file


@pytest.fixture
def one_benchmark(monkeypatch):
    def use(measure):
        monkeypatch.setattr(command, "BENCHMARKS", (Benchmark("first", measure),))

    return use


def test_a_figure_has_its_unit_and_no_invented_digits():
    shown = [value(row("x", figure, unit=unit)) for figure, unit in ((7, "calls"), (1.0374, "x"), (5212.78, "ms"))]
    assert shown == ["7 calls", "1.04x", "5,213 ms"]


def test_a_missed_target_is_told_and_a_row_without_one_is_neither_met_nor_missed():
    assert [target(row("x", 2.0, target=limit)) for limit in (None, 2, 1.5)] == [
        "-",
        "at most 2",
        "at most 1.5 (missed)",
    ]
    assert [row("x", 2.0, target=limit).met for limit in (None, 2, 1.5)] == [None, True, False]


def test_the_page_keeps_rows_that_were_not_measured_again_and_the_order_of_the_benchmarks(page):
    write([row("second-a", 1), row("first-a", 2)], page, ORDER)
    write([row("second-a", 3)], page, ORDER)
    lines = [line for line in page.read_text().splitlines() if line.startswith(("| first", "| second"))]
    assert [line.split("|")[1:4] for line in lines] == [
        [" first-a ", " the first-a ", " 2 s "],
        [" second-a ", " the second-a ", " 3 s "],
    ]
    assert page.read_text().startswith("# Before\n")
    assert page.read_text().endswith("\n\nAfter\n")


def test_a_page_without_a_block_is_refused(tmp_path):
    (tmp_path / "page.md").write_text("# nothing here\n")
    with pytest.raises(NoPlace, match=r"page\.md must hold a block"):
        write([row("first-a")], tmp_path / "page.md", ORDER)


def test_a_benchmark_that_cannot_be_measured_is_told_and_the_command_fails(one_benchmark, capsys):
    def measure(_asked):
        raise NotMeasured("there is no such thing here")
        yield

    one_benchmark(measure)
    assert command.main(["--json"]) == 1
    told = capsys.readouterr()
    assert json.loads(told.out)["rows"] == []
    assert "bench: first was not measured: there is no such thing here" in told.err


def test_repeat_reaches_the_benchmark(one_benchmark, capsys):
    one_benchmark(lambda asked: iter([row("first-a", asked.repeat)]))
    assert command.main(["--json", "--repeat", "5"]) == 0
    assert json.loads(capsys.readouterr().out)["rows"][0]["value"] == 5


@pytest.mark.parametrize("arguments", [["--only", "nothing"], ["--repeat", "0"], ["--repeat", "many"], ["--jsn"]])
def test_bad_usage_is_told_in_a_line_before_anything_runs(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        command.main(arguments)
    assert ended.value.code == 2
    assert capsys.readouterr().err.splitlines()[-1].startswith("scripts/bench.py: error: ")


def test_every_row_on_the_page_belongs_to_a_benchmark():
    lines = (REPOSITORY / "docs" / "benchmarks.md").read_text().splitlines()
    names = [line.split("|")[1].strip() for line in lines if line.startswith("| ") and not line.startswith("| name")]
    assert names
    assert [name for name in names if not any(name.startswith(benchmark.name) for benchmark in BENCHMARKS)] == []


@pytest.mark.slow
def test_the_cheapest_benchmark_runs_and_prints_one_json_document():
    command_line = [sys.executable, "scripts/bench.py", "--only", "operations", "--json"]
    done = subprocess.run(command_line, cwd=REPOSITORY, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert [at["name"] for at in document["rows"]] == ["operations-call", "operations-agent"]
    assert {at["unit"] for at in document["rows"]} == {"operations"}
    assert "strands-agents" in document["versions"]

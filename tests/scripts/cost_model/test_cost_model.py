"""The cost model: an independent bill, and the whole measurement over the real wire."""

import io
import json
import subprocess
import sys
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from rich.console import Console

from agent_workflow.agents import read_agents
from scripts.console.marked_block import NoPlace, block
from scripts.cost_model import command
from scripts.cost_model.designs import DESIGNS
from scripts.cost_model.findings import Findings
from scripts.cost_model.measure import Bench, Measured, measure
from scripts.cost_model.price_table import UnknownPrice, price_table
from scripts.cost_model.report import BEGIN, END, markdown, show, summary, write
from scripts.cost_model.stories import PACKAGED, stories
from scripts.cost_model.texts import tokens
from scripts.cost_model.witness import bill, served
from scripts.local_aws.bedrock.process import ScriptedBedrock
from scripts.local_aws.processes.child import REPOSITORY
from tests.fakes import FROM_MEMORY

TRADITIONAL, AGENT, CALL, CACHED = (design.name for design in DESIGNS)
TODAY = date(2026, 11, 22)
PRICES = {"a.model": {"input": "3", "output": "15"}}


def line(event: str, agent: str = "research", turn: int = 1, **fields: Any) -> dict[str, Any]:
    counts = (
        {"input_tokens": 100, "output_tokens": 10} if event == "finished" else {"input_tokens": 0, "output_tokens": 0}
    )
    return {"event": event, "agent": agent, "turn": turn, "model_id": "a.model", "error": None, **counts, **fields}


def test_a_reply_is_billed_by_its_tokens_and_a_refused_call_costs_nothing():
    calls = served([line("started"), line("failed", error="ThrottlingException"), line("started"), line("finished")])
    paid = bill(calls, PRICES)
    assert (paid.model_calls, paid.refused_calls, paid.repaid_calls) == (1, 1, 0)
    assert paid.usd == Decimal("0.00045")


def test_a_second_reply_to_the_same_turn_of_an_agent_is_repaid():
    paid = bill(served([line("finished"), line("finished", turn=2), line("finished"), line("finished")]), PRICES)
    assert (paid.model_calls, paid.repaid_calls) == (4, 2)
    assert paid.repaid_usd == 2 * Decimal("0.00045")


def test_what_the_cache_read_and_wrote_is_billed_at_its_own_price():
    price = PRICES["a.model"] | {"cache_read": "0.3", "cache_write": "3.75"}
    paid = bill(served([line("finished", cache_read_tokens=1000, cache_write_tokens=200)]), {"a.model": price})
    assert paid.input_usd == Decimal("0.0003") + Decimal("0.0003") + Decimal("0.00075")
    assert paid.usd == paid.input_usd + Decimal("0.00015")


def test_fails_when_a_model_has_no_price():
    with pytest.raises(UnknownPrice, match="got none for made-up"):
        price_table(["made-up"])


def test_prices_are_those_that_the_construct_resolves():
    from infra.durable_agent_pipeline.agents.models import read_model
    from infra.durable_agent_pipeline.agents.prices import KINDS
    from infra.durable_agent_pipeline.agents.prices import price_table as at_synth

    model = read_agents(PACKAGED)[0].model
    table, unknown = at_synth([read_model(model, {})], {})
    assert unknown == ()
    assert {kind: table[model][kind] for kind in KINDS} == {kind: price_table([model])[model][kind] for kind in KINDS}


@pytest.mark.parametrize("arguments", [["--picture", "cost.doc"], ["--picture", "no/such/folder/cost.png"], ["--jsn"]])
def test_bad_usage_is_told_in_a_line_before_anything_runs(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        command.main(arguments)
    assert ended.value.code == 2
    assert capsys.readouterr().err.splitlines()[-1].startswith("scripts/cost_model.py: error: ")


def test_a_page_without_a_block_is_refused(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("# nothing here\n")
    with pytest.raises(NoPlace, match=r"page\.md must hold a block"):
        write(Findings([], {}, "a table", TODAY), page, page)


@pytest.fixture(scope="module")
def rows() -> list[Measured]:
    return measure(price_table([read_agents(PACKAGED)[0].model]), lambda _: None)


def one(rows: list[Measured], story: str, failures: int, design: str) -> Measured:
    (row,) = [r for r in rows if r.story.startswith(story) and r.failures == failures and r.design == design]
    return row


@pytest.mark.slow
class TestMeasured:
    def test_every_design_returns_the_same_report(self, rows):
        for story in ("three", "research"):
            # the baselines have no flow, which ends a report with what it rests on
            reports = {row.outcome.report.removesuffix(FROM_MEMORY) for row in rows if row.story.startswith(story)}
            assert len(reports) == 1

    def test_without_a_failure_all_designs_without_a_prompt_cache_cost_the_same(self, rows):
        for story in ("three", "research"):
            assert len({one(rows, story, 0, design).bill for design in (TRADITIONAL, AGENT, CALL)}) == 1

    @pytest.mark.parametrize("failures", [0, 1, 2])
    def test_cached_prompts_bring_the_input_of_ten_turns_to_a_third(self, rows, failures):
        plain, cached = (one(rows, "research", failures, design).bill for design in (CALL, CACHED))
        assert cached.input_usd <= plain.input_usd * Decimal("0.35")
        tokens = cached.input_tokens + cached.cache_read_tokens + cached.cache_write_tokens
        assert (tokens, cached.output_tokens) == (plain.input_tokens, plain.output_tokens)

    def test_agents_of_one_call_each_write_nothing_that_nobody_reads(self, rows):
        for failures in (0, 1, 2):
            assert one(rows, "three", failures, CACHED).bill == one(rows, "three", failures, CALL).bill

    @pytest.mark.parametrize("failures", [0, 1, 2])
    def test_what_caching_saved_is_what_the_run_without_it_paid_on_top(self, rows, failures):
        for story in ("three", "research"):
            plain, cached = (one(rows, story, failures, design) for design in (CALL, CACHED))
            assert cached.cache_saved_usd == plain.bill.usd - cached.bill.usd
            assert plain.cache_saved_usd == 0

    @pytest.mark.parametrize("failures", [1, 2])
    def test_a_throttle_at_step_3_repays_two_calls_a_time_without_checkpoints_and_none_with(self, rows, failures):
        repaid = [one(rows, "three", failures, design).bill.repaid_calls for design in (TRADITIONAL, AGENT, CALL)]
        assert repaid == [2 * failures, 0, 0]

    @pytest.mark.parametrize("failures", [1, 2])
    def test_a_throttle_at_turn_9_repays_eight_calls_a_time_unless_every_call_is_durable(self, rows, failures):
        runs = [one(rows, "research", failures, design) for design in (TRADITIONAL, AGENT, CALL)]
        assert [run.bill.repaid_calls for run in runs] == [8 * failures, 8 * failures, 0]
        assert [run.tool_runs for run in runs] == [9 + 8 * failures, 9 + 8 * failures, 9]
        assert {run.bill.refused_calls for run in runs} == {failures}

    def test_the_ledger_of_call_level_durability_is_what_bedrock_served(self, rows):
        assert {row.bill.usd - row.ledger_usd for row in rows if row.design in (CALL, CACHED)} == {Decimal(0)}

    def test_the_designs_that_are_baselines_keep_no_ledger(self, rows):
        assert {row.design for row in rows if row.outcome.usage is None} == {TRADITIONAL, AGENT}

    @pytest.mark.parametrize("story", ["three", "research"])
    @pytest.mark.parametrize("failures", [0, 1, 2])
    def test_saved_usd_is_what_the_traditional_run_of_the_same_failures_paid_on_top(self, rows, story, failures):
        more = one(rows, story, failures, TRADITIONAL).bill.usd - one(rows, story, failures, CALL).bill.usd
        assert one(rows, story, failures, CALL).saved_usd == more

    @pytest.mark.parametrize("columns", [80, 120, 160])
    def test_no_word_and_no_figure_is_cut_on_a_narrow_terminal(self, rows, columns):
        output = io.StringIO()
        prices = price_table([read_agents(PACKAGED)[0].model])
        show(Findings(rows, prices, "", TODAY), Console(file=output, width=columns))
        assert "…" not in output.getvalue()
        assert {f"${row.bill.usd:.4f}" for row in rows} <= set(output.getvalue().split())
        assert max(map(len, output.getvalue().splitlines())) <= columns

    @pytest.mark.parametrize(("page", "written"), [("docs/cost.md", markdown), ("README.md", summary)])
    def test_the_page_holds_these_figures(self, rows, page, written):
        now = written(Findings(rows, price_table([read_agents(PACKAGED)[0].model]), "", TODAY)).splitlines()
        kept = block(REPOSITORY / page, BEGIN, END).splitlines()
        assert [at for at in now if at.startswith("| ")] == [at for at in kept if at.startswith("| ")], (
            f"{page} is out of date: run scripts/cost_model.py --write"
        )


@pytest.mark.slow
def test_the_scripted_tokens_are_those_of_the_requests_really_sent(tmp_path):
    (tmp_path / "agents").mkdir()
    with ScriptedBedrock(tmp_path) as bedrock:
        bench = Bench(tmp_path, bedrock, {})
        for story in stories(tmp_path / "agents"):
            # without a scripted usage the endpoint counts the words of each request itself
            bare = [{key: value for key, value in reply.items() if key != "usage"} for reply in story.replies]
            calls = bench.run(replace(story, replies=bare), 0, DESIGNS[2]).calls
            counted = {(call.agent, call.turn): tokens(call.tokens["input"]) for call in calls}
            assert counted == {(at["agent"], at["turn"]): at["usage"]["inputTokens"] for at in story.replies}


@pytest.mark.slow
def test_the_command_prints_one_json_document_with_exact_figures_and_draws(rows, monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(command, "measure", lambda _prices, _tell: rows)
    assert command.main(["--json", "--picture", str(tmp_path / "cost.svg")]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [Decimal(row["usd"]) for row in document["rows"]] == [row.bill.usd for row in rows]
    assert "call-level durability" in (tmp_path / "cost.svg").read_text()


@pytest.mark.slow
def test_the_command_fails_when_the_ledger_of_the_default_is_not_what_bedrock_served(rows, monkeypatch, capsys):
    monkeypatch.setattr(command, "measure", lambda _prices, _tell: [replace(row, calls=row.calls[1:]) for row in rows])
    assert command.main([]) == 1
    assert "prompts cached: the ledger says" in capsys.readouterr().err


def test_the_script_starts_from_any_folder_and_tells_its_options(tmp_path):
    script = [sys.executable, str(REPOSITORY / "scripts" / "cost_model.py"), "--help"]
    done = subprocess.run(script, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True)
    assert "--picture FILE" in done.stdout

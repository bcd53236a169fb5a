"""ledger.py and prices.py: what calls cost, and what checkpoints saved."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest

from agent_workflow.ledger import Ledger, total
from agent_workflow.prices import ModelPrice
from durable_strands.records import CallRecord, Usage

SONNET = ModelPrice.model_validate({"input": "3.30", "output": "16.50", "cache_read": "0.33", "cache_write": "4.125"})
PRICES = {"sonnet": SONNET}


def call(agent: str = "research-agent", *, tokens: int = 1_000_000, attempts: int = 1, **other: Any) -> CallRecord:
    """A model call that costs 1 USD per million input tokens under UNIT."""
    fields = {"name": "model-1", "kind": "model", "model_id": "unit", "usage": Usage(tokens), **other}
    return CallRecord(agent=agent, attempts=attempts, **fields)


UNIT = {"unit": ModelPrice.model_validate({"input": "1", "output": "0"})}


def ledger(*calls: CallRecord, prices: Any = UNIT) -> Ledger:
    filled = Ledger(prices)
    for made in calls:
        filled.add(made)
    return filled


def test_each_kind_of_token_has_its_own_price_and_nothing_is_rounded():
    usage = Usage(input_tokens=10, output_tokens=3, cache_read_tokens=100, cache_write_tokens=40)
    assert SONNET.cost(usage) == Decimal("0.0000330") + Decimal("0.0000495") + Decimal("0.0000330") + Decimal(
        "0.000165"
    )


def test_cache_tokens_are_paid_beside_the_input_tokens_because_bedrock_counts_them_apart():
    assert SONNET.cost(Usage(input_tokens=10, cache_read_tokens=100)) == Decimal("0.0000330") * 2


def test_a_cost_is_unknown_when_tokens_of_a_kind_without_a_price_were_used():
    price = ModelPrice.model_validate({"input": "1", "output": "2"})
    assert price.cost(Usage(1, 1)) == Decimal("0.000003")
    assert price.cost(Usage(1, 1, cache_read_tokens=1)) is None


CACHED = Usage(input_tokens=10, output_tokens=3, cache_read_tokens=100, cache_write_tokens=40)


def cached(usage: Usage, **other: Any) -> CallRecord:
    return call(model_id="sonnet", usage=usage, **other)


def test_caching_saved_what_reads_cost_less_and_writes_cost_more_than_plain_input():
    saved = (100 * (Decimal("3.30") - Decimal("0.33")) - 40 * (Decimal("4.125") - Decimal("3.30"))) / 10**6
    assert ledger(cached(CACHED), prices=PRICES).saved_by_caching() == saved


def test_what_was_written_and_never_read_is_a_loss():
    filled = ledger(cached(Usage(cache_write_tokens=1000)), cached(CACHED, agent="other-agent"), prices=PRICES)
    assert filled.saved_by_caching("research-agent") == Decimal("-0.000825")
    assert filled.saved_by_caching() == total((Decimal("-0.000825"), SONNET.saved_by_caching(CACHED)))


def test_without_cached_tokens_caching_saved_nothing_whatever_the_price():
    assert ledger(call(model_id="another"), call(kind="tool", model_id=None)).saved_by_caching() == 0


@pytest.mark.parametrize("usage", [CACHED, None])
def test_what_caching_saved_is_unknown_with_a_price_or_the_tokens(usage: Usage | None):
    assert ledger(call(model_id="another", usage=usage)).saved_by_caching() is None


@pytest.mark.parametrize("model_id", ["another", None])
def test_a_model_without_a_price_costs_none_and_never_nothing(model_id: str | None):
    unpriced = ledger(call(), call(model_id=model_id))
    assert unpriced.spent() is None


def test_a_tool_costs_nothing():
    assert ledger(call(kind="tool", model_id=None)).spent() == 0


def test_an_execution_and_its_agents_add_up_to_the_same_sum():
    both = ledger(call("research-agent", tokens=5), call("analysis-agent", tokens=7))
    assert (both.spent("research-agent"), both.spent("analysis-agent")) == (Decimal("0.000005"), Decimal("0.000007"))
    assert both.spent() == Decimal("0.000012")


def test_without_a_failed_attempt_nothing_was_saved_even_if_prices_are_unknown():
    assert ledger(call(), call()).saved() == 0
    assert ledger(call(), call(), prices={}).saved() == 0


@pytest.mark.parametrize(
    ("attempts", "saved"),
    [
        ((1, 1, 1), 0),
        ((3, 1, 1), 0),  # nothing had finished before the first call
        ((1, 1, 2), 3),  # one retry at step 3 repays 1 + 2
        ((1, 1, 3), 6),  # two retries repay it twice
        ((1, 2, 2), 4),  # 1 at the second, 1 + 2 at the third
        ((2, 2, 2), 4),
    ],
)
def test_each_failed_attempt_saves_the_cost_of_the_calls_that_had_finished_before(attempts: Any, saved: int):
    costs = (1_000_000, 2_000_000, 4_000_000)
    calls = [call(tokens=tokens, attempts=tries) for tokens, tries in zip(costs, attempts, strict=True)]
    assert ledger(*calls).saved() == saved


def test_what_was_saved_is_told_of_the_agent_whose_call_was_retried():
    retried = ledger(call("research-agent"), call("analysis-agent", attempts=2), call("summary-agent", attempts=2))
    assert retried.saved("research-agent") == 0
    assert retried.saved("analysis-agent") == 1
    assert retried.saved("summary-agent") == 2
    assert retried.saved() == 3


def test_a_retried_tool_saves_the_model_calls_before_it():
    assert ledger(call(), call(kind="tool", model_id=None, attempts=2)).saved() == 1


def test_what_was_saved_is_unknown_when_it_needs_an_unknown_price():
    assert ledger(call(model_id="another"), call(attempts=2)).saved() is None


@pytest.mark.parametrize(
    ("invocations", "saved"),
    [
        ("AAA", 0),
        ("ABB", 1),  # a crash, or a wait, after the first call
        ("AAB", 3),
        ("ABC", 1 + 3),
        ("ABA", 1),  # tools of one turn that finished out of order: one resume, not two
    ],
)
def test_a_resume_between_two_calls_saves_what_had_finished_before_it(invocations: str, saved: int):
    costs = (1_000_000, 2_000_000, 4_000_000)
    calls = [call(tokens=tokens, invocation=name) for tokens, name in zip(costs, invocations, strict=True)]
    assert ledger(*calls).saved() == saved


def test_a_retry_in_a_new_invocation_is_one_resume_not_two():
    assert ledger(call(invocation="A"), call(attempts=2, invocation="B")).saved() == 1


def test_what_one_call_saved_is_known_before_it_is_entered():
    before = ledger(call(invocation="A"))
    assert before.saved_by(call(attempts=3, invocation="B")) == 2
    assert before.saved_by(call(invocation="A")) == 0


def test_filling_a_ledger_again_from_the_same_records_gives_the_same_figures():
    records = [call(), call("analysis-agent", attempts=3)]
    first, replay = ledger(*records), ledger(*records)
    assert (first.spent(), first.saved()) == (replay.spent(), replay.saved())


def test_a_failure_adds_only_what_its_finished_calls_do_not_explain():
    failing = ledger(call(tokens=100))
    failing.add_failure("research-agent", "unit", Usage(150, 20))
    assert failing.of("research-agent")[-1].usage == Usage(50, 20)
    assert failing.spent() == Decimal("0.000150")


def test_a_failure_adds_the_unknown_calls_that_are_not_entered_yet():
    failing = ledger(call(tokens=100), call(usage=None))
    failing.add_failure("research-agent", "unit", Usage(100), unknown=2)
    assert [made.usage for made in failing.calls] == [Usage(100), None, None]
    assert (failing.spent(), failing.spent("research-agent")) == (None, None)


def test_a_call_of_unknown_cost_makes_what_it_would_save_unknown_too():
    unknown = ledger(call(usage=None), call(name="model-2", attempts=2))
    assert unknown.saved() is None


def test_a_failure_whose_usage_is_unknown_or_explained_adds_nothing():
    failing = ledger(call(tokens=100))
    failing.add_failure("research-agent", "unit", Usage())
    failing.add_failure("research-agent", "unit", Usage(100))
    assert len(failing.calls) == 1


def test_sums_are_kept_and_never_reckoned_again():
    asked = 0

    class Counting:
        def cost(self, usage: Usage) -> Decimal:
            nonlocal asked
            asked += 1
            return Decimal(usage.input_tokens)

    long = Ledger({"unit": Counting()})  # type: ignore[dict-item]
    for number in range(3_000):
        long.add(call(tokens=1, attempts=2, invocation=str(number)))
        assert long.spent() == number + 1
        long.saved_by(call())
    assert (long.spent("research-agent"), long.saved()) == (3_000, sum(range(3_000)))
    assert asked == 3_000


def test_branches_may_enter_calls_at_once():
    both = Ledger(UNIT)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: both.add(call(tokens=1_000_000)), range(2_000)))
    assert (both.spent(), len(both.calls)) == (2_000, 2_000)


def test_a_record_of_several_calls_counts_each_and_saves_nothing():
    several = ledger(call(), call(attempts=9, count=4, usage=None))
    several.add_failure("research-agent", "unit", Usage(1_000_000), unknown=4)
    assert (several.saved(), len(several.calls)) == (0, 2)

"""What peers and a benchmark lend to stores with a short history, and what they must not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.alerts.alert import AlertState
from scoring.baselines import BaselineSource, StoreBaseline, StoreHistory, fit_baselines
from scoring.baselines.benchmark import Benchmark, BenchmarkError, parse_benchmark
from scoring.baselines.peers import Lenders, lend, peers_of, youngest
from scoring.detection import DetectionPolicy, Detector
from scoring.funnel.pools import StoreTraits
from scoring.funnel.stages import STAGE_INDEX

DAY = 1440
START = 29_459_520  # Monday 2026-01-05 00:00 UTC
CLICK, CART = STAGE_INDEX["click"], STAGE_INDEX["add_to_cart"]
STEP = "click_to_add_to_cart"
ALIKE = StoreTraits("shopify", "shoes", "DE")
PEERS = tuple(f"peer-{number}" for number in range(6))
TRAITS = dict.fromkeys((*PEERS, "young", "new"), ALIKE) | {"stranger": StoreTraits("shopify", "shoes", "FR")}
#: the new store converts half as well as its peers
OWN_RATE = 0.1


def counts_of(seed: int, minutes: int, rate: float, clicks: float = 15.0) -> np.ndarray:
    rng = np.random.default_rng([31, seed])
    counts = np.zeros((1, 7, minutes), dtype=np.int64)
    counts[:, CLICK] = rng.poisson(clicks, (1, minutes))
    for delay, share in enumerate((0.3, 0.4, 0.3)):
        counts[:, CART, delay:] += rng.binomial(counts[:, CLICK], rate * share)[:, : minutes - delay]
    return counts


def history(name: str, seed: int, minutes: int, rate: float) -> StoreHistory:
    start = START + 14 * DAY - minutes
    return StoreHistory(name, "UTC", start, ("",), counts_of(seed, minutes, rate))


HISTORIES = [
    *(history(name, seed, 14 * DAY, 0.18 + 0.02 * seed) for seed, name in enumerate(PEERS)),
    history("stranger", 9, 14 * DAY, 0.6),
    history("young", 10, 2 * DAY, 0.3),
    history("new", 11, 60, OWN_RATE),
]


@pytest.fixture(scope="module")
def fitted() -> list[StoreBaseline]:
    return fit_baselines(HISTORIES, 1)


def lent(fitted: list[StoreBaseline], lenders: Lenders) -> dict[str, StoreBaseline]:
    return {baseline.store_id: baseline for baseline in lend(fitted, lenders, youngest(HISTORIES), 1)}


def test_a_store_with_an_hour_of_history_is_judged_by_its_peers_and_says_so(
    fitted: list[StoreBaseline],
) -> None:
    new = lent(fitted, Lenders(TRAITS))["new"]
    assert new.steps[STEP].source is BaselineSource.PEERS
    assert new.borrowed_from == PEERS
    assert new.stages == ("click", "add_to_cart")
    logs = [np.log(b.steps[STEP].rate) for b in fitted if b.store_id in PEERS]
    assert np.log(new.steps[STEP].rate) == pytest.approx(np.mean(logs))
    unknown = np.var(logs, ddof=1) * (1 + 1 / 6)
    assert new.steps[STEP].sigma ** 2 > unknown


def test_a_store_is_not_its_own_peer_and_neither_is_one_of_another_country(
    fitted: list[StoreBaseline],
) -> None:
    experienced = [baseline for baseline in fitted if baseline.days >= 7]
    assert [peer.store_id for peer in peers_of("peer-0", TRAITS, experienced)] == list(PEERS[1:])
    assert peers_of("stranger", TRAITS, experienced) == []
    assert peers_of("unconfigured", TRAITS, experienced) == []


def test_own_history_of_two_days_counts_more_than_peers_that_differ(fitted: list[StoreBaseline]) -> None:
    own = next(baseline for baseline in fitted if baseline.store_id == "young").steps[STEP]
    mixed = lent(fitted, Lenders(TRAITS))["young"].steps[STEP]
    peers = np.exp(np.mean([np.log(b.steps[STEP].rate) for b in fitted if b.store_id in PEERS]))
    assert peers < mixed.rate < own.rate
    assert own.rate - mixed.rate < 0.2 * (own.rate - peers)
    assert mixed.source is BaselineSource.PEERS


def test_four_peers_lend_nothing(fitted: list[StoreBaseline]) -> None:
    few = dict.fromkeys((*PEERS[:4], "young", "new"), ALIKE)
    baselines = lent(fitted, Lenders(few))
    assert "new" not in baselines
    assert baselines["young"] == next(b for b in fitted if b.store_id == "young")


def test_a_benchmark_serves_where_there_are_no_peers(fitted: list[StoreBaseline]) -> None:
    benchmark = parse_benchmark("step,rate,low,high,platform\nclick_to_add_to_cart,12%,8%,18%,shopify\n")
    baselines = lent(fitted, Lenders({"new": ALIKE}, benchmark))
    new = baselines["new"]
    assert new.steps[STEP].source is BaselineSource.BENCHMARK
    assert new.steps[STEP].rate == pytest.approx(0.12)
    assert new.borrowed_from == ("benchmark line 2 (shopify)",)
    assert baselines["peer-0"].steps[STEP].source is BaselineSource.OWN


def test_a_step_is_lent_only_if_both_its_stages_were_seen(fitted: list[StoreBaseline]) -> None:
    only_clicks = counts_of(12, 60, 0.2)
    only_clicks[:, CART] = 0
    unseen = StoreHistory("new", "UTC", START, ("",), only_clicks)
    assert "new" not in {b.store_id for b in lend(fitted, Lenders(TRAITS), [unseen], 1)}


def alerts_of(baseline: StoreBaseline, counts: np.ndarray) -> list[tuple[AlertState, int]]:
    detector = Detector(DetectionPolicy())
    detector.set_baseline(baseline)
    reported = []
    for minute in range(counts.shape[2]):
        judgement = detector.advance(START + minute, {"new": {"": counts[0, :, minute].tolist()}})
        reported += [(t.state, minute) for t in judgement.transitions]
    return reported


@pytest.mark.slow
def test_a_store_that_merely_converts_worse_than_its_peers_raises_no_alert_and_a_stop_does(
    fitted: list[StoreBaseline],
) -> None:
    new = lent(fitted, Lenders(TRAITS))["new"]
    calm = counts_of(13, 2 * DAY, 0.15, clicks=6.0)
    assert alerts_of(new, calm) == []
    stopped = calm.copy()
    stopped[:, CART, 600:] = 0
    state, minute = alerts_of(new, stopped)[0]
    assert state is AlertState.FIRING
    assert 600 < minute < 700


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("rate\n0.1\n", "columns step"),
        ("step,rate,colour\nclick_to_order,0.1,red\n", "colour"),
        ("step,rate\nclick_to_moon,0.1\nclick_to_order,abc\n", "line 3"),
        ("step,rate\nclick_to_order,140%\n", "not a share"),
        ("step,rate,low,high\nclick_to_order,0.1,0.2,0.3\n", "between low and high"),
        ("step,rate\n", "no line"),
    ],
)
def test_a_file_that_is_not_a_benchmark_is_rejected_with_its_lines(text: str, what: str) -> None:
    with pytest.raises(BenchmarkError, match=what):
        parse_benchmark(text)


@given(rate=st.floats(0.001, 1.0), percent=st.booleans())
def test_a_rate_reads_alike_as_share_and_as_percent(rate: float, percent: bool) -> None:
    shown = f"{100 * rate!r}%" if percent else repr(rate)
    (line,) = parse_benchmark(f"step,rate\nclick_to_order,{shown}\n").lines
    assert line.rate == pytest.approx(rate)


def test_of_two_lines_the_one_that_says_more_about_the_store_is_used() -> None:
    rows = "step,rate,platform,category,country\n"
    rows += "click_to_order,0.01,,,\nclick_to_order,0.02,shopify,,\nclick_to_order,0.03,shopify,Shoes,de\nclick_to_order,0.04,amazon,,\n"
    benchmark = parse_benchmark(rows)
    found = [
        line.rate if (line := benchmark.line("click_to_order", traits)) else None
        for traits in (ALIKE, StoreTraits("shopify", "hats", "DE"), StoreTraits())
    ]
    assert found == [0.03, 0.02, 0.01]
    assert Benchmark().line("click_to_order", ALIKE) is None

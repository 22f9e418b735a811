"""The small values of baselines: kernels' means and reach, pairs that are believed, cohorts, lines of a benchmark."""

from __future__ import annotations

import numpy as np
import pytest

from scoring.baselines import Kernel, KernelSource, StepBaseline, StoreHistory
from scoring.baselines.baseline import LONGEST, SlowBaseline, StoreBaseline, reach_of
from scoring.baselines.benchmark import BenchmarkError, known_steps, parse_benchmark
from scoring.baselines.business import BusinessHours, infer_hours, wall_hours
from scoring.baselines.cohorts import completeness_by_day, make_cohorts
from scoring.baselines.localtime import local_minute
from scoring.baselines.pairs import DelayPairs, kernel_of
from scoring.baselines.slow import AttributedPairs, pair_delays
from scoring.funnel.pools import StoreTraits
from scoring.funnel.stages import STAGE_INDEX, Stage


def test_a_kernels_mean_counts_its_slow_share_at_its_own_mean() -> None:
    assert Kernel((0.5, 0.25, 0.25)).mean_minutes == pytest.approx(0.75)
    assert Kernel((0.5, 0.3), 0.2, 100.0).mean_minutes == pytest.approx(20.3)
    plain = Kernel((1.0,))
    assert (plain.slow_share, plain.slow_minutes, plain.source) == (0, 240, KernelSource.DEFAULT)


@pytest.mark.parametrize(
    ("pmf", "reach"),
    [
        ((1.0,), 1),
        ((0.5, 0.5), 2),
        ((0.95, 0.05), 1),
        ((0.94, 0.06), 2),
        ((0.19, 0.0, 0.01), 1),
        ((0.5, 0.25, 0.2, 0.05), 3),
        ((), 0),
    ],
)
def test_the_reach_of_a_kernel_is_where_nineteen_of_twenty_have_come(
    pmf: tuple[float, ...], reach: int
) -> None:
    assert reach_of(pmf) == reach


def test_a_profile_has_168_hours() -> None:
    def step(hours: int, variances: int) -> StepBaseline:
        return StepBaseline(
            "s", "a", "b", 0.1, 0.0, Kernel((1.0,)), (0.0,) * hours, (0.0,) * variances, 0, 0, 0.1, 60, 1, 5
        )

    assert step(168, 168).arrivals_per_hour == 5
    for hours, variances in ((167, 168), (168, 169), (169, 169)):
        with pytest.raises(ValueError, match="168 hours"):
            step(hours, variances)


def test_what_a_baseline_does_not_say_is_nothing() -> None:
    store = StoreBaseline("s", "UTC", 1, 0, 1, 1.0, (), {})
    assert (store.traffic, store.slow, store.members, store.borrowed_from, store.schema_version) == (
        None, None, (), (), 1,
    )  # fmt: skip
    hours = BusinessHours("UTC", (9,))
    slow = SlowBaseline("s", "a", "b", hours, Kernel((0.9, 0.1)), 1, 0, (), (), 0, 1, 1, 1, 0, ())
    assert (slow.carried, slow.pairs, slow.reach) == ((0, 0), 0, 2)
    assert LONGEST == 20 * 24


def pairs(counts: list[int], conversions: int) -> DelayPairs:
    size = np.arange(len(counts), dtype=np.int64)
    return DelayPairs(size, size + 50, np.array(counts, dtype=np.int64), conversions)


def test_pairs_speak_for_a_store_from_three_hundred_and_half_of_its_conversions_on() -> None:
    def source(counts: list[int], conversions: int) -> KernelSource | None:
        kernel = kernel_of(pairs(counts, conversions))
        return None if kernel is None else kernel.source

    assert source([200, 99], 0) is KernelSource.PAIRS_IN_PART
    assert source([200, 401], 1203) is KernelSource.PAIRS_IN_PART
    assert source([300, 300], 1200) is KernelSource.PAIRS
    assert source([200, 100], 0) is KernelSource.PAIRS
    assert source([50, 49], 0) is None
    kernel = kernel_of(pairs([50, 50], 1200))
    assert kernel is not None
    assert kernel.pmf == pytest.approx((0.5, 0.5))


# cohorts


def test_the_completeness_of_a_day_is_the_product_of_what_did_not_come_later() -> None:
    # 20 of delay 0 and 10 of delay 2, 6 of the latter could be seen for two days only
    delays = np.array([0] * 20 + [2] * 10)
    possible = np.array([0] * 5 + [5] * 15 + [2] * 6 + [9] * 4)
    reached = completeness_by_day(delays, possible)
    assert reached is not None
    # delay 2: ten of the 25 that could have waited so long
    assert reached.tolist() == pytest.approx([15 / 25, 15 / 25, 1.0], abs=1e-5)
    assert completeness_by_day(delays[:19], possible[:19]) is None
    assert completeness_by_day(delays[:20], possible[:20]) is not None


def test_a_cohort_of_several_days_is_as_complete_as_its_members_are() -> None:
    rows = [(10, 100, 40), (11, 50, 10), (12, 10, 0), (13, 0, 0), (20, 3, 3)]
    reached = np.array([0.04, 0.05, 0.5, 1.0])
    young, middle, old = make_cohorts(13, rows[:4], reached, span=1)[:3]
    assert (young.entered, young.completeness, young.rate) == (0, None, None)
    assert (middle.completeness, middle.rate) == (0.05, 0.0)
    assert (old.completeness, old.rate, old.age_days) == (0.5, pytest.approx(10 / 25), 2)
    later, earlier = make_cohorts(13, rows[:4], reached, span=2)
    assert (later.day, later.entered, later.advanced, later.age_days) == (12, 10, 0, 1)
    assert (earlier.day, earlier.entered, earlier.advanced) == (10, 150, 50)
    assert earlier.age_days == pytest.approx((3 * 100 + 2 * 50) / 150)
    assert earlier.completeness == pytest.approx((1.0 * 100 + 0.5 * 50) / 150)
    assert earlier.rate == pytest.approx(50 / 125)
    (future, *_) = make_cohorts(13, rows, reached)
    assert (future.day, future.age_days, future.completeness, future.rate) == (20, 0, 0.04, None)
    assert make_cohorts(13, [(1, 9, 3)], reached)[0].completeness == 1.0


# business hours


@pytest.mark.parametrize("hour", [-1, 168])
def test_a_warehouse_works_in_hours_that_a_week_has(hour: int) -> None:
    for open_hours in ((), (5, hour)):
        with pytest.raises(ValueError, match="0 to 167"):
            BusinessHours("UTC", open_hours)
    assert BusinessHours("UTC", (0, 167)).open_hours == (0, 167)


def test_an_hour_of_the_warehouse_ends_by_its_own_clock() -> None:
    nepal, london = BusinessHours("Asia/Kathmandu", (0,)), BusinessHours("Europe/London", (0,))
    noon = 29_459_520 + 720
    assert [minute for minute in range(noon, noon + 60) if nepal.ends_hour(minute)] == [noon + 14]
    assert [minute for minute in range(noon, noon + 60) if london.ends_hour(minute)] == [noon + 59]


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe"])
@pytest.mark.parametrize("start", [29_579_000, 29_579_041, 29_588_400])
def test_the_hours_of_a_wall_clock_are_those_that_end_within_the_stretch(zone: str, start: int) -> None:
    minutes = 3 * 1440 + 17
    found, bounds = wall_hours(zone, start, minutes)
    ends = [m for m in range(minutes) if local_minute(zone, start + m + 1) % 60 == 0]
    assert found.tolist() == [local_minute(zone, start + m) // 60 for m in ends]
    assert bounds.tolist() == [0, *(m + 1 for m in ends)]


def shipments(by_hour: dict[int, float], by_day: dict[int, float]) -> BusinessHours:
    hours = np.arange(168, dtype=np.int64)
    shipped = np.array([by_hour.get(h % 24, 0.0) * by_day.get(h // 24, 0.0) for h in hours])
    return infer_hours("UTC", hours, shipped, "DE")


def test_an_hour_is_open_from_a_quarter_of_the_mean_on_and_a_day_from_a_fifth_on() -> None:
    days = dict.fromkeys(range(7), 1.0)
    # 23 hours of 8 and one of q: the mean is (184 + q) / 24, a quarter of it 1.936…
    assert 3 not in [h % 24 for h in shipments({**dict.fromkeys(range(24), 8.0), 3: 1.9}, days).open_hours]
    assert 3 in [h % 24 for h in shipments({**dict.fromkeys(range(24), 8.0), 3: 1.95}, days).open_hours]
    rests = shipments({9: 1.0, 10: 1.0}, {**dict.fromkeys(range(6), 7.0), 6: 1.2})
    assert (rests.country, rests.is_inferred) == ("DE", True)
    assert rests.open_hours == tuple(day * 24 + hour for day in range(6) for hour in (9, 10))
    works = shipments({9: 1.0, 10: 1.0}, {**dict.fromkeys(range(6), 7.0), 6: 1.3})
    assert (works.country, len(works.open_hours)) == ("", 14)


@pytest.mark.parametrize("seed", range(5))
def test_the_delay_of_a_pair_is_counted_in_open_hours_from_where_each_of_its_events_counts(seed: int) -> None:
    rng = np.random.default_rng(seed)
    hours = BusinessHours(
        "Asia/Kathmandu", tuple(range(9, 17)) + tuple(range(33, 36)), closed=("2026-01-13",)
    )
    start, until = 29_459_520 + 13, 29_459_520 + 8 * 1440 + 13 + seed * 311
    up = rng.integers(start, until, 60)
    down = up + rng.integers(-30, 3 * 1440, 60)
    found, possible = pair_delays(hours, AttributedPairs(up, down), until)

    def hour(minute: int) -> int:
        return local_minute(hours.zone, minute) // 60

    def is_open(number: int) -> bool:
        return hours.is_open(number)

    last = hour(until) - 1  # the last hour that has ended
    first = hour(int(up[(down >= up) & (down < until)].min()) // 60 * 60)
    opened = [number for number in range(first, last + 1) if is_open(number)]

    def counted(minute: int) -> int:
        return sum(number < min(hour(minute), last) or (number == last and hour(minute) > last and not is_open(last)) for number in opened)  # fmt: skip

    wanted = []
    for begun, ended in zip(up.tolist(), down.tolist(), strict=True):
        if begun <= ended < until and counted(ended) < len(opened):
            delay = counted(ended) - counted(begun)
            wanted.append((delay, max(len(opened) - 1 - counted(begun), delay)))
    assert list(zip(found.tolist(), possible.tolist(), strict=True)) == wanted


# a benchmark


HEAD = "step,rate,low,high,platform,category,country\n"


def test_a_line_says_what_it_is_and_for_whom() -> None:
    text = "\ufeff" + HEAD + "click_to_order, 2.4 % ,,,,,\nclick_to_order,0.1,0.1,0.1,Shopify,Shoes,de\n"
    first, second = parse_benchmark(text).lines
    assert (first.rate, first.variance, first.name) == (pytest.approx(0.024), 0.25, "benchmark line 2")
    assert second.name == "benchmark line 3 (shopify, shoes, DE)"
    assert second.variance == pytest.approx(0.01)
    assert [first.says_of(StoreTraits()), second.says_of(StoreTraits("shopify", "shoes", "DE"))] == [0, 3]
    assert second.says_of(StoreTraits("shopify", "shoes", "")) == -1


def test_a_range_holds_eight_of_ten_stores() -> None:
    (line,) = parse_benchmark(HEAD + "click_to_order,0.1,0.05,0.2,,,\n").lines
    assert line.variance == pytest.approx((np.log(4) / (2 * 1.2815515655446004)) ** 2)


@pytest.mark.parametrize(
    "row",
    [
        "click_to_order,0,,,,,",
        "click_to_order,1.01,,,,,",
        "click_to_order,0.1,0.2,0.3,,,",
        "click_to_order,0.3,0.1,0.2,,,",
        "click_to_order,0.1,0.05,,,,",
        "order_to_click,0.1,,,,,",
        "payment_to_fulfilment,0.1,,,,,",
    ],
)
def test_a_line_that_cannot_be_is_named(row: str) -> None:
    with pytest.raises(BenchmarkError, match=r"line 3: "):
        parse_benchmark(HEAD + "click_to_order,1,1,1,,,\n" + row + "\n")


def test_any_two_stages_up_to_payment_make_a_step_and_of_equal_lines_the_first_counts() -> None:
    assert len(known_steps()) == 4 + 3 + 2 + 1
    assert "impression_to_payment" in known_steps()
    benchmark = parse_benchmark(HEAD + "click_to_order,0.1,,,shopify,,\nclick_to_order,0.2,,,,shoes,\n")
    line = benchmark.line("click_to_order", StoreTraits("shopify", "shoes", "DE"))
    assert line is not None
    assert line.rate == 0.1


# a store's past


def test_a_history_has_a_row_for_each_segment_and_the_stages_that_were_seen() -> None:
    counts = np.zeros((2, 7, 5), dtype=np.int64)
    counts[1, STAGE_INDEX["order"], 4] = 1
    counts[0, STAGE_INDEX["click"], 0] = 1
    history = StoreHistory("s", "UTC", 0, ("a", "b"), counts)
    assert (history.stages, history.minutes) == ((Stage.CLICK, Stage.ORDER), 5)
    for bad in (counts[:1], counts[:, :6], counts[0]):
        with pytest.raises(ValueError, match="expected"):
            StoreHistory("s", "UTC", 0, ("a", "b"), bad)

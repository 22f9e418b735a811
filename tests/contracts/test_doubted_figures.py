"""Both ways of a platform lie alike, so that closed days agree: what else is known of the store finds it within a cycle."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from scoring.records.order_facts import OrderFacts
from scoring.sources.doubts import DoubtKind, Witness
from scoring.sources.health import ConnectionState
from scoring.sources.plausibility import ReportedDays, ReportedOrder
from scoring.wording.troubles import Trouble
from streams.sources.controlling import accepted
from streams.sources.registry import source_named
from streams.sources.source_log import log_key
from tests.contracts.source_doubles import POLLS
from tests.fakes.ledger import DAY_MS, HOUR_MS, Ledger
from tests.fakes.virtual import BEGIN_MS, VirtualClock, in_virtual_time
from tests.fakes.workbench import Workbench, workbench

pytestmark = pytest.mark.usefixtures("quiet")

#: the second way counts what the same answers say: it agrees with whatever they say
CYCLE_S = 7 * 3600


def bench_of(name: str, ledger: Ledger, clock: VirtualClock) -> Workbench:
    spec = source_named(name)
    assert spec is not None
    return workbench(
        POLLS[name].settings(), spec, POLLS[name].platform(ledger, clock.now_ms, (), True), clock
    )


def dearer(ledger: Ledger, factor: int, from_ms: int = 0) -> None:
    """What the platform itself says by every way from a moment on."""
    for order in ledger.orders:
        if order.placed_ms >= from_ms:
            order.cents *= factor


def seen_by_pixel(ledger: Ledger, count: int = 20) -> list[ReportedOrder]:
    return [
        ReportedOrder(one.number, one.placed_ms, one.placed_ms, one.cents / 100, one.currency)
        for one in ledger.orders[:count]
    ]


@pytest.mark.parametrize(
    "name", [*(pytest.param(one, marks=pytest.mark.long) for one in POLLS if one != "shopee"), "shopee"]
)
def test_a_platform_that_said_a_hundred_times_too_much_by_both_ways_was_believed(name: str) -> None:
    ledger = Ledger.drawn(3, BEGIN_MS, 5)
    dearer(ledger, 100, BEGIN_MS + 3 * DAY_MS)

    async def work(clock: VirtualClock) -> None:
        bench = bench_of(name, ledger, clock)
        worker = await bench.run_for(3 * 86_400)
        assert worker.health.present().state is ConnectionState.CONNECTED
        await bench.run_for(12 * 3600, worker := bench.worker())
        health = worker.health.present()
        assert (health.state, health.trouble) == (ConnectionState.BROKEN, Trouble.IMPLAUSIBLE)
        assert health.check.lasting == ()
        assert DoubtKind.VALUE in {one.kind for one in health.doubts.doubts}
        await bench.run_for(36 * 3600, worker := bench.worker())
        assert (
            worker.health.present().trouble is Trouble.IMPLAUSIBLE
        )  # what is wrong for long is not the usual

    in_virtual_time(work)


def test_amounts_that_were_wrong_from_the_first_poll_are_found_by_the_pixel() -> None:
    ledger = Ledger.drawn(4, BEGIN_MS, 3)
    pixel = seen_by_pixel(ledger)
    dearer(ledger, 80)

    async def work(clock: VirtualClock) -> None:
        bench = bench_of("json_api", ledger, clock)
        bench.store.pixel = pixel
        worker = await bench.run_for(26 * 3600)
        doubts = worker.health.present().doubts.doubts
        assert {(one.kind, one.witness) for one in doubts} == {(DoubtKind.VALUE, Witness.PIXEL)}

    in_virtual_time(work)


def test_amounts_that_were_wrong_from_the_first_poll_are_found_by_the_platforms_own_report() -> None:
    ledger = Ledger.drawn(4, BEGIN_MS, 3)

    async def work(clock: VirtualClock) -> None:
        bench = bench_of("json_api", ledger, clock)
        bench.store.report = ReportedDays(40, 40, {"CNY": 900_000.0}, {"CNY": 9_000.0})
        worker = await bench.run_for(CYCLE_S)
        (doubt,) = worker.health.present().doubts.doubts
        assert (doubt.kind, doubt.witness) == (DoubtKind.SALES, Witness.REPORT)

    in_virtual_time(work)


def test_what_a_person_says_is_right_is_the_usual_from_then_on() -> None:
    ledger = Ledger.drawn(3, BEGIN_MS, 5)
    dearer(ledger, 100, BEGIN_MS + 3 * DAY_MS)

    async def work(clock: VirtualClock) -> None:
        bench = bench_of("json_api", ledger, clock)
        await bench.run_for(3.5 * 86_400, worker := bench.worker())
        doubts = worker.health.present().doubts.doubts
        assert doubts
        book = bench.durable.book
        control = accepted(book.control("lying"), doubts, "Li", clock.now_ms())
        await bench.durable.write({log_key("control", "lying"): control})
        await bench.run_for(3 * 3600, worker := bench.worker())
        assert worker.health.present().doubts.doubts == ()
        assert worker.health.present().state is ConnectionState.CONNECTED

    in_virtual_time(work)


def test_a_zone_that_both_ways_say_wrongly_alike_moved_orders_to_other_days_in_silence() -> None:
    ledger = Ledger.drawn(6, BEGIN_MS, 4, per_day=60)

    async def work(clock: VirtualClock) -> None:
        bench = bench_of("json_api", ledger, clock)
        await bench.run_for(2 * 86_400, worker := bench.worker())
        assert worker.health.present().doubts.doubts == ()
        shifted(bench, 8 * HOUR_MS)
        await bench.run_for(CYCLE_S, worker := bench.worker())
        assert DoubtKind.TIMES in {one.kind for one in worker.health.present().doubts.doubts}

    in_virtual_time(work)


def shifted(bench: Workbench, by_ms: int) -> None:
    """From now on what is translated has its time of placing elsewhere."""
    read = bench.spec.translate
    assert read is not None

    def other(*given: Any) -> Any:
        found = read(*given)
        found.orders[:] = [_shifted(one, by_ms) for one in found.orders]
        return found

    bench.store._spec = msgspec_free_replace(bench, other)


def _shifted(facts: OrderFacts, by_ms: int) -> OrderFacts:
    return msgspec.structs.replace(facts, placed_ms=facts.placed_ms + by_ms) if facts.placed_ms else facts


def msgspec_free_replace(bench: Workbench, translate: Any) -> Any:
    from dataclasses import replace

    return replace(bench.spec, translate=translate)


@pytest.mark.parametrize("seed", [pytest.param(one, marks=pytest.mark.long) for one in range(1, 8)] + [0])
def test_an_honest_store_of_ten_days_is_never_doubted(seed: int) -> None:
    ledger = Ledger.drawn(40 + seed, BEGIN_MS, 10, per_day=(8, 24, 60, 120)[seed % 4])

    async def work(clock: VirtualClock) -> None:
        bench = bench_of("json_api", ledger, clock)
        bench.store.pixel = seen_by_pixel(ledger, 60)
        await bench.run_for(10 * 86_400)
        assert all(one.doubts.doubts == () for one in bench.reported)

    in_virtual_time(work)

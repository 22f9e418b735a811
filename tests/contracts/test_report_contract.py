"""What every registered source of reports promises: no error, lie or kill leaves a wrong figure, and an answer that is none is never 0.

A source of figures has its other side in ``source_doubles.py``.
"""

from __future__ import annotations

from decimal import Decimal

import pytest

from scoring.records.report_row import newest
from scoring.sources.health import ConnectionState
from scoring.wording.troubles import Trouble
from streams.sources.registry import source_named
from streams.sources.source import SourceSpec
from tests.contracts.source_doubles import REPORTS, ReportDouble
from tests.fakes.ledger import DAY_MS, HOUR_MS, Ledger
from tests.fakes.lies import OF_PAGES, OF_ROWS, Lie, ScriptedLie
from tests.fakes.lying_server import LyingShop
from tests.fakes.virtual import BEGIN_MS, VirtualClock, in_virtual_time
from tests.fakes.workbench import Workbench, workbench
from tests.scoring.sources.killed import Killed, Steps

pytestmark = pytest.mark.usefixtures("quiet")

Reported = tuple[SourceSpec, ReportDouble]
#: of answers with figures; times and amounts of orders are not what a report has
LIES = (*(lie for lie in Lie if lie not in OF_ROWS | OF_PAGES), Lie.DROPPED_PAGE, Lie.REPEATED_PAGE)


@pytest.fixture(params=sorted(REPORTS))
def reported(request: pytest.FixtureRequest) -> Reported:
    spec = source_named(request.param)
    assert spec is not None
    return spec, REPORTS[request.param]


def bench_of(
    reported: Reported, clock: VirtualClock, lies: list[ScriptedLie] | None = None, steps: Steps | None = None
) -> tuple[Workbench, LyingShop]:
    spec, double = reported
    platform = double.platform(Ledger(), clock.now_ms, lies or [])
    assert isinstance(platform, LyingShop)
    step = steps.step if steps else lambda name: None
    return workbench(double.settings(), spec, platform, clock, step), platform


def held(bench: Workbench) -> dict[tuple[str, int, str], Decimal]:
    """The figure that holds of each day and hour."""
    return {
        (row.period.value, row.period_start_ms, row.measure): Decimal(row.value)
        for row in newest(bench.store.reports).values()
    }


def check_figures(reported: Reported, bench: Workbench, now_ms: int) -> None:
    """Everything that was over two hours ago is as the platform has it, and nothing else was made up."""
    truth = reported[1].truth(BEGIN_MS - 12 * HOUR_MS, now_ms - 2 * HOUR_MS, now_ms)
    found = held(bench)
    over = {key: value for key, value in truth.items() if key[0] == "hour" or key[1] + DAY_MS < now_ms}
    assert len(over) > 50
    assert {key: found.get(key) for key in over} == over


def after_a_lie(reported: Reported, lie: Lie) -> tuple[Workbench, ConnectionState]:
    """A day and a half with ten hours of a lie."""

    async def work(clock: VirtualClock) -> tuple[Workbench, ConnectionState]:
        lies = [ScriptedLie(lie, BEGIN_MS + 12 * HOUR_MS, BEGIN_MS + 22 * HOUR_MS)]
        bench, platform = bench_of(reported, clock, lies)
        worker = await bench.run_for(2.2 * 86_400)
        assert platform.lied[lie] > 0
        state = worker.health.present().state
        if state is ConnectionState.CONNECTED:
            check_figures(reported, bench, clock.now_ms())
        return bench, state

    return in_virtual_time(work)


@pytest.mark.parametrize(
    "lie", [Lie.EMPTY, pytest.param(Lie.STALE, marks=pytest.mark.long)], ids=lambda lie: lie.name.lower()
)
def test_figures_are_the_platform_s_after_ten_hours_of_a_lie_in_short(reported: Reported, lie: Lie) -> None:
    bench, state = after_a_lie(reported, lie)
    assert state is ConnectionState.CONNECTED
    # a figure that was restated holds, and the former one is kept
    versions: dict[tuple[str, int, str], set[Decimal]] = {}
    for row in bench.store.reports:
        key = row.period.value, row.period_start_ms, row.measure
        versions.setdefault(key, set()).add(Decimal(row.value))
    assert any(len(values) > 1 for values in versions.values())


@pytest.mark.long
@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie.name.lower())
def test_figures_are_the_platform_s_after_ten_hours_of_a_lie(reported: Reported, lie: Lie) -> None:
    after_a_lie(reported, lie)


@pytest.mark.parametrize(
    "lie", [Lie.EMPTY, Lie.NO_LIST, Lie.HTML, Lie.FAILS, Lie.RETIRED], ids=lambda lie: lie.name.lower()
)
def test_no_answer_without_figures_becomes_a_figure(reported: Reported, lie: Lie) -> None:
    async def work(clock: VirtualClock) -> Workbench:
        bench, platform = bench_of(reported, clock, [ScriptedLie(lie, BEGIN_MS, BEGIN_MS + DAY_MS)])
        await bench.run_for(3 * 3600)
        assert platform.lied[lie] > 0
        return bench

    assert in_virtual_time(work).store.reports == []


def test_a_kill_at_some_awaits_loses_no_figure(reported: Reported) -> None:
    for kill_at in (1, 5, 12):
        steps = Steps(kill_at=kill_at)

        async def work(clock: VirtualClock, steps: Steps = steps) -> None:
            bench, _ = bench_of(reported, clock, steps=steps)
            ends_s = 8 * 3600.0
            while clock.now_s() < ends_s:
                try:
                    await bench.run_for(ends_s - clock.now_s())
                except* Killed:
                    assert steps.kills == 1
            check_figures(reported, bench, clock.now_ms())

        in_virtual_time(work)
        assert steps.kills == 1


def test_a_scope_that_is_missing_is_named_and_stops_what_needs_it(reported: Reported) -> None:
    async def work(clock: VirtualClock) -> dict[str, Trouble]:
        bench, _ = bench_of(reported, clock, [ScriptedLie(Lie.FORBIDDEN, BEGIN_MS, BEGIN_MS + DAY_MS)])
        worker = await bench.run_for(3 * 3600)
        return {one.resource: one.trouble for one in worker.health.present().resources}

    assert in_virtual_time(work)[reported[1].resource] is Trouble.SCOPE_MISSING


def test_nothing_but_named_fields_is_kept_of_an_answer(reported: Reported) -> None:
    async def work(clock: VirtualClock) -> Workbench:
        bench, _ = bench_of(reported, clock)
        await bench.run_for(6 * 3600)
        return bench

    bench = in_virtual_time(work)
    assert bench.store.raw
    kept = " ".join(delivery.body for delivery in bench.store.raw.values())
    assert "Zhang San" not in kept
    assert "first-refresh" not in kept
    assert "ya29." not in kept

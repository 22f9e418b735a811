"""A platform that lies: what is stored equals the ledger, or the source says within one cycle that it does not. Never "ok" and wrong."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import stamina
from structlog.testing import capture_logs

from scoring.sources.health import ConnectionHealth, ConnectionState
from scoring.sources.json_mapping import RecordMapping
from scoring.sources.json_paths import json_path
from streams.sources.json_api.source import SOURCE
from streams.sources.source import SourceSpec
from streams.sources.worker import ConnectionWorker
from tests.fakes.lying_server import DAY_MS, HOUR_MS, Ledger, Lie, LyingShop, ScriptedLie, connection
from tests.fakes.virtual import BEGIN_MS, VirtualClock, in_virtual_time
from tests.fakes.workbench import Workbench, workbench

DAYS = 4
LIES_A_RUN = 10
#: the days are compared every six hours; what differs is read again and looked at for two minutes before it is reported
CYCLE_MS = 6 * HOUR_MS + HOUR_MS


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    stamina.instrumentation.set_on_retry_hooks(())
    with capture_logs():
        yield
    stamina.instrumentation.set_on_retry_hooks(None)


@dataclass
class Watch:
    """Looks at the truth every half hour, as nobody can in life."""

    bench: Workbench
    shop: LyingShop
    worker: ConnectionWorker
    differs_since_ms: int = 0
    #: moments at which all was well in the eyes of the source and had been wrong for longer than a cycle
    silent: list[str] = field(default_factory=list)
    said: set[str] = field(default_factory=set)
    #: the state at the end
    end: ConnectionHealth | None = None

    @property
    def is_well(self) -> bool:
        assert self.end is not None
        return self.end.state is ConnectionState.CONNECTED

    async def look(self) -> None:
        while True:
            await asyncio.sleep(1800)
            now_ms = self.bench.clock.now_ms()
            state = self.worker.health.present()
            self.said.add(state.trouble.value)
            if not await self.differences():
                self.differs_since_ms = 0
                continue
            self.differs_since_ms = self.differs_since_ms or now_ms
            if now_ms - self.differs_since_ms > CYCLE_MS and state.state is ConnectionState.CONNECTED:
                self.silent.append(f"{(now_ms - BEGIN_MS) / HOUR_MS:.1f} h: {await self.differences()}")

    async def differences(self) -> dict[str, Any]:
        assert self.worker.comparer is not None
        days = self.worker.comparer.closed_days()
        truth = self.shop.ledger.figures(days, self.bench.clock.now_ms())
        stored = {one.day: one.figures for one in await self.bench.store.figures(self.bench.connection, days)}
        return {
            day: (stored[day], {name: str(value) for name, value in true.items()})
            for day, true in truth.items()
            if {name: Decimal(value) for name, value in stored[day].items()} != true
        }


def tried(
    ledger: Ledger,
    lies: Sequence[ScriptedLie],
    days: float = DAYS + 1,
    gives_total: bool = True,
    spec: SourceSpec = SOURCE,
) -> tuple[Watch, dict[str, Any]]:
    """What came of a connection to a shop with these lies, and what differs at the end."""

    async def work(clock: VirtualClock) -> tuple[Watch, dict[str, Any]]:
        shop = LyingShop(ledger, clock.now_ms, lies, gives_total)
        bench = workbench(connection(), spec, shop, clock)
        worker = bench.worker()
        watch = Watch(bench, shop, worker)
        looking = asyncio.create_task(watch.look())
        await bench.run_for(days * 86_400, worker)
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)
        watch.end = worker.health.present()
        return watch, await watch.differences()

    return in_virtual_time(work)


def script(seed: int) -> list[ScriptedLie]:
    """Lies of every kind, short and long, one of them to the end in every third script."""
    chance = random.Random(seed)
    lies = []
    for number in range(LIES_A_RUN):
        kind = list(Lie)[(seed * LIES_A_RUN + number) % len(Lie)]
        begins = BEGIN_MS + chance.randrange(DAYS * DAY_MS)
        lasts = int(chance.choice((0.1, 0.5, 2, 6, 12)) * HOUR_MS)
        lies.append(ScriptedLie(kind, begins, begins + lasts))
    if seed % 3 == 0:
        lies[0] = replace(lies[0], until_ms=BEGIN_MS + 100 * DAY_MS)
    return lies


def hold(seeds: Sequence[int]) -> None:
    """No script of these gets a wrong figure past the source."""
    lied = 0
    for seed in seeds:
        watch, left = tried(Ledger.drawn(seed, BEGIN_MS, DAYS), script(seed), gives_total=bool(seed % 2))
        assert watch.silent == [], f"script {seed}: wrong for longer than a cycle, and connected"
        assert not left or not watch.is_well, f"script {seed}: {left}"
        lied += sum(bool(watch.shop.lied[one.lie]) for one in script(seed))
    assert lied > len(seeds) * LIES_A_RUN / 3


def test_an_honest_platform_is_stored_whole_and_nothing_is_said_of_it() -> None:
    watch, left = tried(Ledger.drawn(7, BEGIN_MS, DAYS), ())
    assert left == {}
    assert watch.said == {""}
    assert len(watch.bench.store.lives()) == len(watch.shop.ledger.orders)


def test_thirty_scripted_lies_get_no_wrong_figure_past_the_source() -> None:
    hold(range(3))


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_a_thousand_scripted_lies_get_no_wrong_figure_past_the_source() -> None:
    hold(range(100))


def mutated(change: Callable[[RecordMapping], RecordMapping]) -> SourceSpec:
    """The source with one field of its mapping changed."""

    def terms(config: Any) -> Any:
        return {
            name: tuple(change(one) for one in mappings) for name, mappings in SOURCE.terms(config).items()
        }

    return replace(SOURCE, terms=terms)


def field_read_as(name: str, path: str) -> Callable[[RecordMapping], RecordMapping]:
    return lambda one: replace(one, fields={**one.fields, name: json_path(path)})


MUTATIONS = {
    "another id": field_read_as("order_id", "status"),
    "another time of placing": field_read_as("placed", "sent_at"),
    "another time of payment": field_read_as("paid", "created_at"),
    "no time of payment": lambda one: replace(
        one, fields={name: path for name, path in one.fields.items() if name != "paid"}
    ),
    "another amount": field_read_as("amount", "no"),
    "another currency": lambda one: replace(
        one,
        fields={name: path for name, path in one.fields.items() if name != "currency"},
        constants={"currency": "USD"},
    ),
    "another zone": lambda one: replace(one, fields={**one.fields}, decimals=2),
}


@pytest.mark.parametrize("change", MUTATIONS.values(), ids=MUTATIONS)
@pytest.mark.long
def test_a_mapping_with_one_field_wrong_is_found_by_the_second_way(
    change: Callable[[RecordMapping], RecordMapping],
) -> None:
    found_by_second_way(change)


def test_a_wrong_time_of_payment_is_found_by_the_second_way() -> None:
    found_by_second_way(MUTATIONS["another time of payment"])


def found_by_second_way(change: Callable[[RecordMapping], RecordMapping]) -> None:
    watch, left = tried(Ledger.drawn(5, BEGIN_MS, 2), (), days=2.6, spec=mutated(change))
    assert left
    assert not watch.is_well
    assert watch.silent == []
    assert watch.end is not None
    assert date(2026, 11, 1).isoformat() in {one.day for one in watch.end.check.lasting}

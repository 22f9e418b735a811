"""A connection to a platform that lies by a script, watched from outside by one who knows the truth, as nobody can in life."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from scoring.records.report_row import newest
from scoring.sources.health import ConnectionHealth, ConnectionState
from streams.sources.registry import source_named
from streams.sources.source import SourceSpec
from streams.sources.worker import ConnectionWorker
from tests.contracts.source_doubles import POLLS, REPORTS
from tests.fakes.ledger import DAY_MS, HOUR_MS, Ledger
from tests.fakes.lies import Lie, ScriptedLie
from tests.fakes.lying_server import LyingShop
from tests.fakes.virtual import BEGIN_MS, VirtualClock, in_virtual_time
from tests.fakes.workbench import Workbench, workbench

#: days are compared every six hours; what differs is read again and looked at for two minutes before it is reported
COMPARED_MS = 7 * HOUR_MS
#: what is not counted by a second way is read again once a day, and that is tried again within the hour
READ_AGAIN_MS = 26 * HOUR_MS
#: between two looks, of what is found out within hours or within days
_LOOK_S, _RARE_LOOK_S = 1800.0, 3 * 3600.0
Key = tuple[object, ...]
Figures = Mapping[Any, Decimal]
Pair = tuple[Decimal | None, Decimal | None]


@dataclass
class Tale:
    """What came of it.

    Attributes:
        end: the state at the end; ``left`` what differs then, for longer than a cycle, as (stored, true).
        silent: moments at which all was well in the eyes of the source and had been wrong for longer than a cycle.
        said: all troubles it spoke of.
        lied: the lies that were given.
        orders: stored at the end.
    """

    end: ConnectionHealth
    left: dict[Key, Pair]
    silent: list[str]
    said: set[str]
    lied: set[Lie]
    orders: int

    @property
    def is_well(self) -> bool:
        """Whether the source says that all is well at the end."""
        return self.end.state is ConnectionState.CONNECTED


@dataclass
class Watch:
    """Looks at the truth again and again.

    Args:
        worker: of the connection.
        figures: what is stored now and what is true, of what ought to be known.
        cycle_ms: how long a figure may be wrong before the source has to say so.
        look_s: between two looks.
    """

    worker: ConnectionWorker
    figures: Callable[[], Awaitable[tuple[Figures, Figures]]]
    cycle_ms: Callable[[Key], int]
    look_s: float = _LOOK_S
    since_ms: dict[Key, int] = field(default_factory=dict)
    silent: list[str] = field(default_factory=list)
    said: set[str] = field(default_factory=set)

    async def look(self, clock: VirtualClock) -> None:
        """Forever."""
        while True:
            await asyncio.sleep(self.look_s)
            now_ms, health = clock.now_ms(), self.worker.health.present()
            self.said.add(health.trouble.value)
            wrong = await self.differences()
            self.since_ms = {key: self.since_ms.get(key, now_ms) for key in wrong}
            old = {
                key: pair for key, pair in wrong.items() if now_ms - self.since_ms[key] > self.cycle_ms(key)
            }
            if old and health.state is ConnectionState.CONNECTED:
                self.silent.append(f"{(now_ms - BEGIN_MS) / HOUR_MS:.1f} h: {old}")

    def lasting(self, wrong: Mapping[Key, Pair], now_ms: int) -> dict[Key, Pair]:
        """What has been wrong for longer than a cycle."""
        return {
            key: pair
            for key, pair in wrong.items()
            if now_ms - self.since_ms.get(key, now_ms) > self.cycle_ms(key)
        }

    async def differences(self) -> dict[Key, Pair]:
        """What is stored otherwise than it is."""
        stored, true = await self.figures()
        return {
            key: (stored.get(key), true.get(key))
            for key in {*stored, *true}
            if stored.get(key, Decimal(0)) != true.get(key, Decimal(0))
        }


def script(seed: int, days: int, kinds: Sequence[Lie], lies: int = 10) -> list[ScriptedLie]:
    """Lies of every kind, short and long, one of them to the end in every third script."""
    chance = random.Random(seed)
    found = []
    for number in range(lies):
        begins = BEGIN_MS + chance.randrange(days * DAY_MS)
        lasts = int(chance.choice((0.1, 0.5, 2, 6, 12)) * HOUR_MS)
        found.append(ScriptedLie(kinds[(seed * lies + number) % len(kinds)], begins, begins + lasts))
    if seed % 3 == 0:
        found[0] = replace(found[0], until_ms=BEGIN_MS + 100 * DAY_MS)
    return found


def ordered(
    name: str,
    ledger: Ledger,
    lies: Sequence[ScriptedLie],
    days: float,
    gives_total: bool = True,
    spec: SourceSpec | None = None,
) -> Tale:
    """What came of a connection to a platform with orders."""
    double = POLLS[name]
    spec = spec or source_named(name)
    assert spec is not None

    async def work(clock: VirtualClock) -> Tale:
        shop = double.platform(ledger, clock.now_ms, lies, gives_total)
        assert isinstance(shop, LyingShop)
        bench = workbench(double.settings(), spec, shop, clock)
        worker = bench.worker()

        async def figures() -> tuple[Figures, Figures]:
            assert worker.comparer is not None
            closed = worker.comparer.closed_days()
            true = ledger.figures(closed, clock.now_ms())
            stored = {one.day: one.figures for one in await bench.store.figures(bench.connection, closed)}
            return (
                {
                    (day, name): Decimal(value)
                    for day, one in stored.items()
                    for name, value in one.items()
                    if name in true[day] and double.knows(name)
                },
                {
                    (day, name): value
                    for day, one in true.items()
                    for name, value in one.items()
                    if double.knows(name)
                },
            )

        def cycle_ms(key: Key) -> int:
            return COMPARED_MS if key[1] in double.compares else READ_AGAIN_MS

        return await _watched(bench, Watch(worker, figures, cycle_ms), shop, days)

    return in_virtual_time(work)


def reported(name: str, lies: Sequence[ScriptedLie], days: float) -> Tale:
    """What came of a connection to a platform with figures of days and hours."""
    double, spec = REPORTS[name], source_named(name)
    assert spec is not None

    async def work(clock: VirtualClock) -> Tale:
        shop = double.platform(Ledger(), clock.now_ms, lies)
        assert isinstance(shop, LyingShop)
        bench = workbench(double.settings(), spec, shop, clock)

        async def figures() -> tuple[Figures, Figures]:
            now_ms = clock.now_ms()
            true = double.truth(BEGIN_MS - 12 * HOUR_MS, now_ms - 2 * HOUR_MS, now_ms)
            over = {key: value for key, value in true.items() if key[0] == "hour" or key[1] + DAY_MS < now_ms}
            stored = {
                (row.period.value, row.period_start_ms, row.measure): Decimal(row.value)
                for row in newest(bench.store.reports).values()
            }
            return {key: value for key, value in stored.items() if key in over}, over

        return await _watched(
            bench, Watch(bench.worker(), figures, lambda key: READ_AGAIN_MS, _RARE_LOOK_S), shop, days
        )

    return in_virtual_time(work)


async def _watched(bench: Workbench, watch: Watch, shop: LyingShop, days: float) -> Tale:
    looking = asyncio.create_task(watch.look(bench.clock))
    await bench.run_for(days * 86_400, watch.worker)
    looking.cancel()
    await asyncio.gather(looking, return_exceptions=True)
    left, lied = (
        watch.lasting(await watch.differences(), bench.clock.now_ms()),
        {lie for lie, count in shop.lied.items() if count},
    )
    end = watch.worker.health.present()
    return Tale(end, left, watch.silent, watch.said, lied, len(bench.store.lives()))

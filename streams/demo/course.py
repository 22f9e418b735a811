"""The course of the demo: a past is laid and learned, the shops go live, something breaks, is found, and heals."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from rich.console import Console as Terminal
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from scoring.alerts.alert import AlertState, AlertTransition
from scoring.events.event import Source
from scoring.funnel.stages import STAGE_INDEX
from scoring.funnel.units import MINUTE_MS
from scoring.wording.text import joined
from streams.clock import monotonic, now_ms
from streams.collector.intake import open_intake
from streams.config.model import Config
from streams.demo.history import MINUTES, draw_history, expected_fulfilments, minute_rows
from streams.demo.longer_past import DAYS_DRAWN, draw_longer_past
from streams.demo.market.server import Market, as_reported
from streams.demo.sender import Sender
from streams.demo.setting_up import (
    PIXEL_SHOPS,
    has_longer_past,
    has_minutes,
    load_longer_past,
    load_minutes,
)
from streams.demo.shops import INCIDENT, Shop
from streams.demo.traffic import Visitors
from streams.demo.words import WORDS
from streams.demo.world import Curve, make_curve
from streams.embedded.console import Console
from streams.embedded.supervisor import Supervisor
from streams.jobs import event_days, order_days
from streams.jobs.baselines import fit_from_store, publish
from streams.settings import Settings

#: minutes before the start that come as events, so that the monitor has seen what converts from now on
CATCH_UP_MINUTES = 8
#: hours for which the shops' curves are drawn beyond now
AHEAD_HOURS = 48
#: the shops have been live for this long, at least, when something breaks
CALM_S = 8.0
#: an incident that begins within this long after a full minute is still seen in that minute
_STILL_EARLY_S = 10.0
INCIDENT_S = 170.0
#: an alert must have come within this long
LATEST_S = 300.0
_STEP_S = 0.5
_SLICE_MS = 15_000


class DemoConsole(Console):
    """The supervisor's console, which also remembers the incident's alert."""

    def __init__(self, language: str) -> None:
        super().__init__(language)
        self.fired = asyncio.Event()
        self.resolved = asyncio.Event()
        self._fired_ids: set[str] = set()

    @property
    def fired_count(self) -> int:
        """How many alerts have fired."""
        return len(self._fired_ids)

    def alert(self, transition: AlertTransition) -> None:
        """Print the alert, and note it."""
        super().alert(transition)
        if transition.state is AlertState.FIRING:
            self._fired_ids.add(transition.alert_id)
        if transition.store_id == INCIDENT.shop_id and transition.step == "order_to_payment":
            if transition.state is AlertState.FIRING:
                self.fired.set()
            elif transition.state is AlertState.RESOLVED and self.fired.is_set():
                self.resolved.set()


@dataclass(slots=True)
class DemoOutcome:
    """How the demo went, in seconds; None for what did not happen."""

    alert_after_s: float | None = None
    alert_total_s: float | None = None
    resolved_after_s: float | None = None
    alerts: int = 0


@dataclass(slots=True)
class _Past:
    curves: list[Curve]
    tables: list[pa.Table]
    fulfilments: dict[str, np.ndarray[Any, np.dtype[np.float64]]]
    rows: int = 0


@dataclass(slots=True)
class Course:
    """One run of the demo.

    ``begun`` is the monotonic time at which the user started it; ``later`` are the events that let held roles start.
    """

    settings: Settings
    config: Config
    shops: Sequence[Shop]
    seed: int
    keys: Mapping[str, str]
    pixel_keys: Mapping[str, str]
    market: Market
    supervisor: Supervisor
    console: DemoConsole
    later: Mapping[str, asyncio.Event]
    collector_url: str
    page_url: str
    begun: float
    outcome: DemoOutcome = field(default_factory=DemoOutcome)

    def say(self, word: str, **values: object) -> None:
        """Print a sentence of the demo."""
        self.console.line(f"» {WORDS[self.settings.language][word].format(**values)}", "demo")

    async def run(self) -> None:
        """Play until cancelled."""
        async with self.market, Sender(self.collector_url, self.keys, self.pixel_keys) as sender:
            boundary = now_ms() // MINUTE_MS - CATCH_UP_MINUTES
            past = await self._lay_past(boundary)
            visitors = {
                curve.shop.id: Visitors(
                    curve, self.seed, boundary * MINUTE_MS, past.fulfilments[curve.shop.id]
                )
                for curve in past.curves
            }
            await self.supervisor.wait_ready("collector")
            await self._catch_up(visitors, boundary * MINUTE_MS)
            self.later["monitor"].set()
            async with asyncio.TaskGroup() as group:
                group.create_task(self._send_live(sender, visitors))
                group.create_task(self._break_and_heal(visitors[INCIDENT.shop_id]))
                group.create_task(self._lay_longer_past())

    async def _lay_past(self, boundary: int) -> _Past:
        language = WORDS[self.settings.language]
        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
        terminal = Terminal(stderr=True)
        with Progress(*columns, console=terminal, transient=True, disable=not terminal.is_terminal) as bar:
            drawing = bar.add_task(language["drawing"], total=len(self.shops))
            past = _Past([], [], {})
            for shop in self.shops:
                await asyncio.to_thread(_draw, past, shop, boundary, self.seed)
                bar.advance(drawing)
            began = monotonic()
            loading = bar.add_task(language["loading"].format(rows=past.rows), total=past.rows)
            await self.supervisor.wait_tables()
            if not await asyncio.to_thread(has_minutes, self.settings):
                await asyncio.to_thread(
                    load_minutes, self.settings, past.tables, lambda rows: bar.advance(loading, rows)
                )
            fitting = bar.add_task(language["fitting"], total=None)
            baselines = await asyncio.to_thread(fit_from_store, self.settings, self.config)
            await publish(self.settings, baselines)
            bar.update(fitting, total=1, completed=1)
        self.say(
            "fitted",
            stores=sum(not one.members for one in baselines),
            rows=past.rows,
            seconds=monotonic() - began,
        )
        past.tables.clear()
        return past

    async def _lay_longer_past(self) -> None:
        """What the evaluation needs: sixteen weeks of the shops whose pages send beacons. Nothing live waits for it."""
        shops = [shop for shop in self.shops if shop.id in PIXEL_SHOPS]
        if not await asyncio.to_thread(has_longer_past, self.settings, now_ms()):
            past = await asyncio.to_thread(draw_longer_past, shops, now_ms(), self.seed)
            await asyncio.to_thread(load_longer_past, self.settings, past)
            # at once, and not in the first run of the jobs: who opens the evaluation first sees it filled
            await event_days.once(self.settings, self.config, DAYS_DRAWN)
            await order_days.once(self.settings, self.config)
        self.later["jobs"].set()

    async def _catch_up(self, visitors: Mapping[str, Visitors], start_ms: int) -> None:
        """Put the minutes before now into Kafka as if they had been accepted when they happened, until it is now.

        The monitor closes minutes by the time of acceptance, so it sees these minutes pass one after the other.
        """
        reached, laid = start_ms, 0
        async with open_intake(self.settings, self.config, spool=False) as intake:
            while reached < now_ms() - 2 * _STEP_S * 1000:
                reached = min(reached + _SLICE_MS, now_ms())
                # what the platforms know of these minutes is polled, and counts once
                self.market.take(taken := _take(visitors, reached))
                events = [as_reported(event) for event in taken]
                result = await intake.accept(events, source=Source.DEMO, received_at_ms=reached)
                laid += result.accepted
        self.say("catching_up", minutes=round((now_ms() - start_ms) / MINUTE_MS), events=laid)

    async def _send_live(self, sender: Sender, visitors: Mapping[str, Visitors]) -> None:
        is_slow, began, sent = False, monotonic(), sender.sent
        while True:
            own, pushes = self.market.take(_take(visitors, now_ms()))
            await sender.send(own)
            await sender.push(pushes + self.market.declined(visitors[INCIDENT.shop_id].take_declined()))
            if not is_slow and monotonic() - began > 10:
                is_slow = True
                rate = (sender.sent - sent) / (monotonic() - began)
                self.say("live", per_second=rate, shops=len(visitors))
                names = [shop.name for shop in self.shops if shop.is_connected]
                self.say("connected", shops=joined(self.settings.language, names), url=self.page_url)
            await asyncio.sleep(_STEP_S)

    async def _break_and_heal(self, victim: Visitors) -> None:
        await self.supervisor.wait_ready("monitor")
        # a whole minute shows it best: minutes are what is judged
        into_minute_s = (now_ms() / 1000 + CALM_S) % 60
        wait_s = CALM_S + (60 - into_minute_s if into_minute_s > _STILL_EARLY_S else 0.0)
        self.say("soon", seconds=wait_s)
        await asyncio.sleep(wait_s)
        victim.break_payments(INCIDENT)
        began = monotonic()
        shop = next(shop for shop in self.shops if shop.id == INCIDENT.shop_id)
        self.say(
            "incident",
            share=INCIDENT.lost_share,
            method=INCIDENT.method,
            device=INCIDENT.device,
            shop=shop.name,
        )
        found = asyncio.create_task(self._report_incident(began))
        try:
            await asyncio.sleep(INCIDENT_S)
            victim.break_payments(None)
            healed = monotonic()
            self.say("healed", lost=victim.lost)
            await found
            if self.outcome.alert_after_s is not None:
                await self.console.resolved.wait()
                self.outcome.resolved_after_s = monotonic() - healed
                self.say("resolved", seconds=self.outcome.resolved_after_s, url=self.page_url)
                self.say("end", data=self.settings.data)
        finally:
            found.cancel()

    async def _report_incident(self, began: float) -> None:
        try:
            await asyncio.wait_for(self.console.fired.wait(), LATEST_S)
        except TimeoutError:
            self.say("missed", seconds=LATEST_S, logs=self.settings.data / "logs")
            return
        self.outcome.alert_after_s = monotonic() - began
        self.outcome.alert_total_s = monotonic() - self.begun
        self.say("found", seconds=self.outcome.alert_after_s, total=self.outcome.alert_total_s)


def _draw(past: _Past, shop: Shop, boundary: int, seed: int) -> None:
    first = boundary - MINUTES
    curve = make_curve(shop, first, MINUTES + AHEAD_HOURS * 60, seed)
    segments = draw_history(curve, MINUTES, seed)
    paid = np.sum([counts[STAGE_INDEX["payment"]] for counts in segments.values()], axis=0).astype(float)
    past.curves.append(curve)
    past.fulfilments[shop.id] = expected_fulfilments(paid)[MINUTES:]
    tables = list(minute_rows(shop.id, first, segments))
    past.tables += tables
    past.rows += sum(rows.num_rows for rows in tables)


def _take(visitors: Mapping[str, Visitors], until_ms: int) -> list[dict[str, Any]]:
    """What all shops' visitors did until then, in time order."""
    events = [event for shop in visitors.values() for event in shop.take(until_ms)]
    events.sort(key=lambda event: event["event_time_ms"])
    return events

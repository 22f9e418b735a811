"""What is known of a connection, gathered and published under ``health/NAME``: on a change at once, else every half minute."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterable, Mapping
from typing import Protocol

import msgspec
import structlog

from scoring.funnel.units import HOUR_MS
from scoring.records.raw_delivery import DeliveryDoor, RawDelivery
from scoring.sources.doubts import DoubtCheck
from scoring.sources.health import (
    ConnectionFacts,
    ConnectionHealth,
    DeliveryHealth,
    ResourceHealth,
    faded,
    state_of,
    with_delivery,
)
from scoring.sources.second_way import DayCheck
from scoring.sources.source_alerts import SourceAlert, followed
from scoring.sources.tokens import warning_due
from scoring.sources.translated import MappingGap, Translated
from scoring.wording.troubles import Trouble
from streams.sources.connection import Connection
from streams.sources.ending import endings
from streams.sources.polling import ResourcePoller
from streams.sources.source import SourceSpec
from streams.sources.source_log import log_key
from streams.sources.token_keeping import TokenKeeper
from streams.sources.worker_tools import WorkerTools

_log = structlog.get_logger()

#: a state that has not changed is published again after this long, with its figures
_REPEAT_MS = 30_000
#: what is remembered to find repeats, and by which way an order was seen first
_MAX_REMEMBERED = 20_000
_MAX_GAPS = 50


class DeliveryNotes:
    """What was translated of one connection, by this process and those before it."""

    def __init__(self) -> None:
        self.health = DeliveryHealth()
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._orders: OrderedDict[str, None] = OrderedDict()
        self._faded_hour = 0

    def load(self, health: DeliveryHealth) -> None:
        """Go on from what was published, unless this process knows more."""
        if not self.health.hooks and not self.health.polls:
            self.health = health

    def translated(self, delivery: RawDelivery, found: Translated) -> None:
        """A delivery was translated."""
        self._came(delivery)
        changes: dict[str, object] = {"faults": 0}
        if found.set_aside and not found.count:
            # nothing of it could be counted: with a wrong path in a mapping, that is every delivery
            changes = {"faults": self.health.faults + 1, "fault": found.set_aside[0].detail[:300]}
        first = "first_by_hook" if delivery.door is DeliveryDoor.HOOK else "first_by_poll"
        new = [order.order_id for order in found.orders if order.order_id not in self._orders]
        for order_id in new:
            _remember(self._orders, order_id)
        changes[first] = getattr(self.health, first) + len(set(new))
        changes["set_aside"] = self.health.set_aside + len(found.set_aside)
        if found.gaps:
            changes["gaps"] = _with_gaps(self.health.gaps, found.gaps)
        if found.left_out:
            changes["left_out"] = _counted(self.health.left_out, found.left_out)
        newest = [order.as_of_ms or order.placed_ms for order in found.orders]
        newest += [int(event.get("event_time_ms", 0)) for event in found.events]
        changes["newest_event_ms"] = max([self.health.newest_event_ms, *newest])
        self.health = msgspec.structs.replace(self.health, **changes)

    def quarantined(self, delivery: RawDelivery, why: str) -> None:
        """A delivery could not be translated and was set aside whole."""
        self._came(delivery)
        self.health = msgspec.structs.replace(
            self.health,
            quarantined=self.health.quarantined + 1,
            faults=self.health.faults + 1,
            fault=why[:300],
        )

    def _came(self, delivery: RawDelivery) -> None:
        at_ms, health = delivery.received_at_ms, self.health
        is_repeat = delivery.delivery_id in self._seen
        _remember(self._seen, delivery.delivery_id)
        if is_repeat:
            health = msgspec.structs.replace(health, repeated=health.repeated + 1)
        if delivery.door is DeliveryDoor.HOOK:
            health = self._faded(health, at_ms)
            health = with_delivery(health, at_ms)
        else:
            health = msgspec.structs.replace(
                health, polls=health.polls + 1, polled_ms=max(health.polled_ms, at_ms)
            )
        self.health = health

    def _faded(self, health: DeliveryHealth, at_ms: int) -> DeliveryHealth:
        """What was usual in an hour counts a little less each time the hour comes again."""
        hour = at_ms // HOUR_MS
        last = health.last_ms // HOUR_MS
        for passed in range(max(last + 1, hour - 168), hour + 1) if last else ():
            health = faded(health, passed * HOUR_MS)
        return health


def _remember(memory: OrderedDict[str, None], name: str) -> None:
    memory[name] = None
    memory.move_to_end(name)
    if len(memory) > _MAX_REMEMBERED:
        memory.popitem(last=False)


def _with_gaps(known: dict[str, int], gaps: list[MappingGap]) -> dict[str, int]:
    """The gaps by how often each was met."""
    return _counted(
        known, [" ".join(part for part in (gap.what, gap.name, gap.value) if part) for gap in gaps]
    )


def _counted(known: dict[str, int], names: Iterable[str]) -> dict[str, int]:
    """How often each was met; of very many the most frequent."""
    counted = Counter(known)
    counted.update(name[:120] for name in names)
    return dict(counted.most_common(_MAX_GAPS))


class WatchedWorker(Protocol):
    """What is looked at of the worker of a connection; ``streams/sources/worker.py`` says what each is."""

    check: DayCheck
    doubts: DoubtCheck

    @property
    def name(self) -> str: ...
    @property
    def connection(self) -> Connection: ...
    @property
    def spec(self) -> SourceSpec: ...
    @property
    def tools(self) -> WorkerTools: ...
    @property
    def notes(self) -> DeliveryNotes: ...
    @property
    def pollers(self) -> Mapping[str, ResourcePoller]: ...
    @property
    def keeper(self) -> TokenKeeper | None: ...
    @property
    def pausing(self) -> Trouble: ...
    @property
    def paused_why(self) -> str: ...
    @property
    def is_paused_by_person(self) -> bool: ...
    @property
    def bug(self) -> str: ...


class HealthKeeper:
    """The state of one connection.

    Args:
        worker: whose.
    """

    def __init__(self, worker: WatchedWorker) -> None:
        self._worker = worker
        self.published: ConnectionHealth | None = None
        self._alert = SourceAlert()

    def load(self, health: ConnectionHealth | None, alert: SourceAlert | None = None) -> None:
        """Go on from what the former owner published."""
        self._alert = alert or SourceAlert()
        if health is not None:
            self.published = health
            self._worker.check = health.check
            self._worker.doubts = health.doubts
            self._worker.notes.load(health.deliveries)

    def present(self) -> ConnectionHealth:
        """What is known now."""
        worker, now_ms = self._worker, self._worker.tools.now_ms()
        token_ends_ms = worker.keeper.ends_ms if worker.keeper is not None else 0
        uses = endings(worker.connection, worker.spec, now_ms)
        resources = tuple(poller.health for poller in worker.pollers.values())
        if worker.bug:
            resources = (*resources, _bug(worker.bug, now_ms))
        verdict = state_of(
            ConnectionFacts(
                now_ms=now_ms,
                paused=worker.is_paused_by_person,
                paused_why=worker.paused_why,
                pausing=worker.pausing,
                resources=resources,
                deliveries=worker.notes.health,
                check=worker.check,
                doubts=worker.doubts,
                token_warning_days=warning_due(token_ends_ms, now_ms),
                endings=uses,
            )
        )
        before = self.published
        is_same = before is not None and (before.state, before.trouble) == (verdict.state, verdict.trouble)
        return ConnectionHealth(
            name=worker.name,
            source=worker.connection.source,
            stores=worker.connection.stores,
            at_ms=now_ms,
            state=verdict.state,
            since_ms=before.since_ms if before is not None and is_same else now_ms,
            trouble=verdict.trouble,
            detail=verdict.detail,
            owner=worker.connection.config.owner,
            process=worker.tools.process,
            resources=resources,
            deliveries=worker.notes.health,
            check=worker.check,
            doubts=worker.doubts,
            token_ends_ms=token_ends_ms,
            endings=uses,
            lag=worker.tools.lag(),
        )

    async def beat(self) -> None:
        """Publish what is known if it has changed, or was not published for a while."""
        before, present = self.published, self.present()
        is_news = before is None or (before.state, before.trouble, before.detail) != (
            present.state,
            present.trouble,
            present.detail,
        )
        is_alert = followed(self._alert, present)[1] is not None
        if is_news or is_alert or before is None or present.at_ms - before.at_ms >= _REPEAT_MS:
            await self.publish()

    async def publish(self) -> None:
        """Publish what is known now.

        Raises:
            OwnershipLostError: another process owns the connection.
        """
        present, name = self.present(), self._worker.name
        alert, transition = followed(self._alert, present)
        records: dict[str, object] = {log_key("health", name): present}
        if alert != self._alert:
            records[log_key("alert", name)] = alert
        await self._worker.tools.write(records, () if transition is None else (transition,))
        if transition is not None:
            _log.info(
                "alert_changed", alert=transition.alert_id, state=transition.state.value, connection=name
            )
        self.published, self._alert = present, alert
        await self._worker.tools.report(present)


def _bug(text: str, now_ms: int) -> ResourceHealth:
    return ResourceHealth("funnelwatch", 60.0, asked_ms=now_ms, trouble=Trouble.BUG, detail=text)

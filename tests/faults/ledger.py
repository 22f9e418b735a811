"""What was sent and acknowledged, and what must therefore be counted and present.

The senders repeat an event, under its id, until it is acknowledged; so what is in the ledger was acknowledged, and may have
arrived more than once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from scoring.events.event import Event
from scoring.events.identity import ONCE_PER_ORDER
from scoring.funnel.stages import STAGE_INDEX

MINUTE_MS = 60_000

#: (store, start of the minute in ms, stage)
Cell = tuple[str, int, str]


@dataclass
class Ledger:
    """Every acknowledged event, and how often each way of sending had to repeat."""

    events: dict[tuple[str, str], Event] = field(default_factory=dict)
    repeats: Counter[str] = field(default_factory=Counter)
    #: acknowledged by a collector whose clock was further ahead than any record is believed: kept as dead letters
    doubtful: set[tuple[str, str]] = field(default_factory=set)
    #: in a frame of the spool in which the disk changed a byte
    damaged: set[tuple[str, str]] = field(default_factory=set)

    def note(self, events: Iterable[Event]) -> None:
        """These events are acknowledged."""
        for event in events:
            self.events[event.store_id, event.event_id] = event

    def doubt(self, events: Iterable[Event]) -> None:
        """These events are acknowledged, by a clock that nobody believes."""
        self.doubtful.update((event.store_id, event.event_id) for event in events)

    def counts(self, lost: Collection[tuple[str, str]] = ()) -> Counter[Cell]:
        """The counts that the acknowledged events make, without those that were ``lost``. Events of one order have the same minute."""
        orders: set[tuple[str, str, str]] = set()
        counted: Counter[Cell] = Counter()
        for key, event in self.events.items():
            if key in lost or event.type.value not in STAGE_INDEX:
                continue
            if event.order_id and event.type in ONCE_PER_ORDER:
                order = (event.store_id, event.type.value, event.order_id)
                if order in orders:
                    continue
                orders.add(order)
            minute = event.event_time_ms // MINUTE_MS * MINUTE_MS
            counted[event.store_id, minute, event.type.value] += 1
        return counted

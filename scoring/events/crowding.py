"""Whether a share of a store's page events suddenly comes from few sources: one visitor, or one network.

On the path of an event: asked by ``streams/collector/intake.py`` for events of the public door; what is found is written into the
event (``set_apart``), so that whoever reads the log counts alike. Only the collector's memory knows the sources, and they end
with it. Each collector looks at what it takes itself.

Events without a visitor's id, of a network that nobody knows (behind a proxy that is not trusted), are a source of their own,
nobody. It may be most of a store's traffic, so what counts is that its share of the store's events has grown suddenly, and only once
the store has been seen for long enough to know what is usual.

A source's events are held as two decaying counts: of minutes, and of half a day, which says what is usual of it. It crowds a
store when it has sent more than a floor, more than half of the store's, and many times what is usual of it.
"""

from __future__ import annotations

from dataclasses import dataclass

from scoring.events.event import Event, EventType
from scoring.funnel.units import HOUR_MS, MINUTE_MS

#: half-lives of the two counts
_FAST_MS, _SLOW_MS = 3 * MINUTE_MS, 12 * HOUR_MS
#: of a steady source the fast count is this share of the slow one
_USUAL = _FAST_MS / _SLOW_MS
_SUDDEN = 8.0
_SHARE = 0.5
#: events of a source within minutes that are never too many: orders, and everything else
_FLOOR_ORDERS, _FLOOR = 4.0, 200.0
#: events of one visitor within minutes that nobody makes by hand
_MAX_OF_A_VISITOR = 1500.0
#: what stands for the source of events that name none; no visitor and no network is called so
_NOBODY = "?"
#: for how long a store is seen before its share of such events is judged, and how many times the usual share is sudden
_KNOWN_MS, _GROWN = 6 * HOUR_MS, 3.0
#: sources held, at most; the quietest are forgotten
_HELD = 200_000

#: why an event is set apart
CROWDED, TOO_FAST = "few_sources", "too_fast"


@dataclass(slots=True)
class _Count:
    fast: float = 0.0
    slow: float = 0.0
    at_ms: int = 0
    since_ms: int = 0

    def add(self, at_ms: int) -> None:
        """One event more."""
        passed = max(at_ms - self.at_ms, 0)
        self.fast = self.fast * 0.5 ** (passed / _FAST_MS) + 1
        self.slow = self.slow * 0.5 ** (passed / _SLOW_MS) + 1
        self.at_ms = max(at_ms, self.at_ms)

    @property
    def before(self) -> float:
        """Events of the half day that are not of the last minutes."""
        return max(self.slow - self.fast, 0.0)


class Crowding:
    """The sources of all stores' page events."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, bool, str], _Count] = {}

    def of(self, event: Event, network: str, at_ms: int) -> str:
        """Why an event is to be set apart; empty for one that is not.

        Args:
            event: of the public door.
            network: what stands for the sender's network; empty if nobody knows it.
            at_ms: now.
        """
        is_order = event.type is EventType.ORDER
        total = self._add(event.store_id, is_order, "", at_ms)
        named = (("v", event.visitor), ("n", network))
        sources = [f"{kind} {name}" for kind, name in named if name] or [_NOBODY]
        counts = [self._add(event.store_id, is_order, source, at_ms) for source in sources]
        if event.visitor and counts[0].fast > _MAX_OF_A_VISITOR:
            return TOO_FAST
        floor = _FLOOR_ORDERS if is_order else _FLOOR
        for count in counts:
            is_sudden = count.fast > _SUDDEN * _USUAL * count.slow
            if count.fast > floor and count.fast > _SHARE * total.fast and is_sudden:
                return CROWDED if sources != [_NOBODY] or _has_grown(count, total, at_ms) else ""
        return ""

    def __len__(self) -> int:
        return len(self._counts)

    def _add(self, store_id: str, is_order: bool, source: str, at_ms: int) -> _Count:
        key = (store_id, is_order, source)
        count = self._counts.get(key)
        if count is None:
            if len(self._counts) >= _HELD:
                self._forget()
            count = self._counts[key] = _Count(at_ms=at_ms, since_ms=at_ms)
        count.add(at_ms)
        return count

    def _forget(self) -> None:
        """Forget the half that was heard of longest ago."""
        kept = sorted(self._counts.items(), key=lambda item: item[1].at_ms)[_HELD // 2 :]
        self._counts = dict(kept)


def _has_grown(count: _Count, total: _Count, at_ms: int) -> bool:
    """Whether a source's share of its store's events is many times what it was before the last minutes."""
    is_known = at_ms - total.since_ms >= _KNOWN_MS
    return is_known and count.fast * total.before > _GROWN * count.before * total.fast

"""What the fakes of marketplaces share: orders of a window, and pages of them, over the ledger of ``lying_server.py`` with its lies."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, TypeVar

from tests.fakes.lying_server import DAY_MS, HOUR_MS, PAGE, LedgerOrder, Lie, LyingShop

Answer = tuple[int, dict[str, str], bytes]
Row = TypeVar("Row")
#: lies that are another answer, in place of a page
INSTEAD = frozenset(
    {
        *(
            Lie.NO_LIST,
            Lie.HTML,
            Lie.THROTTLED,
            Lie.THROTTLED_SILENTLY,
            Lie.FAILS,
            Lie.AWAY,
            Lie.EXPIRED,
            Lie.FORBIDDEN,
        ),
        *(Lie.RETIRED, Lie.OTHER_VERSION),
    }
)
_AT_ONCE = (Lie.SLOW, Lie.HALF_BODY)


class LyingMarket(LyingShop):
    """See above. ``main`` are the paths that are lied about; a page has at most ``most`` rows, however many are asked for."""

    main: frozenset[str] = frozenset()
    most = PAGE

    def _lie(self, path: str) -> Lie | None:
        now_ms = self._now_ms()
        self.requests.append((now_ms, path))
        if path not in self.main:
            return None
        # what the request asks for is in its query or body: the lie is counted where it is known
        lie = next((one.lie for one in self._lies if one.holds(now_ms)), None)
        if lie in _AT_ONCE:
            self.lied[lie] += 1
        return lie

    def counted(self, lie: Lie | None) -> Lie | None:
        """The lie, counted."""
        if lie is not None:
            self.lied[lie] += 1
        return lie

    def seen_ms(self, lie: Lie | None) -> int:
        """The moment whose state is shown."""
        return self._now_ms() - (3 * HOUR_MS if lie is Lie.STALE else 0)

    def changed(
        self, from_ms: int, to_ms: int, lie: Lie | None, *, end: bool = False, first: int = 0
    ) -> list[LedgerOrder]:
        """Orders by their last change, the oldest first; ``end``: the window's end belongs to it."""
        seen_ms, found = self.seen_ms(lie), []
        for order in self.ledger.near(from_ms, to_ms):
            updated_ms = order.updated_ms(seen_ms)
            shown_ms = updated_ms + (HOUR_MS if lie is Lie.CLOCK else 0)
            at_edge = shown_ms == from_ms and lie is Lie.EDGE
            inside = from_ms <= shown_ms < to_ms or (end and shown_ms == to_ms)
            is_there = lie is not Lie.LATE_ROWS or updated_ms + HOUR_MS <= seen_ms
            if updated_ms and inside and is_there and not at_edge:
                found.append((updated_ms, order.number, order))
        return [order for _, _, order in sorted(found, key=lambda one: one[:2])]

    def placed(self, from_ms: int, to_ms: int, *, end: bool = False) -> list[LedgerOrder]:
        """Orders by when they were placed."""
        now_ms = self._now_ms()
        return [
            one
            for one in self.ledger.near(from_ms, to_ms)
            if (from_ms <= one.placed_ms < to_ms or (end and one.placed_ms == to_ms))
            and one.placed_ms <= now_ms
        ]

    def page(self, rows: Sequence[Row], at: int, size: int, lie: Lie | None) -> tuple[list[Row], bool, int]:
        """A page that begins at ``at``, whether there is more, and how many rows there are."""
        total = len(rows)
        begin = at
        if at:
            begin += {Lie.DROPPED_PAGE: size, Lie.REPEATED_PAGE: -size, Lie.SHIFTED_PAGE: 1}.get(lie, 0)  # type: ignore[arg-type]
        shown = list(rows[begin : begin + size])
        if lie in (Lie.DROPPED_ROW, Lie.DROPPED_ROW_AND_TOTAL) and shown:
            del shown[len(shown) // 2]
            total -= lie is Lie.DROPPED_ROW_AND_TOTAL
        if lie is Lie.EMPTY:
            return [], False, 0
        return shown, at + size < len(rows), total


def moment(at_ms: int, now_ms: int, lie: Lie | None) -> int:
    """A time as the platform shows it, in milliseconds; 0 for what has not happened."""
    if not at_ms or at_ms > now_ms:
        return 0
    return at_ms + (HOUR_MS if lie is Lie.CLOCK else 0) + (8 * HOUR_MS if lie is Lie.OTHER_ZONE else 0)


def money(order: LedgerOrder, now_ms: int, lie: Lie | None) -> str:
    """The order's amount as the platform shows it."""
    amount = order.amount(now_ms) + (1 if lie is Lie.RESTATED else 0)
    return str(amount * 100 if lie is Lie.CENTS else amount)


def said(status: int, content: Any, headers: dict[str, str] | None = None) -> Answer:
    """An answer in JSON."""
    return status, {"Content-Type": "application/json", **(headers or {})}, json.dumps(content).encode()


def web_page(status: int = 200) -> Answer:
    """A page where JSON was agreed."""
    return status, {"Content-Type": "text/html"}, b"<html><body>maintenance</body></html>"


__all__ = ["DAY_MS", "HOUR_MS", "INSTEAD", "Answer", "LyingMarket", "moment", "money", "said", "web_page"]

"""What the fakes of marketplaces share: orders of a window, and pages of them, over the ledger of ``lying_server.py`` with its lies."""

from __future__ import annotations

import json
from typing import Any

from tests.fakes.ledger import DAY_MS, HOUR_MS, LedgerOrder
from tests.fakes.lies import Lie
from tests.fakes.lying_server import PAGE, LyingShop

Answer = tuple[int, dict[str, str], bytes]
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

    def changed(self, from_ms: int, to_ms: int, lie: Lie | None, *, end: bool = False) -> list[LedgerOrder]:
        """Orders by their last change, the oldest first; ``end``: the window's end belongs to it."""
        return self.ledger.changed(from_ms, to_ms, self.seen_ms(lie), lie, end=end)

    def placed(self, from_ms: int, to_ms: int, *, end: bool = False) -> list[LedgerOrder]:
        """Orders by when they were placed."""
        now_ms = self._now_ms()
        return [
            one
            for one in self.ledger.near(from_ms, to_ms)
            if (from_ms <= one.placed_ms < to_ms or (end and one.placed_ms == to_ms))
            and one.placed_ms <= now_ms
        ]


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

"""How many messages a receiver may still be sent, by its service's own limits: never more than that many in any minute."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

#: a minute, and a little more: a message sent late in one may arrive early in the next
WINDOW_S = 61.0


class Pace:
    """A sliding window of what was sent: at most ``per_minute`` in any minute and ``per_second`` in any second.

    A token bucket would let twice the limit through within its first minute, which DingTalk answers with ten minutes of
    silence. Less than one a minute means one in a longer time.
    """

    def __init__(self, per_minute: float, per_second: int, sent_s: Iterable[float] = ()) -> None:
        self._limit = max(1, int(per_minute))
        self._window_s = WINDOW_S if per_minute >= 1 else WINDOW_S / per_minute
        self._per_second = per_second
        self._sent = deque(sorted(sent_s))

    def take(self, now_s: float) -> bool:
        """Take one if there is one."""
        while self._sent and self._sent[0] <= now_s - self._window_s:
            self._sent.popleft()
        lately = sum(at > now_s - 1.0 for at in self._sent)
        if len(self._sent) >= self._limit or lately >= self._per_second:
            return False
        self._sent.append(now_s)
        return True

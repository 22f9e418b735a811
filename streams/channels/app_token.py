"""The token of an app's bot: asked for when it is needed, kept until shortly before its end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

#: a token is renewed this long before its end
_EARLY_MS = 300_000


class AppToken:
    """A token and when it ends. ``ask`` gives a new one and for how many seconds it lasts."""

    def __init__(self, ask: Callable[[], Awaitable[tuple[str, int]]], now_ms: Callable[[], int]) -> None:
        self._ask, self._now_ms = ask, now_ms
        self._token, self._ends_ms = "", 0

    async def valid(self) -> str:
        """A token that lasts."""
        if not self._token or self._now_ms() >= self._ends_ms:
            self._token, lasts_s = await self._ask()
            self._ends_ms = self._now_ms() + max(0, lasts_s * 1000 - _EARLY_MS)
        return self._token

    def drop(self) -> None:
        """Forget a token that the service no longer takes; another one is asked for the next time."""
        self._token = ""

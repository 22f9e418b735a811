"""HTTP connections that last only while they ask something: uvicorn keeps one that says nothing, or a byte now and then, for ever."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

from streams.connections import FIRST_REQUEST_S, IDLE_S

#: connections at a time; one more closes the one that has waited longest
MAX_CONNECTIONS = 256


class BoundedHttp(H11Protocol):
    """A connection whose first request must have come within ``first_request_s``, and each further one within ``idle_s``."""

    first_request_s, idle_s = FIRST_REQUEST_S, IDLE_S

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Called by the event loop."""
        super().connection_made(transport)
        self._waits_since = self.loop.time()
        self._look = self.loop.call_later(self.first_request_s, self._close_if_silent)
        if len(self.connections) > MAX_CONNECTIONS:
            waiting = [one for one in self.connections if isinstance(one, BoundedHttp) and not one.is_busy]
            min(waiting, key=lambda one: one._waits_since).transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the event loop."""
        self._look.cancel()
        super().connection_lost(exc)

    @property
    def is_busy(self) -> bool:
        """Whether a request is being answered."""
        return self.cycle is not None and not self.cycle.response_complete

    def on_response_complete(self) -> None:
        """Called by uvicorn."""
        self._waits_since = self.loop.time()
        super().on_response_complete()

    def _close_if_silent(self) -> None:
        limit = self.first_request_s if self.cycle is None else self.idle_s
        left = limit if self.is_busy else self._waits_since + limit - self.loop.time()
        if left <= 0:
            self.transport.abort()
        else:
            self._look = self.loop.call_later(left, self._close_if_silent)

"""How many connections a server of ours keeps, and for how long one may stay open without asking anything.

The collector, the page and the embedded store use it. Whoever connects needs no key, so connections are bounded before anything is known of them: at
the limit, the connection that has waited longest for its next request makes room for the new one.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Sequence
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

#: seconds in which the first request's header must have arrived
FIRST_REQUEST_S = 15.0
#: seconds between two requests of a connection; longer than proxies keep one (Caddy 120 s, nginx 60 s), else they meet closed ones
IDLE_S = 180.0
#: connections at most, where the limit of open files allows it
MAX_CONNECTIONS = 4000
#: bytes that the event loop takes from one connection in its turn (asyncio's own: four times as many); of a body that comes in
#: chunks of a byte each, they are 25 ms of work
_BYTES_A_TURN = 65_536
#: open files left to everything that is not a connection
_RESERVED_FILES = 256


class Connections:
    """The open connections of one server.

    Args:
        most: at the same time.
        max_an_address: of one address; not of loopback and of ``proxies``, behind which are many senders.
        proxies: networks of our own proxies.
        first_request_s: see ``FIRST_REQUEST_S``.
        body_s: seconds that a request with a body may take; for servers whose handlers do not bound it themselves.
        slow_paths: whose handlers do.
    """

    def __init__(
        self,
        most: int,
        max_an_address: int,
        proxies: Sequence[str] = (),
        first_request_s: float = FIRST_REQUEST_S,
        body_s: float | None = None,
        slow_paths: frozenset[str] = frozenset(),
    ) -> None:
        self._limit = most
        self._max_an_address = max_an_address
        self._proxies = tuple(ipaddress.ip_network(one, strict=False) for one in proxies if one)
        self.first_request_s = first_request_s
        self._body_s, self._slow_paths = body_s, slow_paths
        self._open: dict[str, int] = {}
        self._total = 0
        #: without a request under way, longest first: of all addresses, and of each
        self._waiting: dict[_Connection, None] = {}
        self._waiting_of: dict[str, dict[_Connection, None]] = {}

    @classmethod
    def within(
        cls,
        open_files: int,
        proxies: Sequence[str] = (),
        body_s: float | None = None,
        slow_paths: frozenset[str] = frozenset(),
    ) -> Connections:
        """As many as a process keeps that may have ``open_files`` files open; an address has a quarter of them."""
        most = min(MAX_CONNECTIONS, max(open_files - _RESERVED_FILES, open_files // 4))
        return cls(most, most // 4, proxies, body_s=body_s, slow_paths=slow_paths)

    def __len__(self) -> int:
        return self._total

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Knows a connection with a request under way from one that waits; the outermost of an application."""
        connection = request.protocol
        assert isinstance(connection, _Connection)
        connection.has_asked = True
        self._stop_waiting(connection)
        is_bound = request.body_exists and request.path not in self._slow_paths
        limit = asyncio.timeout(self._body_s if is_bound else None)
        try:
            async with limit:
                return await handler(request)
        except TimeoutError:
            if not limit.expired():
                raise
            raise web.HTTPRequestTimeout(headers={"Connection": "close"}) from None
        finally:
            if connection.is_open:
                self._wait(connection)

    def enter(self, connection: _Connection) -> None:
        """A new connection; closes another one, or this one, if it is one too many."""
        address = connection.address
        self._total += 1
        self._open[address] = self._open.get(address, 0) + 1
        self._wait(connection)
        if self._open[address] > self._max_an_address and not self._is_shared(address):
            self._close_oldest(self._waiting_of[address])
        elif self._total > self._limit:
            self._close_oldest(self._waiting)

    def leave(self, connection: _Connection) -> None:
        """The connection is closed."""
        if not connection.is_open:
            return
        connection.is_open = False
        self._stop_waiting(connection)
        self._total -= 1
        self._open[connection.address] -= 1
        if not self._open[connection.address]:
            del self._open[connection.address]

    def _close_oldest(self, waiting: dict[_Connection, None]) -> None:
        oldest = next(iter(waiting))  # there is one: the new connection waits, too
        self.leave(oldest)
        oldest.force_close()

    def _wait(self, connection: _Connection) -> None:
        self._waiting[connection] = None
        self._waiting_of.setdefault(connection.address, {})[connection] = None

    def _stop_waiting(self, connection: _Connection) -> None:
        self._waiting.pop(connection, None)
        own = self._waiting_of.get(connection.address, {})
        own.pop(connection, None)
        if not own:
            self._waiting_of.pop(connection.address, None)

    def _is_shared(self, address: str) -> bool:
        try:
            ip = ipaddress.ip_address(address.partition("%")[0])
        except ValueError:
            return True  # a Unix socket has no address
        return ip.is_loopback or any(ip in network for network in self._proxies)


class LimitedSite(web.TCPSite):
    """A ``TCPSite`` whose connections are those of a ``Connections``."""

    __slots__ = ("_connections", "_options")

    def __init__(
        self, runner: web.AppRunner, host: str, port: int, connections: Connections, **options: Any
    ) -> None:
        """Like ``TCPSite``; ``options`` are those of aiohttp's ``RequestHandler``."""
        super().__init__(runner, host, port, backlog=1024)
        self._connections = connections
        self._options = options

    async def start(self) -> None:
        """Listen."""
        await super(web.TCPSite, self).start()
        loop = asyncio.get_running_loop()
        server = self._runner.server
        assert server is not None

        def connection() -> asyncio.Protocol:
            one = _Connection(
                server,
                loop=loop,
                keepalive_timeout=IDLE_S,
                access_log=None,  # type: ignore[arg-type]  # aiohttp's own way to switch it off
                **self._options,
            )
            return one.among(self._connections)

        self._server = await loop.create_server(connection, self._host, self._port, backlog=self._backlog)


class _Connection(web.RequestHandler):
    """One connection, which reports its coming and going."""

    __slots__ = ("_connections", "address", "has_asked", "is_open")

    def among(self, connections: Connections) -> _Connection:
        """This connection as one of ``connections``."""
        self._connections = connections
        self.address = ""
        self.has_asked = self.is_open = False
        return self

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the event loop."""
        super().connection_made(transport)
        if hasattr(transport, "max_size"):  # of asyncio's own loop
            transport.max_size = _BYTES_A_TURN
        peer = transport.get_extra_info("peername")
        self.address = peer[0] if isinstance(peer, tuple) else ""
        self.is_open = True
        self._connections.enter(self)
        asyncio.get_running_loop().call_later(self._connections.first_request_s, self._close_if_silent)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Called by the event loop."""
        self._connections.leave(self)
        super().connection_lost(exc)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Called by aiohttp, also where its own answer to an ``Expect`` of other bytes than text cannot be written."""
        if isinstance(exc, UnicodeEncodeError) and "Expect" in request.headers:
            status, exc, message = 417, None, "unknown Expect"
        return super().handle_error(request, status, exc, message)

    def _close_if_silent(self) -> None:
        if self.is_open and not self.has_asked:
            self.force_close()

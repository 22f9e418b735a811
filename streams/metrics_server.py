"""Serves a process's metrics to Prometheus: a few connections at a time, none of which lasts if it says nothing."""

from __future__ import annotations

import socket
from collections import OrderedDict
from socketserver import ThreadingMixIn
from threading import Lock, Thread
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import make_wsgi_app

from streams.settings import Settings

#: connections to a metrics port at a time; one more closes the oldest
MAX_CONNECTIONS = 16
#: seconds for which a connection may say nothing
_SILENT_S = 10.0
#: how often the thread that accepts them looks whether it is to end
_LOOK_S = 2.0

_served: list[str] = []


def serve(settings: Settings) -> str:
    """Serve this process's metrics to Prometheus; the address. A further call gives the same address.

    Raises:
        OSError: the port is taken.
    """
    if not _served:
        server = serve_metrics(settings.metrics_host, settings.metrics_port)
        _served.append(f"http://{settings.metrics_host}:{server.server_port}/metrics")
    return _served[0]


def serve_metrics(host: str, port: int) -> WSGIServer:
    """Serve them at this address in a thread of its own.

    Raises:
        OSError: the port is taken.
    """
    server = make_server(host, port, make_wsgi_app(), _server_of(host, port), handler_class=_QuietHandler)
    Thread(target=server.serve_forever, args=(_LOOK_S,), name="metrics", daemon=True).start()
    return server


class _Server(ThreadingMixIn, WSGIServer):
    """A thread a connection, of which there are few: a stranger who opens many and asks nothing holds no more than those."""

    daemon_threads = True

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._open: OrderedDict[socket.socket, None] = OrderedDict()
        self._lock = Lock()

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._open[request] = None
            oldest = self._open.popitem(last=False)[0] if len(self._open) > MAX_CONNECTIONS else None
        if oldest is not None:
            _end(oldest)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._open.pop(request, None)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that broke off is nobody's concern."""


class _QuietHandler(WSGIRequestHandler):
    timeout = _SILENT_S

    def log_message(self, *args: Any) -> None:
        """Nothing: a scrape every few seconds is not news."""


def _server_of(host: str, port: int) -> type[_Server]:
    (family, *_), *_ = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    return type("MetricsServer", (_Server,), {"address_family": family})


def _end(connection: socket.socket) -> None:
    """Let the thread that reads from it go on to its end."""
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:  # it is closed already
        return

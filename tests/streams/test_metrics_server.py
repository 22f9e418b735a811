"""The metrics port: scraped whatever strangers do to it, and by as few threads as it has connections."""

from __future__ import annotations

import socket
import threading
import urllib.request
from collections.abc import Iterator

import pytest

from streams.metrics import COLLECTOR_EVENTS
from streams.metrics_server import MAX_CONNECTIONS, serve_metrics
from tests.deadlines import within


@pytest.fixture
def port() -> Iterator[int]:
    server = serve_metrics("127.0.0.1", 0)
    yield server.server_port
    server.shutdown()
    server.server_close()


def scraped(port: int) -> bytes:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=within(10)) as answer:
        return bytes(answer.read())


def test_each_half_open_connection_to_the_metrics_port_held_a_thread(port: int) -> None:
    before = threading.active_count()
    silent = []
    try:
        for number in range(10 * MAX_CONNECTIONS):
            silent.append(socket.create_connection(("127.0.0.1", port), within(5)))
            silent[-1].sendall(b"GET /metrics HTTP/1.1\r\nX: " if number % 2 else b"")
        COLLECTOR_EVENTS.labels("api").inc(0)
        assert b"funnelwatch_collector_events_total" in scraped(port)
        assert silent[0].recv(1) == b"", "the oldest made room"
        silent[-1].sendall(b"y\r\nConnection: close\r\n\r\n")
        assert silent[-1].recv(100).startswith(b"HTTP/1.0 200"), "the newest is answered"
        for one in silent[: -MAX_CONNECTIONS - 2]:
            one.settimeout(within(10))
            assert one.recv(1) == b""
        assert threading.active_count() <= before + 2 * MAX_CONNECTIONS
    finally:
        for one in silent:
            one.close()


@pytest.mark.parametrize(
    "asked", [b"\xff\xff\r\n\r\n", b"GET / HTTP/1.1\r\nHost: \xff\r\n\r\n", b"", b"\0" * 70_000]
)
def test_whatever_a_stranger_sends_the_next_scrape_is_answered(port: int, asked: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port), within(5)) as connection:
        connection.sendall(asked)
    assert b"# HELP" in scraped(port)


def test_a_port_that_is_taken_is_an_error(port: int) -> None:
    with pytest.raises(OSError, match="in use"):
        serve_metrics("127.0.0.1", port)

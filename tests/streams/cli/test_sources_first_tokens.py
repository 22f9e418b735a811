"""A connection whose test fails is corrected and added again: the refresh token that it was tried with is good only once."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import pytest

from tests.fixtures.sources_desk import MAPPING, Desk

pytestmark = pytest.mark.usefixtures("without_pauses")


class _Platform(BaseHTTPRequestHandler):
    """Takes each refresh token once, and shows orders at one path alone."""

    taken: set[str]

    def do_POST(self) -> None:
        asked = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        refresh = asked["refresh_token"][0]
        if refresh in self.taken:
            self._answer(400, {"error": "invalid_grant"})
            return
        self.taken.add(refresh)
        tokens = {"access_token": f"for-{refresh}", "refresh_token": f"{refresh}+", "expires_in": 3600}
        self._answer(200, tokens)

    def do_GET(self) -> None:
        may = self.path.startswith("/orders?")
        self._answer(200 if may else 403, [{"id": "1", "created": "2026-11-01T08:00:00Z"}] if may else {})

    def _answer(self, status: int, content: Any) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """Nothing is written."""


@contextmanager
def running_platform() -> Iterator[str]:
    handler = type("Platform", (_Platform,), {"taken": set()})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()


def connection(desk: Desk, url: str, path: str) -> str:
    auth = {
        "kind": "refresh_token", "token_url": f"{url}/token", "client_id": "c", "client_secret": "s" * 16, "refresh_token": "first-token",
    }  # fmt: skip
    resource = {"path": path, "from_parameter": "since", "rows": "$", "id": "id", "mapping": MAPPING}
    return desk.file(source="json_api", url=url, auth=auth, resources=[resource])


def test_a_refresh_token_that_is_good_once_was_lost_with_a_test_that_failed(desk: Desk) -> None:
    with running_platform() as url:
        failed = desk.run("add", "--file", connection(desk, url, "/not-ours"), "--yes")
        assert failed.exit_code == 1
        assert "bad orders: A permission is missing" in failed.output
        assert desk.book().raw(f"connection/{desk.name}") is None
        added = desk.good("add", "--file", connection(desk, url, "/orders"), "--yes")
    assert "ok  orders: 1 rows" in added
    assert b"first-token" not in (desk.book().raw(f"token/{desk.name}") or b"")


def test_a_token_that_is_rejected_was_said_in_a_line_of_the_log_too(
    desk: Desk, capfd: pytest.CaptureFixture[str]
) -> None:
    with running_platform() as url:
        desk.run("add", "--file", connection(desk, url, "/not-ours"), "--yes")
        file = connection(desk, url, "/orders")
        denied = desk.run("add", "--file", file, "--set", f"name={desk.name}b", "--yes")
    assert "bad access: Access is denied" in denied.output
    assert "token_rejected" not in denied.output + "".join(capfd.readouterr())


def test_what_came_of_the_test_is_kept_with_the_connection(desk: Desk) -> None:
    with running_platform() as url:
        desk.good("add", "--file", connection(desk, url, "/orders"), "--yes")
    kept = desk.book().raw(f"trial/{desk.name}") or b"{}"
    assert [line["what"] for line in json.loads(kept)["lines"]] == ["orders", "limits"]

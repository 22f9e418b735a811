"""A real HTTP receiver for tests: keeps what it was sent and answers as it is set to."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.deadlines import within


@dataclass
class Hook:
    """What came in, and the answers to give (the last one stays)."""

    url: str = ""
    bodies: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    methods: list[str] = field(default_factory=list)
    queries: list[dict[str, str]] = field(default_factory=list)
    answers: list[tuple[int, dict[str, Any], dict[str, str]]] = field(default_factory=lambda: [(200, {}, {})])

    @property
    def payloads(self) -> list[dict[str, Any]]:
        return [json.loads(body) for body in self.bodies]

    async def take(self, request: web.Request) -> web.Response:
        self.bodies.append(await request.read())
        self.paths.append(request.path)
        self.methods.append(request.method)
        self.headers.append(dict(request.headers))
        self.queries.append(dict(request.query))
        status, payload, headers = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return web.json_response(payload, status=status, headers=headers)

    async def serve(self) -> web.AppRunner:
        app = web.Application()
        app.router.add_post("/hook", self.take)
        app.router.add_post("/api/{method}", self.take)
        for path in ("/open-apis/{path:.+}", "/v1.0/{path:.+}", "/media/upload", "/files/upload"):
            app.router.add_route("*", path, self.take)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        self.url = f"http://127.0.0.1:{port}/hook"
        return runner


async def until(condition: Callable[[], bool], timeout_s: float = 90.0) -> None:
    """Wait until ``condition`` holds; fail when it does not in time."""
    async with asyncio.timeout(within(timeout_s)):
        while not condition():
            await asyncio.sleep(0.02)

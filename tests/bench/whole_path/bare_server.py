"""aiohttp reading a body and answering empty: what the collector's HTTP alone costs. ``python -m … PORT``."""

from __future__ import annotations

import sys

from aiohttp import web


async def answer(request: web.Request) -> web.Response:
    await request.read()
    return web.Response(status=202)


if __name__ == "__main__":
    app = web.Application(client_max_size=10_000_000)
    app.router.add_post("/v1/events", answer)
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None, access_log=None)

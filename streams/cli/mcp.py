"""``funnelwatch mcp``: agents ask the running instance, over standard input and output or over HTTP on loopback."""

from __future__ import annotations

import asyncio
from importlib.util import find_spec
from typing import Annotated

import typer

from streams.cli.ask import PageOption, page_address, token_of_page
from streams.cli.asking import DataOption, failed
from streams.cli.terminal import say
from streams.instance.files import secret
from streams.settings import Settings

_HELP = """Let agents ask the running instance: a read-only server of the Model Context Protocol.

Without `--http` it speaks over standard input and output, as agents start it. With `--http` it listens on loopback at `/mcp` for whoever has its
token, which opens nothing else and is kept in DATA/secrets/mcp_token. Every answer is within 2,000 tokens, and its numbers are those of page
and API. Needs the extra `mcp`: `pip install 'funnelwatch[mcp]'`.

Example: `funnelwatch mcp --store us-own --data ~/funnelwatch`
"""
#: of the token of the HTTP server, among the instance's secrets
KEPT_AS = "mcp_token"
_PORT = 8713


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="mcp", help=_HELP)(mcp)


def mcp(
    over_http: Annotated[
        bool, typer.Option("--http", help="Listen on loopback instead of standard input.")
    ] = False,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on with --http.")] = _PORT,
    stores: Annotated[
        list[str] | None,
        typer.Option(
            "--store",
            help="Store that may be asked about; may be given several times. Default: all.",
            show_default=False,
        ),
    ] = None,
    page: PageOption = "",
    data: DataOption = None,
) -> None:
    """Serve until the agent ends, or Ctrl-C."""
    settings, address = page_address(data, page)
    if find_spec("mcp") is None:
        raise failed("the extra mcp is not installed: pip install 'funnelwatch[mcp]'")
    asyncio.run(_serve(settings, address, stores or [], port if over_http else 0))


async def _serve(settings: Settings, address: str, stores: list[str], port: int) -> None:
    from streams.agents.api import ReadApi
    from streams.agents.questions import Questions
    from streams.agents.server import agent_server, serve_http

    api = ReadApi(address, token_of_page(settings))
    server = agent_server(Questions(api, stores))
    try:
        if port:
            token = secret(settings.data, KEPT_AS)
            say(
                f"http://127.0.0.1:{port}/mcp; its token is in {settings.data / 'secrets' / KEPT_AS}",
                err=True,
            )
            await serve_http(server, token, port)
        else:
            await server.run_stdio_async()
    finally:
        await api.close()

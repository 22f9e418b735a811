"""``funnelwatch release``: mark that something of a shop was changed, for whoever looks at what fell after it."""

from __future__ import annotations

import asyncio
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from streams.cli.asking import DataOption, audited, configuration, configured_store, failed, running_instance
from streams.cli.moments import moment
from streams.cli.terminal import say
from streams.clock import now_ms
from streams.errors import FunnelwatchError

_HELP = """Mark a release of a shop: a theme, an app, a checkout setting.

It is shown on the line of the step and with alerts, and named next to what the evaluation finds low in the same period. By HTTP, for a
pipeline: `POST /api/v1/stores/{store}/releases`.

Example:

    funnelwatch release us-own "theme 4.2" --at 2026-10-01T09:30
"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="release", help=_HELP)(release)


def release(
    store: Annotated[str, typer.Argument(help="Id of a store.", show_default=False)],
    name: Annotated[str, typer.Argument(help="What was released, such as a version.", show_default=False)],
    at: Annotated[
        str,
        typer.Option(
            help="When it went live, on the store's clock or with an offset. Default: now.",
            show_default=False,
        ),
    ] = "",
    data: DataOption = None,
) -> None:
    """Check and publish."""
    from streams.incidents.releases import publish_release, release_of

    settings = running_instance(data)
    config = configuration(settings)
    zone = ZoneInfo(configured_store(config, store).zone)
    present = now_ms()
    at_ms = round(moment(at, "--at", zone=zone).timestamp() * 1000) if at else present
    try:
        made = release_of(store, name, at_ms, present)
        audited(settings, f"release {store} {made.object}")
        asyncio.run(publish_release(settings, made))
    except FunnelwatchError as error:
        raise failed(str(error)) from error
    say(f"{store}: release {made.object!r} marked")

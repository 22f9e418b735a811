"""``funnelwatch release``: mark that something of a shop was changed, for whoever looks at what fell after it."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from streams.cli.asking import DataOption, audited, configuration, failed, running_instance
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
    named = config.store(store)
    if named is None:
        raise failed(
            f"unknown store {store!r}; expected one of: {', '.join(one.id for one in config.stores)}"
        )
    present = now_ms()
    try:
        made = release_of(store, name, _at_ms(at, named.zone) if at else present, present)
        audited(settings, f"release {store} {made.object}")
        asyncio.run(publish_release(settings, made))
    except FunnelwatchError as error:
        raise failed(str(error)) from error
    say(f"{store}: release {made.object!r} marked")


def _at_ms(text: str, zone: str) -> int:
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise failed(f"--at {text!r}: expected a time such as 2026-10-01T09:30") from error
    return round((at if at.tzinfo else at.replace(tzinfo=ZoneInfo(zone))).timestamp() * 1000)

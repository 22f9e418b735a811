"""``funnelwatch report preview`` and ``funnelwatch report schedule``: reports that go by mail."""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from streams.cli.asking import DataOption, configuration, failed, running_instance
from streams.cli.terminal import say
from streams.clock import now_ms
from streams.errors import FunnelwatchError

if TYPE_CHECKING:
    from streams.config.evaluating import ReportConfig
    from streams.config.model import Config
    from streams.digests.reports import ComposedReport
    from streams.settings import Settings


def preview(
    name: Annotated[str, typer.Argument(help="Name of a report of `reports`.", show_default=False)],
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Folder to write to. Default: DATA/digest-preview.", show_default=False),
    ] = None,
    data: DataOption = None,
) -> None:
    """Write a report's mail as .eml, .html and .pdf without sending it: of the last complete period."""
    settings = running_instance(data)
    config = configuration(settings)
    asked = _named(config, name)
    try:
        made = asyncio.run(_composed(settings, config, asked))
    except FunnelwatchError as error:
        raise failed(str(error)) from error
    folder = out or settings.data / "digest-preview"
    folder.mkdir(parents=True, exist_ok=True)
    written = [folder / f"{name}.eml", folder / f"{name}.html"]
    written[0].write_bytes(made.mail(settings, "", now_ms()).as_bytes())
    written[1].write_text(made.made.page, "utf-8")
    if made.pdf is not None:
        written.append(folder / f"{name}.pdf")
        written[-1].write_bytes(made.pdf)
    say(made.subject)
    for line in made.lines:
        say(line)
    say(f"written: {', '.join(map(str, written))}")


def schedule(data: DataOption = None) -> None:
    """Show when each report is sent next, and of which period."""
    from scoring.evaluation.schedule import next_report
    from scoring.evaluation.spans import span_name

    config = configuration(running_instance(data))
    if not config.reports:
        say("no reports are configured; add `reports:` to funnelwatch.yaml")
    for one in config.reports:
        due = next_report(one.schedule, now_ms())
        at = datetime.fromtimestamp(due.at_ms / 1000, ZoneInfo(one.zone))
        stores = [store.id for store in config.chosen(one.stores, one.group)]
        about = ", ".join(stores[:5]) + (f" and {len(stores) - 5} more" if len(stores) > 5 else "")
        say(
            f"{one.name}: {at:%Y-%m-%d %H:%M} {one.zone}, of {span_name(due.span)}, to {', '.join(one.to)}: {about}"
        )


def _named(config: Config, name: str) -> ReportConfig:
    found = next((one for one in config.reports if one.name == name), None)
    if found is None:
        known = ", ".join(one.name for one in config.reports) or "(none is configured; add `reports:`)"
        raise failed(f"unknown report {name!r}; expected one of: {known}")
    return found


async def _composed(settings: Settings, config: Config, asked: ReportConfig) -> ComposedReport:
    from scoring.evaluation.schedule import DueReport
    from scoring.evaluation.spans import SpanLength, last_spans
    from streams.digests.reports import ReportComposer

    at_ms = now_ms()
    span = last_spans(at_ms, asked.zone, SpanLength(asked.period), 1)[0]
    composer = ReportComposer(settings, config)
    try:
        return await composer.compose(asked, DueReport(span, at_ms), at_ms)
    finally:
        await composer.close()

"""``funnelwatch digest``: preview a digest, send one now, and show when the next ones go out."""

from __future__ import annotations

import asyncio
import webbrowser
from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.table import Table

from scoring.alerts.actions import HumanActionKind
from scoring.digest.schedule import DigestForm, Occurrence, occurrence_now, upcoming
from streams.channels import SendError
from streams.channels.mail import open_post
from streams.cli.asking import DataOption, configuration, failed, running_instance
from streams.cli.terminal import console, say
from streams.clickhouse.errors import ClickHouseUnreachableError
from streams.clock import now_ms
from streams.config.model import Config
from streams.config.subscribers import SubscriberConfig
from streams.digests.composing import ComposedDigest, DigestComposer
from streams.incidents.action_log import new_action, publish_action
from streams.kafka.errors import KafkaUnreachableError
from streams.settings import Settings, load_settings

digest = typer.Typer(
    no_args_is_help=True, help="Preview, send and schedule the digest mail on how all stores are doing."
)


def _subscriber(config: Config, name: str) -> SubscriberConfig:
    found = next((subscriber for subscriber in config.digests if subscriber.name == name), None)
    if found is None:
        known = (
            ", ".join(subscriber.name for subscriber in config.digests)
            or "(none is configured; add `digests:`)"
        )
        raise failed(f"unknown subscriber {name!r}; expected one of: {known}")
    return found


def _occurrence(subscriber: SubscriberConfig, day: str) -> tuple[Occurrence, int]:
    """The period of the digest, and the moment as of which it is composed: now, or the subscriber's hour on ``day``."""
    at_ms = now_ms()
    if day:
        try:
            wanted = datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=ZoneInfo(subscriber.zone))
        except ValueError as error:
            raise failed(f"invalid --day {day!r}; expected a date such as 2026-03-04") from error
        schedule = subscriber.schedule
        at_ms = round(wanted.replace(hour=schedule.hour, minute=schedule.minute).timestamp() * 1000)
    return occurrence_now(subscriber.schedule, at_ms), at_ms


async def _make(settings: Settings, config: Config, subscriber: SubscriberConfig, day: str) -> ComposedDigest:
    composer = DigestComposer(settings, config)
    when, at_ms = _occurrence(subscriber, day)
    try:
        return await composer.compose(subscriber, when, at_ms)
    finally:
        await composer.close()


@digest.command()
def preview(
    name: Annotated[
        str,
        typer.Argument(
            metavar="[SUBSCRIBER]", help="The subscriber whose digest to preview; default: one of all stores."
        ),
    ] = "",
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder to write the files to; default: DATA/digest-preview.")
    ] = None,
    day: Annotated[
        str,
        typer.Option(
            "--day", help="Preview the digest as sent on this day, e.g. 2026-03-04; default: today."
        ),
    ] = "",
    language: Annotated[str, typer.Option("--language", help="zh or en; default: the subscriber's.")] = "",
    form: Annotated[
        DigestForm | None, typer.Option("--form", help="daily or weekly; default: the subscriber's.")
    ] = None,
    show: Annotated[bool, typer.Option("--open/--no-open", help="Open the HTML in a browser.")] = False,
    data: DataOption = None,
) -> None:
    """Write a digest as .html, .txt and .eml files without sending it."""
    settings = running_instance(data)
    config = configuration(settings)
    if name:
        subscriber = _subscriber(config, name)
    else:
        subscriber = SubscriberConfig(name="preview", to=("preview@localhost",), language=settings.language)
    changes: dict[str, object] = {}
    if language:
        if language not in ("zh", "en"):
            raise failed(f"unknown --language {language!r}; expected zh or en")
        changes["language"] = language
    if form is not None:
        changes["form"] = form
    subscriber = subscriber.model_copy(update=changes)
    try:
        composed = asyncio.run(_make(settings, config, subscriber, day))
    except ClickHouseUnreachableError as error:
        raise failed(str(error)) from error
    folder = out or settings.data / "digest-preview"
    folder.mkdir(parents=True, exist_ok=True)
    stem = (
        folder / f"{subscriber.name}-{composed.occurrence.day}-{subscriber.form.value}-{subscriber.language}"
    )
    page = stem.with_name(stem.name + ".html")
    page.write_text(composed.laid.page(), encoding="utf-8")
    stem.with_name(stem.name + ".txt").write_text(composed.laid.text, encoding="utf-8")
    stem.with_name(stem.name + ".eml").write_bytes(composed.mail(settings, "", now_ms()).as_bytes())
    say(composed.laid.said.subject)
    say(f"written: {page} (and .txt, .eml)")
    if show:
        webbrowser.open(page.resolve().as_uri())


@digest.command()
def send(
    name: Annotated[
        str, typer.Argument(metavar="SUBSCRIBER", help="A subscriber's name in funnelwatch.yaml.")
    ],
    day: Annotated[
        str, typer.Option("--day", help="Compose it as of this day, e.g. 2026-03-04; default: today.")
    ] = "",
    data: DataOption = None,
) -> None:
    """Send a subscriber a digest now; the scheduled one is still sent at its hour."""
    settings = running_instance(data)
    config = configuration(settings)
    subscriber = _subscriber(config, name)
    composed = None
    try:
        composed = asyncio.run(_make(settings, config, subscriber, day))
        asyncio.run(open_post(settings).deliver(composed.mail(settings, "", now_ms()), subscriber.to))
    except (ClickHouseUnreachableError, SendError) as error:
        raise failed(f"{name}: {error}") from error
    where = (
        ""
        if settings.smtp_url.get_secret_value()
        else f" (no mail server is configured; see {settings.data / 'outbox'})"
    )
    say(composed.laid.said.subject)
    say(f"sent to {', '.join(subscriber.to)}{where}")


@digest.command()
def schedule(
    name: Annotated[str, typer.Argument(metavar="[SUBSCRIBER]", help="Only this subscriber.")] = "",
    most: Annotated[int, typer.Option("--next", min=1, max=60, help="How many for each subscriber.")] = 3,
    data: DataOption = None,
) -> None:
    """Show when the next digests go out, in each subscriber's time zone."""
    settings = load_settings(**({"data": data} if data else {}))
    config = configuration(settings)
    chosen = (_subscriber(config, name),) if name else config.digests
    if not chosen:
        say("No subscribers. Add to funnelwatch.yaml:\n\n" + EXAMPLE)
        return
    table = Table(box=None, header_style="bold")
    for column in ("subscriber", "form", "sent at", "zone", "covers", "stores", "to"):
        table.add_column(column)
    at_ms = now_ms()
    for subscriber in chosen:
        for when in upcoming(subscriber.schedule, at_ms, most):
            local = datetime.fromtimestamp(when.at_ms / 1000, ZoneInfo(subscriber.zone))
            days = (
                f"{when.first_day}"
                if when.first_day == when.last_day
                else f"{when.first_day} – {when.last_day}"
            )
            stores = ", ".join(subscriber.stores) or "all"
            row = (
                subscriber.name,
                subscriber.form.value,
                f"{local:%a %Y-%m-%d %H:%M %z}",
                subscriber.zone,
                days,
            )
            table.add_row(*row, stores, ", ".join(subscriber.to))
    console(wide=180).print(table)


@digest.command()
def subscribe(
    name: Annotated[
        str, typer.Argument(metavar="SUBSCRIBER", help="The subscriber's name in funnelwatch.yaml.")
    ],
    data: DataOption = None,
) -> None:
    """Resume digests for a subscriber who unsubscribed by the link in a mail."""
    settings = running_instance(data)
    subscriber = _subscriber(configuration(settings), name)
    action = new_action(HumanActionKind.SUBSCRIBE, now_ms(), "command", "command", assignee=subscriber.name)
    try:
        asyncio.run(publish_action(settings, action))
    except KafkaUnreachableError as error:
        raise failed(str(error)) from error
    say(f"digests to {name} resumed")


EXAMPLE = """digests:
  - name: ops
    to: [ops@example.com]
    zone: Asia/Shanghai
    hour: "08:00"
    language: zh"""


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(digest, name="digest")

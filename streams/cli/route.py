"""``funnelwatch route explain``: who is notified of an alert, and why; also of one that has not happened."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Annotated

import typer
from aiokafka.errors import KafkaError

from scoring.alerts.alert import AlertKind, Level
from scoring.alerts.routing import LABELS, Severity
from streams.cli.asking import DataOption, configuration, failed, running_instance
from streams.cli.moments import moment_ms
from streams.cli.terminal import say
from streams.clock import now_ms
from streams.config.model import Config
from streams.incidents.alert_log import AlertBook, BookReader
from streams.incidents.explaining import Explanation, explain, suppose, whole_labels
from streams.incidents.facts import FactsReader
from streams.incidents.send_log import SendLog
from streams.instance.files import read_instance
from streams.settings import Settings, load_settings

route = typer.Typer(no_args_is_help=True, help="Show who is notified of an alert, and why.")


@route.callback()
def routes() -> None:
    """Show who is notified of an alert, and why."""


async def _explain(settings: Settings, config: Config, alert_id: str) -> list[Explanation]:
    book, send_log = AlertBook(), SendLog(settings, "notifier")
    reader, facts = BookReader(settings, book), FactsReader(settings, config, now_ms)
    try:
        await reader.catch_up()
        await send_log.read()
        alert = book.alerts[alert_id]
        money = await facts.lost_in_base(alert)  # severity by money, as the notifier sees it
        if money is not None:
            book.lost_money[alert_id] = money
        return explain(alert_id, config, book, send_log, facts, now_ms())
    finally:
        await reader.close()
        await facts.close()


async def _known(settings: Settings) -> AlertBook:
    """The alerts and silences of a running instance."""
    book = AlertBook()
    reader = BookReader(settings, book)
    try:
        await reader.catch_up()
    finally:
        await reader.close()
    return book


@route.command("explain")
def explain_alert(
    alert: Annotated[
        str,
        typer.Argument(help="The alert's id, as shown by `funnelwatch alerts list`; omit it with --label."),
    ] = "",
    label: Annotated[
        list[str] | None,
        typer.Option(
            "--label",
            help="Explain a supposed alert with this label, e.g. store_id=us-shop or level=page (repeatable).",
        ),
    ] = None,
    at: Annotated[
        str,
        typer.Option(
            "--at", help="When the supposed alert fires, e.g. 2026-11-11T23:30+08:00; default: now."
        ),
    ] = "",
    data: DataOption = None,
) -> None:
    """Print, for each route that takes an alert, what the notifier decides and why.

    With --label, explain what would happen if such an alert fired, given the configuration and, while an instance is running,
    its silences and other alerts.
    """
    if bool(alert) == bool(label):
        raise failed("expected an alert id, or --label for an alert that has not happened")
    if alert:
        settings = running_instance(data)
        config = configuration(settings)
        try:
            rows = asyncio.run(_explain(settings, config, alert))
        except KeyError as error:
            raise failed(f"unknown alert {alert!r}; see `funnelwatch alerts list --state all`") from error
        except KafkaError as error:
            raise failed(f"Kafka is unreachable ({type(error).__name__})") from error
    else:
        settings = load_settings(**({"data": data} if data else {}))
        if read_instance(settings.data) is not None:
            settings = running_instance(data)
        config = configuration(settings)
        rows = _suppose(settings, config, label or [], moment_ms(at, "--at") if at else now_ms())
    if not rows:
        raise failed("no route has a receiver for this alert; add `alerting.receivers` to funnelwatch.yaml")
    for row in rows:
        until = ""
        if row.decision.until_ms is not None:
            moment = datetime.fromtimestamp(row.decision.until_ms / 1000, UTC).astimezone()
            until = f" (until {moment:%m-%d %H:%M:%S %Z})"
        say(f"{row.route} → {row.receiver}: {row.decision.action} — {row.text(settings.language)}{until}")


def _suppose(settings: Settings, config: Config, given: list[str], at_ms: int) -> list[Explanation]:
    labels = dict(text.partition("=")[::2] for text in given)
    unknown = sorted(set(labels) - set(LABELS))
    if unknown:
        raise failed(f"unknown label {unknown[0]!r}; expected one of: {', '.join(LABELS)}")
    for name, values in (("level", list(Level)), ("kind", list(AlertKind)), ("severity", list(Severity))):
        if labels.get(name, values[0].value) not in values:
            raise failed(f"unknown {name} {labels[name]!r}; expected one of: {', '.join(values)}")
    book = AlertBook()
    if read_instance(settings.data) is not None:
        try:
            book = asyncio.run(_known(settings))
        except KafkaError as error:
            say(f"Kafka is unreachable ({type(error).__name__}): silences are left out", err=True)
    whole = whole_labels(labels, config)
    say("supposed: " + " ".join(f"{name}={value}" for name, value in whole.items() if value))
    return suppose(whole, config, book, at_ms)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.add_typer(route, name="route")

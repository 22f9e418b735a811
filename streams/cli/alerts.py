"""``funnelwatch alerts``: list alerts, and act on them."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scoring.alerts.actions import CloseReason, HumanActionKind
from scoring.wording.alert_words import ALERT_STATE_NAMES, KIND_NAMES, LEVEL_NAMES
from scoring.wording.catalogue import segment_name, step_name
from scoring.wording.text import Language
from streams.cli.asking import DataOption, audited, configuration, failed, login_name, running_instance
from streams.cli.terminal import console, say, say_json
from streams.clock import now_ms
from streams.printable import counted, printable

if TYPE_CHECKING:
    from streams.settings import Settings

WhoOption = Annotated[str, typer.Option("--who", help="Your name, as others will see it.")]
AlertArgument = Annotated[str, typer.Argument(help="The alert's id, as shown by `funnelwatch alerts list`.")]

LIST_SQL = """
SELECT alert_id, store_id, toString(kind) AS kind, step, segment, toString(level) AS level, toString(state) AS state,
       formatDateTime(opened_at, '%FT%TZ') AS opened_at, formatDateTime(resolved_at, '%FT%TZ') AS resolved_at,
       surprise, observed, expected, lost
FROM alerts
WHERE ({state:String} = 'all' OR toString(state) = {state:String}) AND ({store:String} = '' OR store_id = {store:String})
ORDER BY state = 'firing' DESC, alerts.opened_at DESC
LIMIT {limit:UInt32}
"""


def _publish(data: Path | None, kind: HumanActionKind, who: str, **fields: Any) -> None:
    # Kafka's client: those who only list need not load it
    from scoring.alerts.routing import RoutingError
    from streams.incidents.action_log import InvalidActionError, new_action, publish_action
    from streams.kafka.errors import KafkaUnreachableError

    settings = running_instance(data)
    try:
        action = new_action(kind, now_ms(), who, "command", **fields)
        audited(settings, f"alerts {kind} {fields.get('alert_id', '')}", who)
        asyncio.run(publish_action(settings, action))
    except (InvalidActionError, RoutingError, KafkaUnreachableError) as error:
        raise failed(str(error)) from error
    say(f"done: {kind.value} {fields.get('alert_id') or ' '.join(fields.get('matchers', ()))}".strip())


alerts = typer.Typer(
    no_args_is_help=True, help="List alerts, and acknowledge, assign, silence or close them."
)


def _rows(settings: Settings, query: str, parameters: dict[str, str]) -> list[dict[str, Any]]:
    """The rows of an answer; where there is none, says why and ends the command."""
    from streams.clickhouse.asking import ask
    from streams.clickhouse.errors import ClickHouseError

    try:
        return [json.loads(line) for line in ask(settings, query, "JSONEachRow", parameters)]
    except ClickHouseError as error:
        raise failed(str(error)) from error


def _print_alerts(rows: list[dict[str, Any]], language: Language) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style="bold")
    for name in (
        "alert",
        "store",
        "kind",
        "step",
        "segment",
        "level",
        "state",
        "since",
        "surprise",
        "observed",
        "expected",
        "lost",
    ):
        table.add_column(
            name, justify="right" if name in ("surprise", "observed", "expected", "lost") else "left"
        )
    names = {
        **{str(k): v for k, v in ALERT_STATE_NAMES.items()},
        **{str(k): v for k, v in LEVEL_NAMES.items()},
    }
    kinds = {str(kind): name(language) for kind, name in KIND_NAMES.items()}
    for row in rows:
        since = datetime.fromisoformat(row["opened_at"]).astimezone()
        cells = (
            row["alert_id"],
            row["store_id"],
            kinds.get(row["kind"], row["kind"]),
            step_name(row["step"], language),
            segment_name(row["segment"], language),
            names[row["level"]](language),
            names[row["state"]](language),
            f"{since:%m-%d %H:%M %Z}",
            f"{row['surprise']:.1f}",
            f"{row['observed']:.0f}",
            f"{row['expected']:.0f}",
            f"{row['lost']:.0f}",
        )
        table.add_row(*(Text(printable(str(cell))) for cell in cells))
    console(wide=200).print(table)


@alerts.command("list")
def list_alerts(
    state: Annotated[str, typer.Option(help="firing, resolved or all.")] = "firing",
    store: Annotated[str, typer.Option(help="Only this store.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Maximum number of rows.")] = 100,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object per line.")] = False,
    data: DataOption = None,
) -> None:
    """List alerts, firing ones first."""
    settings = running_instance(data)
    language: Language = settings.language
    rows = _rows(settings, LIST_SQL, {"state": state, "store": store, "limit": str(limit)})
    if as_json:
        for row in rows:
            say_json(json.dumps(row, ensure_ascii=False))
        return
    if not rows:
        say("没有告警。" if language == "zh" else "No alerts.")
        return
    _print_alerts(rows, language)


@alerts.command()
def acknowledge(alert: AlertArgument, who: WhoOption = login_name(), data: DataOption = None) -> None:
    """Acknowledge an alert: no more reminders are sent."""
    _publish(data, HumanActionKind.ACKNOWLEDGE, who, alert_id=alert)


@alerts.command()
def assign(
    alert: AlertArgument,
    to: Annotated[str, typer.Argument(help="Who takes it over.")],
    who: WhoOption = login_name(),
    data: DataOption = None,
) -> None:
    """Assign an alert to somebody."""
    _publish(data, HumanActionKind.ASSIGN, who, alert_id=alert, assignee=to)


@alerts.command()
def comment(
    alert: AlertArgument,
    text: Annotated[str, typer.Argument(help="The comment.")],
    who: WhoOption = login_name(),
    data: DataOption = None,
) -> None:
    """Add a comment to an alert."""
    _publish(data, HumanActionKind.COMMENT, who, alert_id=alert, text=text)


@alerts.command()
def silence(
    reason: Annotated[str, typer.Option("--reason", help="Reason for the silence, shown to others.")],
    alert: Annotated[str, typer.Argument(help="The alert's id; omit it with --match.")] = "",
    match: Annotated[
        list[str] | None,
        typer.Option("--match", help="Silence by matcher, e.g. store_id=us-shop (repeatable)."),
    ] = None,
    duration: Annotated[str, typer.Option("--for", help="Duration, e.g. 30m, 2h or 1d.")] = "2h",
    who: WhoOption = login_name(),
    data: DataOption = None,
) -> None:
    """Hold messages back for a while; alerts that still fire when it ends are sent."""
    from streams.config.alerting import seconds

    try:
        until_ms = now_ms() + round(seconds(duration) * 1000)
    except ValueError as error:
        raise failed(str(error)) from error
    _publish(
        data,
        HumanActionKind.SILENCE,
        who,
        alert_id=alert,
        matchers=tuple(match or ()),
        until_ms=until_ms,
        text=reason,
    )


@alerts.command()
def unsilence(alert: AlertArgument, who: WhoOption = login_name(), data: DataOption = None) -> None:
    """End the silence of an alert."""
    _publish(data, HumanActionKind.UNSILENCE, who, alert_id=alert)


@alerts.command()
def close(
    alert: AlertArgument,
    reason: Annotated[CloseReason, typer.Option("--reason", help="What the alert turned out to be.")],
    text: Annotated[str, typer.Option("--text", help="Comment to add.")] = "",
    who: WhoOption = login_name(),
    data: DataOption = None,
) -> None:
    """Close an alert with a reason; reasons feed the calendar and the threshold report."""
    _publish(data, HumanActionKind.CLOSE, who, alert_id=alert, reason=reason, text=text)


CLOSED_SQL = """
SELECT alerts.store_id AS store_id, toString(alerts.level) AS level, alerts.surprise AS surprise,
       responses.closed_as AS reason, formatDateTime(alerts.opened_at, '%Y-%m-%dT%H:%i', ifNull(nullIf(stores.zone, ''), 'UTC')) AS began,
       formatDateTime(ifNull(alerts.resolved_at, alerts.at), '%Y-%m-%dT%H:%i', ifNull(nullIf(stores.zone, ''), 'UTC')) AS ended, closings.text AS text
FROM alerts
INNER JOIN alert_responses AS responses ON responses.alert_id = alerts.alert_id
LEFT JOIN stores ON stores.store_id = alerts.store_id
LEFT JOIN (SELECT alert_id, argMin(text, acted_at) AS text FROM alert_actions WHERE kind = 'close' GROUP BY alert_id) AS closings
    ON closings.alert_id = alerts.alert_id
WHERE responses.closed_as != '' AND alerts.kind NOT IN ('source', 'ad_spend') AND alerts.opened_at > now() - toIntervalDay({days:UInt32})
LIMIT 100000
"""


@alerts.command()
def report(
    days: Annotated[int, typer.Option(min=1, max=1100, help="Number of days to look back.")] = 90,
    data: DataOption = None,
) -> None:
    """Report what the reasons for closing alerts suggest: thresholds to try, days for the calendar."""
    import yaml

    from scoring.alerts.learning import ClosedAlert, advice, calendar_proposals, threshold_report

    settings = running_instance(data)
    config = configuration(settings)
    rows = _rows(settings, CLOSED_SQL, {"days": str(days)})
    known = [
        row for row in rows if row["reason"] in set(CloseReason)
    ]  # another release may have had other reasons
    closed = [ClosedAlert(**{**row, "reason": CloseReason(row["reason"])}) for row in known]
    if not closed:
        say(
            f"No alert was closed with a reason in the last {days} days; see `funnelwatch alerts close --help`."
        )
        return
    counts = Counter(alert.reason.value for alert in closed)
    say(
        f"{counted(len(closed), 'alert')} closed: "
        + ", ".join(f"{n} {name}" for name, n in counts.most_common())
    )
    now = config.thresholds.notice
    steps = [round(now + 0.25 * i, 2) for i in range(13)]
    for row in threshold_report(closed, steps)[::2]:
        say(
            f"  notice {row.threshold:g}: avoids {row.spared_false} false alarms, misses {row.missed_real} real alerts"
        )
    best = advice(closed, steps)
    if best is not None:
        say(
            f"Try thresholds.notice: {best.threshold:g} (now {now:g}); check it with `funnelwatch check --backtest {days}`."
        )
    proposals = calendar_proposals(closed)
    if proposals:
        say("For the calendar in funnelwatch.yaml:")
        entries = [
            {"name": p.name, "first": p.first, "last": p.last, "effect": "suppress", "stores": [p.store_id]}
            for p in proposals
        ]
        text = yaml.safe_dump({"calendar": {"entries": entries}}, allow_unicode=True, sort_keys=False)
        say(text.rstrip())


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(alerts, name="alerts")

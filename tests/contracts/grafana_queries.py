"""What Grafana and the ClickHouse plug-in make of a dashboard's queries, and data to run them on."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from scoring.evaluation.dimensions.registry import DIMENSIONS
from tests.places import ROOT

DASHBOARDS = ROOT / "deploy" / "grafana" / "json"


@dataclass(frozen=True)
class PanelQuery:
    """One query of a dashboard: of a panel, a variable or an annotation."""

    dashboard: str
    title: str
    sql: str

    @property
    def name(self) -> str:
        """A name for the test's list, without what a terminal may not show."""
        return f"{self.dashboard}-{re.sub(r'[^ -~]+', '', self.title).strip()}"


def _targets(node: Any, title: str) -> Iterator[tuple[str, str]]:
    if isinstance(node, dict):
        title = node.get("title") or node.get("label") or node.get("name") or title
        if isinstance(node.get("rawSql"), str):
            yield title, node["rawSql"]
        for child in node.values():
            yield from _targets(child, title)
    elif isinstance(node, list):
        for child in node:
            yield from _targets(child, title)


def clickhouse_queries() -> list[PanelQuery]:
    return [
        PanelQuery(path.stem, title, sql)
        for path in sorted(DASHBOARDS.glob("*.json"))
        for title, sql in _targets(json.loads(path.read_text(encoding="utf-8")), "")
    ]


@dataclass(frozen=True)
class Choice:
    """What a variable is set to. ``options`` are what All stands for."""

    values: list[str]
    options: tuple[str, ...] = ()

    @property
    def is_all(self) -> bool:
        return self.values == [ALL]

    def formatted(self, form: str) -> str:
        """The text that Grafana puts in place of ``${name:form}``."""
        values = list(self.options) if self.is_all else self.values
        if form == "sqlstring":  # a quote is doubled, as Grafana does it
            return ",".join("'" + value.replace("'", "''") + "'" for value in values)
        assert form == "", f"the form {form} is not known here"
        return ",".join(values)


ALL = "$__all"
_CONDITIONAL = "$__conditionalAll("
#: intervals between points that Grafana offers, in seconds, from the panels' least one on
_INTERVALS = (60, 120, 300, 600, 900, 1200, 1800, 3600)


def _arguments(sql: str, start: int) -> tuple[list[str], int]:
    """The arguments of the macro whose bracket opens at ``start``, and where it closes; brackets nest."""
    depth, begins = 0, start + 1
    found: list[str] = []
    for at in range(start, len(sql)):
        depth += (sql[at] == "(") - (sql[at] == ")")
        if depth == 0 or (depth == 1 and sql[at] == ","):
            found.append(sql[begins:at])
            begins = at + 1
        if depth == 0:
            return found, at
    raise AssertionError(f"a bracket stays open: {sql[start:]}")


@dataclass(frozen=True)
class Asked:
    """A dashboard as somebody looks at it: the time range in Unix seconds, and what the variables are set to."""

    from_s: int
    to_s: int
    choices: dict[str, Choice]

    @property
    def step_s(self) -> int:
        """The interval Grafana would choose for a panel about 1,000 pixels wide, not below a minute."""
        fit = (self.to_s - self.from_s) / 1000
        return next((s for s in _INTERVALS if s >= fit), _INTERVALS[-1])

    def expanded(self, sql: str) -> str:
        """The SQL that reaches ClickHouse, in the plug-in's order: conditions on All, variables, then macros of time."""
        sql = self._with_variables(self._without_all(sql))
        column = r"\(([^()]*)\)"
        within = rf"\1 >= toDateTime({self.from_s}) AND \1 <= toDateTime({self.to_s})"
        every = rf"toStartOfInterval(toDateTime(\1), INTERVAL {self.step_s} second)"
        sql = re.sub(r"\$__timeFilter" + column, within, sql)
        sql = re.sub(r"\$__timeInterval" + column, every, sql)
        sql = re.sub(r"\$__fromTime\b", f"toDateTime({self.from_s})", sql)
        sql = re.sub(r"\$__toTime\b", f"toDateTime({self.to_s})", sql)
        assert "$" not in sql, f"something the plug-in does not know: {sql}"
        return sql

    def _without_all(self, sql: str) -> str:
        while (begins := sql.rfind(_CONDITIONAL)) >= 0:
            (condition, variable), ends = _arguments(sql, begins + len(_CONDITIONAL) - 1)
            name = variable.strip().removeprefix("$")
            sql = sql[:begins] + ("1=1" if self.choices[name].is_all else condition) + sql[ends + 1 :]
        return sql

    def _with_variables(self, sql: str) -> str:
        return re.sub(
            r"\$\{(\w+)(?::(\w+))?\}", lambda found: self.choices[found[1]].formatted(found[2] or ""), sql
        )


def choices(stores: int, *, one: bool = False, language: str = "en") -> dict[str, Choice]:
    """What the variables are set to when a dashboard opens (All), or after a store was chosen."""
    ids = tuple(f"shop-{number:03}" for number in range(stores))
    return {
        "store": Choice([ids[1]] if one else [ALL], ids),
        "platform": Choice([ALL], ("shopify", "amazon")),
        "country": Choice([ALL], ("US", "DE", "—")),
        "step": Choice(["order_to_payment"]),
        "segment": Choice(["*"]),
        "zone": Choice(["Asia/Shanghai"]),
        "language": Choice([language]),
        "length": Choice(["week"]),
        "against": Choice(["headline"]),
        "page": Choice(["http://127.0.0.1:8711"]),
        "row_country": Choice([""]),
        "row_channel": Choice([""]),
        "row_device": Choice([""]),
    }


def default_span_s(dashboard: str) -> int:
    """Seconds of the time range with which a dashboard opens."""
    opens = json.loads((DASHBOARDS / f"{dashboard}.json").read_text(encoding="utf-8"))["time"]["from"]
    found = re.fullmatch(r"now-(\d+)([hd])", opens)
    assert found is not None, opens
    return int(found[1]) * {"h": 3600, "d": 86_400}[found[2]]


def fill(client: Any, stores: int, minutes: int, event_count: int = 200_000) -> None:
    """Seed ``stores`` stores over the last ``minutes`` minutes: counts, scores, events, alerts, actions, dead letters.

    Events are spread over eight days at most, so that the same hours a week before hold some. Names carry quotes; the
    last store's country is not known, and it has no score.
    """
    # once for all: a minute may end between two inserts
    newest, last = f"toDateTime({int(time.time()) // 60 * 60 - 60}, 'UTC')", stores - 1
    named = "concat('shop-', leftPad(toString({0}), 3, '0'))"
    store = named.format(f"number % {stores}")
    at = f"{newest} - intDiv(number, {stores}) * 60"
    client.command(
        f"INSERT INTO stores_raw SELECT {named.format('number')}, concat('Shop ''', toString(number), ''''), "
        "['shopify', 'amazon'][1 + number % 2], 'Asia/Shanghai', 'USD', "
        f"if(number = {last}, '', ['US', 'DE'][1 + number % 2]), 'shoes', 1, 0 FROM numbers({stores})"
    )
    client.command(
        "INSERT INTO minutes_raw (store_id, minute, segment, counts, version) "
        f"SELECT {store}, {at}, 'ios/paid', [900, 100 - number % 7, 20, 6, 5 - number % 3, 4, 1], 1000 "
        f"FROM numbers({stores * minutes})"
    )
    steps = ["impression_to_click", "click_to_add_to_cart", "add_to_cart_to_order", "order_to_payment"]
    for index, step in enumerate(steps):
        expected = [100, 20, 6, 5][index]
        client.command(
            "INSERT INTO scores_raw (store_id, minute, step, segment, observed, expected, low, high, surprise, sample, "
            "state, window_minutes, window_observed, window_expected, version) "
            f"SELECT {store}, {at}, '{step}', '', {expected} - number % 3, {expected}, {expected} * 0.6, {expected} * 1.4, "
            f"number % 7, {expected * 5}, 'normal', 5, {expected * 5} - number % 11, {expected * 5}, 1 "
            f"FROM numbers({stores * minutes}) WHERE number % {stores} != {last}"
        )
    span_ms = min(minutes * 60, 8 * 86_400) * 1000
    happened = f"now64(3) - toIntervalMillisecond(intDiv(number * {span_ms}, {event_count}))"
    visit = "intDiv(number, 4)"
    client.command(
        "INSERT INTO events_raw (store_id, event_time, type, event_id, received_at, platform, order_id, country, "
        "device_class, channel, payment_method, quantity, amount, currency, source, version) "
        f"SELECT {named.format(f'{visit} % {stores}')}, {happened}, ['click', 'add_to_cart', 'order', 'payment'][1 + number % 4], "
        f"toString(number), {happened} + 1, 'shopify', if(number % 4 >= 2, toString({visit}), ''), "
        f"['US', ''][1 + {visit} % 2], ['ios', 'desktop'][1 + {visit} % 3 % 2], 'o''clock', 'paypal', 1, '20.5', 'USD', 'api', 1 "
        f"FROM numbers({event_count})"
    )
    transitions = (("a1", "shop-001", "page", 0, "firing"), ("a2", "shop-001", "notice", 0, "firing"),
                   ("a2", "shop-001", "notice", 1, "resolved"), ("a3", "shop-002", "notice", 0, "firing"))  # fmt: skip
    for alert_id, of_store, level, sequence, state in transitions:
        over = "now64(3) - 600" if state == "resolved" else "NULL"
        client.command(
            "INSERT INTO alert_transitions_raw (alert_id, store_id, step, kind, level, state, sequence, at, opened_at, fired_at, "
            f"resolved_at, surprise, observed, expected, lost, version) SELECT '{alert_id}', '{of_store}', 'order_to_payment', "
            f"'conversion', '{level}', '{state}', {sequence}, now64(3), now64(3) - 3600, now64(3) - 3500, {over}, 8.1, 60, 90, 30, {sequence}"
        )
    for number, (kind, alert_id, seconds_ago) in enumerate((("acknowledge", "a2", 1000), ("close", "a2", 400), ("close", "a3", 1000))):  # fmt: skip
        client.command(
            f'INSERT INTO actions_raw SELECT now64(3), 0, {number}, \'\', concat(\'{{"action_id":"{number}","kind":"{kind}","at_ms":\', '
            f'toString(toUnixTimestamp64Milli(now64(3)) - {1000 * seconds_ago}), \',"who":"li","alert_id":"{alert_id}","reason":"real"}}\')'
        )
    # a pixel of shop-003 that reports 30 of the 40 orders a webhook reports, a tenth of its events bots; six webhooks came twice
    client.command(
        "INSERT INTO events_raw (store_id, event_time, type, event_id, received_at, order_id, device_class, source, version) "
        "SELECT 'shop-003', now64(3) - 600 - number, 'order', concat('p', toString(number)), now64(3) - 600, toString(number % 40), "
        "if(number < 3, 'bot', 'ios'), if(number < 30, 'pixel', 'webhook'), 1 FROM numbers(70) WHERE number != 30"
    )
    client.command(
        "INSERT INTO repeats_raw SELECT 'shop-003', now64(3) - 300, toString(number % 6), 'webhook' FROM numbers(12)"
    )
    client.command(
        "INSERT INTO dead_letters_raw (received_at, reason, source, store_id, payload, detail, letter_id, version) "
        "SELECT now64(3) - 60, 'broken_json', 'api', 'shop-001', '{', 'x', toString(number), 1 FROM numbers(5)"
    )
    fill_evaluations(client)
    fill_attribution(client)
    # three days of reports of two stores, the oldest never complete
    client.command(
        "INSERT INTO report_versions_raw (store_id, source, measure, period, period_start, period_end, zone, value, complete, told_at) "
        "SELECT ['shop-001', 'shop-002'][1 + number % 2], 'shopee', ['visitors', 'orders'][1 + intDiv(number, 2) % 2], 'day', "
        "toDateTime(now(), 'UTC') - 7200 - 86400 * intDiv(number, 4), toDateTime(now(), 'UTC') - 7200 - 86400 * (intDiv(number, 4) - 1), "
        "'Asia/Shanghai', number + 100, number < 8, now64(3) FROM numbers(12)"
    )


def fill_attribution(client: Any) -> None:
    """The week of two stores that ended an hour ago: a channel by two models, a campaign of it, and an ads platform's claim."""
    until = datetime.fromtimestamp(int(time.time()) // 3600 * 3600 - 3600, UTC)
    begin = ["store_id", "period", "period_start", "period_end", "zone", "attributed_at"]
    lines = [
        ("channel", "paid", "", "", "last"), ("channel", "paid", "", "", "linear"),
        ("campaign", "paid", "11-11", "", "last"), ("source", "", "", "meta", "last"),
    ]  # fmt: skip
    client.insert(
        "attribution_raw",
        [
            [store, "week", until - timedelta(days=7), until, "UTC", until + timedelta(hours=1), *line, 900, 40, 1600, "USD", 400, "USD", 10.0, 4.0]
            for store in ("shop-001", "shop-002")
            for line in lines
        ],
        column_names=[
            *begin, "kind", "channel", "campaign", "source", "model", "visits", "orders", "money", "currency", "spend",
            "spend_currency", "cost_per_order", "roas",
        ],
    )  # fmt: skip


def _fill_targets(client: Any, health: list[list[Any]]) -> None:
    """A target of each of these periods, and one that was taken back before they were evaluated again."""
    names = ["store_id", "period", "period_start", "period_end", "zone", "days", "kind", "name", "comparator", "reason", "target", "evaluated_at"]  # fmt: skip
    rows = []
    for row in health:
        *period, at = (*row[:6], row[-1])
        rows.append([*period, "step", "order_to_payment", "target", "missed_unsure", 0.1, at])
        before = at - timedelta(minutes=10)
        rows.append([*period, "indicator", "logistics.time_to_ship", "target", "met", 48.0, before])
    client.insert("evaluations_raw", rows, column_names=names)


def fill_evaluations(client: Any) -> None:
    """Three weeks of two stores that ended an hour ago, one and two weeks before that: the last dimension is not measured."""
    end = int(time.time()) // 3600 * 3600 - 3600
    rows: dict[str, list[list[Any]]] = {"evaluations": [], "indicators": [], "findings": [], "advice": []}
    for store in ("shop-001", "shop-002"):
        for back in range(3):
            until = datetime.fromtimestamp(end - back * 7 * 86_400, UTC)
            since, at = until - timedelta(days=7), until + timedelta(hours=1)
            days = f"{since.date()}/{(until - timedelta(days=1)).date()}"
            kinds = [("health", "health"), *(("dimension", one.id) for one in DIMENSIONS[:-1])]
            kinds += [("indicator", "logistics.time_to_ship"), ("step", "order_to_payment")]
            for place, (kind, name) in enumerate(kinds):
                for comparator, headline in (("own", 1), ("peers", 0)):
                    score = 40.0 + place + 3 * back + 20 * (1 - headline)
                    rows["evaluations"].append(
                        [
                            store,
                            "week",
                            since,
                            until,
                            "UTC",
                            days,
                            kind,
                            name,
                            comparator,
                            score,
                            score - 10,
                            score + 10,
                            0.7,
                            "",
                            headline,
                            1,
                            at,
                        ]
                    )
            rows["evaluations"].append(
                [
                    store,
                    "week",
                    since,
                    until,
                    "UTC",
                    days,
                    "dimension",
                    DIMENSIONS[-1].id,
                    "own",
                    None,
                    None,
                    None,
                    0.1,
                    "low_coverage",
                    1,
                    1,
                    at,
                ]
            )
            rows["indicators"].append(
                [
                    store,
                    "week",
                    since,
                    "logistics.time_to_ship",
                    "duration",
                    30.25,
                    412.0,
                    "orders",
                    "store_id = 'x'",
                    412,
                    at,
                ]
            )
            rows["indicators"].append(
                [
                    store,
                    "week",
                    since,
                    "step:order_to_payment",
                    "rate",
                    0.0525,
                    800.0,
                    "orders",
                    "store_id = 'x'",
                    800,
                    at,
                ]
            )
            rows["findings"].append(
                [
                    store,
                    "week",
                    since,
                    "carts_not_paid",
                    "found",
                    0.93,
                    ["step:order_to_payment"],
                    ["calendar"],
                    at,
                ]
            )
            key = f"advice|{store}|walk_checkout|{days}|step:order_to_payment"
            rows["advice"].append(
                [
                    store,
                    "week",
                    since,
                    "carts_not_paid",
                    "walk_checkout",
                    key,
                    "engineering",
                    "hours",
                    "step:order_to_payment",
                    until + timedelta(days=7),
                    1,
                    at,
                ]
            )
    _fill_targets(client, [row for row in rows["evaluations"] if row[6] == "health" and row[8] == "own"])
    begin = ["store_id", "period", "period_start"]
    client.insert(
        "evaluations_raw",
        rows["evaluations"],
        column_names=[
            *begin,
            "period_end",
            "zone",
            "days",
            "kind",
            "name",
            "comparator",
            "score",
            "low",
            "high",
            "coverage",
            "reason",
            "is_headline",
            "weights_version",
            "evaluated_at",
        ],
    )
    client.insert(
        "indicators_raw",
        rows["indicators"],
        column_names=[
            *begin,
            "name",
            "figure_kind",
            "value",
            "cases",
            "relation",
            "condition",
            "row_count",
            "evaluated_at",
        ],
    )
    client.insert(
        "findings_raw",
        rows["findings"],
        column_names=[*begin, "rule", "standing", "strength", "evidence", "also_possible", "evaluated_at"],
    )
    client.insert(
        "advice_raw",
        rows["advice"],
        column_names=[
            *begin,
            "rule",
            "advice",
            "key",
            "duty",
            "effort",
            "judged_by",
            "check_at",
            "is_given",
            "evaluated_at",
        ],
    )
    # the oldest advice of shop-001 was done and helped; that of the newest week was declined
    given = [row for row in rows["advice"] if row[0] == "shop-001"]
    acted = [(given[2], "done", 500_000), (given[0], "accept", 900_000), (given[0], "decline", 950_000)]
    actions = [
        [
            datetime.fromtimestamp(end, UTC),
            0,
            900 + number,
            "",
            json.dumps(
                {"action_id": f"adv{number}", "kind": kind, "at_ms": ms, "who": "li", "about": row[5]},
                separators=(",", ":"),
            ),
        ]
        for number, (row, kind, ms) in enumerate(acted)
    ]
    client.insert("actions_raw", actions)
    outcome = [
        "shop-001",
        "week",
        given[2][5],
        "walk_checkout",
        "helped",
        12.34,
        3.0,
        21.0,
        datetime.fromtimestamp(end, UTC),
    ]
    client.insert(
        "advice_outcomes_raw",
        [outcome],
        column_names=[
            "store_id",
            "period",
            "key",
            "advice",
            "outcome",
            "gained",
            "low",
            "high",
            "evaluated_at",
        ],
    )

"""What Grafana and the ClickHouse plug-in make of a dashboard's queries, and data to run them on."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DASHBOARDS = Path(__file__).parents[2] / "deploy" / "grafana" / "json"


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


def expanded(sql: str, from_s: int, to_s: int, variables: dict[str, list[str]]) -> str:
    """The SQL that reaches ClickHouse: Grafana's variables first, then the plug-in's macros."""

    def variable(found: re.Match[str]) -> str:
        values, form = variables[found.group(1)], found.group(2)
        return ",".join(f"'{value}'" for value in values) if form == "singlequote" else ",".join(values)

    sql = re.sub(r"\$\{(\w+)(?::(\w+))?\}", variable, sql)
    sql = re.sub(r"\$__timeFilter\((.*?)\)", rf"\1 >= toDateTime({from_s}) AND \1 <= toDateTime({to_s})", sql)
    sql = sql.replace("$__fromTime", f"toDateTime({from_s})").replace("$__toTime", f"toDateTime({to_s})")
    assert "$__" not in sql, f"a macro the plug-in does not know: {sql}"
    return sql


def fill(client: Any, stores: int, minutes: int) -> None:
    """Seed ``stores`` stores over the last ``minutes`` minutes: counts, scores, events, alerts, actions, dead letters."""
    newest = "toStartOfMinute(now()) - 60"
    store = f"concat('shop-', leftPad(toString(number % {stores}), 3, '0'))"
    at = f"{newest} - intDiv(number, {stores}) * 60"
    client.command(
        "INSERT INTO stores_raw SELECT concat('shop-', leftPad(toString(number), 3, '0')), concat('Shop ', toString(number)), "
        "['shopify', 'amazon'][1 + number % 2], 'Asia/Shanghai', 'USD', ['US', 'DE', 'SG'][1 + number % 3], 'shoes', 1, 0 "
        f"FROM numbers({stores})"
    )
    client.command(
        "INSERT INTO minutes_raw (store_id, minute, segment, counts, version) "
        f"SELECT {store}, {at}, 'ios/paid', [900, 100, 20, 6, 5, 4, 1], 1000 FROM numbers({stores * minutes})"
    )
    steps = ["impression_to_click", "click_to_add_to_cart", "add_to_cart_to_order", "order_to_payment"]
    for index, step in enumerate(steps):
        expected = [100, 20, 6, 5][index]
        client.command(
            "INSERT INTO scores_raw (store_id, minute, step, segment, observed, expected, low, high, surprise, sample, "
            "state, window_minutes, window_observed, window_expected, version) "
            f"SELECT {store}, {at}, '{step}', '', {expected} - number % 3, {expected}, {expected} * 0.6, {expected} * 1.4, "
            f"number % 7, {expected * 5}, 'normal', 5, {expected * 5}, {expected * 5}, 1 FROM numbers({stores * minutes})"
        )
    client.command(
        "INSERT INTO events_raw (store_id, event_time, type, event_id, received_at, platform, order_id, country, "
        "device_class, channel, payment_method, quantity, amount, currency, source, version) "
        f"SELECT {store}, now64(3) - number / 10, ['click', 'add_to_cart', 'order', 'payment'][1 + number % 4], "
        "toString(number), now64(3) - number / 10 + 1, 'shopify', if(number % 4 >= 2, toString(intDiv(number, 4)), ''), "
        "['US', 'DE'][1 + number % 2], ['ios', 'desktop'][1 + number % 2], 'paid', 'paypal', 1, '20.5', 'USD', 'api', 1 "
        "FROM numbers(200000)"
    )
    for alert_id, level, sequence, state in (("a1", "page", 0, "firing"), ("a2", "notice", 0, "firing"), ("a2", "notice", 1, "resolved")):  # fmt: skip
        over = "now64(3) - 600" if state == "resolved" else "NULL"
        client.command(
            "INSERT INTO alert_transitions_raw (alert_id, store_id, step, kind, level, state, sequence, at, opened_at, fired_at, "
            f"resolved_at, surprise, observed, expected, lost, version) SELECT '{alert_id}', 'shop-001', 'order_to_payment', "
            f"'conversion', '{level}', '{state}', {sequence}, now64(3), now64(3) - 3600, now64(3) - 3500, {over}, 8.1, 60, 90, 30, {sequence}"
        )
    client.command(
        "INSERT INTO actions_raw SELECT now64(3), 0, number, '', concat('{\"action_id\":\"', toString(number), "
        "'\",\"kind\":\"', ['acknowledge', 'close'][number + 1], '\",\"at_ms\":', toString(toUnixTimestamp64Milli(now64(3)) - 1000000), "
        '\',"who":"li","alert_id":"a2","reason":"real"}\') FROM numbers(2)'
    )
    client.command(
        "INSERT INTO dead_letters_raw (received_at, reason, source, store_id, payload, detail, letter_id, version) "
        "SELECT now64(3) - 60, 'broken_json', 'api', 'shop-001', '{', 'x', toString(number), 1 FROM numbers(5)"
    )

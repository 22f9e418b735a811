"""What an alert cost is one number: grid, API, page, card, severity, digest and Grafana are given the same alerts."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import numpy as np
import pytest

from deploy.grafana.live_queries import OPEN
from scoring.alerts.alert import AlertKind, AlertState, AlertTransition, Level
from scoring.alerts.routing import Severity
from scoring.digest.judging import build_digest
from scoring.digest.schedule import DigestForm, Occurrence
from scoring.funnel.money import MoneyLost, Worth, price, price_sql
from scoring.funnel.period_steps import PERIOD_STEPS, PeriodStep
from scoring.funnel.stages import STAGE_INDEX, STAGES, STEP_BY_ID
from scoring.wording.card import CardContext
from scoring.wording.cards import build_card
from streams.clickhouse.reader import Database
from streams.config.subscribers import SubscriberConfig
from streams.digests.queries import DigestQueries
from streams.incidents.facts import FactsReader
from streams.incidents.reader import ReaderWording
from streams.settings import Settings
from tests.contracts.grafana_queries import Asked, Choice, choices
from tests.fixtures import web_seed
from tests.fixtures.clickhouse import Databases, Store
from tests.fixtures.page import RunningPage, page_settings, serve
from tests.fixtures.report_seed import COLUMNS, midnight, report_row

HOUR_MS = 3_600_000
#: of the store's fourteen days: 10,000 clicks, 1,000 carts, 250 orders (50 of them free), 200 payments
COUNTS = {"impression": 100_000, "click": 10_000, "add_to_cart": 1000, "order": 250, "payment": 200}
ORDER, PAYMENT = 40.0, 50.0
#: per lost event of each step
EACH = {
    "impression_to_click": ORDER * 250 / 10_000,
    "click_to_add_to_cart": ORDER * 250 / 1000,
    "add_to_cart_to_order": ORDER,
    "order_to_payment": PAYMENT,
    "payment_to_fulfilment": None,
}
LOST = 20.0


@pytest.fixture(scope="module")
def now_ms() -> int:
    return time.time_ns() // 1_000_000


def alert(
    step: str, kind: str, opened_ms: int, store: str = "us-own", members: tuple[str, ...] = ()
) -> list[Any]:
    opened = web_seed.moment(opened_ms)
    return [
        f"al-{kind}-{step}", store, step, "", kind, "page", "firing", 0, web_seed.moment(opened_ms + 60_000), opened, opened,
        None, 9.0, 80.0, 100.0, 90.0, 110.0, 30, 2412.0, LOST, 10.0, 30.0, "unknown", [], list(members), "", 1,
    ]  # fmt: skip


def order_event(store: str, number: int, at_ms: int, kind: str, amount: str, currency: str) -> list[Any]:
    at = web_seed.moment(at_ms)
    return [store, at, kind, f"{store}-{kind}-{number}-{at_ms}", at, f"o{number}", amount, currency, "api", 1]


@pytest.fixture(scope="module")
def database(clickhouse: Store, databases: Databases) -> Iterator[str]:
    with databases.lent(clickhouse) as name:
        yield name


@pytest.fixture(scope="module")
def settings(
    clickhouse: Store, database: str, tmp_path_factory: pytest.TempPathFactory, now_ms: int
) -> Settings:
    """One store's past, free orders and orders of another currency among it, then alerts of every step."""
    settings = page_settings(clickhouse, tmp_path_factory.mktemp("money"), clickhouse_database=database)
    client = clickhouse.client(database)
    opened_ms = now_ms - 2 * HOUR_MS
    before_ms = opened_ms // HOUR_MS * HOUR_MS - 3 * HOUR_MS
    counts = [0] * len(STAGES)
    for stage, count in COUNTS.items():
        counts[[s.value for s in STAGES].index(stage)] = count
    during = [10 * count for count in counts[:3]] + [
        0,
        0,
        0,
        0,
    ]  # the incident: it must not lower its own price
    minutes = [
        ["us-own", web_seed.moment(before_ms), "ios/paid", counts, 1],
        ["de-shopify", web_seed.moment(before_ms), "ios/paid", counts, 1],
        ["us-own", web_seed.moment(opened_ms + 60 * 60_000), "ios/paid", during, 1],
    ]
    client.insert("minutes_raw", minutes, column_names=["store_id", "minute", "segment", "counts", "version"])
    events = [
        order_event("us-own", n, before_ms, "order", "0" if n < 50 else "40", "USD") for n in range(250)
    ]
    events += [order_event("us-own", n, before_ms, "payment", "50", "USD") for n in range(200)]
    events += [order_event("us-own", 900 + n, before_ms, "order", "9000", "EUR") for n in range(5)]
    events += [order_event("us-own", n, now_ms - HOUR_MS, "order", "1", "USD") for n in range(300, 400)]
    events += [
        order_event("us-own", n, before_ms - 15 * 24 * HOUR_MS, "order", "7777", "USD") for n in range(9)
    ]
    names = [
        "store_id",
        "event_time",
        "type",
        "event_id",
        "received_at",
        "order_id",
        "amount",
        "currency",
        "source",
        "version",
    ]
    client.insert("events_raw", events, column_names=names)
    alerts = [alert(step, "conversion", opened_ms) for step in EACH]
    alerts += [alert("order_to_payment", "surge", opened_ms)]
    alerts += [
        alert("add_to_cart_to_order", "pooled", opened_ms, "pool:platform=own_site", ("us-own", "de-shopify"))
    ]
    alerts += [alert("shopee:visitors_to_orders", "conversion", opened_ms, "sg-shopee")]
    reports = []
    for back in range(3, 9):  # 20 orders a day at 15
        start = midnight(now_ms, back)
        reports += [
            report_row("orders", start, "20", store="sg-shopee"),
            report_row("revenue", start, "300.00", store="sg-shopee", currency="USD"),
        ]
    client.insert("report_versions_raw", reports, column_names=COLUMNS)
    client.insert("alert_transitions_raw", alerts, column_names=web_seed.ALERT_COLUMNS)
    stores = [["us-own", "USD"], ["de-shopify", "EUR"]]
    client.insert("stores_raw", stores, column_names=["store_id", "currency"])
    return settings


@pytest.fixture(scope="module")
def page(settings: Settings, now_ms: int) -> Iterator[RunningPage]:
    yield from serve(settings, now_ms)


EXPECTED = {
    **{f"al-conversion-{step}": each and LOST * each for step, each in EACH.items()},
    "al-surge-order_to_payment": None,
    "al-conversion-shopee:visitors_to_orders": LOST * 15.0,  # by its report's own revenue
    "al-pooled-add_to_cart_to_order": None,  # its stores sell in two currencies
}


def test_the_api_s_alerts_say_the_one_price(page: RunningPage) -> None:
    alerts = page.json("/alerts")["alerts"]
    assert {a["alert_id"]: a["money"] and pytest.approx(a["money"]["amount"]) for a in alerts} == EXPECTED


def test_the_grid_prices_a_store_s_worst_alert_the_same(page: RunningPage) -> None:
    row = next(row for row in page.json("/stores")["stores"] if row["store_id"] == "us-own")
    assert (row["money"] and pytest.approx(row["money"]["amount"])) == EXPECTED[row["alert_id"]]


def test_the_page_of_an_alert_writes_it(page: RunningPage) -> None:
    text = page.get("/alerts/al-conversion-click_to_add_to_cart?lang=en").text
    assert "$200" in text


@pytest.mark.parametrize("alert_id", EXPECTED)
async def test_the_card_its_severity_and_the_mail_say_the_same(
    settings: Settings, now_ms: int, alert_id: str
) -> None:
    alerts = {a.alert_id: a for a in await of_digest(settings, now_ms)}
    reader = FactsReader(settings, web_seed.CONFIG, lambda: now_ms, patience_s=60)
    try:
        facts = await reader.facts(alerts[alert_id])
        money = price(alerts[alert_id], facts.store.worth)
        base = await reader.lost_in_base(alerts[alert_id])
    finally:
        await reader.close()
    expected = EXPECTED[alert_id]
    assert (money and pytest.approx(money.lost)) == expected
    assert (base and pytest.approx(base)) == expected  # the base currency is the store's
    around = CardContext(facts.store, 7.0, Severity.WARNING)
    text = build_card(alerts[alert_id], around, ReaderWording("en"), "UTC").text
    assert (f"${expected:,.0f}" in text) if expected else ("$" not in text)


async def of_digest(settings: Settings, now_ms: int) -> list[AlertTransition]:
    return [incident.facts.alert for incident in await digest_incidents(settings, now_ms)]


async def digest_incidents(settings: Settings, now_ms: int) -> Any:
    database = Database(settings)
    day = now_ms // (24 * HOUR_MS) * 24 * HOUR_MS
    today = datetime.fromtimestamp(day / 1000, UTC).date()
    when = Occurrence(today + timedelta(days=1), day + 24 * HOUR_MS, today, today, day, day + 24 * HOUR_MS)
    subscriber = SubscriberConfig(name="li", to=("li@shop.example",))
    try:
        facts = await DigestQueries(database, web_seed.CONFIG).facts(subscriber, when, now_ms)
    finally:
        await database.close()
    assert subscriber.form is DigestForm.DAILY
    return build_digest(facts).open_incidents


async def test_the_digest_says_the_same(settings: Settings, now_ms: int) -> None:
    incidents = await digest_incidents(settings, now_ms)
    found = {i.facts.alert.alert_id: i.money and pytest.approx(i.money.lost) for i in incidents}
    assert found == EXPECTED


def test_grafana_says_the_same(settings: Settings, clickhouse: Store, now_ms: int) -> None:
    asked = Asked(
        now_ms // 1000 - 6 * 3600,
        now_ms // 1000,
        {**choices(2), "store": Choice(["us-own", "sg-shopee", "pool:platform=own_site"])},
    )
    rows = list(clickhouse.client(settings.clickhouse_database).query(asked.expanded(OPEN)).named_results())
    assert {row["alert"]: row["money"] and pytest.approx(row["money"]) for row in rows} == EXPECTED


def test_the_price_in_sql_is_the_price_in_python(clickhouse: Store) -> None:
    chance = np.random.default_rng(11)
    client, steps = clickhouse.client("default"), [*STEP_BY_ID.values(), *PERIOD_STEPS]
    for _ in range(60):
        step = steps[int(chance.integers(len(steps)))]
        counts = [float(n) for n in chance.integers(0, 50, len(STAGES)) * chance.integers(0, 2, len(STAGES))]
        amounts = {name: float(chance.integers(0, 3) * 12.5) for name in ("order", "payment")}
        kind, lost = str(chance.choice(["conversion", "surge", "traffic"])), float(chance.integers(-5, 50))
        each = float(chance.integers(0, 2) * 7.5)
        reported = {step.downstream: each} if isinstance(step, PeriodStep) and each else {}
        worth = Worth(
            {stage.value: counts[STAGE_INDEX[stage]] for stage in STAGES}, reported or amounts, "USD"
        )
        in_python = price(
            msgspec.structs.replace(PLAIN, step=step.id, kind=AlertKind(kind), lost=lost), worth
        )
        sql = price_sql("step", "kind", "lost", "counts", "o", "p", "r")
        (in_sql,) = client.query(
            f"SELECT {sql} FROM (SELECT {{step:String}} AS step, {{kind:String}} AS kind, {{lost:Float64}} AS lost, "
            "{counts:Array(Float64)} AS counts, {o:Float64} AS o, {p:Float64} AS p, {r:Float64} AS r)",
            parameters={"step": step.id, "kind": kind, "lost": lost, "counts": counts, "o": amounts["order"], "p": amounts["payment"], "r": each},
        ).result_rows[0]  # fmt: skip
        assert in_sql == (pytest.approx(in_python.lost) if isinstance(in_python, MoneyLost) else None)


PLAIN = AlertTransition(
    alert_id="a", store_id="s", step="order_to_payment", segment="", kind=AlertKind.CONVERSION, level=Level.PAGE,
    state=AlertState.FIRING, sequence=0, at_ms=0, opened_at_ms=0, fired_at_ms=0, resolved_at_ms=None, surprise=9.0,
    observed=1.0, expected=2.0, low=1.0, high=3.0, window_minutes=30, sample=10.0, lost=20.0, lost_low=10.0, lost_high=30.0,
)  # fmt: skip

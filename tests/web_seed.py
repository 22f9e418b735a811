"""Rows as landing would have left them, for the page and the API: eight stores, one planted fall of payments, one quiet store."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

import numpy as np

from scoring.funnel.stages import FAST_STEPS, STAGE_INDEX, STAGES
from streams.config.model import Config, StoreConfig

MINUTE_MS = 60_000
HOURS = 26
SEGMENTS = (("ios/paid", 0.35), ("ios/organic", 0.2), ("android/paid", 0.25), ("desktop/organic", 0.2))
CHAIN = (1.0, 0.06, 0.11, 0.34, 0.86, 0.7, 0.12)
FALL_MINUTES = 26
ALERT = "al-us-payments"
OLD_ALERT = "al-de-carts"

STORES: tuple[tuple[StoreConfig, float], ...] = (
    (StoreConfig(id="us-own", name="US-独立站", platform="own_site", zone="America/Los_Angeles", currency="USD"), 24000),
    (StoreConfig(id="de-shopify", name="DE Shopify", platform="shopify", zone="Europe/Berlin", currency="EUR"), 9000),
    (StoreConfig(id="cn-taobao", name="淘宝旗舰店", platform="taobao", zone="Asia/Shanghai", currency="CNY"), 50000),
    (StoreConfig(id="sg-shopee", name="SG Shopee", platform="shopee", zone="Asia/Singapore", currency="SGD"), 3000),
    (StoreConfig(id="jp-amazon", name="JP Amazon", platform="amazon", zone="Asia/Tokyo", currency="JPY"), 12000),
    (StoreConfig(id="uk-tiktok", name="UK TikTok Shop", platform="tiktok_shop", zone="Europe/London", currency="GBP"), 6000),
    (StoreConfig(id="th-lazada", name="TH Lazada", platform="lazada", zone="Asia/Bangkok", currency="THB"), 60),
    (StoreConfig(id="new-store", name="新店（未开业）", platform="other", zone="Asia/Shanghai", currency="CNY"), 0),
)  # fmt: skip
ALERTING = {
    "receivers": [
        {"name": "ops", "channel": "feishu", "language": "zh", "zone": "Asia/Shanghai", "url": "env:FEISHU_URL_OF_TESTS", "secret": "env:FEISHU_SECRET_OF_TESTS"},
        {"name": "payments-team", "channel": "email", "to": ["pay@example.com"], "zone": "America/Los_Angeles"},
        {"name": "on-call", "channel": "dingtalk", "language": "zh", "url": "env:DINGTALK_URL_OF_TESTS", "mention": ["13800000001"]},
    ],
    "route": {
        "receiver": "ops", "group_by": ["store_id"],
        "routes": [
            {"receiver": "payments-team", "match": ["step=order_to_payment"], "group_wait": "0s", "continues": True},
            {"receiver": "on-call", "match": ["severity=critical"], "mute": ["nights"], "repeat_interval": "30m", "most_repeats": 5},
        ],
    },
    "mute_timings": [{"name": "nights", "zone": "Asia/Shanghai", "start": "23:00", "end": "07:30", "weekdays": ["mon", "tue"]}],
}  # fmt: skip
CONFIG = Config(stores=tuple(store for store, _ in STORES), alerting=ALERTING)


def moment(ms: float) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)


def expected_counts(rate_per_hour: float, minutes: np.ndarray) -> np.ndarray:
    """Expected stage counts a minute, shape (minutes, 7): a daily wave times the chain of conversions."""
    wave = 1 + 0.35 * np.sin(minutes / 1440 * 2 * math.pi)
    return rate_per_hour / 60 / CHAIN[1] * wave[:, None] * np.cumprod(CHAIN)[None, :]


def seed(client: Any, now_ms: int) -> None:
    """Fill the tables of the client's database with the state of the moment ``now_ms``."""
    chance = np.random.default_rng(7)
    end = now_ms // MINUTE_MS - 1
    minutes = np.arange(end - HOURS * 60, end)
    counts_rows: list[list[Any]] = []
    score_rows: list[list[Any]] = []
    for store, rate in STORES:
        expected = expected_counts(rate, minutes)
        actual = expected.copy()
        if store.id == "us-own":
            actual[-FALL_MINUTES:, STAGE_INDEX["payment"] :] *= 0.31
        drawn = chance.poisson(actual)
        if store.id == "jp-amazon":  # a marketplace that reports no impressions
            drawn[:, 0] = 0
        if rate:
            counts_rows += _minute_rows(store.id, minutes, drawn, chance)
            score_rows += _score_rows(store.id, minutes, drawn, expected)
    client.insert(
        "minutes_raw", counts_rows, column_names=["store_id", "minute", "segment", "counts", "version"]
    )
    client.insert("scores_raw", score_rows, column_names=SCORE_COLUMNS)
    _insert_windows(client, counts_rows, end)
    insert_alerts(client, now_ms)
    _insert_letters(client, now_ms)
    _insert_events(client, now_ms, chance)


def _minute_rows(
    store: str, minutes: np.ndarray, drawn: np.ndarray, chance: np.random.Generator
) -> list[list[Any]]:
    rows = []
    split = chance.multinomial(drawn, [share for _, share in SEGMENTS])
    for i, minute in enumerate(minutes):
        for place, (segment, _) in enumerate(SEGMENTS):
            counts = [int(c) for c in split[i, :, place]]
            if any(counts):
                rows.append([store, moment(int(minute) * MINUTE_MS), segment, counts, sum(counts)])
    return rows


def _score_rows(store: str, minutes: np.ndarray, drawn: np.ndarray, expected: np.ndarray) -> list[list[Any]]:
    rows = []
    for step in FAST_STEPS:
        down = STAGE_INDEX[step.downstream]
        for i, minute in enumerate(minutes):
            mean, seen = float(expected[i, down]), float(drawn[i, down])
            width = 2.576 * math.sqrt(mean + (0.04 * mean) ** 2)
            back = 30 if store == "us-own" else 5
            window = slice(max(0, i + 1 - back), i + 1)
            window_seen, window_mean = float(drawn[window, down].sum()), float(expected[window, down].sum())
            gap = max(0.0, (window_mean - window_seen) / math.sqrt(window_mean + 1))
            surprise = gap**2 / 4.6
            state = "breach" if surprise >= 6 else "normal"
            if store == "th-lazada" and step.downstream in ("order", "payment"):
                state, surprise = "not_enough_data", 0.0
            if store == "jp-amazon" and step.upstream == "impression":
                state, surprise = "missing_stage", 0.0
            rows.append(
                [
                    store, moment(int(minute) * MINUTE_MS), step.id, "", seen, mean, max(0.0, mean - width), mean + width,
                    surprise, float(drawn[window, down - 1].sum()), state, back, window_seen, window_mean, 1,
                ]
            )  # fmt: skip
    return rows


def _insert_windows(client: Any, counts_rows: list[list[Any]], end: int) -> None:
    rows = []
    for store, _ in STORES:
        for length in (5, 60, 1440):
            since = moment((end - length) * MINUTE_MS)
            total = np.sum(
                [r[3] for r in counts_rows if r[0] == store.id and r[1] >= since] or [[0] * 7], axis=0
            )
            rows.append([store.id, length, moment((end - 1) * MINUTE_MS), [int(c) for c in total], 1])
    client.insert(
        "windows_raw", rows, column_names=["store_id", "window_minutes", "minute", "counts", "version"]
    )


ALERT_COLUMNS = [
    "alert_id", "store_id", "step", "segment", "kind", "level", "state", "sequence", "at", "opened_at", "fired_at",
    "resolved_at", "surprise", "observed", "expected", "low", "high", "window_minutes", "sample", "lost", "lost_low",
    "lost_high", "label", "contributions", "members", "note", "version",
]  # fmt: skip


SCORE_COLUMNS = [
    "store_id", "minute", "step", "segment", "observed", "expected", "low", "high", "surprise", "sample",
    "state", "window_minutes", "window_observed", "window_expected", "version",
]  # fmt: skip


def insert_slow_scores(
    client: Any, store_id: str, ends_ms: list[int], observed: float, expected: float
) -> None:
    """The slow step of a store, a row at the end of each business hour."""
    state = "breach" if observed < 0.6 * expected else "normal"
    rows = [
        [
            store_id, moment(end_ms), "payment_to_fulfilment", "", observed, expected, expected * 0.6, expected * 1.4,
            9.0 if state == "breach" else 0.1, expected, state, 240, observed * 4, expected * 4, 1,
        ]
        for end_ms in ends_ms
    ]  # fmt: skip
    client.insert("scores_raw", rows, column_names=SCORE_COLUMNS)


def insert_foreign_alert(
    client: Any, alert_id: str, store_id: str, at_ms: int, kind: str, level: str, label: str
) -> None:
    """An alert whose kind, level and label are as another release (or another writer) left them."""
    at = moment(at_ms)
    row = [
        alert_id, store_id, "order_to_payment", "", kind, level, "resolved", 0, at, at, at, at,
        6.4, 41.0, 78.0, 57.0, 101.0, 30, 2412.0, 37.0, 20.0, 50.0, label, [], [], "", 1,
    ]  # fmt: skip
    client.insert("alert_transitions_raw", [row], column_names=ALERT_COLUMNS)


def insert_alerts(client: Any, now_ms: int) -> None:
    opened = now_ms - FALL_MINUTES * MINUTE_MS
    fired = opened + 3 * MINUTE_MS
    shares = [("ios/paid", 0.74), ("ios/organic", 0.17), ("android/paid", 0.09)]
    old = now_ms - 9 * 60 * MINUTE_MS
    ended = old + 47 * MINUTE_MS

    def row(
        alert: str, store: str, step: str, level: str, state: str, sequence: int, at: int, *rest: Any
    ) -> list[Any]:
        start, fire, stop, surprise, observed, expected, low, high, lost, label, parts = rest
        return [
            alert, store, step, "", "conversion", level, state, sequence, moment(at), moment(start), moment(fire),
            stop and moment(stop), surprise, observed, expected, low, high, 30, 2412.0, lost, lost * 0.66, lost * 1.34,
            label, parts, [], "", sequence + 1,
        ]  # fmt: skip

    fall = (fired, opened, fired, None)
    rows = [
        row(ALERT, "us-own", "order_to_payment", "notice", "firing", 0, *fall, 6.4, 41.0, 78.0, 57.0, 101.0, 37.0, "unknown", []),
        row(ALERT, "us-own", "order_to_payment", "page", "firing", 1, now_ms - 9 * MINUTE_MS, *fall[1:], 31.2, 126.0, 386.0, 337.0, 437.0, 260.0, "real", shares),
        row(OLD_ALERT, "de-shopify", "click_to_add_to_cart", "notice", "firing", 0, old + MINUTE_MS, old, old + MINUTE_MS, None, 6.2, 310.0, 402.0, 342.0, 465.0, 92.0, "unknown", []),
        row(OLD_ALERT, "de-shopify", "click_to_add_to_cart", "notice", "resolved", 1, ended, old, old + MINUTE_MS, ended, 7.9, 398.0, 405.0, 345.0, 468.0, 214.0, "unknown", []),
    ]  # fmt: skip
    client.insert("alert_transitions_raw", rows, column_names=ALERT_COLUMNS)


def _insert_letters(client: Any, now_ms: int) -> None:
    kinds = (("broken_json", 9), ("unknown_type", 4), ("time_in_future", 2), ("bad_money", 1))
    rows = [
        [
            f"letter-{reason}-{i}", moment(now_ms - (i + 1) * 3 * MINUTE_MS), reason, "api", "us-own",
            '{"type": "add_to_cart", "event_time": "2026-13-01T00:00:00Z"', f"line {i + 1}: {reason.replace('_', ' ')}", 1,
        ]
        for reason, n in kinds
        for i in range(n)
    ]  # fmt: skip
    names = ["letter_id", "received_at", "reason", "source", "store_id", "detail", "payload", "version"]
    swapped = [[*row[:5], row[6], row[5], row[7]] for row in rows]
    client.insert("dead_letters_raw", swapped, column_names=names)


def _insert_events(client: Any, now_ms: int, chance: np.random.Generator) -> None:
    rows = []
    for store, rate in STORES:
        for i in range(min(60, int(rate / 60))):
            stage = STAGES[1 + i % 4].value
            at = now_ms - 4000 - int(chance.integers(0, 14 * MINUTE_MS)) * (i > 0)
            paid = stage in ("order", "payment")
            rows.append(
                [
                    store.id, moment(at), stage, f"{store.id}-{i}", moment(at + 900 + 40 * i), 1, str(store.platform),
                    f"v{i}", "", "", f"o{i}" if paid else "", "sku-1", "", store.country, "ios" if i % 3 else "desktop",
                    "paid", "", "paypal" if paid else "", 1, "47.60" if paid else "", store.currency if paid else "",
                    "pixel" if i % 4 else "webhook", {}, i, 1,
                ]
            )  # fmt: skip
    names = [
        "store_id", "event_time", "type", "event_id", "received_at", "schema_version", "platform", "visitor", "buyer",
        "session", "order_id", "product", "category", "country", "device_class", "channel", "campaign", "payment_method",
        "quantity", "amount", "currency", "source", "attributes", "log_offset", "version",
    ]  # fmt: skip
    client.insert("events_raw", rows, column_names=names)

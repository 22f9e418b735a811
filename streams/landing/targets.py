"""What each topic becomes in ClickHouse: table, columns and the conversion, which ClickHouse does itself.

The records' JSON goes in as it is (``INSERT … SELECT … FROM input(…) FORMAT JSONEachRow``); nothing is decoded here.
Each table's rows have a natural key and a version, so a row landed twice is one row.
"""

from __future__ import annotations

from dataclasses import dataclass

from scoring.events.identity import PUBLIC_SOURCE
from scoring.records.order_facts import ORDER_ANSWERS
from streams.clickhouse.clients import table
from streams.clickhouse.repeats import MARKED_VERSION
from streams.kafka import topics
from streams.settings import Settings

_UTC_MS = "fromUnixTimestamp64Milli({}, 'UTC')"
#: a version that grows as the time shrinks: the first received holds
_FIRST_HOLDS = "toUInt64(18446744073709551615) - toUInt64({})"
#: and what a page reports holds only against what a page reports
_TRUSTED_HOLDS = f"{_FIRST_HOLDS} - if(source = '{PUBLIC_SOURCE}', bitShiftLeft(toUInt64(1), 62), 0)"


@dataclass(frozen=True, slots=True)
class Target:
    """Where a topic's records go. ``fields`` are the JSON's; ``columns`` map each column to its expression of them."""

    topic: str
    table: str
    fields: str
    columns: dict[str, str]

    def statement(self, settings: Settings, where: str = "") -> str:
        """The insert of the rows for which ``where`` holds, on one line; the rows' JSON follows on the next."""
        names = ", ".join(self.columns)
        values = ", ".join(self.columns.values())
        structure = self.fields.replace("'", "\\'")
        condition = f" WHERE {where}" if where else ""
        return (
            f"INSERT INTO {table(settings, self.table)} ({names}) SELECT {values} "
            f"FROM input('{structure}'){condition} FORMAT JSONEachRow"
        )


def _same(*names: str) -> dict[str, str]:
    return {name: name for name in names}


def _texts(*names: str) -> str:
    return ", ".join(f"{name} String" for name in names)


def _floats(*names: str) -> str:
    return ", ".join(f"{name} Float64" for name in names)


_EVENT_TEXTS = (
    *(
        "event_id",
        "store_id",
        "type",
        "platform",
        "visitor",
        "buyer",
        "session",
        "order_id",
        "product",
        "category",
    ),
    *(
        "country",
        "device_class",
        "channel",
        "campaign",
        "payment_method",
        "amount",
        "currency",
        "source",
        "set_apart",
        "import_id",
    ),
)
EVENTS = Target(
    topics.EVENTS,
    "events_raw",
    f"{_texts(*_EVENT_TEXTS)}, event_time_ms Int64, received_at_ms Int64, schema_version Nullable(UInt16), "
    "quantity Nullable(Int64), attributes Map(String, String), log_offset Int64",
    {
        **_same(*_EVENT_TEXTS),
        "event_time": _UTC_MS.format("event_time_ms"),
        "received_at": _UTC_MS.format("received_at_ms"),
        "schema_version": "coalesce(schema_version, 1)",
        "quantity": "coalesce(quantity, 1)",
        **_same("attributes", "log_offset"),
        "version": _TRUSTED_HOLDS.format("received_at_ms"),
    },
)

#: an event that lands although a row of it was taken back: over that row
RESTORED_EVENTS = Target(
    topics.EVENTS, "events_raw", EVENTS.fields, {**EVENTS.columns, "version": MARKED_VERSION}
)
#: what imports reported, and others of the same events
IMPORT_EVENTS = Target(topics.EVENTS, "import_events_raw", EVENTS.fields, EVENTS.columns)

MINUTES = Target(
    topics.MINUTES,
    "minutes_raw",
    "store_id String, minute_ms Int64, segment String, counts Array(UInt64), taken_back UInt64",
    {
        "store_id": "store_id",
        "minute": "toDateTime(intDiv(minute_ms, 1000), 'UTC')",
        **_same("segment", "counts"),
        "version": "least(arraySum(counts) + 2 * taken_back, bitShiftLeft(toUInt64(1), 56) - 1)",
    },
)

_SCORE_FLOATS = (
    "observed",
    "expected",
    "low",
    "high",
    "surprise",
    "sample",
    "window_observed",
    "window_expected",
)
#: a row that judges holds against one that has nothing to judge by: events that were sent to a store's old partition while
#: there came to be more are counted there too, where its baseline is not
SCORES = Target(
    topics.SCORES,
    "scores_raw",
    f"{_texts('store_id', 'step', 'segment', 'state')}, {_floats(*_SCORE_FLOATS)}, "
    "minute_ms Int64, window_minutes UInt32, version UInt64",
    {
        **_same("store_id", "step", "segment", "state", *_SCORE_FLOATS, "window_minutes"),
        "minute": "toDateTime(intDiv(minute_ms, 1000), 'UTC')",
        "version": "if(state = 'no_baseline', 0, version + 1)",
    },
)

#: a window's version is its minute, then its total
WINDOWS = Target(
    topics.WINDOWS,
    "windows_raw",
    "store_id String, minute_ms Int64, window_minutes UInt32, counts Array(UInt64)",
    {
        **_same("store_id", "window_minutes", "counts"),
        "minute": "toDateTime(intDiv(minute_ms, 1000), 'UTC')",
        "version": "bitShiftLeft(toUInt64(intDiv(minute_ms, 60000)), 32) + least(arraySum(counts), 4294967295)",
    },
)

_ALERT_TEXTS = ("alert_id", "store_id", "step", "segment", "kind", "level", "state", "label", "note")
_ALERT_FLOATS = (
    *("surprise", "observed", "expected", "low", "high", "sample"),
    *("lost", "lost_low", "lost_high"),
)
#: how it was when the alert was resolved: at most one tuple in the record, columns of their own in the table
_ALERT_END = {
    "observed": "Float64",
    "expected": "Float64",
    "low": "Float64",
    "high": "Float64",
    "window_minutes": "UInt32",
    "sample": "Float64",
}
_END_FIELDS = ", ".join(f"{name} {kind}" for name, kind in _ALERT_END.items())
ALERTS = Target(
    topics.ALERTS,
    "alert_transitions_raw",
    f"{_texts(*_ALERT_TEXTS)}, {_floats(*_ALERT_FLOATS)}, sequence UInt32, at_ms Int64, opened_at_ms Int64, "
    "fired_at_ms Nullable(Int64), resolved_at_ms Nullable(Int64), window_minutes UInt32, "
    "contributions Array(Tuple(segment String, share Float64)), members Array(String), "
    f"end_figures Array(Tuple({_END_FIELDS}))",
    {
        **_same(*_ALERT_TEXTS, *_ALERT_FLOATS, "sequence", "window_minutes", "contributions", "members"),
        "at": _UTC_MS.format("at_ms"),
        "opened_at": _UTC_MS.format("opened_at_ms"),
        "fired_at": _UTC_MS.format("fired_at_ms"),
        "resolved_at": _UTC_MS.format("resolved_at_ms"),
        **{
            f"end_{name.removeprefix('window_')}": f"if(empty(end_figures), NULL, tupleElement(end_figures[1], '{name}'))"
            for name, kind in _ALERT_END.items()
        },
        "version": "toUInt64(at_ms)",
    },
)

_LETTER_TEXTS = ("letter_id", "reason", "source", "store_id", "payload", "detail", "door")
DEADLETTERS = Target(
    topics.DEADLETTERS,
    "dead_letters_raw",
    f"{_texts(*_LETTER_TEXTS)}, received_at_ms Int64",
    {
        **_same(*_LETTER_TEXTS[1:]),
        "letter_id": "if(letter_id != '', letter_id, lower(hex(sipHash128("
        "received_at_ms, reason, source, store_id, payload, detail))))",
        "received_at": _UTC_MS.format("received_at_ms"),
        "version": _FIRST_HOLDS.format("received_at_ms"),
    },
)

#: the record itself is kept as text; ``streams/landing/role.py`` wraps it with what the Kafka record says
BASELINES = Target(
    topics.BASELINES,
    "baselines_raw",
    "store_id String, at_ms Int64, record String, is_deleted UInt8",
    {
        "store_id": "store_id",
        "published_at": _UTC_MS.format("at_ms"),
        "baseline": "record",
        "version": "toUInt64(at_ms)",
        "is_deleted": "is_deleted",
    },
)
ACTIONS = Target(
    topics.ACTIONS,
    "actions_raw",
    "store_id String, at_ms Int64, log_part UInt32, log_offset Int64, record String",
    {
        "at": _UTC_MS.format("at_ms"),
        **_same("log_part", "log_offset", "store_id"),
        "action": "record",
    },
)

_DIGEST = "sipHash64({})"

_ROW_TEXTS = ("store_id", "source", "measure", "period", "zone", "currency", "connection", "import_id")
REPORTS = Target(
    topics.REPORTS,
    "report_versions_raw",
    f"{_texts(*_ROW_TEXTS)}, period_start_ms Int64, period_end_ms Int64, value String, dimensions Map(String, String), "
    "complete Nullable(UInt8), told_at_ms Int64, withdrawn UInt8",
    {
        **_same(*_ROW_TEXTS, "dimensions", "withdrawn"),
        "period_start": "toDateTime(intDiv(period_start_ms, 1000), 'UTC')",
        "period_end": "toDateTime(intDiv(period_end_ms, 1000), 'UTC')",
        "value": "toDecimal128(value, 9)",
        "parts": "if(empty(dimensions), '', toString(mapSort(dimensions)))",
        "complete": "coalesce(complete, 1)",
        "told_at": _UTC_MS.format("told_at_ms"),
        "digest": _DIGEST.format("value, complete, currency, period_end_ms, withdrawn"),
    },
)

_SIGNAL_TEXTS = ("store_id", "kind", "object", "source", "connection", "import_id")
SIGNALS = Target(
    topics.SIGNALS,
    "signal_versions_raw",
    f"{_texts(*_SIGNAL_TEXTS)}, since_ms Int64, until_ms Int64, details Map(String, String), told_at_ms Int64, withdrawn UInt8",
    {
        **_same(*_SIGNAL_TEXTS, "details", "withdrawn"),
        "since": _UTC_MS.format("since_ms"),
        "until": _UTC_MS.format("until_ms"),
        "told_at": _UTC_MS.format("told_at_ms"),
        "digest": _DIGEST.format("until_ms, withdrawn, toString(details)"),
    },
)

_ORDER_TEXTS = (
    "store_id", "order_id", "source", "connection", "import_id", "amount", "currency", "kind", "channel", "buyer", "country", "payment_method",
)  # fmt: skip
_ORDER_NUMBERS = (
    "as_of_ms", "told_at_ms", "placed_ms", "authorised_ms", "paid_ms", "shipped_ms", "delivered_ms", "cancelled_ms", "units", "parcels",
)  # fmt: skip
ORDER_FACTS = Target(
    topics.ORDER_FACTS,
    "order_versions_raw",
    f"{_texts(*_ORDER_TEXTS)}, {', '.join(f'{name} Int64' for name in _ORDER_NUMBERS)}, "
    f"{', '.join(f'{name} Nullable(UInt8)' for name in ORDER_ANSWERS)}, "
    "refunds Map(String, String), refund_times Map(String, Int64), history UInt8, withdrawn UInt8",
    {
        **_same(
            *_ORDER_TEXTS, *_ORDER_NUMBERS, *ORDER_ANSWERS, "refunds", "refund_times", "history", "withdrawn"
        ),
        "digest": _DIGEST.format(
            ", ".join((*_ORDER_TEXTS, *_ORDER_NUMBERS))
            + ", "
            + ", ".join(f"ifNull({name}, 9)" for name in ORDER_ANSWERS)
            + ", toString(refunds), toString(refund_times), history, withdrawn"
        ),
    },
)

_DELIVERY_TEXTS = ("source", "connection", "delivery_id", "topic", "body")
RAW = Target(
    topics.RAW,
    "raw_deliveries_raw",
    f"{_texts(*_DELIVERY_TEXTS)}, door String, received_at_ms Int64, headers Map(String, String), schema_version Nullable(UInt16)",
    {
        **_same(*_DELIVERY_TEXTS, "headers"),
        "door": "if(door = '', 'hook', door)",
        "received_at": _UTC_MS.format("received_at_ms"),
        "schema_version": "coalesce(schema_version, 1)",
        "digest": _DIGEST.format("topic, body"),
    },
)

#: in the order in which a batch is landed: events first, because a recount makes minute rows say nothing more
TARGETS: tuple[Target, ...] = (
    EVENTS,
    MINUTES,
    SCORES,
    WINDOWS,
    ALERTS,
    DEADLETTERS,
    BASELINES,
    ACTIONS,
    REPORTS,
    SIGNALS,
    ORDER_FACTS,
    RAW,
)
#: topics whose records are wrapped rather than read by ClickHouse
WRAPPED = frozenset({topics.BASELINES, topics.ACTIONS})

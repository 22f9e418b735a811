"""Counts what the events of a store's days add up to: ``scoring/evaluation/event_facts.py`` in SQL; a test compares the two.

Used by ``streams/jobs/event_days.py``. A day is counted again, whole, whenever its events are no longer those that were looked at:
late ones, ones that were set apart or taken back. Everything happens in ClickHouse; no event passes through this process.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from clickhouse_connect.driver import AsyncClient

from scoring.evaluation import event_facts as rules
from scoring.evaluation.event_facts import ANSWER_LIMITS, ROBOTIC, VISIT_TYPES, VITAL_LIMITS, EventFact
from scoring.events.event import DeviceClass, EventType
from streams.clickhouse.clients import table
from streams.clickhouse.errors import mapped
from streams.clickhouse.literals import literal, literals
from streams.settings import Settings

#: days and stores of one statement: their visits are in memory at once
DAYS_AT_ONCE, STORES_AT_ONCE = 7, 200
#: types that facts are made of
_TYPES = literals(
    [kind.value for kind in (*VISIT_TYPES, EventType.REVIEW, EventType.SUPPORT_REPLY, EventType.STOCK)]
)
_ROBOTS = literals(ROBOTIC)
_APART = "splitByChar(':', toString(set_apart))[1]"
_ONE_READ = "SETTINGS do_not_merge_across_partitions_select_final = 1, max_partitions_per_insert_block = 0"
#: what changes when an event of a day comes, is set apart or is taken back
_DIGEST = "cityHash64(count(), sum(event.version), countIf(event.set_apart != ''))"
#: attributes of an event as numbers, where they are plain ones
_NUMBER = "if(match(attributes['{name}'], '^{text}$'), toFloat64OrNull(attributes['{name}']), NULL)"


def _number(name: str) -> str:
    return _NUMBER.format(name=name, text=rules.NUMBER_TEXT.replace("\\", "\\\\"))


def _window(zone: str, first: date, last: date, back_ms: int = 0) -> str:
    """Events of the days from ``first`` to ``last`` of the zone's clock, and so long before."""
    begin = f"toDateTime64('{first} 00:00:00', 3, {literal(zone)}) - toIntervalMillisecond({back_ms})"
    end = f"toDateTime64('{last + timedelta(days=1)} 00:00:00', 3, {literal(zone)})"
    hours = f"toStartOfHour(event_time) >= toStartOfHour(toTimeZone({begin}, 'UTC')) AND toStartOfHour(event_time) < {end}"
    return f"{hours} AND event_time >= {begin} AND event_time < {end}"


async def changed_days(
    client: AsyncClient, settings: Settings, stores: Sequence[str], zone: str, first: date, last: date
) -> dict[date, list[str]]:
    """The days on which something of a store is no longer as it was looked at, each with its stores.

    Args:
        client: a writer.
        settings: names the database.
        stores: all of ``zone``.
        zone: of their clock.
        first, last: the days to look at, both included.
    """
    events, looked = table(settings, "events_raw"), table(settings, "event_days_raw")
    which = f"store_id IN ({literals(stores)})"
    query = f"""
        SELECT seen.day, seen.store_id
        FROM
        (
            SELECT store_id, toDate(event_time, {literal(zone)}) AS day, {_DIGEST} AS digest
            FROM {events} AS event
            WHERE {which} AND {_window(zone, first, last)} AND type IN ({_TYPES})
            GROUP BY store_id, day
        ) AS seen
        LEFT JOIN
        (
            SELECT store_id, day, argMax(known.digest, known.looked_at) AS digest FROM {looked} AS known
            WHERE {which} AND zone = {literal(zone)} AND day >= '{first}' AND day <= '{last}'
            GROUP BY store_id, day
        ) AS known ON known.store_id = seen.store_id AND known.day = seen.day
        WHERE seen.digest != known.digest
        ORDER BY seen.day, seen.store_id"""
    with mapped():
        rows = (await client.query(query)).result_rows
    found: dict[date, list[str]] = {}
    for day, store in rows:
        found.setdefault(day, []).append(str(store))
    return found


async def count_days(
    client: AsyncClient, settings: Settings, zone: str, changed: Mapping[date, Sequence[str]]
) -> int:
    """Count days again; returns how many days of stores.

    Args:
        client: a writer.
        settings: names the database.
        zone: of the clock of all stores.
        changed: of ``changed_days``.
    """
    days = sorted(changed)
    for start in range(0, len(days), DAYS_AT_ONCE):
        some = days[start : start + DAYS_AT_ONCE]
        pairs = sorted({(store, day) for day in some for store in changed[day]})
        stores = sorted({store for store, _ in pairs})
        for place in range(0, len(stores), STORES_AT_ONCE):
            group = set(stores[place : place + STORES_AT_ONCE])
            mine = [(store, day) for store, day in pairs if store in group]
            with mapped():
                await client.command(
                    _statement(settings, zone, mine), settings={"max_query_size": 16_000_000}
                )
    return sum(map(len, changed.values()))


def _statement(settings: Settings, zone: str, pairs: Sequence[tuple[str, date]]) -> str:
    stores = literals(store for store, _ in pairs)
    days = sorted({day for _, day in pairs})
    asked = ", ".join(f"({literal(store)}, '{day}')" for store, day in pairs)
    events = table(settings, "events_raw")
    window = f"store_id IN ({stores}) AND {_window(zone, days[0], days[-1])}"
    before = f"store_id IN ({stores}) AND {_window(zone, days[0], days[-1], rules.STOCK_KNOWN_MS)}"
    day = f"toDate(event_time, {literal(zone)})"
    names = ", ".join(f"'{fact.value}'" for fact in EventFact)
    return f"""
        INSERT INTO {table(settings, "event_days_raw")}
            (store_id, zone, day, fact, hits, cases, total, squares, digest, looked_at)
        SELECT counted.store_id, {literal(zone)}, counted.day, counted.fact, sum(counted.hits), sum(counted.cases),
               sum(counted.total), sum(counted.squares), any(digests.digest), now64(3)
        FROM
        (
            SELECT store_id, day, arrayJoin([{names}]) AS fact, toUInt64(0) AS hits, toUInt64(0) AS cases,
                   toDecimal128(0, 12) AS total, toDecimal128(0, 12) AS squares
            FROM (SELECT tupleElement(arrayJoin([{asked}]), 1) AS store_id, toDate(tupleElement(arrayJoin([{asked}]), 2)) AS day)
            UNION ALL
            {_visits(events, window, day)}
            UNION ALL
            {_single(events, window, day)}
            UNION ALL
            {_sold_out(events, window, before, day)}
        ) AS counted
        LEFT JOIN
        (
            SELECT store_id, {day} AS day, {_DIGEST} AS digest FROM {events} AS event
            WHERE {window} AND type IN ({_TYPES}) GROUP BY store_id, day
        ) AS digests ON digests.store_id = counted.store_id AND digests.day = counted.day
        WHERE (counted.store_id, counted.day) IN ({asked})
        GROUP BY counted.store_id, counted.day, counted.fact
        {_ONE_READ}"""


def _visits(events: str, window: str, day: str) -> str:
    types = literals(kind.value for kind in VISIT_TYPES)
    lasted = "toUnixTimestamp64Milli(max(event_time)) - toUnixTimestamp64Milli(min(event_time))"
    return f"""
            SELECT store_id, day, seen.1 AS fact, sum(toUInt64(seen.2)), count(), toDecimal128(0, 12), toDecimal128(0, 12)
            FROM
            (
                SELECT store_id, day, arrayJoin(arrayFilter(one -> one.3, [
                    ('{EventFact.BOTS}', is_bot, true),
                    ('{EventFact.ENGAGED}', is_long OR products >= 2 OR pages >= 2 OR carted, NOT is_bot),
                    ('{EventFact.VIEW_TO_CART}', carted, NOT is_bot AND saw),
                    ('{EventFact.CART_TO_ORDER}', ordered, NOT is_bot AND carted),
                    ('{EventFact.AD_ORDERS}', is_paid, NOT is_bot AND ordered),
                    ('{EventFact.CHECKOUT_ERRORS}', checkout_failed, NOT is_bot AND checked_out),
                    ('{EventFact.COUPON_ERRORS}', coupon_failed, NOT is_bot AND had_coupon)
                ])) AS seen
                FROM
                (
                    SELECT
                        store_id, {day} AS day, if(session != '', session, concat('~', visitor)) AS visit,
                        countIf(device_class = '{DeviceClass.BOT}' OR {_APART} IN ({_ROBOTS})) > 0 AS is_bot,
                        countIf(match(lower(channel), '{rules.PAID_CHANNELS.replace(chr(92), chr(92) * 2)}')) > 0 AS is_paid,
                        countIf(type = 'click') > 0 AS saw, countIf(type = 'add_to_cart') > 0 AS carted,
                        countIf(type = 'order') > 0 AS ordered,
                        countIf(type = 'checkout') > 0 AS checked_out,
                        countIf(type = 'checkout' AND attributes['error'] != '') > 0 AS checkout_failed,
                        countIf(type = 'coupon') > 0 AS had_coupon,
                        countIf(type = 'coupon' AND attributes['error'] != '') > 0 AS coupon_failed,
                        uniqExactIf(product, type = 'click' AND product != '') AS products,
                        uniqExactIf(attributes['page'], attributes['page'] != '') AS pages,
                        {lasted} >= {rules.ENGAGED_MS} AS is_long
                    FROM {events} FINAL
                    WHERE {window} AND type IN ({types}) AND (session != '' OR visitor != '')
                        AND {_APART} IN ('', {_ROBOTS})
                    GROUP BY store_id, day, visit
                )
            )
            GROUP BY store_id, day, fact"""


def _single(events: str, window: str, day: str) -> str:
    """What an event alone is a case of: (fact, whether it is so, its value)."""
    vitals = ", ".join(
        f"if(type = 'page_vital' AND attributes['metric'] = '{metric}' AND {_number('value')} IS NOT NULL, "
        f"[('{fact}', assumeNotNull({_number('value')}) <= {limit}, 0.)], [])"
        for metric, (fact, limit) in VITAL_LIMITS.items()
    )
    stars = f"match(attributes['rating'], '^{rules.STARS_TEXT}$')"
    rating = "toFloat64OrZero(attributes['rating'])"
    minutes = _number("answered_min")
    known = f"assumeNotNull({minutes})"
    is_answered = f"{minutes} IS NOT NULL AND {known} <= {rules.UNANSWERED_MINUTES}"
    limits = ", ".join(
        f"('{fact}', {minutes} IS NOT NULL AND {known} <= {60 * hours}, 0.)"
        for hours, fact in ANSWER_LIMITS.items()
    )
    reply = "type = 'support_reply'"
    return f"""
            SELECT store_id, day, seen.1 AS fact, sum(toUInt64(seen.2)), count(), sum(toDecimal128(seen.3, 12)),
                   sum(toDecimal128(seen.3 * seen.3, 12))
            FROM
            (
                SELECT store_id, {day} AS day, arrayJoin(arrayConcat(
                    {vitals},
                    if(type = 'search' AND {_number("results")} IS NOT NULL,
                       [('{EventFact.EMPTY_SEARCHES}', assumeNotNull({_number("results")}) = 0, 0.)], []),
                    if(type = 'review' AND {stars},
                       [('{EventFact.NEGATIVE_REVIEWS}', {rating} <= {rules.NEGATIVE_STARS}, 0.), ('{EventFact.RATINGS}', false, {rating})], []),
                    if({reply}, [('{EventFact.ANSWERED}', {is_answered}, 0.), {limits}], []),
                    if({reply} AND {is_answered},
                       [('{EventFact.ANSWER_MINUTES}', false, log(greatest({known}, {rules.LEAST_MINUTES})))], []),
                    if({reply} AND {stars}, [('{EventFact.SATISFACTION}', false, {rating})], [])
                )) AS seen
                FROM {events} FINAL
                WHERE {window} AND type IN ('page_vital', 'search', 'review', 'support_reply')
                    AND device_class != '{DeviceClass.BOT}' AND set_apart = ''
            )
            GROUP BY store_id, day, fact"""


def _sold_out(events: str, window: str, before: str, day: str) -> str:
    """Views of products whose stock is known at that moment."""
    return f"""
            SELECT store_id, day, '{EventFact.SOLD_OUT_VIEWS}', countIf(stock.quantity = 0), count(), toDecimal128(0, 12), toDecimal128(0, 12)
            FROM
            (
                SELECT store_id, {day} AS day, product, event_time FROM {events} FINAL
                WHERE {window} AND type = 'click' AND product != '' AND device_class != '{DeviceClass.BOT}' AND set_apart = ''
            ) AS view
            ASOF INNER JOIN
            (
                SELECT store_id, product, event_time, max(one.quantity) AS quantity FROM {events} AS one FINAL
                WHERE {before} AND type = 'stock' AND product != '' AND set_apart = ''
                GROUP BY store_id, product, event_time
            ) AS stock ON stock.store_id = view.store_id AND stock.product = view.product AND view.event_time >= stock.event_time
            WHERE stock.event_time > view.event_time - toIntervalMillisecond({rules.STOCK_KNOWN_MS})
            GROUP BY store_id, day"""

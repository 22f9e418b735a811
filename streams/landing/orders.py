"""Which minutes have to be recounted because of orders and payments that were received more than once.

On the path of an event: used by ``streams/landing/events.py``. An order counts once, in the minute of the event that a trusted
door received first, else of the one that a page reported first (``streams/clickhouse/recount.py``). The stream counts the one of
the best door that is first in its partition, takes back what a page had reported before, and remembers that for its
horizon. The two differ, and the minutes are recounted,

* where the order of the log is not that of ``received_at``: two collectors, or one that sends on what waited on its disk;
* where an order is received again after the stream has forgotten it;
* where a page's report is to be taken back from a minute that the stream no longer holds;
* where the first report was none for the store's stream: too old for it, or in a foreign partition, which counts for
  itself. The minute of such a report has been recounted, and by that it is known later.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from scoring.events.identity import PUBLIC_SOURCE
from scoring.funnel.units import MINUTE_MS
from streams.clickhouse.recount import ORDER_RANK, Minute
from streams.landing.duplicates import order_key
from streams.landing.heads import Head
from streams.landing.writer import Row


class OrderRecord(NamedTuple):
    """One report of an order or a payment. ``offset`` is that of the log.

    ``is_streamed`` is false for one that the store's stream does not count: in a foreign partition, or too old.
    ``is_evidence`` is true for what a page says.
    """

    received_at_ms: int
    offset: int
    event_id: str
    minute: Minute
    is_streamed: bool = True
    is_evidence: bool = False

    @property
    def rank(self) -> tuple[bool, int, int, str]:
        """The smallest counts."""
        return self.is_evidence, self.received_at_ms, self.offset, self.event_id


def order_record_of(row: Row, head: Head, is_streamed: bool) -> OrderRecord:
    """The report that a record is."""
    minute = (head.store_id, head.event_time_ms // MINUTE_MS * MINUTE_MS)
    is_evidence = head.source == PUBLIC_SOURCE
    return OrderRecord(head.received_at_ms, row.offset, head.event_id, minute, is_streamed, is_evidence)


def firsts_query(events: str, stores: str, types: str, orders: str) -> str:
    """A query for the first report of each order: store, type, order id, received, offset, id, event time, whether evidence.

    Args:
        events: the table.
        stores: literals of the stores to look in.
        types: of the types.
        orders: of the order ids.
    """
    first = f"argMin({{}}, {ORDER_RANK})"
    return (
        f"SELECT store_id, type, order_id, toUnixTimestamp64Milli({first.format('received_at')}), "
        f"{first.format('log_offset')}, {first.format('event_id')}, toUnixTimestamp64Milli({first.format('event_time')}), "
        f"min(source = '{PUBLIC_SOURCE}') "
        f"FROM {events} WHERE store_id IN ({stores}) AND type IN ({types}) AND order_id IN ({orders}) "
        "AND is_deleted = 0 GROUP BY store_id, type, order_id"
    )


def minutes_to_recount(
    reports: Iterable[tuple[str, OrderRecord]],
    firsts: Mapping[str, OrderRecord],
    recounted: Collection[Minute],
    forgotten_ms: int,
) -> set[Minute]:
    """The minutes in which the stream may have counted orders otherwise than the raw table.

    Args:
        reports: of a batch, in the order of each partition's log, by ``order_key``.
        firsts: what the table has as the first report of those that were received before.
        recounted: which of the firsts' minutes have been recounted before.
        forgotten_ms: after so long the stream may have forgotten an order.
    """
    known = dict(firsts)
    unseen = {key for key, first in firsts.items() if first.minute in recounted}
    found: set[Minute] = set()
    for key, report in reports:
        if not report.is_streamed:
            unseen.add(key)
        first = known.setdefault(key, report)
        apart_ms = report.received_at_ms - first.received_at_ms
        if first.event_id == report.event_id:
            is_late = apart_ms > forgotten_ms
            found.update({report.minute} if is_late or not report.is_streamed else ())
        elif report.is_evidence != first.is_evidence:
            evidence, fact = (report, first) if report.is_evidence else (first, report)
            is_held = max(abs(apart_ms), fact.received_at_ms - evidence.minute[1]) <= forgotten_ms
            if not is_held or key in unseen:
                found.update((report.minute, first.minute))
            known[key] = fact
        elif report.rank < first.rank or report.offset < first.offset:
            found.update((report.minute, first.minute))
            known[key] = min(report, first, key=lambda one: one.rank)
        elif apart_ms > forgotten_ms or key in unseen:
            found.add(report.minute)
    return found


def key_of(head: Head) -> str:
    """What one order or payment of a store is recognised by."""
    return order_key(head.store_id, head.type, head.order_id)

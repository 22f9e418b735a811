"""What landing asks of a record besides events before it lands it: report rows, signals, facts of orders, raw deliveries.

Sources publish through ``streams/sources/publishing.py``, which checks; whoever else writes to these topics may write anything. What
cannot be kept becomes a dead letter, as a bad event does. There are few of them, so each is read whole.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from scoring.counting.records import UNREADABLE, reason_of
from scoring.errors import ScoringError
from scoring.events.event import RejectReason
from scoring.records.order_facts import OrderFacts, check_order_facts
from scoring.records.raw_delivery import RawDelivery
from scoring.records.report_row import ReportRow, check_report_row
from scoring.records.signal import Signal, check_signal
from streams.kafka import topics
from streams.landing.writer import Row

Rejected = tuple[Row, RejectReason, str]


def _no_check(delivery: RawDelivery) -> None:
    """A raw delivery is kept whatever it says."""


_KINDS: Mapping[str, tuple[type[Any], Callable[[Any], None]]] = {
    topics.REPORTS: (ReportRow, check_report_row),
    topics.SIGNALS: (Signal, check_signal),
    topics.ORDER_FACTS: (OrderFacts, check_order_facts),
    topics.RAW: (RawDelivery, _no_check),
}
_decoders = {topic: msgspec.json.Decoder(kind).decode for topic, (kind, _) in _KINDS.items()}
#: the topics of these records
RECORD_TOPICS = frozenset(_KINDS)


def sorted_out(topic: str, rows: Sequence[Row]) -> tuple[list[Row], list[Rejected]]:
    """The rows that can be landed, and those that cannot with the reason."""
    decode, check = _decoders[topic], _KINDS[topic][1]
    good: list[Row] = []
    rejected: list[Rejected] = []
    for row in rows:
        try:
            check(decode(row.line))
            row.line.decode()  # the decoder passes over what it does not need without looking
        except UNREADABLE as error:
            rejected.append((row, *reason_of(row.line, error)))
        except ScoringError as error:
            rejected.append((row, RejectReason.BAD_VALUE, str(error)))
        else:
            good.append(row)
    return good, rejected

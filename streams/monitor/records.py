"""What the monitor writes: the changelog's records and the rows of the topics made from them.

On the path of an event: after ``scoring/detection/detector.py``, before ``streams/monitor/writer.py``.

Changelog keys are JSON arrays that begin with their kind:

==============================  ===================================================================
``["c", minute, store, segment]``  counts: ``[as_of, c1, …, c7]``, then what was taken back, whether it is late
``["s", store]``                   the detector's snapshot of a store (bytes of its own schema)
``["o", bucket]``                  order keys counted in a bucket (``scoring/counting/duplicates.py``)
``["n", store]``                   which segments gave way and which wait (``scoring/counting/segments.py``)
``["p"]``                          the mark: up to where all of this holds
==============================  ===================================================================

A record without value drops its key.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable

import msgspec

from scoring.alerts.alert import AlertTransition
from scoring.counting.partition import IS_LATE, MINUTE, OWNER, TAKEN_BACK, Row
from scoring.counting.records import UncountedRecord, store_of
from scoring.counting.segments import SegmentContest
from scoring.events.event import DeadLetter
from scoring.events.personal_values import mask_text
from scoring.events.redaction import masked
from scoring.funnel.scores import MinuteRow, ScoreRow, WindowRow
from scoring.funnel.stages import STAGES
from scoring.funnel.units import MINUTE_MS
from streams.kafka.topics import EVENTS

SCHEMA_VERSION = 1
_WIDTH = len(STAGES)

encode = msgspec.json.Encoder().encode
MARK_KEY = encode(["p"])


class Mark(msgspec.Struct, frozen=True, omit_defaults=True):
    """Up to where the state of a partition holds.

    ``offset`` is the last source record counted, ``fingerprint`` the checksum of its value: a topic that was deleted
    and recreated shows there where the broker keeps no topic ids. ``topic_id`` is the id of the topic that ``offset``
    belongs to. ``partitions`` decides which stores are in this one. ``base`` is added to offsets to give ``as_of``, so that ``as_of`` grows even across such a change.
    ``scored`` is the last minute closed, ``late`` the corrections still to be judged.
    """

    offset: int = -1
    base: int = 0
    fingerprint: int = 0
    clock_ms: int = 0
    scored: int | None = None
    epoch: int = -1
    starts: tuple[int, int] = (-1, -1)
    late: tuple[tuple[int, str], ...] = ()
    topic_id: str = ""
    #: how many partitions the events topic had; 0: not known
    partitions: int = 0
    schema_version: int = SCHEMA_VERSION


#: A record to write: its key and its value.
Record = tuple[bytes | None, bytes | None]


decode_key = msgspec.json.Decoder(list[str | int]).decode
decode_counts = msgspec.json.Decoder(list[int]).decode
decode_orders = msgspec.json.Decoder(list[str]).decode
decode_contest = msgspec.json.Decoder(SegmentContest).decode
decode_mark = msgspec.json.Decoder(Mark).decode


def fingerprint(value: bytes | None) -> int:
    """A checksum of a record's value."""
    return zlib.crc32(value or b"")


def counts_key(minute: int, store_id: str, segment: str) -> bytes:
    """The changelog key of a row."""
    return encode(["c", minute, store_id, segment])


def rows_to_records(rows: Iterable[Row], as_of: int) -> tuple[list[Record], list[Record]]:
    """Changed rows as changelog records and as minute rows."""
    changes: list[Record] = []
    minutes: list[Record] = []
    add_change, add_minute = changes.append, minutes.append
    for row in rows:
        store_id, segment = row[OWNER]
        minute, counts, taken_back = row[MINUTE], tuple(row[:_WIDTH]), row[TAKEN_BACK]
        more = (taken_back, int(row[IS_LATE])) if taken_back or row[IS_LATE] else ()
        stored = (as_of, *counts, *more)
        add_change((encode(("c", minute, store_id, segment)), encode(stored)))
        minute_row = MinuteRow(store_id, minute * MINUTE_MS, segment, counts, as_of, taken_back)
        add_minute((store_id.encode(), encode(minute_row)))
    return changes, minutes


def keyed(rows: Iterable[ScoreRow | WindowRow | AlertTransition]) -> list[Record]:
    """Rows keyed by their store."""
    return [(row.store_id.encode(), encode(row)) for row in rows]


def mark_record(mark: Mark) -> Record:
    """The mark as changelog record."""
    return (MARK_KEY, encode(mark))


def snapshot_record(store_id: str, state: bytes) -> Record:
    """A detector's snapshot as changelog record; an empty one drops it."""
    return (encode(["s", store_id]), state or None)


def contest_record(store_id: str, contest: SegmentContest) -> Record:
    """A store's contest for segment names as changelog record; one without anything drops it."""
    return (encode(["n", store_id]), encode(contest) if contest.faded or contest.waiting else None)


def orders_record(bucket: int, keys: list[str] | None) -> Record:
    """A bucket of order keys as changelog record; None drops it."""
    return (encode(["o", bucket]), None if keys is None else encode(keys))


def dead_letter(rejected: UncountedRecord, partition: int, offset: int, present_ms: int) -> Record:
    """A rejected record of the events topic as a dead letter; its id is its place in the log."""
    letter = DeadLetter(
        received_at_ms=present_ms,
        reason=rejected.reason,
        source=f"topic:{EVENTS}",
        store_id=store_of(rejected.payload),
        payload=masked(rejected.payload),
        detail=f"partition {partition}, offset {offset}: {mask_text(rejected.detail)}",
        letter_id=f"{EVENTS}-{partition}-{offset}",
    )
    return (None, encode(letter))

"""The counts of one partition: stage counts per (store, minute, segment), each accepted event counted once.

On the path of an event: after the topic ``funnel.events.v1`` (``streams/transport`` hands over record batches), before
``scoring/detection``; ``streams/monitor`` makes the changes durable.

Everything here is a function of the partition's log up to an offset: the same records, cut into batches in any way
and with a stop and a restart anywhere between, give the same counts. The wall clock enters at one place only, as the
latest ``received_at`` that is believed, so that one wrong record cannot turn time forward for all others.

The counting loop is written for speed, below two microseconds an event with decoding: one typed decode, one look-up for
duplicates, one for the row. That is why rows are plain lists (see ``Row``) and the loop reads its neighbours' dicts.
Past 400 lines: counting, keeping and restoring share those lists and dicts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from operator import methodcaller
from typing import Any

from scoring.counting.duplicates import EventIds, OrderKeys, Place
from scoring.counting.records import (
    TICK_PREFIX,
    UNREADABLE,
    Tally,
    UncountedRecord,
    decode_tick,
    event_decoder,
    reason_of,
)
from scoring.counting.segments import BOT, NAMELESS, Segmenter
from scoring.events.bounds import BELIEVED_AHEAD_MS
from scoring.events.event import EventType, RejectReason
from scoring.events.identity import PIXEL_IDS, PUBLIC_SOURCE, known_id
from scoring.funnel.segment_names import BOTS, MARKED, OTHER, PAGELESS, PAGELESS_MARKS, is_set_apart
from scoring.funnel.stages import STAGE_INDEX, STAGES, Stage
from scoring.funnel.units import MINUTE_MS

#: minutes that a row outlives the horizon: records are not quite in the order of their acceptance
SLACK_MINUTES = 60
#: (store, dimension values…) whose segment is kept at hand, at most: values come from outside and may be many
MAX_OWNERS = 200_000
_WIDTH = len(STAGES)
_ZEROS = (0,) * _WIDTH

#: A row of the table: seven counts, then whether it has changed since the last flush, then its (store, segment), its
#: minute, whether it has ever been stored, how many of its orders were taken back (see ``PartitionCounts._is_first``), and whether
#: it was made long after its minute.
Row = list[Any]
DIRTY, OWNER, MINUTE, STORED, TAKEN_BACK, IS_LATE = (_WIDTH + place for place in range(6))
#: minutes after which a row is late: what is sent as of long ago is not a sign of lasting traffic
_LATE_MINUTES = 10

#: What the loop needs of a store in a minute: its event ids of the present epoch, those of the one before, and the rows
#: by the first dimension's value, then by the others' (see ``event_decoder``).
Shelf = tuple[set[str], AbstractSet[str], dict[str, dict[Any, Row]]]
_NONE: frozenset[str] = frozenset()

#: segments that no dimension's value names
_FIXED = NAMELESS - {OTHER}
#: column of each event type; types that are not a stage have none
_COLUMN: dict[str, int] = {kind.value: STAGE_INDEX.get(kind.value, -1) for kind in EventType}
#: this stage and those after it count once per order id
_ORDER = STAGE_INDEX[Stage.ORDER]


class PartitionCounts:
    """The table rows of one partition and the memory of what has been counted.

    Args:
        segmenter: names the segments; belongs to this partition alone.
        horizon_ms: an event older than this at its acceptance is not counted here.
        duplicate_horizon_ms: how long event ids are remembered, at least.
    """

    def __init__(self, segmenter: Segmenter, horizon_ms: int, duplicate_horizon_ms: int) -> None:
        self.segmenter = segmenter
        self.horizon_ms = horizon_ms
        self.ids = EventIds(duplicate_horizon_ms)
        self.orders = OrderKeys(horizon_ms)
        #: largest ``received_at`` or tick so far; never goes back
        self.clock_ms = 0
        self.rows = 0
        self._minutes: dict[int, dict[tuple[str, str], Row]] = {}
        # minute -> store -> shelf: what the loop looks up; forgotten at will, and when an epoch of ids begins
        self._hot: dict[int, dict[str, Shelf]] = {}
        # (store, the first dimension's value, the others') -> (store, segment), as long as the segmenter would choose it again
        self._owner_of: dict[tuple[str, str, Any], tuple[str, str]] = {}
        self._dirty: list[Row] = []
        self._floor = -(1 << 62)
        self._decode = event_decoder(segmenter.dimensions)

    # counting

    def count(  # noqa: C901, PLR0912, PLR0915  one loop for speed, see the top
        self, values: Sequence[bytes | None], offsets: Sequence[int], present_ms: int
    ) -> Tally:
        """Count a batch of records.

        Long on purpose: each statement runs for each event, and a call costs a tenth of what counting one takes. What happens
        less often than once an event (a new minute, a new row, a record that is not an event) is in methods of its own.

        Args:
            values: the records' values.
            offsets: their offsets, ascending.
            present_ms: the wall clock, for rejecting times in the future and for nothing else.
        """
        tally = Tally(records=len(values))
        decode, hot, column_of = self._decode, self._hot, _COLUMN
        ids, horizon, dirty = self.ids, self.horizon_ms, self._dirty
        shelves: dict[str, Shelf] = {}
        ends = ids.ends_ms
        latest = present_ms + BELIEVED_AHEAD_MS
        order, is_dirty, public, bot = _ORDER, DIRTY, PUBLIC_SOURCE, BOT
        segment_of_mark = PAGELESS_MARKS
        clock, duplicates, without_stage, too_old = self.clock_ms, 0, 0, 0
        # while an event's times stay within these bounds, its minute and all that is asked of them stay as they are
        minute = begin = end = low = high = 0
        iterator = iter(values)
        while True:
            try:
                for event in map(decode, iterator):  # type: ignore[arg-type]
                    column = column_of[event.type]
                    if column < 0:
                        without_stage += 1
                        continue
                    when, received = event.event_time_ms, event.received_at_ms
                    if not (begin <= when < end and low <= received <= high):
                        age = received - when
                        if age > horizon:
                            too_old += 1
                            continue
                        is_ahead = received > clock and received > latest
                        if is_ahead or age < -BELIEVED_AHEAD_MS:
                            index = _index(iterator, values)
                            ahead = "event_time_ms" if age < -BELIEVED_AHEAD_MS else "received_at_ms"
                            _reject(tally, index, RejectReason.TIME_IN_FUTURE, ahead, values[index])
                            continue
                        if received >= ends:
                            ids.turn(received, offsets[_index(iterator, values)])
                            ends = ids.ends_ms
                            hot.clear()
                        minute = when // MINUTE_MS
                        begin = minute * MINUTE_MS
                        end = begin + MINUTE_MS
                        low, high = end - BELIEVED_AHEAD_MS, min(begin + horizon, ends - 1, latest)
                        shelves = hot.get(minute, {})
                    if received > clock:
                        clock = received
                    if event.store_id in shelves:
                        seen, seen_before, rows = shelves[event.store_id]
                    else:
                        seen, seen_before, rows = self._shelve(minute, event.store_id)
                        shelves = hot.get(minute, {})
                    event_id = event.event_id
                    if event.source == public and event_id[:6] != PIXEL_IDS:
                        event_id = PIXEL_IDS + event_id  # written by an older release
                    if event_id in seen or (seen_before and event_id in seen_before):
                        seen.add(event_id)  # what is held is what came since ``starts``, whoever has read it
                        duplicates += 1
                        continue
                    seen.add(event_id)
                    first = event.first
                    if event.apart or event.device == bot:
                        first = segment_of_mark.get(event.apart, MARKED) if event.apart else BOTS
                    if (
                        column >= order
                        and event.order_id
                        and not self._is_first(event, first, column, minute, clock, tally)
                    ):
                        duplicates += 1
                        continue
                    by_rest = rows.get(first)
                    row = by_rest.get(event.rest) if by_rest is not None else None
                    if row is None:
                        row = self._find(minute, event, first, clock)
                        shelves = hot.get(minute, {})
                        if row is None:
                            too_old += 1
                            continue
                        rows.setdefault(first, {})[event.rest] = row
                    row[column] += 1
                    if not row[is_dirty]:
                        row[is_dirty] = True
                        dirty.append(row)
                break
            except (*UNREADABLE, TypeError) as error:
                index = _index(iterator, values)
                if isinstance(error, TypeError) and values[index] is not None:
                    raise  # not the decoder's
                tick_ms = self._odd(values[index], index, error, tally)
                if clock < tick_ms <= latest:
                    clock = tick_ms
        self.clock_ms = clock
        tally.duplicates, tally.without_stage, tally.too_old = duplicates, without_stage, too_old
        left_out = tally.ticks + len(tally.rejected) + duplicates + without_stage + too_old
        tally.counted = tally.records - left_out
        return tally

    def time_of(self, value: bytes | None) -> int:
        """When a record was accepted, or its tick's time; 0 for a record that is neither."""
        try:
            return int(self._decode(value).received_at_ms)  # type: ignore[arg-type]
        except (*UNREADABLE, TypeError):
            pass
        try:
            return decode_tick(value or b"").tick_ms
        except UNREADABLE:
            return 0

    def _shelve(self, minute: int, store_id: str) -> Shelf:
        """The shelf of this store and minute, made if need be; one of a minute that has left the table is not kept."""
        ids = self.ids
        seen = ids.current.get(store_id)
        if seen is None:
            seen = ids.current[store_id] = set()
        shelf: Shelf = (seen, ids.before.get(store_id, _NONE), {})
        if minute >= self._floor:
            self._hot.setdefault(minute, {})[store_id] = shelf
        return shelf

    def _find(self, minute: int, event: Any, first: str, clock_ms: int) -> Row | None:
        """The row for events like this one in this minute, made if need be; None if the minute has left the table."""
        if minute < self._floor:
            return None
        is_late = clock_ms // MINUTE_MS - minute > _LATE_MINUTES
        if first in _FIXED:
            return self._row(minute, (event.store_id, first), is_late)
        alike = (event.store_id, first, event.rest)
        owner = self._owner_of.get(alike)
        if owner is None:
            owner = self._owner_of[alike] = self._choose(event)
        if owner[1] == OTHER and self.segmenter.wait(
            event.store_id, self._values(event), minute, not is_late
        ):
            self._hot.clear()
            self._owner_of.clear()
            owner = self._choose(event)
        return self._row(minute, owner, is_late)

    def _choose(self, event: Any) -> tuple[str, str]:
        return event.store_id, self.segmenter.choose(event.store_id, self._values(event))

    def _values(self, event: Any) -> tuple[str, ...]:
        """The values of an event's dimensions."""
        number = len(self.segmenter.dimensions)
        return (event.first, *event.rest) if number > 2 else (event.first, event.rest)[:number]

    def _is_first(
        self, event: Any, first: str, column: int, minute: int, clock_ms: int, tally: Tally
    ) -> bool:
        """Whether an event of an order counts: the first of a trusted door does, and a page's until one of those comes.

        The count of a page's report is taken back then, so that the order counts once, where the trusted door says.
        """
        orders, key = self.orders, f"{event.type[0]} {event.store_id} {event.order_id}"
        if event.source == PUBLIC_SOURCE:
            if orders.is_reported(key):
                return False
            row = self._find(minute, event, first, clock_ms)
            orders.hold_evidence(key, None if row is None else Place(minute, *row[OWNER]), clock_ms)
            return True
        if not orders.is_new(key, clock_ms):
            return False
        place = orders.take_evidence(key)
        if place is not None:
            row = self._minutes.get(place.minute, {}).get((place.store_id, place.segment))
            if row is not None and row[column]:
                row[column] -= 1
                row[TAKEN_BACK] += 1
                tally.taken_back += 1
                if not row[DIRTY]:
                    row[DIRTY] = True
                    self._dirty.append(row)
        return True

    def _row(self, minute: int, owner: tuple[str, str], is_late: bool) -> Row:
        rows = self._minutes.get(minute)
        if rows is None:
            rows = self._minutes[minute] = {}
        row = rows.get(owner)
        if row is None:
            row = rows[owner] = [*_ZEROS, False, owner, minute, False, 0, is_late]
            self.segmenter.hold(owner, not is_late)
            self.rows += 1
        return row

    def _odd(self, value: bytes | None, index: int, error: Exception, tally: Tally) -> int:
        """A record that is not an event: the time of a tick, 0 for anything else, which is rejected."""
        if value is not None and value.startswith(TICK_PREFIX):
            try:
                tick_ms = decode_tick(value).tick_ms
            except UNREADABLE as broken:
                _reject(tally, index, RejectReason.BROKEN_JSON, f"tick: {broken}", value)
                return 0
            tally.ticks += 1
            return tick_ms
        _reject(tally, index, *reason_of(value, error), value)
        return 0

    def rewind(self, epoch: int, starts: tuple[int, int]) -> int:
        """Forget all event ids; returns the offset from which to ``remember`` them again (see ``EventIds.rewind``)."""
        self._hot.clear()
        return self.ids.rewind(epoch, starts)

    def remember(self, values: Sequence[bytes | None], offsets: Sequence[int]) -> None:
        """Go again through records counted before, only to hold their event ids (see ``EventIds.rewind``).

        Takes the records that ``count`` took and no others: ``clock_ms`` must be the one after them.
        """
        decode, ids, latest = self._decode, self.ids, self.clock_ms
        for offset, value in zip(offsets, values, strict=True):
            try:
                event = decode(value)  # type: ignore[arg-type]
            except (*UNREADABLE, TypeError):
                continue
            received = event.received_at_ms
            if _COLUMN[event.type] < 0 or received > latest:
                continue
            if not -BELIEVED_AHEAD_MS <= received - event.event_time_ms <= self.horizon_ms:
                continue
            if received >= ids.ends_ms:
                ids.turn(received, offset)
            ids.current.setdefault(event.store_id, set()).add(known_id(event.event_id, event.source))

    # what a flush takes and what a restart gives back

    def take_dirty(self) -> list[Row]:
        """The rows that changed since the last call; they count as stored from now on."""
        rows = self._dirty
        self._dirty = []
        for row in rows:
            row[DIRTY] = False
            row[STORED] = True
        return rows

    def take_expired(self, most: int) -> list[tuple[int, str, str]]:
        """Drop up to about ``most`` rows whose minutes have left the horizon; names those that were stored.

        Call it after ``take_dirty``, so that no dropped row has changes that were not taken.
        """
        floor = (self.clock_ms - self.horizon_ms) // MINUTE_MS - SLACK_MINUTES
        gone: list[tuple[int, str, str]] = []
        dropped, freed = 0, False
        for minute in sorted(minute for minute in self._minutes if minute < floor):
            self._floor = max(self._floor, minute + 1)
            for owner, row in self._minutes.pop(minute).items():
                dropped += 1
                freed = self.segmenter.release(owner, not row[IS_LATE]) or freed
                if row[STORED]:
                    gone.append((minute, *owner))
            self._hot.pop(minute, None)
            if dropped >= most:
                break
        else:
            self._floor = max(self._floor, floor)
        self.rows -= dropped
        if freed:
            self._hot.clear()
            self._owner_of.clear()
        return gone

    def cool(self, minute: int) -> None:
        """Forget the look-up of minutes before ``minute``; it is made again for late events."""
        for old in [known for known in self._hot if known < minute]:
            del self._hot[old]
        if len(self._owner_of) > MAX_OWNERS:
            self._owner_of.clear()

    def restore(self, minute: int, store_id: str, segment: str, counts: Sequence[int] | None) -> None:
        """Take over a stored row: its counts, then what was taken back and whether it is late (None: it has been dropped)."""
        if counts is None:
            row = self._minutes.get(minute, {}).pop((store_id, segment), None)
            if row is not None:
                self.segmenter.release((store_id, segment), not row[IS_LATE])
                self._owner_of.clear()
                self.rows -= 1
                if not self._minutes[minute]:
                    del self._minutes[minute]
            return
        taken_back, is_late = (*counts[_WIDTH:], 0, 0)[:2]
        row = self._row(minute, (store_id, segment), bool(is_late))
        row[:_WIDTH] = counts[:_WIDTH]
        row[TAKEN_BACK] = taken_back
        row[STORED] = True

    def restored(self, clock_ms: int) -> None:
        """All rows have been taken over; the partition's clock was at ``clock_ms``."""
        self.clock_ms = clock_ms
        self._floor = (clock_ms - self.horizon_ms) // MINUTE_MS - SLACK_MINUTES

    # reading

    def minutes(self) -> list[int]:
        """The minutes that have rows, ascending."""
        return sorted(self._minutes)

    def of_minute(self, minute: int) -> dict[str, dict[str, list[int]]]:
        """Counts of one minute, per store and segment (copies), without what is set apart."""
        found: dict[str, dict[str, list[int]]] = {}
        for (store, segment), row in self._minutes.get(minute, {}).items():
            if is_set_apart(segment):
                continue
            found.setdefault(store, {})[segment] = row[:_WIDTH]
        return found

    def of_store(self, minute: int, store_id: str) -> dict[str, list[int]]:
        """Counts of one store in one minute, per segment (copies), without what is set apart."""
        rows = self._minutes.get(minute, {})
        found = {}
        for segment in (*self.segmenter.names(store_id), *PAGELESS):
            row = rows.get((store_id, segment))
            if row is not None and not is_set_apart(segment):
                found[segment] = row[:_WIDTH]
        return found

    def __iter__(self) -> Iterator[tuple[int, str, str]]:
        return ((minute, *owner) for minute, rows in self._minutes.items() for owner in rows)

    def get(self, minute: int, store_id: str, segment: str) -> list[int] | None:
        """The seven counts of one row (a copy), None if there is no such row."""
        row = self._minutes.get(minute, {}).get((store_id, segment))
        return None if row is None else row[:_WIDTH]


def totals(counts: Mapping[str, Mapping[str, Sequence[int]]]) -> dict[str, list[int]]:
    """Counts per store with their segments added up; zeros for a store all of whose events of the minute are set apart."""
    return {
        store: [sum(column) for column in zip(_ZEROS, *segments.values(), strict=True)]
        for store, segments in counts.items()
    }


#: how many items an iterator over a list still has to give
_remaining = methodcaller("__length_hint__")


def _index(iterator: Iterator[Any], values: Sequence[Any]) -> int:
    return len(values) - int(_remaining(iterator)) - 1


def _reject(tally: Tally, index: int, reason: RejectReason, detail: str, value: bytes | None) -> None:
    tally.rejected.append(UncountedRecord(index, reason, detail, value or b""))

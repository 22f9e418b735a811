"""From rows to events: what the mapping says, with ids that are the same on every replay of the same content.

An event's id is a hash of store, type and either the mapping's identity columns or the whole row and how often that same
row occurred earlier in the file. So a second replay of the file is a redelivery of the same events, and changes nothing.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from scoring.events.canonical import EPOCH
from scoring.events.event import EventType, RejectReason
from streams.sources.files.damaged_ids import LongIds, is_scientific, lost_digits
from streams.sources.files.mapping import EventRule, FileMapping, RowGroup, TypeColumn, When
from streams.sources.files.ordinals import Ordinals
from streams.sources.files.reading import BadRow, RowChunk

#: cancellations and refunds say by their type which way the money went
_MONEY_BACK = (EventType.CANCEL, EventType.REFUND)
#: fields that name one thing or one person
_IDS = frozenset({"order_id", "product", "visitor", "buyer", "session"})
Row = tuple[str, ...]


@dataclass(slots=True)
class MadeEvents:
    """What a chunk of rows gave. ``events`` are raw events as the HTTP API takes them; ``lines`` says where each was."""

    events: list[dict[str, Any]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    bad: list[BadRow] = field(default_factory=list)
    left_out: int = 0


class EventMaker:
    """Makes events from chunks of rows, in file order. One per file: it remembers rows, open groups and buyers.

    Args:
        mapping: what the columns mean.
        columns: the names of the rows' fields.
        store_id: the store the events belong to.
    """

    def __init__(self, mapping: FileMapping, columns: Sequence[str], store_id: str) -> None:
        self._mapping = mapping
        self._store_id = store_id
        self._at = {name: index for index, name in enumerate(columns)}
        self._zone = ZoneInfo(mapping.zone)
        self._time = self._time_reader()
        self._ordinals = Ordinals()
        self._groups: OrderedDict[str, _Open] = OrderedDict()
        self._buyers: set[tuple[str, int]] = set()
        if mapping.group:
            for name in mapping.group.sums:
                self._at[name] = len(self._at)
        self._identity = [self._at[name] for name in mapping.identity]
        self._time_at = self._at[mapping.time.column]
        self._fields = [(name, self._at[column]) for name, column in mapping.fields.items()]
        self._attributes = [(name, self._at[column]) for name, column in mapping.attributes.items()]
        self._constants: dict[str, str] = {str(name): text for name, text in mapping.constants.items()}
        if mapping.currency and "currency" not in mapping.fields:
            self._constants.setdefault("currency", mapping.currency)
        self._ignore = [_condition(when, self._at) for when in mapping.ignore]
        self._rules = [_Rule(rule, self._at) for rule in mapping.events]
        self._ids = [(name, self._at[name], LongIds()) for name in _id_columns(mapping)]

    def make(self, chunk: RowChunk) -> MadeEvents:
        """The events of the next chunk; with a group, of the groups that it closed."""
        made = MadeEvents(bad=list(chunk.bad))
        rows, lines = self._with_whole_ids(chunk, made)
        if self._mapping.group:
            rows, lines = self._close_groups(self._mapping.group, rows, lines, made)
        self._events(rows, lines, made)
        return made

    def finish(self) -> MadeEvents:
        """The events of the groups still open at the end of the file."""
        made = MadeEvents()
        rows = [opened.row() for opened in self._groups.values()]
        lines = [opened.line for opened in self._groups.values()]
        self._groups.clear()
        self._events(rows, lines, made)
        return made

    def _with_whole_ids(self, chunk: RowChunk, made: MadeEvents) -> tuple[list[Row], list[int]]:
        """The rows whose ids are whole; a row whose id a spreadsheet has shortened or rounded names nothing any more."""
        for _, at, long_ids in self._ids:
            long_ids.note({row[at] for row in chunk.rows})
        whole, lines = [], []
        for row, line in zip(chunk.rows, chunk.lines, strict=True):
            lost = self._lost_id(row)
            if not lost:
                whole.append(row)
                lines.append(line)
                continue
            detail = f"line {line}: {lost}; export the file again and import that column as text"
            made.bad.append(BadRow(line, RejectReason.BAD_ROW, detail, row))
        return whole, lines

    def _lost_id(self, row: Row) -> str:
        """Which id of the row has lost its last digits, and how that shows; empty if none has."""
        for name, at, long_ids in self._ids:
            if is_scientific(row[at]):
                return f"{name} holds an id in scientific notation, so its last digits are lost"
            if long_ids.are_rounded and lost_digits(row[at]) > 0:
                return (
                    f"{name} holds only ids that end in zeros after 15 digits, as a spreadsheet rounds them"
                )
        return ""

    def _close_groups(
        self, group: RowGroup, some_rows: Sequence[Row], some_lines: Sequence[int], made: MadeEvents
    ) -> tuple[list[Row], list[int]]:
        by = self._at[group.by]
        sums = [[self._at[column] for column in columns] for columns in group.sums.values()]
        rows, lines = [], []
        for row, line in zip(some_rows, some_lines, strict=True):
            try:
                adds = [_product(row, places) for places in sums]
            except InvalidOperation:
                detail = (
                    f"line {line}: a number was expected in {', '.join(map(', '.join, group.sums.values()))}"
                )
                made.bad.append(BadRow(line, RejectReason.BAD_ROW, detail, row))
                continue
            opened = self._groups.get(row[by])
            if opened is None:
                self._groups[row[by]] = _Open(row, line, adds)
            else:
                opened.sums = [total + add for total, add in zip(opened.sums, adds, strict=True)]
                self._groups.move_to_end(row[by])
            if len(self._groups) > group.most_open:
                _, closed = self._groups.popitem(last=False)
                rows.append(closed.row())
                lines.append(closed.line)
        return rows, lines

    def _events(self, rows: Sequence[Row], lines: Sequence[int], made: MadeEvents) -> None:
        for row, line, key in zip(rows, lines, self._keys(rows), strict=True):
            if any(ignored(row) for ignored in self._ignore):
                made.left_out += 1
                continue
            try:
                event_time_ms = self._time(row[self._time_at])
            except (ValueError, OverflowError):
                detail = (
                    f"line {line}: {self._mapping.time.column} {row[self._time_at][:40]!r} is not a time written as "
                    f"{self._mapping.time.format}"
                )
                made.bad.append(BadRow(line, RejectReason.BAD_ROW, detail, row))
                continue
            rules = [rule for rule in self._rules if rule.holds(row)]
            if not rules:
                made.left_out += 1
            for rule in rules:
                kind = rule.type_of(row)
                if rule.returning and not self._is_returning(kind, row):
                    continue
                made.events.append(self._event(rule, kind, row, key, event_time_ms))
                made.lines.append(line)

    def _event(self, rule: _Rule, kind: str, row: Row, key: str, event_time_ms: int) -> dict[str, Any]:
        """The event that ``rule`` makes of ``row``, as the HTTP API takes it."""
        digest = hashlib.blake2b(f"{self._store_id}\0{kind}\0{key}".encode(), digest_size=16)
        event: dict[str, Any] = {
            "event_id": digest.hexdigest(),
            "store_id": self._store_id,
            "type": kind,
            "event_time_ms": event_time_ms,
        }
        for fields in (self._fields, rule.fields):
            for name, at in fields:
                if value := row[at]:
                    event[name] = value
        for field_name, value in self._constants.items():
            event.setdefault(field_name, value)
        if self._attributes:
            event["attributes"] = {name: row[at] for name, at in self._attributes if row[at]}
        if "amount" not in event:
            event.pop("currency", None)
        elif kind in _MONEY_BACK:
            event["amount"] = event["amount"].removeprefix("-")
        if "quantity" in event:
            event["quantity"] = _whole(event["quantity"])
        return event

    def _keys(self, rows: Sequence[Row]) -> list[str]:
        if self._identity:
            return ["\x1f".join([row[at] for at in self._identity]) for row in rows]
        texts = ["\x1f".join(row) for row in rows]
        digests = b"".join(hashlib.blake2b(text.encode(), digest_size=8).digest() for text in texts)
        ordinals = self._ordinals.of(np.frombuffer(digests, dtype=np.uint64))
        return [
            f"{text}\x1f{ordinal}" if ordinal else text for text, ordinal in zip(texts, ordinals, strict=True)
        ]

    def _is_returning(self, kind: str, row: Row) -> bool:
        """True from a buyer's second event of this rule on. Eight bytes of hash a buyer are remembered."""
        buyer = next((row[at] for name, at in self._fields if name == "buyer"), "")
        if not buyer:
            return False
        mark = (kind, int.from_bytes(hashlib.blake2b(buyer.encode(), digest_size=8).digest(), "big"))
        if mark in self._buyers:
            return True
        self._buyers.add(mark)
        return False

    def _time_reader(self) -> Callable[[str], int]:
        zone, written = self._zone, self._mapping.time.format
        if written == "unix_s":
            return lambda text: int(text) * 1000
        if written == "unix_ms":
            return int

        def with_zone(moment: datetime) -> int:
            # a local time that does not exist or exists twice at a clock change is read with the offset before the change
            aware = moment if moment.tzinfo else moment.replace(tzinfo=zone)
            return round((aware - EPOCH).total_seconds() * 1000)

        if written == "iso":
            return lambda text: with_zone(datetime.fromisoformat(text))
        return lambda text: with_zone(datetime.strptime(text, written))  # noqa: DTZ007 (the zone is added)


class _Open:
    """A group of which more rows may come."""

    __slots__ = ("_first", "line", "sums")

    def __init__(self, first: Row, line: int, sums: list[Decimal]) -> None:
        self._first, self.line, self.sums = first, line, sums

    def row(self) -> Row:
        return (*self._first, *(f"{total:f}" for total in self.sums))


class _Rule:
    """An event rule with its columns looked up."""

    def __init__(self, rule: EventRule, at: dict[str, int]) -> None:
        self.returning = rule.returning
        self.fields = [(name, at[column]) for name, column in rule.fields.items()]
        self._conditions = [_condition(when, at) for when in rule.when]
        if isinstance(rule.type, TypeColumn):
            self._values = {text: str(kind.value) for text, kind in rule.type.values.items()}
            self._type_at = at[rule.type.column]
            self._constant = ""
        else:
            self._constant = str(rule.type.value)

    def holds(self, row: Row) -> bool:
        return all(condition(row) for condition in self._conditions)

    def type_of(self, row: Row) -> str:
        """The type; a text that the mapping does not know is handed on as it is, and rejected as an unknown type."""
        if self._constant:
            return self._constant
        text = row[self._type_at]
        return self._values.get(text, text)


def _condition(when: When, at: dict[str, int]) -> Callable[[Row], bool]:
    place = at[when.column]
    tests: list[Callable[[str], bool]] = []
    if when.one_of is not None:
        wanted = frozenset(when.one_of)
        tests.append(lambda text: text in wanted)
    if when.starts_with is not None:
        prefix = when.starts_with
        tests.append(lambda text: text.startswith(prefix))
    if when.not_starts_with is not None:
        prefixes = when.not_starts_with
        tests.append(lambda text: not text.startswith(prefixes))
    if when.above is not None:
        limit = when.above
        tests.append(lambda text: _number(text) > limit)
    return lambda row: all(test(row[place]) for test in tests)


def _id_columns(mapping: FileMapping) -> list[str]:
    """The columns of the file that hold ids, each once."""
    columns = [*mapping.identity, *([mapping.group.by] if mapping.group else [])]
    for fields in (mapping.fields, *(rule.fields for rule in mapping.events)):
        columns += [column for name, column in fields.items() if name in _IDS]
    made = mapping.group.sums if mapping.group else {}
    return [column for column in dict.fromkeys(columns) if column not in made]


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("-inf")


def _product(row: Row, places: Sequence[int]) -> Decimal:
    product = Decimal(1)
    for place in places:
        product *= Decimal(row[place] or "0")
    return product


def _whole(text: str) -> int | str:
    """The number that the text is; the text itself, to be rejected by the collector, if it is none."""
    try:
        return int(text)
    except ValueError:
        return text

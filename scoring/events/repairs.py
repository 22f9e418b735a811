"""An optional field never costs its event: what is surely meant is repaired, what is not is dropped, and both are noted.

On the path of an event: called by ``scoring/events/parsing.py`` for a record that was rejected as it came. What an event cannot do
without (its type, its time, its store) is not repaired; then the record stays rejected.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping

import msgspec

from scoring.errors import UNDECODABLE
from scoring.events.amounts import read_money
from scoring.events.canonical import MAY_BE_NEGATIVE, NATURAL, ONE_EVENT_PER_ORDER, to_event
from scoring.events.delivery import Delivery
from scoring.events.event import DeviceClass, Event, RejectReason, Source
from scoring.events.identity import id_of_door
from scoring.events.incoming import MAX_ATTRIBUTES, MAX_QUANTITY, IncomingEvent
from scoring.events.notes import Note
from scoring.events.personal_values import mask_text
from scoring.events.rejections import Rejection, explain

#: characters that a field may have at most: texts, and ids of which every character counts
_TEXTS = {
    "product": 256,
    "category": 256,
    "campaign": 256,
    "channel": 64,
    "payment_method": 64,
    "user_agent": 2048,
}
_IDS = {"event_id": 128, "order_id": 128, "visitor": 256, "buyer": 256, "session": 256}
_ATTRIBUTE_NAME, _ATTRIBUTE_TEXT = 64, 512
#: larger whole numbers lose digits in JSON as browsers write it (RFC 8259, section 6)
_MAX_EXACT = 2**53 - 1
_BLANKS = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")
_HALVES = re.compile("[\ud800-\udfff]")
_WHOLE = re.compile(r"\d{1,10}(?:\.0{1,2})?")
#: reasons that an optional field can be the cause of
_REPAIRABLE = frozenset(
    {
        RejectReason.BAD_VALUE,
        RejectReason.BAD_MONEY,
        RejectReason.WRONG_TYPE,
        RejectReason.BROKEN_JSON,
        RejectReason.UNKNOWN_STORE,
    }
)

Notes = list[tuple[str, Note]]
_Repaired = tuple[object, Note | None]
_DEVICES = frozenset(device.value for device in DeviceClass)


def repaired(
    record: object, rejection: Rejection, delivery: Delivery
) -> tuple[Event | Rejection, Notes] | None:
    """The event that a rejected record is once its optional fields are repaired or dropped, and what was done to them.

    Args:
        record: its bytes, the decoded value, or the typed event.
        rejection: why it was rejected.
        delivery: what is known of it besides its bytes.

    Returns:
        None if no optional field is at fault; a rejection if something else is at fault as well.
    """
    if rejection.reason not in _REPAIRABLE:
        return None
    fields = _fields_of(record)
    if fields is None:
        return None
    sent = json.dumps(fields, sort_keys=True, default=str)
    notes = _repair(fields, delivery)
    if not notes and rejection.reason is not RejectReason.BROKEN_JSON:
        return None
    try:
        incoming = msgspec.convert(fields, IncomingEvent)
    except UNDECODABLE as error:
        return explain(fields, error), notes
    event = to_event(incoming, delivery, careful=True)
    if isinstance(event, Event) and _is_known_by_content(incoming):
        # two events that differed in what was dropped stay two
        same = delivery.pseudonym(event.store_id, sent) or delivery.fresh_id()
        event = msgspec.structs.replace(event, event_id=id_of_door(NATURAL + same, event.source))
    return event, notes


def _is_known_by_content(incoming: IncomingEvent) -> bool:
    if incoming.event_id or (incoming.order_id and incoming.type in ONE_EVENT_PER_ORDER):
        return False
    return bool(incoming.order_id or incoming.visitor or incoming.buyer or incoming.session)


def _fields_of(record: object) -> dict[str, object] | None:
    if isinstance(record, bytes):
        try:
            record = json.loads(record, strict=False)
        except UNDECODABLE:
            return None
    elif isinstance(record, IncomingEvent):
        named = msgspec.structs.asdict(record)
        return {name: value for name, value in named.items() if value is not None}
    if not isinstance(record, Mapping) or not all(isinstance(name, str) for name in record):
        return None
    return {name: value for name, value in record.items() if value is not None}


def _repair(fields: dict[str, object], delivery: Delivery) -> Notes:
    """Repair ``fields`` in place."""
    notes: Notes = []

    def put(name: str, value: object, note: Note | None) -> None:
        if note is not None:
            notes.append((name, note))
            fields[name] = value

    if "store_id" in fields:
        put("store_id", *_store(fields["store_id"], delivery))
    store_id = fields.get("store_id", next(iter(delivery.stores)) if len(delivery.stores) == 1 else "")
    store_id = store_id if isinstance(store_id, str) else ""
    for name in fields.keys() & _TEXTS.keys():
        put(name, *_text(fields[name], _TEXTS[name]))
    for name in fields.keys() & _IDS.keys():
        put(name, *_id(fields[name], _IDS[name], lambda raw: delivery.pseudonym(store_id, raw)))
    for name in fields.keys() & _OTHERS.keys():
        put(name, *_OTHERS[name](fields[name]))
    if "amount" in fields or "currency" in fields:
        store = delivery.stores.get(store_id)
        money = read_money(
            fields.get("amount"),
            fields.get("currency"),
            store.currency if store else "",
            point_is_decimal=delivery.source is not Source.PIXEL,
        )
        if money.amount.startswith("-") and str(fields.get("type")) not in MAY_BE_NEGATIVE:
            money = money._replace(amount="", amount_note=Note.OUT_OF_RANGE)
        put("amount", money.amount, money.amount_note)
        put("currency", money.currency, money.currency_note)
        if money.amount_note is Note.READ:
            fields["currency"] = money.currency
    return sorted(notes)


def _store(value: object, delivery: Delivery) -> _Repaired:
    """A store's id, which is compared with those that are configured."""
    text = str(value).strip() if isinstance(value, str | int) else ""
    return (text, Note.CLEANED) if text in delivery.stores and text != value else (value, None)


def _text(value: object, most: int) -> _Repaired:
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= _MAX_EXACT:
        return str(value), Note.READ
    if not isinstance(value, str):
        return None, Note.UNREADABLE
    clean = _cleaned(value)
    if len(clean) > most:
        # masked before the cut: a cut through an address would hide it from the masks
        return mask_text(clean[: 2 * most])[:most].rstrip(), Note.CUT
    return (clean, Note.CLEANED) if clean != value else (value, None)


def _cleaned(text: str) -> str:
    return _BLANKS.sub(" ", _HALVES.sub("", text)).strip()


def _id(value: object, most: int, pseudonym: Callable[[str], str]) -> _Repaired:
    """An id of which every character counts: two ids never become one by a repair."""
    if isinstance(value, int) and not isinstance(value, bool):
        return (str(value), Note.READ) if abs(value) <= _MAX_EXACT else (None, Note.OUT_OF_RANGE)
    if not isinstance(value, str):
        return None, Note.UNREADABLE
    clean = _cleaned(value)
    if len(clean) > most or clean != " ".join(value.split()):
        # half characters have no bytes of their own
        return pseudonym(value.encode("unicode_escape").decode()) or None, Note.REPLACED
    return (clean, Note.CLEANED) if clean != value else (value, None)


def _country(value: object) -> _Repaired:
    code = value.strip().upper() if isinstance(value, str) else ""
    if len(code) == 2 and code.isascii() and code.isalpha():
        return (code, Note.READ) if code != value else (value, None)
    return (value, None) if value == "" else (None, Note.UNREADABLE)


def _device(value: object) -> _Repaired:
    name = value.strip().lower() if isinstance(value, str) else ""
    if name in _DEVICES:
        return (name, Note.READ) if name != value else (value, None)
    return None, Note.UNREADABLE


def _quantity(value: object) -> _Repaired:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None, Note.UNREADABLE
    if isinstance(value, str):
        is_whole = _WHOLE.fullmatch(value.strip()) is not None
    else:
        is_whole = isinstance(value, int) or value.is_integer()
    if not is_whole:
        return None, Note.UNREADABLE
    number = int(value.partition(".")[0]) if isinstance(value, str) else int(value)
    if not 0 <= number <= MAX_QUANTITY:
        return None, Note.OUT_OF_RANGE
    return number, None if type(value) is int else Note.READ


def _attributes(value: object) -> _Repaired:
    """An object of texts; the worst of what was done to any of them is its note."""
    if not isinstance(value, Mapping):
        return None, Note.UNREADABLE
    kept: dict[str, str] = {}
    notes: list[Note] = []
    for name, inner in value.items():
        if inner is None:
            notes.append(Note.CLEANED)
            continue
        name_text, name_note = _text(name, _ATTRIBUTE_NAME)
        written = str(inner).lower() if isinstance(inner, bool) else inner
        text, note = _text(written, _ATTRIBUTE_TEXT)
        notes += [one for one in (name_note, note, Note.READ if written is not inner else None) if one]
        if isinstance(text, str) and isinstance(name_text, str) and name_text:
            kept[name_text] = text
    if len(kept) > MAX_ATTRIBUTES:
        kept = dict(list(kept.items())[:MAX_ATTRIBUTES])
        notes.append(Note.CUT)
    order = list(Note)
    return (kept, max(notes, key=order.index)) if notes else (value, None)


_OTHERS: Mapping[str, Callable[[object], _Repaired]] = {
    "country": _country,
    "device_class": _device,
    "quantity": _quantity,
    "attributes": _attributes,
}

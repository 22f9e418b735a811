"""From the bytes of a request to canonical events, or to the reason why a record is refused.

On the path of an event: after ``streams/collector/intake.py``, before ``streams/collector/publisher.py``.
A whole batch is decoded in one typed pass; only when that fails is each record looked at on its own, so that one bad
record never stops a batch, and only for the bad one is the reason worked out (``scoring/events/refusals.py``).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from scoring.events.event import Event, EventType, RejectReason, Source
from scoring.events.incoming import CURRENCIES, IncomingEvent
from scoring.events.redaction import is_personal, is_persons_id, mask_addresses, mask_text
from scoring.events.refusals import Rejected, explain, kind_of, shown

#: a clock may be this wrong before an event counts as one of the future
FUTURE_MS = 5 * 60_000
#: 2000-01-01T00:00:00Z: no funnel event is older; what is, is a broken clock or seconds taken for milliseconds
OLDEST_MS = 946_684_800_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: what a ClickHouse Decimal(38, 9) holds exactly
_MONEY = re.compile(r"-?[0-9]{1,28}(\.[0-9]{1,9})?")
_MAY_BE_NEGATIVE = frozenset({EventType.REFUND, EventType.CANCEL, EventType.AD_SPEND})
_ONCE_PER_ORDER = frozenset({EventType.ORDER, EventType.PAYMENT, EventType.REPURCHASE})
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_C1 = re.compile(rb"\xc2[\x80-\x9f]")
#: what may be a network address, each told by its rarest character first, since whole bodies are searched; a time of
#: day has two colons only
_IPV4 = re.compile(rb"\.\d{1,3}\.\d{1,3}\.")
_IPV6 = re.compile(rb":[0-9A-Fa-f]{0,4}:[0-9A-Fa-f]{0,4}:")
_BOM = b"\xef\xbb\xbf"

_ONE = msgspec.json.Decoder(IncomingEvent)
_MANY = msgspec.json.Decoder(list[IncomingEvent])
_MANY_RAW = msgspec.json.Decoder(list[msgspec.Raw])
_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])


class StoreTerms(NamedTuple):
    """What an event takes over from its store."""

    platform: str
    currency: str


@dataclass(frozen=True, slots=True)
class Terms:
    """All that is known of one delivery beside its bytes.

    Attributes:
        received_at_ms: when the collector took it.
        source: the door it came in by.
        stores: the stores that this sender may write to.
        pseudonym: gives the pseudonym of (store_id, raw id).
        device_class: gives the device class of a user agent.
        fresh_id: gives an id for an event that carries nothing to recognise it by.
        country: of the sender, for events that give none.
        user_agent: of the sender, for events that give neither device class nor user agent.
        shift_ms: added to event times: the correction for a sender's clock.
        longest: bytes of one event at most.
        types: that may come in by this door; all for None.
    """

    received_at_ms: int
    source: Source
    stores: Mapping[str, StoreTerms]
    pseudonym: Callable[[str, str], str]
    device_class: Callable[[str], str]
    fresh_id: Callable[[], str]
    country: str = ""
    user_agent: str = ""
    shift_ms: int = 0
    longest: int = 32_768
    types: frozenset[EventType] | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """A refused record: its place in the request, why, and the record itself as it came."""

    index: int
    rejected: Rejected
    raw: bytes


@dataclass(slots=True)
class Batch:
    """What one request held."""

    events: list[Event] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    duplicates: int = 0

    @property
    def total(self) -> int:
        """Records in the request."""
        return len(self.events) + len(self.refused) + self.duplicates


def parse_body(body: bytes, terms: Terms) -> Batch:
    """Canonical events of a request body: one object, an array, ``{"events": […]}`` or a JSON object per line.

    Args:
        body: the bytes, decompressed.
        terms: what is known of the delivery.

    Returns:
        The events in order, each id once, and the refused records with their reasons.
    """
    body = body.removeprefix(_BOM).strip()
    if not body:
        return _refuse_whole(
            body, RejectReason.EMPTY, "the body is empty; send one event, an array or one a line"
        )
    first = body[:1]
    careful = _needs_care(body)
    try:
        if first == b"[":
            return _build(_MANY.decode(body), [], terms, careful, len(body))
        if first == b"{":
            return _build([_ONE.decode(body)], [body], terms, careful, len(body))
    except (ValueError, RecursionError):
        pass  # msgspec's and Unicode's errors are ValueErrors: looked at record by record below
    return _parse_slowly(body, terms)


def parse_objects(objects: Sequence[object], terms: Terms) -> Batch:
    """Canonical events of values that are decoded already (mappings of field to value), as replay has them."""
    try:
        return _build(msgspec.convert(objects, list[IncomingEvent]), objects, terms, True, 0)
    except (ValueError, RecursionError):
        return _one_by_one(objects, terms)


def parse_lines(lines: Sequence[bytes], terms: Terms) -> Batch:
    """Canonical events of one JSON object a line."""
    try:
        return _build([_ONE.decode(line) for line in lines], lines, terms, _needs_care(b"\n".join(lines)), 0)
    except (ValueError, RecursionError):
        return _one_by_one(lines, terms)


def _parse_slowly(body: bytes, terms: Terms) -> Batch:
    lines = [line for line in body.splitlines() if line.strip()]
    if len(lines) > 1 and _is_whole(lines[0]) and not lines[0].lstrip().startswith(b"["):
        return parse_lines(lines, terms)
    try:
        if body[:1] == b"[":
            return _one_by_one([bytes(raw) for raw in _MANY_RAW.decode(body)], terms)
        if body[:1] == b"{":
            top = _OBJECT.decode(body)
            if "events" not in top or "type" in top:
                return _one_by_one([body], terms)
            return _parse_envelope(top, body, terms)
    except (ValueError, RecursionError):
        pass
    try:
        body.decode("utf-8")
    except UnicodeDecodeError as error:
        if len(lines) > 1 and lines[0].lstrip().startswith(b"{") and lines[0].rstrip().endswith(b"}"):
            return parse_lines(lines, terms)
        detail = f"byte {error.start} (0x{body[error.start]:02x}) is not UTF-8; send the body as UTF-8"
        return _refuse_whole(body, RejectReason.NOT_UTF8, detail)
    try:
        # stricter parsers refuse a lone surrogate with the whole body: the lenient one confines it to its record
        value = json.loads(body)
    except RecursionError:
        return _refuse_whole(body, RejectReason.BROKEN_JSON, "nested too deeply")
    except ValueError as error:
        where = (
            f"{error.msg} at line {error.lineno} column {error.colno}"
            if isinstance(error, json.JSONDecodeError)
            else "not JSON"
        )
        return _refuse_whole(
            body, RejectReason.BROKEN_JSON, f"{where}; send one event, an array or one object a line"
        )
    if isinstance(value, dict) and isinstance(value.get("events"), list) and len(value) == 1:
        value = value["events"]
    return _one_by_one(value if isinstance(value, list) else [value], terms)


def _parse_envelope(top: dict[str, msgspec.Raw], body: bytes, terms: Terms) -> Batch:
    extra = sorted(top.keys() - {"events"})
    if extra:
        field = shown(extra[0])
        detail = f"`{field}` stands beside `events`; the envelope holds `events` only"
        return _refuse_whole(body, RejectReason.UNKNOWN_FIELD, detail, field)
    inner = bytes(top["events"])
    if inner[:1] != b"[":
        detail = f"`events` must be an array, got {kind_of(json.loads(inner))}"
        return _refuse_whole(body, RejectReason.WRONG_TYPE, detail, "events")
    return parse_body(inner, terms)


def _one_by_one(records: Sequence[object], terms: Terms) -> Batch:
    batch = Batch()
    seen: set[str] = set()
    for index, record in enumerate(records):
        result = _parse_one(record, terms)
        if isinstance(result, Rejected):
            batch.refused.append(Refused(index, result, _bytes_of(record)))
        elif result.event_id in seen:
            batch.duplicates += 1
        else:
            seen.add(result.event_id)
            batch.events.append(result)
    return batch


def _parse_one(record: object, terms: Terms) -> Event | Rejected:
    try:
        if isinstance(record, bytes):
            if len(record) > terms.longest:
                return _too_large(len(record), terms.longest)
            incoming = _ONE.decode(record)
        else:
            incoming = msgspec.convert(record, IncomingEvent)
    except (ValueError, RecursionError) as error:
        if not isinstance(record, bytes):
            return explain(record, error)
        try:
            record.decode("utf-8")
            value = json.loads(record)
        except UnicodeDecodeError as wrong:
            return Rejected(RejectReason.NOT_UTF8, f"byte {wrong.start} of the event is not UTF-8")
        except RecursionError:
            return Rejected(RejectReason.BROKEN_JSON, "nested too deeply")
        except json.JSONDecodeError as wrong:
            return Rejected(RejectReason.BROKEN_JSON, f"{wrong.msg} at column {wrong.colno}")
        except ValueError:
            return Rejected(RejectReason.BROKEN_JSON, "not JSON")
        if not isinstance(error, msgspec.ValidationError):
            return _parse_one(value, terms)
        return explain(value, error)
    return to_event(incoming, terms, careful=True)


def _build(
    incoming: list[IncomingEvent], records: Sequence[object], terms: Terms, careful: bool, size: int
) -> Batch:
    if size > terms.longest * max(1, len(incoming)):
        raise ValueError("some event is too large: look at each")
    batch = Batch()
    seen: set[str] = set()
    for index, one in enumerate(incoming):
        event = to_event(one, terms, careful)
        if isinstance(event, Rejected):
            raw = _bytes_of(records[index]) if records else msgspec.json.encode(one)
            batch.refused.append(Refused(index, event, raw))
        elif event.event_id in seen:
            batch.duplicates += 1
        else:
            seen.add(event.event_id)
            batch.events.append(event)
    return batch


def to_event(incoming: IncomingEvent, terms: Terms, careful: bool) -> Event | Rejected:
    """The canonical event of a decoded one, or why it is refused.

    Args:
        incoming: decoded, so types and lengths are right.
        terms: what is known of the delivery.
        careful: look for unprintable characters and e-mail addresses (not needed where the body held none).
    """
    if careful:
        wrong = unprintable(incoming)
        if wrong is not None:
            return wrong
    if terms.types is not None and incoming.type not in terms.types:
        known = ", ".join(sorted(terms.types))
        detail = f"a page may not tell of a {incoming.type.value}, only of {known}; send it from a server to /v1/events"
        return Rejected(RejectReason.BAD_VALUE, detail, "type")
    store_id = incoming.store_id or ""
    stores = terms.stores
    if not store_id and len(stores) == 1:
        store_id = next(iter(stores))
    store = stores.get(store_id)
    if store is None:
        return _no_store(store_id)

    when = incoming.event_time
    if when is None:
        event_time_ms = incoming.event_time_ms
        if event_time_ms is None:
            detail = "`event_time` is missing: RFC 3339 with its offset, such as 2026-11-11T20:00:00+08:00, or milliseconds since 1970"
            return Rejected(RejectReason.MISSING_FIELD, detail, "event_time")
    else:
        if isinstance(when, int):
            event_time_ms = when
        else:
            since = when - _EPOCH
            event_time_ms = since.days * 86_400_000 + since.seconds * 1000 + since.microseconds // 1000
        if incoming.event_time_ms is not None and incoming.event_time_ms != event_time_ms:
            detail = "`event_time` and `event_time_ms` differ; give one of them"
            return Rejected(RejectReason.BAD_VALUE, detail, "event_time_ms")
    event_time_ms += terms.shift_ms
    if not OLDEST_MS <= event_time_ms <= terms.received_at_ms + FUTURE_MS:
        return _wrong_time(event_time_ms, terms.received_at_ms)

    amount, currency = "", incoming.currency or ""
    if incoming.amount is not None and incoming.amount != "":
        amount = str(incoming.amount)
        currency = currency or store.currency
        if not _MONEY.fullmatch(amount) or (amount[0] == "-" and incoming.type not in _MAY_BE_NEGATIVE):
            return _bad_amount(incoming.type, amount)
    if currency and currency not in CURRENCIES:
        detail = f"`currency` must be an ISO 4217 code such as CNY or USD, got {currency!r}"
        return Rejected(RejectReason.BAD_MONEY, detail, "currency")

    country = incoming.country or ""
    if not country:
        country = terms.country
    elif not (len(country) == 2 and country.isascii() and country.isalpha() and country.isupper()):
        detail = f"`country` must be an ISO 3166 code of two capitals such as CN, got {country!r}"
        return Rejected(RejectReason.BAD_VALUE, detail, "country")

    if incoming.device_class is not None:
        device_class = incoming.device_class.value
    else:
        agent = incoming.user_agent or terms.user_agent
        device_class = terms.device_class(agent) if agent else ""

    visitor = terms.pseudonym(store_id, incoming.visitor) if incoming.visitor else ""
    buyer = terms.pseudonym(store_id, incoming.buyer) if incoming.buyer else ""
    session = terms.pseudonym(store_id, incoming.session) if incoming.session else ""
    ids = (incoming.event_id or "", incoming.order_id or "", incoming.product or "")
    free = (
        incoming.category or "",
        incoming.channel or "",
        incoming.campaign or "",
        incoming.payment_method or "",
    )
    attributes = incoming.attributes or {}
    if careful or attributes:
        free, attributes = _without_personal_data(free, attributes)
    if careful:
        ids = _without_addresses(ids, store_id, terms)
    event_id = (
        ids[0]
        or natural_id(store_id, incoming, event_time_ms, visitor or buyer, session, amount)
        or terms.fresh_id()
    )
    return Event(
        event_id=event_id,
        store_id=store_id,
        type=incoming.type,
        event_time_ms=event_time_ms,
        received_at_ms=terms.received_at_ms,
        platform=store.platform,
        visitor=visitor,
        buyer=buyer,
        session=session,
        order_id=ids[1],
        product=ids[2],
        category=free[0],
        country=country,
        device_class=device_class,
        channel=free[1],
        campaign=free[2],
        payment_method=free[3],
        quantity=1 if incoming.quantity is None else incoming.quantity,
        amount=amount,
        currency=currency,
        source=terms.source.value,
        attributes=attributes,
    )


def natural_id(
    store_id: str, incoming: IncomingEvent, event_time_ms: int, person: str, session: str, amount: str
) -> str:
    """The id of an event whose sender gave none, made from what identifies it, so that a redelivery is the same event.

    An order, a payment and a repurchase are one per order id. Anything else is told apart by its content; an event
    of nobody in particular (no person, session or order) has no natural key, and an empty text is returned.
    """
    order_id = incoming.order_id or ""
    if order_id and incoming.type in _ONCE_PER_ORDER:
        parts: tuple[object, ...] = (store_id, incoming.type.value, order_id)
    elif order_id or person or session:
        parts = (
            store_id, incoming.type.value, order_id, event_time_ms, person, session, incoming.product,
            incoming.category, incoming.quantity, amount, incoming.campaign, sorted((incoming.attributes or {}).items()),
        )  # fmt: skip
    else:
        return ""
    return "n-" + hashlib.blake2b(msgspec.json.encode(parts), digest_size=16).hexdigest()


def unprintable(incoming: IncomingEvent) -> Rejected | None:
    """Why an event is refused for control characters or lone surrogates in one of its texts, None if it has none."""
    for name in incoming.__struct_fields__:
        value = getattr(incoming, name)
        texts = (value,) if isinstance(value, str) else ()
        if isinstance(value, dict):
            texts = (*value.keys(), *value.values())
        for text in texts:
            found = _UNPRINTABLE.search(text)
            if found:
                detail = f"`{name}` holds the character U+{ord(found.group()):04X}, which is not printable; leave it out"
                return Rejected(RejectReason.BAD_VALUE, detail, name)
    return None


def _needs_care(body: bytes) -> bool:
    """True if an event in ``body`` may hold an unprintable character, an e-mail or a network address.

    JSON writes control characters with a backslash; one look at the body spares a look at each text.
    """
    return (
        b"\\" in body
        or b"@" in body
        or b"\x7f" in body
        or (b"\xc2" in body and _C1.search(body) is not None)
        or b"::" in body
        or _IPV4.search(body) is not None
        or _IPV6.search(body) is not None
    )


def _without_personal_data(
    free: tuple[str, str, str, str], attributes: dict[str, str]
) -> tuple[tuple[str, str, str, str], dict[str, str]]:
    a, b, c, d = free
    free = (mask_text(a), mask_text(b), mask_text(c), mask_text(d))
    if attributes:
        attributes = {
            mask_text(name): "[removed]"
            if (is_personal(name) and name != "name") or is_persons_id(name)
            else mask_text(text)
            for name, text in attributes.items()
        }
    return free, attributes


def _without_addresses(ids: tuple[str, str, str], store_id: str, terms: Terms) -> tuple[str, str, str]:
    """``ids`` with a pseudonym for each that holds an e-mail or network address: a mask would make two orders one."""
    a, b, c = (
        text if mask_addresses(text) == text else terms.pseudonym(store_id, text) or mask_addresses(text)
        for text in ids
    )
    return a, b, c


def _refuse_whole(body: bytes, reason: RejectReason, detail: str, where: str = "") -> Batch:
    return Batch(refused=[Refused(0, Rejected(reason, detail, where), body)])


def _is_whole(line: bytes) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def _bytes_of(record: object) -> bytes:
    if isinstance(record, bytes):
        return record
    try:
        # what msgspec would not write (a lone surrogate) or would write as null (NaN) is kept as it came
        return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode()
    except (TypeError, ValueError, RecursionError):
        pass
    try:
        return json.dumps(record, separators=(",", ":"), default=str).encode()
    except (TypeError, ValueError, RecursionError):
        return repr(record).encode("utf-8", "backslashreplace")


def _too_large(size: int, longest: int) -> Rejected:
    detail = f"the event has {size:,} bytes, at most {longest:,} are taken"
    return Rejected(RejectReason.TOO_LARGE, detail)


def _no_store(store_id: str) -> Rejected:
    if not store_id:
        return Rejected(
            RejectReason.MISSING_FIELD, "`store_id` is missing, and the key is for several stores", "store_id"
        )
    detail = f"store {shown(store_id)!r} is not configured, or this key may not write to it"
    return Rejected(RejectReason.UNKNOWN_STORE, detail, "store_id")


def _wrong_time(event_time_ms: int, received_at_ms: int) -> Rejected:
    written = _as_text(event_time_ms)
    if event_time_ms < OLDEST_MS:
        hint = ""
        if OLDEST_MS <= event_time_ms * 1000 <= received_at_ms + FUTURE_MS:
            hint = f"; {event_time_ms} looks like seconds, milliseconds are expected"
        detail = f"`event_time` {written} is before the year 2000{hint}"
        return Rejected(RejectReason.TIME_ABSURD, detail, "event_time")
    if event_time_ms > received_at_ms + 100 * 365 * 86_400_000:
        detail = f"`event_time` {written} is more than a century ahead; milliseconds since 1970 are expected"
        return Rejected(RejectReason.TIME_ABSURD, detail, "event_time")
    ahead = (event_time_ms - received_at_ms) // 1000
    detail = f"`event_time` {written} is {ahead:,} s ahead of the collector's clock ({_as_text(received_at_ms)}); at most 300 s are taken"
    return Rejected(RejectReason.TIME_IN_FUTURE, detail, "event_time")


def _as_text(time_ms: int) -> str:
    try:
        return datetime.fromtimestamp(time_ms // 1000, UTC).isoformat().replace("+00:00", "Z")
    except (ValueError, OverflowError, OSError):
        return str(time_ms)


def _bad_amount(kind: EventType, amount: str) -> Rejected:
    if _MONEY.fullmatch(amount):
        detail = (
            f"`amount` of a {kind.value} must not be negative, got {amount!r}; send a refund or cancel event"
        )
    else:
        detail = f'`amount` must be decimal text such as "12.50" (at most 28 digits before the point and 9 after it), got {shown(amount)!r}'
    return Rejected(RejectReason.BAD_MONEY, detail, "amount")

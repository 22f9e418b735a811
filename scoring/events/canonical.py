"""From a decoded event to its canonical form, step by step, or to the reason why it is rejected.

On the path of an event: called by ``scoring/events/parsing.py`` for each event of a delivery. It is the collector's hottest
function: a step is a function of its own where most events pass it, and what only some events need is asked for by a test here.
A step that cannot accept what it sees raises; ``to_event`` gives that back as a value.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache, partial

import msgspec

from scoring.errors import ScoringError
from scoring.events.amounts import is_ambiguous
from scoring.events.bounds import CLOCK_AHEAD_MS, OLDEST_MS
from scoring.events.delivery import Delivery, StoreDefaults
from scoring.events.event import SCHEMA_VERSION, Event, EventType, RejectReason, Source
from scoring.events.identity import ONCE_PER_ORDER, id_of_door
from scoring.events.incoming import CURRENCIES, IncomingEvent
from scoring.events.personal_values import is_plain_id, mask_label, mask_text
from scoring.events.pseudonyms import kept_id
from scoring.events.redaction import kept_attribute
from scoring.events.rejections import Rejection, shown
from scoring.funnel.units import DAY_MS, HOUR_MS

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CENTURY_MS = 100 * 365 * DAY_MS
#: what a ClickHouse Decimal(38, 9) holds exactly
MONEY = re.compile(r"-?[0-9]{1,28}(\.[0-9]{1,9})?")
MAY_BE_NEGATIVE = frozenset({EventType.REFUND, EventType.CANCEL, EventType.AD_SPEND})
#: an order's parcels are distinguished by their content, though all of them are one fulfilment
ONE_EVENT_PER_ORDER = frozenset(ONCE_PER_ORDER) - {EventType.FULFILMENT}
#: how an id begins that was made from what identifies its event
NATURAL = "n-"
#: added to a member of a text enumeration it gives the plain text, three times as fast as ``.value``
_PLAIN = ""
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


class _NotAcceptableError(ScoringError):
    """Raised by a step for an event that cannot be accepted; ``to_event`` gives its rejection back."""

    def __init__(self, reason: RejectReason, detail: str, field: str = "") -> None:
        super().__init__(detail)
        self.rejection = Rejection(reason, detail, field)


def to_event(incoming: IncomingEvent, delivery: Delivery, careful: bool) -> Event | Rejection:
    """The canonical event of a decoded one, or why it is rejected.

    Args:
        incoming: decoded, so types and lengths are right.
        delivery: what is known of it besides its bytes.
        careful: look for unprintable characters (not needed where the body held none).
    """
    try:
        if careful:
            _check_printable(incoming)
        return _accepted(incoming, delivery)
    except _NotAcceptableError as error:
        return error.rejection


def _accepted(incoming: IncomingEvent, delivery: Delivery) -> Event:
    if delivery.types is not None and incoming.type not in delivery.types:
        raise _not_of_this_door(incoming.type, delivery.types)
    store_id = incoming.store_id or (next(iter(delivery.stores)) if len(delivery.stores) == 1 else "")
    if (store := delivery.stores.get(store_id)) is None:
        raise _no_store(store_id)
    event_time_ms = _event_time_ms(incoming) + delivery.shift_ms
    if not delivery.oldest_ms <= event_time_ms <= delivery.received_at_ms + CLOCK_AHEAD_MS:
        raise _wrong_time(event_time_ms, delivery.received_at_ms)

    has_money = incoming.amount is not None or incoming.currency
    amount, currency = _money(incoming, store, delivery.source is Source.PIXEL) if has_money else ("", "")
    device = incoming.device_class
    visitor, buyer, session = _people(incoming, store_id, delivery)
    pseudonym = delivery.pseudonym
    product, event_id = incoming.product or "", incoming.event_id or ""
    order_id = incoming.order_id.strip() if incoming.order_id else ""  # pages write blanks, servers do not
    if order_id and not is_plain_id(order_id):
        order_id = kept_id(order_id, partial(pseudonym, store_id))
    product = product if not product or _is_clean(product) else kept_id(product, partial(pseudonym, store_id))
    category, channel = incoming.category or "", incoming.channel or ""
    campaign, payment_method = incoming.campaign or "", incoming.payment_method or ""
    attributes = _attributes(incoming.attributes, partial(pseudonym, store_id)) if incoming.attributes else {}
    is_clean = _are_clean(category, channel, campaign, payment_method)
    if not event_id:
        is_open = is_clean and attributes == (incoming.attributes or {})
        natural = (store_id, incoming.type.value, order_id, event_time_ms, visitor or buyer, session, amount)
        event_id = natural_id(natural, incoming, product, None if is_open else pseudonym)
    elif not is_plain_id(event_id):
        event_id = kept_id(event_id, partial(pseudonym, store_id))
    if not is_clean:
        category, channel = mask_label(category), mask_text(channel)
        campaign, payment_method = mask_label(campaign), mask_text(payment_method)
    source = delivery.source + _PLAIN
    # in the order of the fields: by their names it takes three times as long
    return Event(
        id_of_door(event_id or delivery.fresh_id(), source),
        store_id,
        incoming.type,
        event_time_ms,
        delivery.received_at_ms,
        SCHEMA_VERSION,
        store.platform,
        visitor,
        buyer,
        session,
        order_id,
        product,
        category,
        _country(incoming.country) if incoming.country else delivery.country,
        device + _PLAIN if device is not None else _device_class(incoming.user_agent, delivery),
        channel,
        campaign,
        payment_method,
        1 if incoming.quantity is None else incoming.quantity,
        amount,
        currency,
        source,
        attributes,
    )


def _people(incoming: IncomingEvent, store_id: str, delivery: Delivery) -> tuple[str, str, str]:
    """The pseudonyms of visitor, buyer and session."""
    visitor, buyer, session = incoming.visitor, incoming.buyer, incoming.session
    if delivery.is_private:
        return "", "", ""
    pseudonym = delivery.pseudonym
    return (
        pseudonym(store_id, visitor) if visitor else "",
        pseudonym(store_id, buyer) if buyer else "",
        pseudonym(store_id, session) if session else "",
    )


@lru_cache(maxsize=4096)
def _are_clean(category: str, channel: str, campaign: str, payment_method: str) -> bool:
    """True if these words hold nothing personal; a store has few of them."""
    return (
        category == mask_label(category)
        and channel == mask_text(channel)
        and campaign == mask_label(campaign)
        and payment_method == mask_text(payment_method)
    )


@lru_cache(maxsize=16_384)
def _is_clean(product: str) -> bool:
    return kept_id(product, _no_id) == product


def _no_id(raw: str) -> str:
    return ""


def natural_id(
    known: tuple[str, str, str, int, str, str, str],
    incoming: IncomingEvent,
    product: str,
    pseudonym: Callable[[str, str], str] | None,
) -> str:
    """The id of an event whose sender gave none, made from what identifies it, so that a redelivery is the same event.

    An order, a payment and a repurchase are one per order id. Anything else is distinguished by its content; an event
    of nobody in particular (no person, session or order) has no natural key, and an empty text is returned.

    Args:
        known: store, type, order's id, time, person, session and amount; ids as they are kept, so that every door makes the same.
        incoming: the rest.
        product: its id as it is kept.
        pseudonym: where something in ``incoming`` is masked: whoever reads the event could try what it was, until the digest fits.
    """
    store_id, kind, order_id, event_time_ms, person, session, amount = known
    if order_id and incoming.type in ONE_EVENT_PER_ORDER:
        parts: tuple[object, ...] = (store_id, kind, order_id)
        pseudonym = None
    elif order_id or person or session:
        parts = (
            store_id, kind, order_id, event_time_ms, person, session, product or incoming.product,
            incoming.category, incoming.quantity, amount, incoming.campaign, sorted((incoming.attributes or {}).items()),
        )  # fmt: skip
    else:
        return ""
    made = NATURAL + hashlib.blake2b(msgspec.json.encode(parts), digest_size=16).hexdigest()
    return made if pseudonym is None else NATURAL + pseudonym(store_id, made)


def _check_printable(incoming: IncomingEvent) -> None:
    """Reject control characters and lone surrogates in any of an event's texts."""
    for name in incoming.__struct_fields__:
        value = getattr(incoming, name)
        texts = (value,) if isinstance(value, str) else ()
        if isinstance(value, dict):
            texts = (*value.keys(), *value.values())
        for text in texts:
            found = _UNPRINTABLE.search(text)
            if found:
                detail = f"`{name}` holds the character U+{ord(found.group()):04X}, which is not printable; leave it out"
                raise _NotAcceptableError(RejectReason.BAD_VALUE, detail, name)


def _event_time_ms(incoming: IncomingEvent) -> int:
    """When it happened, by the sender's clock."""
    when, event_time_ms = incoming.event_time, incoming.event_time_ms
    if when is None:
        if event_time_ms is None:
            detail = "`event_time` is missing: RFC 3339 with its offset, such as 2026-11-11T20:00:00+08:00, or milliseconds since 1970"
            raise _NotAcceptableError(RejectReason.MISSING_FIELD, detail, "event_time")
        return event_time_ms
    if not isinstance(when, int):
        since = when - EPOCH
        when = since.days * DAY_MS + since.seconds * 1000 + since.microseconds // 1000
    if event_time_ms is not None and event_time_ms != when:
        detail = "`event_time` and `event_time_ms` differ; give one of them"
        raise _NotAcceptableError(RejectReason.BAD_VALUE, detail, "event_time_ms")
    return when


def _money(incoming: IncomingEvent, store: StoreDefaults, is_page: bool) -> tuple[str, str]:
    """Amount and currency; the store's currency for an amount that names none.

    A server writes decimal text by agreement, a page what it shows to people: there "1.299" may be a thousand.
    """
    amount, currency = "", incoming.currency or ""
    if incoming.amount is not None and incoming.amount != "":
        amount = str(incoming.amount)
        currency = currency or store.currency
        if not MONEY.fullmatch(amount) or (amount[0] == "-" and incoming.type not in MAY_BE_NEGATIVE):
            raise _bad_amount(incoming.type, amount)
        if is_page and is_ambiguous(amount, currency):
            detail = f"`amount` {amount!r} of a page can be a thousand; write it without separators, such as 1299.00"
            raise _NotAcceptableError(RejectReason.BAD_MONEY, detail, "amount")
    if currency and currency not in CURRENCIES:
        detail = f"`currency` must be an ISO 4217 code such as CNY or USD, got {currency!r}"
        raise _NotAcceptableError(RejectReason.BAD_MONEY, detail, "currency")
    return amount, currency


def _country(code: str) -> str:
    if len(code) == 2 and code.isascii() and code.isalpha() and code.isupper():
        return code
    detail = f"`country` must be an ISO 3166 code of two capitals such as CN, got {code!r}"
    raise _NotAcceptableError(RejectReason.BAD_VALUE, detail, "country")


def _device_class(user_agent: str | None, delivery: Delivery) -> str:
    agent = user_agent or delivery.user_agent
    return delivery.device_class(agent) if agent else ""


_attribute_name = lru_cache(maxsize=4096)(mask_text)


def _attributes(given: Mapping[str, str], pseudonym: Callable[[str], str]) -> dict[str, str]:
    return {_attribute_name(name): kept_attribute(name, text, pseudonym) for name, text in given.items()}


def _not_of_this_door(kind: EventType, types: frozenset[EventType]) -> _NotAcceptableError:
    known = ", ".join(sorted(types))
    detail = f"a page may not send a {kind.value}, only {known}; send it from a server to /v1/events"
    return _NotAcceptableError(RejectReason.BAD_VALUE, detail, "type")


def _no_store(store_id: str) -> _NotAcceptableError:
    if not store_id:
        detail = "`store_id` is missing, and the key is for several stores"
        return _NotAcceptableError(RejectReason.MISSING_FIELD, detail, "store_id")
    detail = f"store {shown(store_id)!r} is not configured, or this key may not write to it"
    return _NotAcceptableError(RejectReason.UNKNOWN_STORE, detail, "store_id")


def _wrong_time(event_time_ms: int, received_at_ms: int) -> _NotAcceptableError:
    written = _as_text(event_time_ms)
    if event_time_ms < OLDEST_MS:
        hint = ""
        if OLDEST_MS <= event_time_ms * 1000 <= received_at_ms + CLOCK_AHEAD_MS:
            hint = f"; {event_time_ms} looks like seconds, milliseconds are expected"
        detail = f"`event_time` {written} is before the year 2000{hint}"
        return _NotAcceptableError(RejectReason.TIME_ABSURD, detail, "event_time")
    if event_time_ms <= received_at_ms:
        hours = (received_at_ms - event_time_ms) / HOUR_MS
        detail = (
            f"`event_time` {written} is {hours:,.1f} hours old, too old for a page; send older events from a server to "
            "/v1/events, or as a file"
        )
        return _NotAcceptableError(RejectReason.TIME_TOO_OLD, detail, "event_time")
    if event_time_ms > received_at_ms + _CENTURY_MS:
        detail = f"`event_time` {written} is more than a century ahead; milliseconds since 1970 are expected"
        return _NotAcceptableError(RejectReason.TIME_ABSURD, detail, "event_time")
    ahead = (event_time_ms - received_at_ms) // 1000
    detail = (
        f"`event_time` {written} is {ahead:,} s ahead of the collector's clock ({_as_text(received_at_ms)}); "
        f"at most {CLOCK_AHEAD_MS // 1000} s are accepted"
    )
    return _NotAcceptableError(RejectReason.TIME_IN_FUTURE, detail, "event_time")


def _as_text(time_ms: int) -> str:
    try:
        return datetime.fromtimestamp(time_ms // 1000, UTC).isoformat().replace("+00:00", "Z")
    except (ValueError, OverflowError, OSError):
        return str(time_ms)


def _bad_amount(kind: EventType, amount: str) -> _NotAcceptableError:
    if MONEY.fullmatch(amount):
        detail = f"`amount` of a {kind.value} must not be negative, got {shown(amount)!r}; send a refund or cancel event"
    else:
        detail = f'`amount` must be decimal text such as "12.50" (at most 28 digits before the point and 9 after it), got {shown(amount)!r}'
    return _NotAcceptableError(RejectReason.BAD_MONEY, detail, "amount")

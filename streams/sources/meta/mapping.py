"""A body of Meta's Conversions API as events of our own. Pure.

Format: https://developers.facebook.com/docs/marketing-api/conversions-api/parameters. Of ``user_data`` only browser and customer
ids are taken, as ids, and the user agent, which becomes a device class: hashed mail addresses, telephone numbers, names and
places, and the network address stay here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from scoring.events.event import EventType
from streams.sources.arrival import arrival_of
from streams.sources.tag_events import TagEvents, event_of, object_of, objects_of, text_of, units_of, whole_of

TYPES: Mapping[str, EventType] = {
    "ViewContent": EventType.CLICK,
    "AddToCart": EventType.ADD_TO_CART,
    "Purchase": EventType.ORDER,
}


def translate(pieces: Sequence[bytes], store: str) -> TagEvents:
    """The events of a body's list ``data`` for ``store``.

    Browser and server send the same ``event_name`` and ``event_id`` for one event, which is then one here too; a purchase is
    recognised by its order id.
    """
    made = TagEvents()
    for one in map(event_of, pieces):
        name = one.get("event_name") if isinstance(one, dict) else None
        kind = TYPES.get(name) if isinstance(name, str) else None
        if isinstance(one, msgspec.Raw):
            made.events.append(one)
        elif not isinstance(one, dict):
            made.events.append({"store_id": store, "type": one})
        elif kind is None:
            made.left_out[str(name)[:40]] += 1
        else:
            made.events.append(_event(one, store, kind, made))
    return made


def _event(one: dict[str, Any], store: str, kind: EventType, made: TagEvents) -> dict[str, Any]:
    user, custom = object_of(one.get("user_data")), object_of(one.get("custom_data"))
    contents = objects_of(custom.get("contents"))
    arrival = arrival_of(text_of(one.get("event_source_url")))
    seconds = whole_of(one.get("event_time"))
    customer = _first(user.get("external_id"))
    fields: dict[str, Any] = {
        "store_id": store,
        "type": kind.value,
        # a time that cannot be read is left as it is, to be rejected with the event
        "event_time_ms": one.get("event_time") if seconds is None else seconds * 1000,
        "visitor": text_of(user.get("fbp")) or customer,
        "buyer": customer,
        "order_id": text_of(custom.get("order_id")),
        "product": text_of(contents[0].get("id")) if contents else _first(custom.get("content_ids")),
        "category": text_of(custom.get("content_category")),
        "channel": arrival.channel,
        "campaign": arrival.campaign,
        "user_agent": text_of(user.get("client_user_agent")),
        "quantity": units_of(contents) or whole_of(custom.get("num_items")) or 0,
        "attributes": {"via": "meta", "action_source": text_of(one.get("action_source"))[:64] or "unknown"},
    }
    if kind is EventType.ORDER:
        fields |= {
            "amount": text_of(custom.get("value")),
            "currency": text_of(custom.get("currency")).upper(),
        }
    if not fields["order_id"]:
        given = text_of(one.get("event_id"))
        identity = (one["event_name"], given) if given else (one,)
        fields["event_id"] = made.id_of("meta", store, *identity, is_unique=bool(given))
    return {name: value for name, value in fields.items() if value}


def _first(value: object) -> str:
    """An id that may be given as one or as a list of them."""
    return text_of(value[0]) if isinstance(value, list) and value else text_of(value)

"""A body of GA4's Measurement Protocol as events of our own. Pure.

Format: https://developers.google.com/analytics/devguides/collection/protocol/ga4/reference, and Google's recommended events. Of
the user only ids are taken, as ids: hashed addresses (``user_data``), properties and the place beyond its country stay here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from scoring.events.event import EventType
from streams.sources.arrival import arrival_of
from streams.sources.tag_events import (
    TagEvents,
    event_of,
    object_of,
    objects_of,
    read_body,
    text_of,
    units_of,
    whole_of,
)

#: events that are a stage here, and what is said of pages. ``select_item`` is none: the page that then opens says ``view_item``, and both are one click
TYPES: Mapping[str, EventType] = {
    "view_item_list": EventType.IMPRESSION,
    "view_item": EventType.CLICK,
    "add_to_cart": EventType.ADD_TO_CART,
    "purchase": EventType.ORDER,
    "refund": EventType.REFUND,
    # as Google's library web-vitals reports them
    **dict.fromkeys(("LCP", "CLS", "INP"), EventType.PAGE_VITAL),
}


#: what is read of a body besides its events
_FIELDS = ("client_id", "app_instance_id", "user_id", "timestamp_micros", "user_location", "user_agent")
#: events of a body, at most; Google takes 25
MOST_EVENTS = 500


def translate(body: bytes, store: str, received_at_ms: int) -> TagEvents:
    """The events of ``body`` for ``store``.

    An event of this protocol has no id. The same one sent again has the same content and time, so its id is made of them; one
    without a time of its own happened when it came, and is recognised by its transaction only.

    Raises:
        UnknownBodyError: the body is of another form.
        RequestRejectedError: it has too many events.
    """
    read, made = read_body(body, "events", _FIELDS, MOST_EVENTS), TagEvents()
    content = read.fields
    for one in map(event_of, read.pieces):
        name = one.get("name") if isinstance(one, dict) else None
        kind = TYPES.get(name) if isinstance(name, str) else None
        if isinstance(one, msgspec.Raw):
            made.events.append(one)
        elif not isinstance(one, dict):
            made.events.append({"store_id": store, "type": one})
        elif kind is None:
            made.left_out[str(name)[:40]] += 1
        else:
            made.events.append(_event(one, content, store, kind, received_at_ms, made))
    return made


def _event(
    one: dict[str, Any],
    content: dict[str, Any],
    store: str,
    kind: EventType,
    received_at_ms: int,
    made: TagEvents,
) -> dict[str, Any]:
    params = object_of(one.get("params"))
    items = objects_of(params.get("items"))
    first = items[0] if items else {}
    arrival = arrival_of(
        text_of(params.get("page_location")), text_of(params.get("medium")), text_of(params.get("campaign"))
    )
    micros = one.get("timestamp_micros") or content.get("timestamp_micros")
    whole = whole_of(micros)
    fields: dict[str, Any] = {
        "store_id": store,
        "type": kind.value,
        # a time that cannot be read is left as it is, to be rejected with the event
        "event_time_ms": received_at_ms if micros is None else micros if whole is None else whole // 1000,
        "visitor": text_of(content.get("client_id") or content.get("app_instance_id")),
        "buyer": text_of(content.get("user_id")),
        "session": text_of(params.get("session_id") or params.get("ga_session_id")),
        # an empty one would make one order of all purchases
        "order_id": text_of(params.get("transaction_id")),
        "product": text_of(first.get("item_id") or first.get("item_name")),
        "category": text_of(first.get("item_category")),
        "country": text_of(object_of(content.get("user_location")).get("country_id")),
        "channel": arrival.channel,
        "campaign": arrival.campaign,
        "payment_method": text_of(params.get("payment_type")),
        "user_agent": text_of(content.get("user_agent")),
        "quantity": units_of(items) if kind is not EventType.IMPRESSION else 0,
        "attributes": {"via": "ga4"},
    }
    if kind is EventType.PAGE_VITAL:
        value = params.get("metric_value", params.get("value"))
        fields["attributes"] |= {"metric": str(one["name"]), "value": text_of(value)}
    if kind in (EventType.ORDER, EventType.REFUND):
        fields |= {"amount": text_of(params.get("value")), "currency": text_of(params.get("currency"))}
    if kind is EventType.REFUND and fields["order_id"]:
        # the refund of a part names its items: each part is one, and the same part again is not another
        fields["event_id"] = made.id_of(
            "ga4-refund", store, fields["order_id"], params.get("items"), params.get("value")
        )
    elif micros and not fields["order_id"]:
        fields["event_id"] = made.id_of("ga4", store, content.get("client_id"), micros, one)
    return {name: value for name, value in fields.items() if value}

"""The canonical event: its fields, its types and the closed list of reasons for which one is rejected.

On the path of an event: after ``streams/collector``, before the topic ``funnel.events.v1``.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

SCHEMA_VERSION = 1


class EventType(StrEnum):
    """What happened. The first seven are the stages of the funnel; the others are kept but are not stages."""

    IMPRESSION = "impression"
    CLICK = "click"
    ADD_TO_CART = "add_to_cart"
    ORDER = "order"
    PAYMENT = "payment"
    FULFILMENT = "fulfilment"
    REPURCHASE = "repurchase"
    FAVOURITE = "favourite"
    CANCEL = "cancel"
    REFUND = "refund"
    DELIVERED = "delivered"
    PAGE_VITAL = "page_vital"
    AD_SPEND = "ad_spend"
    SUPPORT_REPLY = "support_reply"
    REVIEW = "review"
    PRICE = "price"
    STOCK = "stock"
    SEARCH = "search"
    COUPON = "coupon"
    CHECKOUT = "checkout"


class Platform(StrEnum):
    """Where the store lives."""

    SHOPIFY = "shopify"
    AMAZON = "amazon"
    SHOPEE = "shopee"
    LAZADA = "lazada"
    TIKTOK_SHOP = "tiktok_shop"
    OWN_SITE = "own_site"
    TAOBAO = "taobao"
    OTHER = "other"


class DeviceClass(StrEnum):
    """The kind of device an event came from, derived at the edge; the user agent itself is forgotten."""

    IOS = "ios"
    ANDROID = "android"
    OTHER_MOBILE = "other_mobile"
    DESKTOP = "desktop"
    BOT = "bot"
    AGENT = "agent"
    UNKNOWN = "unknown"


class Source(StrEnum):
    """Which door an event came in by."""

    PIXEL = "pixel"
    API = "api"
    WEBHOOK = "webhook"
    POLL = "poll"
    REPLAY = "replay"
    DEMO = "demo"


class RejectReason(StrEnum):
    """Why a record was rejected. Closed: a new reason is a new member here and a row of the reference."""

    BROKEN_JSON = "broken_json"
    NOT_UTF8 = "not_utf8"
    NOT_AN_OBJECT = "not_an_object"
    EMPTY = "empty"
    TOO_LARGE = "too_large"
    UNREADABLE_BODY = "unreadable_body"
    MISSING_FIELD = "missing_field"
    UNKNOWN_FIELD = "unknown_field"
    WRONG_TYPE = "wrong_type"
    UNKNOWN_TYPE = "unknown_type"
    UNKNOWN_STORE = "unknown_store"
    BAD_VALUE = "bad_value"
    BAD_MONEY = "bad_money"
    TIME_IN_FUTURE = "time_in_future"
    TIME_ABSURD = "time_absurd"
    TIME_TOO_OLD = "time_too_old"
    BAD_ROW = "bad_row"
    UNTRANSLATABLE = "untranslatable"


class Event(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, forbid_unknown_fields=True):
    """One event as it is in Kafka (JSON) and, column for column, in ClickHouse.

    Times are milliseconds since 1970 UTC. ``event_time_ms`` is when it happened; ``received_at_ms`` is when the
    collector took it and is also the Kafka record's timestamp. Money is decimal text with its ISO 4217 currency.
    An empty text means that the source did not supply the field. ``set_apart`` says why the event is kept and shown, but neither
    judged nor learned from; empty for all others. ``import_id`` names the import that reported it, so that it can be undone.
    """

    event_id: str
    store_id: str
    type: EventType
    event_time_ms: int
    received_at_ms: int
    schema_version: int = SCHEMA_VERSION
    platform: str = ""
    visitor: str = ""
    buyer: str = ""
    session: str = ""
    order_id: str = ""
    product: str = ""
    category: str = ""
    country: str = ""
    device_class: str = ""
    channel: str = ""
    campaign: str = ""
    payment_method: str = ""
    quantity: int = 1
    amount: str = ""
    currency: str = ""
    source: str = ""
    attributes: dict[str, str] = {}
    set_apart: str = ""
    import_id: str = ""


class DeadLetter(msgspec.Struct, frozen=True, omit_defaults=True):
    """A rejected record as it is on ``funnel.deadletters.v1``: why, from where, and what it was (cut, no personal data)."""

    received_at_ms: int
    reason: RejectReason
    source: str
    store_id: str
    payload: str
    detail: str = ""
    letter_id: str = ""
    #: the path of the collector's door; empty for what came another way
    door: str = ""

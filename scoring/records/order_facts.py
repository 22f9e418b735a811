"""Order facts: all that one source knows of one order at one time. What an order is follows from all versions of it together.

Read next: ``scoring/records/order_life.py``.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from scoring.events.canonical import MONEY
from scoring.events.incoming import CURRENCIES
from scoring.records.report_row import BadRecordError, check_times

#: the refund id under which a source gives the sum of an order's refunds, because it does not list them
ALL_REFUNDS = "*"
LONGEST_ORDER_ID = 128


class OrderKind(StrEnum):
    """What an order is, where it is not an ordinary one. None of these is counted."""

    ORDINARY = ""
    DRAFT = "draft"
    REPLACEMENT = "replacement"
    EXCHANGE = "exchange"
    INTERNAL = "internal"


class OrderChannel(StrEnum):
    """Where an order was made."""

    UNKNOWN = ""
    PAGE = "page"
    AGENT = "agent"
    APP = "app"
    POS = "pos"
    STAFF = "staff"
    SUBSCRIPTION = "subscription"
    MARKETPLACE = "marketplace"
    LIVE = "live"
    OTHER = "other"


#: orders that no page of the shop's own leads to: they move no step that is measured from a page's events
WITHOUT_PAGE = frozenset(OrderChannel) - {OrderChannel.UNKNOWN, OrderChannel.PAGE}

#: what is known or not, and if so yes or no
ORDER_ANSWERS = ("on_hold", "is_paid", "is_shipped", "is_delivered", "is_cancelled", "cod", "test")


class OrderFacts(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One version of one order, as it is on ``funnel.orders.v1``.

    0, an empty text and None mean that the source does not know. A time that a platform writes for something that has not
    happened (a "paid" time of cash on delivery) is not a fact: the mapping leaves it out.

    Attributes:
        source: the platform or source that reports, such as ``shopify`` or ``files``.
        as_of_ms: the platform's own time of this state of the order; 0: unknown, ``told_at_ms`` is taken.
        told_at_ms: when the source was asked, or the delivery came.
        placed_ms, authorised_ms, paid_ms, delivered_ms, cancelled_ms: when it happened, by the platform.
        shipped_ms: when the first parcel was handed over.
        on_hold: in review, a pre-order, or waiting for something: not to be taken for paid.
        is_paid, is_shipped, is_delivered, is_cancelled: known without a time; False takes an older True back.
        amount: decimal text, of the order as it is now.
        refunds: refund id → decimal text; ``*`` is the sum where the source does not list them.
        refund_times: refund id → when.
        cod: to be paid on delivery.
        channel: where it was made.
        buyer: pseudonym of the buyer, as events have it.
        history: reported by an import or a backfill of the past, not as news.
        withdrawn: the way that reported it takes it back (an import was undone).
    """

    store_id: str
    order_id: str
    source: str
    connection: str = ""
    import_id: str = ""
    as_of_ms: int = 0
    told_at_ms: int = 0
    placed_ms: int = 0
    authorised_ms: int = 0
    paid_ms: int = 0
    shipped_ms: int = 0
    delivered_ms: int = 0
    cancelled_ms: int = 0
    on_hold: bool | None = None
    is_paid: bool | None = None
    is_shipped: bool | None = None
    is_delivered: bool | None = None
    is_cancelled: bool | None = None
    amount: str = ""
    currency: str = ""
    refunds: dict[str, str] = {}
    refund_times: dict[str, int] = {}
    units: int = 0
    cod: bool | None = None
    test: bool | None = None
    kind: OrderKind = OrderKind.ORDINARY
    channel: OrderChannel = OrderChannel.UNKNOWN
    buyer: str = ""
    country: str = ""
    payment_method: str = ""
    parcels: int = 0
    history: bool = False
    withdrawn: bool = False


def check_order_facts(facts: OrderFacts) -> None:
    """See that a version can be kept and merged.

    Raises:
        BadRecordError: a field cannot be used; the text says which.
    """
    if not facts.store_id or not facts.source:
        raise BadRecordError("`store_id` and `source` of an order must not be empty")
    if not 0 < len(facts.order_id) <= LONGEST_ORDER_ID:
        raise BadRecordError(f"`order_id` must have 1 to {LONGEST_ORDER_ID} characters")
    if "" in facts.refunds:
        raise BadRecordError(f"a refund needs its id; {ALL_REFUNDS!r} is the sum of an order's refunds")
    for text in (facts.amount, *facts.refunds.values()):
        if text and not MONEY.fullmatch(text):
            raise BadRecordError(f'money must be decimal text such as "12.50", got {text[:64]!r}')
    if facts.currency and facts.currency not in CURRENCIES:
        raise BadRecordError(
            f"`currency` must be an ISO 4217 code such as CNY or USD, got {facts.currency[:64]!r}"
        )
    check_times(facts, _TIMES)
    if not (0 <= facts.units < _MAX and 0 <= facts.parcels < _MAX):
        raise BadRecordError(f"`units` and `parcels` must be 0 to {_MAX - 1}")


_TIMES = (
    "as_of_ms", "told_at_ms", "placed_ms", "authorised_ms", "paid_ms", "shipped_ms", "delivered_ms", "cancelled_ms",
)  # fmt: skip
_MAX = 1_000_000_000


def order_identity(facts: OrderFacts) -> tuple[str, str]:
    """What a version is about."""
    return facts.store_id, facts.order_id

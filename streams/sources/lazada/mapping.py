"""What Lazada says: pushes of single lines, orders with their items, reverse orders, figures of ads, the seller's standing. Pure."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from scoring.events.event import EventType
from scoring.funnel.units import DAY_MS
from scoring.records.raw_delivery import RawDelivery
from scoring.records.report_row import Period
from scoring.records.seller_metrics import TargetRule
from scoring.records.signal import SignalKind
from scoring.sources.json_values import UnreadableValueError, is_given
from scoring.sources.translated import ConnectionTerms, Translated
from streams.sources.json_object import JsonObject
from streams.sources.market_asking import bounds_of
from streams.sources.market_config import COUNTRIES, Country
from streams.sources.market_reading import MarketReading, Resource, Take, judged, rule_of, translated

#: the first words of a target's format. Lazada's documentation has one example, GREATER_THAN_PERCENTAGE, written for people as "≥ 85%"; that
#: LESS_THAN is its mirror, with the edge belonging to it, is assumed
_RULES = {"GREATER_THAN": TargetRule.AT_LEAST, "LESS_THAN": TargetRule.AT_MOST}
_PAYING = ("unpaid",)
_PREPARED = ("pending", "topack", "packed", "repacked", "toship", "ready_to_ship", "ready_to_ship_pending")
_SENT = (
    *(
        "shipped",
        "shipping",
        "failed",
        "failed_delivery",
        "lost",
        "lost_by_3pl",
        "damaged_by_3pl",
        "returned",
    ),
    *("shipped_back", "shipped_back_success", "shipped_back_failed", "package_scrapped"),
)
_ARRIVED = ("delivered", "confirmed")
_CANCELLED = ("canceled", "cancelled")
#: an item's status → the place in its life
STATUSES: dict[str, int] = {
    **dict.fromkeys(_CANCELLED, -1),
    **dict.fromkeys(_PAYING, 0),
    **dict.fromkeys(_PREPARED, 1),
    **dict.fromkeys(_SENT, 2),
    **dict.fromkeys(_ARRIVED, 3),
}
#: a reverse line's status, and whether the money is given back
REVERSED: dict[str, bool] = {
    **dict.fromkeys(("CANCEL_REFUND_ISSUED", "REFUND_SUCCESS", "REFUND_ISSUED"), True),
    **dict.fromkeys(
        (
            *(
                "REQUEST_INITIATE",
                "REQUEST_REJECT",
                "REQUEST_CANCEL",
                "REQUEST_COMPLETE",
                "CANCEL_INIT",
                "CANCEL_SUCCESS",
            ),
            *(
                "RTM_INIT",
                "RTM_CANCELED",
                "RTM_RECEIVE_ITEM",
                "REFUND_PENDING",
                "REFUND_AUTHORIZED",
                "REFUND_REJECT",
            ),
        ),
        False,
    ),
}
_ADS = {
    "impressions": "impressions", "clicks": "clicks", "spend": "spend", "add_to_cart": "storeA2c", "purchases": "storeOrders",
    "units": "storeUnitSold", "revenue": "storeRevenue",
}  # fmt: skip
_SERVICE = ("response_rate", "response_time", "ship_on_time", "positive_seller_rating")
_AUDITS = {"PENDING": False, "APPROVED": False, "REJECTED": True, "LIVE_REJECTED": True, "LOCK": True}

#: pushes that are known and say nothing that is counted here, and why
LEFT_OUT: dict[str, str] = {
    "push 2": "chat; how long answers take is asked for",
    **dict.fromkeys(("push 3", "push 4", "push 5"), "the catalogue"),
    "push 7": "videos",
    "push 12": "categories",
    "push 13": "the seller's account; the figures of the seller are asked for",
    "push 14": "a parcel is made; the items say when it is on its way",
    "push 19": "chat; how long answers take is asked for",
    "push 21": "a review without its stars, which are asked for",
    "push 35": "orders of the warehouse",
    "push 46": "orders of the warehouse",
}


def translate(delivery: RawDelivery, terms: ConnectionTerms) -> Translated:
    """All that a delivery says.

    Raises:
        TranslationError: it cannot be read at all.
    """
    return translated(delivery, terms, _TAKES, LEFT_OUT, lambda row: row.text("site").upper()[-2:])


def _site(one: MarketReading) -> Country:
    return COUNTRIES[one.shop]


# ---------------------------------------------------------------- pushes


def _line_push(one: MarketReading) -> None:
    """Push 0: the status of one line. Payment is the whole order's, the first parcel too; what else a line does is not."""
    row = JsonObject(one.row.at("data"))
    if "reverse_order_id" in row.values and not row.text("order_status"):
        _reverse_push(one)
        return
    status = one.word(row.text("order_status").lower(), "order_status", STATUSES)
    at_ms = row.moment("status_update_time") or one.row.moment("timestamp")
    stage = STATUSES.get(status, -1)
    one.order(
        row.text("trade_order_id"),
        as_of_ms=at_ms,
        is_paid=False if stage == 0 else None,
        paid_ms=at_ms if status == "pending" else 0,
        shipped_ms=at_ms if status == "shipped" else 0,
        is_shipped=True if stage >= 2 else None,
    )


def _reverse_push(one: MarketReading) -> None:
    """Push 10: a reverse order changed; the list of reverse orders says the money."""
    row = JsonObject(one.row.at("data"))
    one.word(row.text("reverse_status").upper(), "reverse_status", REVERSED)
    one.leave_out("without money: the list of reverse orders says it")


def _audit_push(one: MarketReading) -> None:
    """Push 1: what the platform's check of a listing came to."""
    row = JsonObject(one.row.at("data"))
    status = one.word(row.text("status").upper(), "status", _AUDITS)
    at_ms = one.row.moment("timestamp") or one.received_ms
    if _AUDITS.get(status):
        one.signal(SignalKind.LISTING_SUPPRESSED, row.text("item_id"), at_ms, 0, {"status": status})
    else:
        one.leave_out(f"listing {status or 'of an unknown status'}")


def _stock_push(one: MarketReading) -> None:
    """Push 6: less than five are left."""
    row = JsonObject(one.row.at("data"))
    at_ms = one.row.moment("timestamp") or one.received_ms
    about = row.text("seller_sku") or row.text("sku_id") or row.text("item_id")
    one.signal(
        SignalKind.STOCK_LOW, about, at_ms, at_ms, {"left": row.text("sellable_stock") or row.text("stock")}
    )


def _ends_push(one: MarketReading) -> None:
    """Push 8: the token ends."""
    found = one.row.at("data")
    row = JsonObject(found) if isinstance(found, dict) else one.row
    at_ms = one.row.moment("timestamp") or one.received_ms
    ends_ms = row.moment("expired_time") or row.moment("expire_time") or at_ms + 7 * DAY_MS
    one.signal(SignalKind.AUTHORISATION_ENDS, "authorisation", ends_ms - 30 * DAY_MS, ends_ms)


# ---------------------------------------------------------------- orders and reverse orders


def _order(one: MarketReading) -> None:
    """An order has no status of its own: it follows from its items'."""
    row = one.row
    items = list(row.rows("order_items"))
    names = [one.word(item.text("status").lower(), "status", STATUSES) for item in items]
    known = [
        (STATUSES[name], item.moment("updated_at")) for name, item in zip(names, items, strict=True) if name
    ]
    living = [(stage, at_ms) for stage, at_ms in known if stage >= 0]
    is_whole = len(known) == len(items) > 0
    highest = max((stage for stage, _ in living), default=-1)
    is_cod = row.text("payment_method").upper() == "COD"
    updated_ms = max([row.moment("updated_at"), *(at_ms for _, at_ms in known)])
    at_stage = {stage: min(at_ms for one_stage, at_ms in living if one_stage == stage) for stage, _ in living}
    is_paid = False if highest == 0 else True if highest > 0 and not is_cod else None
    # the state in which it waits to be packed begins with the payment
    paid_ms = at_stage.get(1, 0) if is_paid and set(names) <= {"pending", *_CANCELLED} else 0
    number, placed_ms = row.text("order_id") or row.text("order_number"), row.moment("created_at")
    if is_paid and placed_ms and not paid_ms:
        # Lazada does not say when: no earlier than it was placed, and whatever says it better is newer
        one.order(number, as_of_ms=placed_ms, paid_ms=placed_ms)
    is_cancelled = is_whole and not living
    is_arrived = is_whole and bool(living) and all(stage == 3 for stage, _ in living)
    one.order(
        number,
        as_of_ms=updated_ms,
        placed_ms=placed_ms,
        paid_ms=paid_ms,
        shipped_ms=at_stage.get(2, 0) if "shipped" in names else 0,
        delivered_ms=max(at_ms for _, at_ms in living) if is_arrived else 0,
        cancelled_ms=updated_ms if is_cancelled else 0,
        is_paid=is_paid,
        is_shipped=True if highest >= 2 else None,
        is_delivered=True if is_arrived else None,
        is_cancelled=True if is_cancelled else None,
        amount=_paid_by_buyer(row),
        currency=next((item.text("currency") for item in items if item.text("currency")), "")
        or _site(one).currency,
        units=len(items),
        cod=is_cod if row.text("payment_method") else None,
        buyer=next((item.text("buyer_id") for item in items if item.text("buyer_id")), ""),
        country=one.shop,
        payment_method=row.text("payment_method")[:64],
        parcels=len({item.text("package_id") for item in items} - {""}),
    )


def _paid_by_buyer(row: JsonObject) -> str:
    """Price less vouchers plus shipping; nothing where the price is not given."""
    if not is_given(row.at("price")):
        return ""
    price, voucher, shipping = (
        Decimal(row.money(name) or "0") for name in ("price", "voucher", "shipping_fee")
    )
    return format(price - voucher + shipping, "f")


def _reverse(one: MarketReading) -> None:
    order, found = one.row.text("trade_order_id"), 0
    for line in one.row.rows("reverse_order_lines"):
        number, at_ms = line.text("number"), line.moment("return_order_line_gmt_modified")
        status = one.word(line.text("reverse_status").upper(), "reverse_status", REVERSED)
        if not REVERSED.get(status, False):
            continue
        if not number or not at_ms:
            raise UnreadableValueError("a reverse line without its number or time cannot be counted once")
        found += 1
        one.order(
            order, as_of_ms=at_ms, refunds={number: line.money("refund_amount")}, refund_times={number: at_ms}
        )
    if not found:
        one.leave_out("no money was given back")


# ---------------------------------------------------------------- figures


def _day(one: MarketReading) -> tuple[Period, int, int]:
    begin_ms, end_ms = bounds_of(date.fromisoformat(one.row.text("day")), _site(one).zone)
    return Period.DAY, begin_ms, end_ms


def _campaign(one: MarketReading) -> None:
    figures = {measure: one.row.money(name) for measure, name in _ADS.items()}
    part = {"traffic": "ads", "campaign": one.row.text("campaignId") or "unknown"}
    one.reports(figures, _day(one), _site(one).zone, part, _site(one).currency)


def _performance(one: MarketReading) -> None:
    """Metrics with their targets; one without a score is not measured."""
    for row in one.row.rows("indicators"):
        if is_given(row.at("score")) and row.text("type"):
            unit = row.text("score_format").lower()
            part = {"metric": row.text("type").lower(), **({"unit": unit} if unit else {})}
            asked = row.text("target_format").upper()
            rule = rule_of(one, asked.removesuffix(f"_{unit.upper()}"), "target_format", _RULES)
            _, begin_ms, end_ms = _day(one)
            said = row.money("score"), row.money("target")
            judged(one, said, rule, (begin_ms, end_ms), _site(one).zone, part)


def _service(one: MarketReading) -> None:
    for name in _SERVICE:
        figures = {"seller_metric": one.row.money(name)}
        one.reports(figures, _day(one), _site(one).zone, {"metric": f"service {name}"}, complete=True)


# ---------------------------------------------------------------- what buyers say, without a word of it


def _review(one: MarketReading) -> None:
    """A review by its stars. A second thought of the same buyer has none."""
    row, stars = one.row, one.row.text("ratings", "overall_rating")
    at_ms, number = row.moment("submit_time"), row.text("id")
    if not number or not at_ms:
        raise UnreadableValueError("a review without its number or time cannot be counted once")
    if not stars:
        one.leave_out(row.text("review_type").lower() or "without stars")
        return
    product = row.text("product_id")
    one.event(
        EventType.REVIEW,
        at_ms,
        f"review {number}",
        is_once=True,
        product=product,
        attributes={"rating": stars},
    )


def _chat(one: MarketReading) -> None:
    """A buyer's question, once somebody has answered it or nobody has for three days."""
    row = one.row
    asked_ms, answered_ms = row.moment("asked"), row.moment("answered")
    if not asked_ms or (answered_ms and answered_ms < asked_ms):
        raise UnreadableValueError("a question that was answered before it was asked cannot be counted")
    taken = {"answered_min": f"{(answered_ms - asked_ms) / 60_000:.3f}"} if answered_ms else {}
    one.event(EventType.SUPPORT_REPLY, asked_ms, f"chat {row.text('chat')}", is_once=True, attributes=taken)


_TAKES: dict[str, Take] = {
    Resource.ORDERS: _order,
    Resource.RETURNS: _reverse,
    Resource.ADS_DAYS: _campaign,
    Resource.PERFORMANCE: _performance,
    Resource.SERVICE: _service,
    Resource.REVIEWS: _review,
    Resource.CHATS: _chat,
    "push 0": _line_push,
    "push 1": _audit_push,
    "push 6": _stock_push,
    "push 8": _ends_push,
    "push 10": _reverse_push,
}

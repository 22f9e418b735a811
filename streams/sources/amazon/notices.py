"""What Amazon's notifications say: an order changed, a listing or the featured offer is lost, stock is out, views and sales of an hour. Pure."""

from __future__ import annotations

from dataclasses import replace

from scoring.records.report_row import Period
from scoring.records.signal import SignalKind
from scoring.sources.json_values import UnreadableValueError, is_given
from streams.sources.json_object import JsonObject
from streams.sources.market_reading import MarketReading, MarketTerms, Take

#: what a status says: paid, shipped, cancelled; None is not said
STATUSES: dict[str, tuple[bool | None, bool | None, bool | None]] = {
    "PendingAvailability": (False, None, None),
    "Pending": (False, None, None),
    "Unshipped": (True, None, None),
    "InvoiceUnconfirmed": (True, None, None),
    "PartiallyShipped": (True, True, None),
    "Shipped": (True, True, None),
    "Canceled": (None, None, True),
    "Unfulfillable": (None, None, None),
}
_ENFORCED = ("SEARCH_SUPPRESSED", "LISTING_SUPPRESSED", "ATTRIBUTE_SUPPRESSED", "CATALOG_ITEM_REMOVED")
_ACCOUNT = ("NORMAL", "AT_RISK", "DEACTIVATED")

#: notifications that are known and say nothing that is counted here, and why
LEFT_OUT: dict[str, str] = {
    "REPORT_PROCESSING_FINISHED": "whoever waits for the report has been woken",
    "DATA_KIOSK_QUERY_PROCESSING_FINISHED": "whoever waits for the query has been woken",
    "SHIPMENT_TRACKING_MILESTONE_CHANGED": "names the parcel by its number, not the order",
}


def marketplace_of(row: JsonObject) -> str:
    """The marketplace that a notification names; empty where it names none or several."""
    places = (
        ("payload", "orderChangeNotification", "summary", "marketplaceId"),
        ("payload", "marketplaceId"),
        ("payload", "offerChangeTrigger", "marketplaceId"),
    )
    return next((text for place in places if (text := row.text(*place))), "")


def _at_ms(one: MarketReading) -> int:
    return one.row.moment("eventTime") or one.received_ms


def _order(one: MarketReading) -> None:
    """ORDER_CHANGE: a status, without money. What a buyer asks for is not yet done."""
    row = JsonObject(one.row.at("payload", "orderChangeNotification"))
    status = one.word(row.text("summary", "orderStatus"), "orderStatus", STATUSES)
    is_paid, is_shipped, is_cancelled = STATUSES.get(status, (None, None, None))
    at_ms = row.moment("orderChangeTrigger", "timeOfOrderChange") or _at_ms(one)
    changed_ms = at_ms if row.text("orderChangeType") == "OrderStatusChange" else 0
    one.order(
        row.text("amazonOrderId"),
        as_of_ms=at_ms,
        placed_ms=row.moment("summary", "purchaseDate"),
        paid_ms=changed_ms if status == "Unshipped" else 0,
        shipped_ms=changed_ms if is_shipped else 0,
        cancelled_ms=changed_ms if is_cancelled else 0,
        is_paid=is_paid,
        is_shipped=is_shipped,
        is_cancelled=is_cancelled,
        on_hold=True if status == "PendingAvailability" else None,
    )


def _issues(one: MarketReading) -> None:
    row = JsonObject(one.row.at("payload"))
    actions = [str(action) for action in row.values.get("enforcementActions") or ()]
    severities = [str(severity) for severity in row.values.get("severities") or ()]
    about = row.text("sku") or row.text("asin")
    for action in actions:
        one.word(action, "enforcementActions", _ENFORCED)
    if not actions and "ERROR" not in severities:
        one.leave_out("no error any more")
        return
    kind = SignalKind.LISTING_SUPPRESSED if actions else SignalKind.LISTING_ISSUE
    details = {"actions": " ".join(actions), "severities": " ".join(severities)}
    one.signal(kind, about, _at_ms(one), _at_ms(one), details)


def _status(one: MarketReading) -> None:
    row = JsonObject(one.row.at("payload"))
    statuses = [str(status) for status in row.values.get("status") or ()]
    if "BUYABLE" in statuses:
        one.leave_out("buyable")
        return
    one.signal(SignalKind.LISTING_SUPPRESSED, row.text("sku") or row.text("asin"), _at_ms(one), _at_ms(one))


def _price(one: MarketReading) -> None:
    row = JsonObject(one.row.at("payload"))
    issue = row.text("issueType")
    if issue != "BuyBoxDisqualification":
        one.gap("value", "issueType", issue)
        return
    at_ms = row.moment("offerChangeTrigger", "timeOfOfferChange") or _at_ms(one)
    one.signal(SignalKind.FEATURED_OFFER_LOST, row.text("offerChangeTrigger", "asin"), at_ms, at_ms)


def _stock(one: MarketReading) -> None:
    """What can be sent of a product in each marketplace."""
    row, is_out = JsonObject(one.row.at("payload")), False
    for part in row.rows("fulfillmentInventoryByMarketplace"):
        of_shop = _of(one, part.text("marketplaceId"))
        if of_shop is not None and part.whole("fulfillmentInventory", "fulfillable") == 0:
            is_out = True
            of_shop.signal(
                SignalKind.STOCK_OUT, row.text("sKU") or row.text("aSIN"), _at_ms(one), _at_ms(one)
            )
    if not is_out:
        one.leave_out("in stock")


def _own_stock(one: MarketReading) -> None:
    """What is left of a product that the seller sends."""
    row = JsonObject(one.row.at("payload"))
    if not is_given(row.at("quantity")):
        raise UnreadableValueError("a change of quantity without the quantity says nothing")
    if row.whole("quantity") > 0:
        one.leave_out("in stock")
        return
    one.signal(SignalKind.STOCK_OUT, row.text("sku"), _at_ms(one), _at_ms(one))


def _account(one: MarketReading) -> None:
    payload = JsonObject(one.row.at("payload"))
    inner = payload.at("accountStatusChangeNotification")
    row = JsonObject(inner) if isinstance(inner, dict) else payload
    status = one.word(row.text("currentAccountStatus"), "currentAccountStatus", _ACCOUNT)
    if status in _ACCOUNT[1:]:
        one.signal(SignalKind.ACCOUNT_AT_RISK, "account", _at_ms(one), _at_ms(one), {"status": status})
    else:
        one.leave_out(status)


def _hours(one: MarketReading, name: str, figures: dict[str, str], money: dict[str, str]) -> None:
    """Figures of products in an hour, each with its own marketplace."""
    for row in JsonObject(one.row.at("payload")).rows(name):
        of_shop = _of(one, row.text("marketplaceId"))
        if of_shop is None:
            continue
        begin_ms, end_ms = row.moment("startTime"), row.moment("endTime")
        if not begin_ms or end_ms <= begin_ms:
            raise UnreadableValueError("an hour that ends before it begins cannot be counted")
        period, part = (Period.HOUR, begin_ms, end_ms), {"product": row.text("asin") or "unknown"}
        of_shop.reports(
            {measure: row.money(field) for measure, field in figures.items()}, period, "UTC", part
        )
        sums = {measure: row.money(field) for measure, field in money.items()}
        of_shop.reports(sums, period, "UTC", part, row.text("currencyCode") or of_shop.currency)


def _of(one: MarketReading, marketplace: str) -> MarketReading | None:
    """The same reading for another marketplace of the account; named and None if it is not one of its."""
    terms: MarketTerms = one.terms.settings
    store = terms.shops.get(marketplace or one.shop, "")
    if not store:
        one.gap("shop", "shops", marketplace)
        return None
    return replace(one, shop=marketplace or one.shop, store=store)


def _sold(one: MarketReading) -> None:
    _hours(one, "itemSalesEventChanges", {"units": "orderedUnits"}, {"revenue": "orderedRevenue"})


def _viewed(one: MarketReading) -> None:
    _hours(one, "detailPageTrafficEvents", {"page_views": "glanceViews"}, {})


NOTICES: dict[str, Take] = {
    "ORDER_CHANGE": _order,
    "LISTINGS_ITEM_ISSUES_CHANGE": _issues,
    "LISTINGS_ITEM_STATUS_CHANGE": _status,
    "PRICING_HEALTH": _price,
    "FBA_INVENTORY_AVAILABILITY_CHANGES": _stock,
    "LISTINGS_ITEM_MFN_QUANTITY_CHANGE": _own_stock,
    "ACCOUNT_STATUS_CHANGED": _account,
    "ITEM_SALES_EVENT_CHANGE": _sold,
    "DETAIL_PAGE_TRAFFIC_EVENT": _viewed,
}

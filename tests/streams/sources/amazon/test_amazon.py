"""Amazon: what its rows say in each marketplace, reports until they are done, and which answers are none."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from scoring.records.order_life import LeftOut, OrderState
from scoring.records.report_row import Period
from scoring.sources.cursors import PollWindow
from scoring.sources.translated import Translated
from streams.sources.amazon.asking import judge
from streams.sources.amazon.source import SOURCE
from streams.sources.asking import (
    AccessDeniedError,
    AnswerGarbledError,
    PlatformFailedError,
    PlatformRejectedError,
    PlatformThrottledError,
    ScopeMissingError,
    VersionRetiredError,
)
from tests.fakes.lying_amazon import MARKETPLACE, amazon_connection
from tests.fakes.virtual import VirtualClock, in_virtual_time
from tests.fakes.workbench import connection_from
from tests.streams.sources.market_bench import NOW_MS, Answers, Market, fetched, life

ALL = ["orders", "sales", "traffic"]
MARKET = Market(SOURCE, connection_from(amazon_connection(reads=ALL)))
EUROPE = {"A1F83G8C2ARO7P": "uk", "A1PA6795UKMFR9": "de"}
SEVERAL = Market(
    SOURCE,
    connection_from(
        {
            **amazon_connection(reads=ALL),
            "store": "",
            "stores": ["uk", "de"],
            "shops": EUROPE,
            "marketplace": "A1F83G8C2ARO7P",
        }
    ),
)
AT_MS, HOUR_MS = 1_795_867_200_000, 3_600_000  # 2026-11-28 12:00 UTC


def order(status: str, hours: int = 0, **more: Any) -> Translated:
    row = {
        "orderId": "202-7654321-1098765", "createdTime": "2026-11-28T12:00:00Z", "lastUpdatedTime": f"2026-11-28T{12 + hours}:00:00Z",
        "salesChannel": {"channelName": "AMAZON", "marketplaceId": MARKETPLACE}, "fulfillment": {"fulfillmentStatus": status},
        "buyer": {"buyerName": "Eva Lim", "buyerEmail": "eva@example.com"},
        "recipient": {"deliveryAddress": {"name": "Eva Lim", "city": "London", "phone": "+44 20 7946 0958"}},
        "proceeds": {"grandTotal": {"amount": "34.99", "currencyCode": "GBP"}},
        "orderItems": [{"orderItemId": "1", "quantityOrdered": 2, "product": {"title": "Lamp for Eva"}}], **more,
    }  # fmt: skip
    found = MARKET.polled("orders", row)
    assert not found.set_aside
    return found


# ---------------------------------------------------------------- orders


def test_payment_is_authorised_once_the_order_is_no_longer_pending() -> None:
    assert life(order("PENDING")).state is OrderState.PLACED
    assert life(order("PENDING"), order("UNSHIPPED", 1)).paid_at_ms == AT_MS + HOUR_MS
    missed = life(order("PENDING"), order("SHIPPED", 5))
    assert (missed.paid_at_ms, missed.shipped_ms) == (AT_MS, AT_MS + 5 * HOUR_MS)
    assert life(order("SHIPPED", 5), order("UNSHIPPED", 1)).paid_at_ms == AT_MS + HOUR_MS


def test_a_pre_order_is_on_hold_and_not_paid() -> None:
    assert life(order("PENDING_AVAILABILITY")).state is OrderState.ON_HOLD


def test_the_first_parcel_says_when_it_was_sent() -> None:
    parcels = [{"shipTime": "2026-11-28T16:00:00Z"}, {"shipTime": "2026-11-28T14:30:00Z"}, {"shipTime": None}]
    found = life(order("PARTIALLY_SHIPPED", 6, packages=parcels))
    assert (found.shipped_ms, found.parcels) == (AT_MS + 2.5 * HOUR_MS, 3)


def test_an_order_of_another_channel_is_left_out_by_name() -> None:
    found = order("SHIPPED", salesChannel={"channelName": "NON_AMAZON", "marketplaceId": MARKETPLACE})
    assert (found.orders, found.left_out) == ([], ["orders of another channel, which Amazon only sends out"])


def test_a_replacement_is_left_out_by_reason() -> None:
    other = [{"orderId": "1", "associationType": "REPLACEMENT_ORIGINAL_ID"}]
    assert life(order("UNSHIPPED", associatedOrders=other)).left_out is LeftOut.REPLACEMENT


def test_a_new_status_is_named_and_the_order_counts() -> None:
    found = order("SHIMMERING")
    assert [(gap.name, gap.value) for gap in found.gaps] == [("fulfillmentStatus", "SHIMMERING")]
    assert found.orders[-1].placed_ms == AT_MS


def test_nothing_of_buyer_and_recipient_is_asked_for_or_kept() -> None:
    api = Answers(judge, (200, {"orders": []}))
    fetched(MARKET.polls["orders"], api)
    assert dict(api.asked[0].query)["includedData"] == "PROCEEDS,FULFILLMENT,PACKAGES"
    facts = order("UNSHIPPED").orders[-1]
    assert (facts.amount, facts.currency, facts.units, facts.buyer, facts.country) == (
        "34.99",
        "GBP",
        2,
        "",
        "",
    )


# ---------------------------------------------------------------- several marketplaces


def test_marketplaces_are_shops_with_their_own_stores_clocks_and_reports() -> None:
    assert set(SEVERAL.polls) == {
        "orders",
        *(f"{name}.{one}" for name in ("sales_hours", "traffic_days") for one in EUROPE),
    }
    api = Answers(judge, (200, {"orders": [], "pagination": {}}))
    fetched(SEVERAL.polls["orders"], api)
    assert dict(api.asked[0].query)["marketplaceIds"] == ",".join(EUROPE)
    for marketplace, store in EUROPE.items():
        row = {
            "orderId": "1",
            "createdTime": "2026-11-28T12:00:00Z",
            "salesChannel": {"marketplaceId": marketplace},
        }
        assert SEVERAL.polled("orders", row).orders[0].store_id == store
    day = {"date": "2026-11-20", "salesByDate": {"unitsOrdered": 3}}
    zones = {SEVERAL.polled(f"traffic_days.{one}", day).reports[0].zone for one in EUROPE}
    assert zones == {"Europe/London", "Europe/Berlin"}


def test_an_order_of_a_marketplace_that_is_not_listed_is_named_and_not_counted_for_another() -> None:
    row = {
        "orderId": "1",
        "createdTime": "2026-11-28T12:00:00Z",
        "salesChannel": {"marketplaceId": "A1VC38T7YXB528"},
    }
    found = SEVERAL.polled("orders", row)
    assert (found.count, [gap.what for gap in found.gaps]) == (0, ["shop"])


# ---------------------------------------------------------------- reports


def test_an_hour_of_sales_is_a_report_row_and_order_items_are_not_orders() -> None:
    row = {
        "interval": "2026-11-28T08:00Z--2026-11-28T09:00Z", "orderCount": 2, "orderItemCount": 3, "unitCount": 5,
        "totalSales": {"amount": "25", "currencyCode": "USD"},
    }  # fmt: skip
    found = MARKET.polled("sales_hours", row).reports
    assert {one.measure: one.value for one in found} == {
        "orders": "2",
        "order_items": "3",
        "units": "5",
        "revenue": "25",
    }
    assert {(one.period, one.complete) for one in found} == {(Period.HOUR, False)}


def test_sessions_that_are_missing_where_there_are_orders_are_not_yet_and_not_zero() -> None:
    day = {"date": "2026-11-26", "salesByDate": {"totalOrderItems": 20, "unitsOrdered": 23}}
    waiting = MARKET.polled("traffic_days", {**day, "trafficByDate": {"sessions": 0, "pageViews": 0}})
    assert {one.measure for one in waiting.reports} == {"order_items", "units"}
    assert waiting.left_out
    there = MARKET.polled(
        "traffic_days",
        {**day, "trafficByDate": {"sessions": 1000, "pageViews": 1658, "buyBoxPercentage": 10.54}},
    )
    figures = {one.measure: one.value for one in there.reports}
    assert (figures["sessions"], figures["page_views"], figures["featured_offer_share"]) == (
        "1000",
        "1658",
        "0.1054",
    )
    quiet = {"date": "2026-11-26", "salesByDate": {"totalOrderItems": 0}, "trafficByDate": {"sessions": 0}}
    assert {one.measure: one.value for one in MARKET.polled("traffic_days", quiet).reports} == {
        "order_items": "0",
        "sessions": "0",
    }


def report(*states: str, document: Any = None, algorithm: str = "GZIP") -> Answers:
    place = {"reportDocumentId": "D", "url": "https://files.example/D", "compressionAlgorithm": algorithm}
    looks = [(200, {"reportId": "R", "processingStatus": state, "reportDocumentId": "D"}) for state in states]
    content = {
        "reportSpecification": {"marketplaceIds": [MARKETPLACE]},
        "salesAndTrafficByDate": [{"date": "2026-11-26"}],
    }
    body = document if document is not None else gzip.compress(json.dumps(content).encode())
    return Answers(judge, (202, {"reportId": "R"}), *looks, (200, place), (200, body))


def read(api: Answers) -> list[str]:
    """The rows of a report, looked at until it is done."""

    async def work(clock: VirtualClock) -> list[str]:
        rows, mark = list[str](), ""
        window = PollWindow(NOW_MS - 2 * 86_400_000, NOW_MS)
        while True:
            page = await MARKET.polls["traffic_days"].fetch(api, window, mark)
            rows += [row.row_id for row in page.rows]
            mark = page.next_mark
            if not mark:
                return rows

    return in_virtual_time(work)


def test_a_report_is_looked_at_until_it_is_done() -> None:
    api = report("IN_QUEUE", "IN_PROGRESS", "DONE")
    assert read(api) == ["2026-11-26"]
    asked = json.loads(api.asked[0].body)
    assert (asked["reportType"], asked["marketplaceIds"]) == ("GET_SALES_AND_TRAFFIC_REPORT", [MARKETPLACE])
    assert asked["reportOptions"]["dateGranularity"] == "DAY"


@pytest.mark.parametrize("state", ["CANCELLED", "FATAL", "SHIMMERING"])
def test_a_report_that_was_not_made_is_not_an_empty_one(state: str) -> None:
    with pytest.raises(PlatformFailedError):
        read(report("IN_PROGRESS", state))


@pytest.mark.parametrize(
    "document",
    [b"<html>", gzip.compress(b"half of it")[:-4], gzip.compress(b'{"reportSpecification": {}}')],
    ids=[
        "a page",
        "cut short",
        "without figures",
    ],  # packed bytes hold the time: no two workers would collect the same
)
def test_a_file_that_cannot_be_read_is_not_an_empty_one(document: bytes) -> None:
    with pytest.raises(AnswerGarbledError):
        read(report("DONE", document=document))


def test_the_report_of_another_marketplace_is_not_taken_for_this_one_s() -> None:
    other = {
        "reportSpecification": {"marketplaceIds": ["A1VC38T7YXB528"]},
        "salesAndTrafficByDate": [{"date": "2026-11-26"}],
    }
    with pytest.raises(AnswerGarbledError):
        read(report("DONE", document=json.dumps(other).encode(), algorithm=""))


# ---------------------------------------------------------------- answers that are none


def errors(code: str, details: str = "") -> dict[str, Any]:
    return {
        "errors": [{"code": code, "message": "Access to requested resource is denied.", "details": details}]
    }


@pytest.mark.parametrize(
    ("status", "content", "error"),
    [
        (401, errors("Unauthorized"), AccessDeniedError),
        (403, errors("Unauthorized", "The access token you provided has expired."), AccessDeniedError),
        (403, errors("Unauthorized", "The access token you provided is revoked."), AccessDeniedError),
        (403, errors("Unauthorized"), ScopeMissingError),
        (429, errors("QuotaExceeded"), PlatformThrottledError),
        (500, errors("InternalFailure"), PlatformFailedError),
        (503, errors("ServiceUnavailable"), PlatformFailedError),
        (400, errors("InvalidInput"), PlatformRejectedError),
        (404, errors("NotFound"), PlatformRejectedError),
        (410, {}, VersionRetiredError),
        (200, errors("InternalFailure"), PlatformFailedError),
        (200, {"orders": [{"createdTime": "2026-11-28T12:00:00Z"}]}, AnswerGarbledError),
        (200, b"<html>", AnswerGarbledError),
    ],
)
def test_an_answer_that_is_none_is_never_zero_orders(
    status: int, content: Any, error: type[Exception]
) -> None:
    with pytest.raises(error):
        fetched(MARKET.polls["orders"], Answers(judge, (status, content)))

"""Lazada: signatures, what its rows and pushes say in each country, and which answers are none."""

from __future__ import annotations

import json
from typing import Any

import pytest
from multidict import CIMultiDict

from scoring.records.order_life import OrderState
from scoring.records.signal import SignalKind
from scoring.sources.signatures import SignatureScheme, SignatureVerdict, verify
from scoring.sources.translated import Translated
from streams.sources.asking import (
    AccessDeniedError,
    AnswerGarbledError,
    HttpRequest,
    PlatformFailedError,
    PlatformRejectedError,
    PlatformThrottledError,
    ScopeMissingError,
)
from streams.sources.json_object import JsonObject
from streams.sources.lazada.asking import judge, signed
from streams.sources.lazada.mapping import LEFT_OUT
from streams.sources.lazada.second_way import _counted
from streams.sources.lazada.source import SOURCE
from tests.fakes.lying_lazada import lazada_connection
from tests.fakes.workbench import connection_from
from tests.places import SHARED
from tests.streams.sources.market_bench import NOW_MS, Answers, Market, fetched, life

ALL = ["orders", "returns", "ads", "standing"]
MARKET = Market(SOURCE, connection_from(lazada_connection(reads=ALL)))
SIX = ("SG", "MY", "TH", "ID", "VN", "PH")
STORES = [f"{country.lower()}-shop" for country in SIX]
ABROAD = Market(
    SOURCE,
    connection_from(
        {
            **lazada_connection(reads=ALL),
            "store": "",
            "stores": STORES,
            "shops": dict(zip(SIX, STORES, strict=True)),
        }
    ),
)
APIS = SHARED / "data" / "apis" / "lazada"
SECRET, AT_MS, HOUR = "app-secret-of-test", 1_793_500_000_000, 3_600_000


def item(status: str, hours: int = 0, number: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "order_id": 491253082180001, "order_item_id": number, "status": status, "updated_at": AT_MS + hours * HOUR, "currency": "SGD",
        "buyer_id": 1001, "name": "Lamp for Eva", **more,
    }  # fmt: skip


def order(*items: dict[str, Any], **more: Any) -> Translated:
    row = {
        "order_id": 491253082180001, "created_at": "2026-11-01 10:26:40 +0800", "updated_at": "2026-11-01T10:26:40+08:00", "price": "106.00",
        "voucher": 6, "shipping_fee": "0.54", "payment_method": "MIXEDCARD", "customer_first_name": "Eva",
        "address_shipping": {"first_name": "Eva", "phone": "61234567"}, "order_items": list(items), **more,
    }  # fmt: skip
    return MARKET.polled("orders", row)


def push(kind: int, **data: Any) -> Translated:
    content = {
        "seller_id": "9",
        "message_type": kind,
        "data": data,
        "timestamp": AT_MS // 1000,
        "site": "lazada_sg",
    }
    return MARKET.pushed(f"push {kind}", content)


# ---------------------------------------------------------------- signatures


def test_a_push_is_signed_over_the_app_s_key_and_the_raw_body() -> None:
    # worked out with openssl from the documented rule: HMAC-SHA256(app secret, app key + body)
    body = b'{"seller_id":"9","message_type":0}'
    header = CIMultiDict(
        {"Authorization": "3f6d1b8131e172a041cacfb509da3a8986d6aff08da90b687ad020b3eea0f1e5"}
    )
    scheme = SignatureScheme("Authorization", signed="123456{body}")
    assert verify(scheme, body, header, [SECRET], 0.0) is SignatureVerdict.GENUINE


def test_a_request_is_signed_over_its_path_and_its_sorted_parameters() -> None:
    # worked out with openssl from the documented rule, with the host's /rest left out of the path
    asked = HttpRequest(
        "https://api.lazada.sg/rest/orders/get", query=(("created_after", "2026-11-01T00:00:00+00:00"),)
    )
    made = signed(asked, "123456", SECRET, 1_793_500_000_000, [("access_token", "access-of-test")])
    expected = "c8e5c9fbaa5ba2074a5c672878b971e3269cf0ad6142bdb6cba6a44b17b8bd6f".upper()
    assert dict(made.query)["sign"] == expected


# ---------------------------------------------------------------- pushes


def test_every_push_of_a_documented_type_is_read_or_left_out_by_name() -> None:
    for kind in (*range(9), 10, 12, 13, 14, 19, 21, 35, 46):
        found = push(
            kind,
            order_status="pending",
            trade_order_id="1",
            status="REJECTED",
            item_id="9",
            reverse_status="CANCEL_INIT",
        )
        assert not [gap for gap in found.gaps if gap.what == "topic"], kind
        assert found.count or found.left_out, kind
        assert bool(found.left_out) is (f"push {kind}" in LEFT_OUT or kind == 10), kind


def test_a_push_of_an_unknown_type_is_named_and_nothing_is_made_of_it() -> None:
    found = push(99)
    assert [(gap.what, gap.name) for gap in found.gaps] == [("topic", "push 99")]
    assert found.count == 0


@pytest.mark.parametrize("moment", [AT_MS, AT_MS // 1000])
def test_a_time_of_thirteen_digits_and_one_of_ten_are_the_same_moment(moment: int) -> None:
    data = {"order_status": "shipped", "trade_order_id": "1", "status_update_time": moment}
    content = {"message_type": 0, "data": data, "timestamp": moment, "site": "lazada_sg"}
    assert MARKET.pushed("push 0", content).orders[0].shipped_ms == AT_MS


def test_one_line_that_is_cancelled_or_delivered_says_nothing_of_the_whole_order() -> None:
    for status in ("canceled", "delivered"):
        facts = push(0, order_status=status, trade_order_id="1", status_update_time=AT_MS).orders[0]
        assert (facts.is_cancelled, facts.is_delivered, facts.cancelled_ms, facts.delivered_ms) == (
            None,
            None,
            0,
            0,
        )


def test_a_push_of_each_country_goes_to_its_store_and_one_of_another_is_named() -> None:
    data = {"order_status": "shipped", "trade_order_id": "1", "status_update_time": AT_MS}
    sites = [
        ABROAD.pushed("push 0", {"message_type": 0, "data": data, "site": f"lazada_{one.lower()}"})
        for one in SIX
    ]
    assert [found.orders[0].store_id for found in sites] == STORES
    other = ABROAD.pushed("push 0", {"message_type": 0, "data": data, "site": "lazada_xx"})
    assert (other.count, [gap.what for gap in other.gaps]) == (0, ["shop"])


# ---------------------------------------------------------------- orders


def test_an_order_s_state_follows_from_its_items() -> None:
    assert life(order(item("unpaid"))).state is OrderState.PLACED
    assert life(order(item("pending", 1), item("pending", 1, 2))).paid_at_ms == AT_MS + HOUR
    part = life(order(item("shipped", 20), item("canceled", 3, 2)))
    assert (part.state, part.shipped_ms, part.is_cancelled) == (OrderState.SHIPPED, AT_MS + 20 * HOUR, None)
    assert life(order(item("delivered", 40), item("shipped", 30, 2))).is_delivered is None
    assert life(order(item("delivered", 40), item("delivered", 44, 2))).delivered_ms == AT_MS + 44 * HOUR
    assert life(order(item("canceled", 3), item("canceled", 4, 2))).cancelled_ms == AT_MS + 4 * HOUR


def test_a_payment_that_nobody_saw_begin_has_the_order_s_time_until_it_is_known_better() -> None:
    sent, paid = order(item("shipped", 20)), order(item("pending", 1))
    assert life(sent).paid_at_ms == AT_MS
    assert life(sent, paid).paid_at_ms == life(paid, sent).paid_at_ms == AT_MS + HOUR


def test_pending_is_not_paid_where_it_is_paid_on_delivery() -> None:
    assert life(order(item("pending", 1), payment_method="COD")).state is OrderState.PAYMENT_ON_DELIVERY
    assert life(order(item("delivered", 40), payment_method="COD")).paid_at_ms == AT_MS + 40 * HOUR


def test_an_item_with_a_new_status_is_named_and_does_not_cancel_the_order() -> None:
    found = order(item("canceled"), item("shimmering", 1, 2))
    assert [(gap.name, gap.value) for gap in found.gaps] == [("status", "shimmering")]
    assert life(found).is_cancelled is None


def test_what_is_kept_of_an_order() -> None:
    facts = order(item("pending"), item("pending", 0, 2)).orders[-1]
    assert (facts.amount, facts.currency, facts.units, facts.buyer, facts.country) == (
        "100.54",
        "SGD",
        2,
        "~1001",
        "SG",
    )


def test_a_reverse_line_is_a_refund_once_the_money_is_given_back() -> None:
    line = {"reverse_order_line_id": 7, "refund_amount": 12.5, "return_order_line_gmt_modified": AT_MS}
    for status, refunds in (("REFUND_SUCCESS", {"7": "12.5"}), ("REQUEST_INITIATE", {})):
        row = {
            "reverse_order_id": 5,
            "trade_order_id": 1,
            "reverse_order_lines": [{**line, "reverse_status": status}],
        }
        page = {"code": "0", "result": {"success": True, "items": [row], "total": 1}}
        polled = fetched(MARKET.polls["returns"], Answers(judge, (200, page))).rows[0]
        found = MARKET.polled("returns", json.loads(polled.body))
        assert {name: text for facts in found.orders for name, text in facts.refunds.items()} == refunds
        assert bool(found.left_out) is (not refunds)


# ---------------------------------------------------------------- several countries


def test_each_country_is_a_resource_of_its_own_with_its_host_store_clock_and_money() -> None:
    assert {poll for poll in ABROAD.polls if poll.startswith("orders")} == {
        f"orders.{country}" for country in SIX
    }
    row = {"day": "2026-11-28", "campaignId": 1, "impressions": 1560, "spend": "66.68", "storeA2c": 61}
    found = ABROAD.polled("ads_days.ID", row)
    spend = next(one for one in found.reports if one.measure == "spend")
    assert (spend.store_id, spend.currency, spend.zone) == ("id-shop", "IDR", "Asia/Jakarta")
    api = Answers(judge, (200, {"code": "0", "data": {"count": 0, "countTotal": 0, "orders": []}}))
    fetched(ABROAD.polls["orders.VN"], api)
    assert api.asked[0].url == "https://api.lazada.vn/rest/orders/get"


def test_campaigns_are_read_day_by_day_and_today_from_the_real_time_table() -> None:
    page = {"code": "0", "result": {"success": True, "result": [{"campaignId": 1}], "totalCount": 1}}
    api = Answers(judge, (200, page), (200, page))
    first = fetched(MARKET.polls["ads_days"], api, NOW_MS - 86_400_000)
    last = fetched(MARKET.polls["ads_days"], api, NOW_MS - 86_400_000, mark=first.next_mark)
    asked = [dict(request.query) for request in api.asked]
    assert [(one["startDate"], one["useRtTable"]) for one in asked] == [
        ("2026-11-27", "false"),
        ("2026-11-28", "true"),
    ]
    assert last.next_mark == ""


@pytest.mark.parametrize(
    ("asked", "rule"),
    [("GREATER_THAN_PERCENTAGE", ">="), ("LESS_THAN_PERCENTAGE", "<="), ("", None), ("ROUGHLY", None)],
)
def test_a_target_keeps_which_way_is_better(asked: str, rule: str | None) -> None:
    metric = {"type": "POSITIVE_SELLER_RATING", "score_format": "PERCENTAGE", "target": "85.0"}
    row = {"day": "2026-11-28", "indicators": [{**metric, "score": "92.0", "target_format": asked}]}
    figure, target = MARKET.polled("performance", row).reports
    assert ("comparator" in figure.dimensions, target.dimensions.get("comparator")) == (False, rule)


def test_a_metric_without_a_score_has_no_figure() -> None:
    metric = {"type": "POSITIVE_SELLER_RATING", "score_format": "PERCENTAGE", "target": "85.0"}
    row = {"day": "2026-11-28", "indicators": [{**metric, "score": None}, {**metric, "score": "92.0"}]}
    assert [(one.measure, one.value) for one in MARKET.polled("performance", row).reports] == [
        ("seller_metric", "92.0"),
        ("seller_metric_target", "85.0"),
    ]


def test_stock_below_five_and_a_listing_that_was_rejected_are_signals() -> None:
    assert push(6, item_id="9", sellable_stock=3).signals[0].kind is SignalKind.STOCK_LOW
    assert push(1, item_id="9", status="LOCK").signals[0].kind is SignalKind.LISTING_SUPPRESSED
    assert push(1, item_id="9", status="APPROVED").left_out


# ---------------------------------------------------------------- answers that are none


@pytest.mark.parametrize(
    ("content", "error"),
    [
        ({"code": "IllegalAccessToken", "type": "ISV", "message": "expired"}, AccessDeniedError),
        ({"code": "IncompleteSignature", "type": "ISV", "message": ""}, AccessDeniedError),
        ({"code": "InsufficientIsvPermissions", "type": "ISV", "message": ""}, ScopeMissingError),
        (
            {"code": "ApiCallLimit", "type": "ISV", "message": "ban will last 1 seconds"},
            PlatformThrottledError,
        ),
        ({"code": "ServiceUnavailable", "type": "SYSTEM", "message": ""}, PlatformFailedError),
        ({"code": "36", "type": "ISP", "message": ""}, PlatformFailedError),
        ({"code": "17", "type": "ISV", "message": "invalid date"}, PlatformRejectedError),
        ({"code": "0", "data": {"count": 0}}, AnswerGarbledError),
        ({"code": "0", "data": {"orders": [{"price": 1}]}}, AnswerGarbledError),
        (b"<html>", AnswerGarbledError),
    ],
)
def test_an_answer_that_is_none_is_never_zero_orders(content: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        fetched(MARKET.polls["orders"], Answers(judge, (200, content)))


def test_a_failure_within_a_report_is_not_an_empty_report() -> None:
    failed = {"code": "0", "result": {"success": False, "errorCode": "SYSTEM_ERROR", "errorMsg": "try later"}}
    with pytest.raises(PlatformFailedError):
        fetched(MARKET.polls["ads_days"], Answers(judge, (200, failed)))


def test_an_order_without_items_is_not_passed_over() -> None:
    listed = {"code": "0", "data": {"orders": [{"order_id": 1}, {"order_id": 2}]}}
    items = {"code": "0", "data": [{"order_items": [{"order_id": 1, "status": "unpaid"}]}]}
    with pytest.raises(AnswerGarbledError, match="no items of 1 of 2"):
        fetched(MARKET.polls["orders"], Answers(judge, (200, listed), (200, items)))


@pytest.mark.skipif(not APIS.is_dir(), reason="no documented interfaces next to the project: not checked")
def test_the_documented_samples_of_orders_and_items_are_read() -> None:
    listed = json.loads((APIS / "getorders.json").read_text("utf-8"))["samples"][0]["output"]
    items = json.loads((APIS / "getmultipleorderitems.json").read_text("utf-8"))["samples"][0]["output"]
    row, line = _sample(listed, "data", "orders"), _sample(items, "data", "order_items")
    found = MARKET.polled("orders", {**row, "order_items": [{**line, "order_id": row["order_id"]}]})
    assert found.set_aside == []
    assert (found.orders[-1].amount, found.orders[-1].is_delivered) == ("106.54", True)


def _sample(parts: list[dict[str, Any]], *path: str) -> dict[str, Any]:
    """The documented sample of the fields at a path, nested objects left out."""
    for name in path:
        parts = next(part for part in parts if part["name"] == name)["fields"]
    return {part["name"]: part.get("sample") for part in parts if "fields" not in part}


def test_a_cancelled_order_that_changed_later_differed_from_itself() -> None:
    """The order's last change may be later than its items': the second way said cancelled by then, what is stored said later."""
    item = {"status": "canceled", "updated_at": 1_793_500_000_000, "currency": "SGD", "buyer_id": "1"}
    row = {
        "created_at": "2026-11-01 08:00:00 +0800",
        "updated_at": "2026-11-09 08:00:00 +0800",
        "price": "9.00",
    }
    assert _counted(JsonObject({**row, "order_items": [item]})).cancelled_ms == 1_794_182_400_000

"""TikTok Shop: signatures, what its rows and pushes say, days that are not there yet, and which answers are none."""

from __future__ import annotations

import json
from typing import Any

import pytest
from multidict import CIMultiDict

from scoring.records.order_facts import WITHOUT_PAGE, OrderChannel
from scoring.records.order_life import LeftOut, OrderState, stage_events
from scoring.records.report_row import Period
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
from streams.sources.tiktok_shop.asking import judge, signed
from streams.sources.tiktok_shop.mapping import LEFT_OUT
from streams.sources.tiktok_shop.source import SOURCE
from tests.fakes.lying_tiktok_shop import CIPHER, SHOP, tiktok_connection
from tests.fakes.workbench import connection_from
from tests.places import SHARED
from tests.streams.sources.market_bench import Answers, Market, fetched, life

ALL = ["orders", "returns", "cancellations", "analytics", "lives", "service"]
MARKET = Market(SOURCE, connection_from(tiktok_connection(reads=ALL)))
APIS = SHARED / "data" / "apis" / "tiktok_shop"
SECRET, AT_S, HOUR = "app-secret-of-test", 1_793_500_000, 3600
SHOPS = {"code": 0, "data": {"shops": [{"id": SHOP, "cipher": CIPHER}, {"id": "222", "cipher": "GCP_TWO"}]}}


def fresh() -> Market:
    """As after a start: no cipher is known."""
    return Market(SOURCE, connection_from(tiktok_connection(reads=ALL)))


def push(kind: int, **data: Any) -> Translated:
    content = {"type": kind, "tts_notification_id": "7", "shop_id": SHOP, "timestamp": AT_S, "data": data}
    return MARKET.pushed(f"push {kind}", content)


def order(status: str = "UNPAID", hours: int = 0, **more: Any) -> Translated:
    row = {
        "id": "576461413038785752", "status": status, "create_time": AT_S, "update_time": AT_S + hours * HOUR,
        "payment": {"currency": "SGD", "total_amount": "48.50"}, "is_cod": False, "user_id": "7021436810468230477",
        "recipient_address": {"name": "Eva Lim", "phone_number": "(+65)9123", "region_code": "SG"}, "buyer_email": "eva@example.com",
        "cpf": "3213-31231412", "line_items": [{"id": "1", "product_name": "Lamp for Eva"}, {"id": "2"}], "packages": [{"id": "3"}], **more,
    }  # fmt: skip
    found = MARKET.polled("orders", row)
    assert not found.set_aside
    return found


def test_orders_that_live_brought_together_are_marked_and_all_are_without_a_page() -> None:
    plain, live = order().orders[-1], order(auto_combine_group_id="7021").orders[-1]
    assert (plain.channel, live.channel) == (OrderChannel.MARKETPLACE, OrderChannel.LIVE)
    assert {plain.channel, live.channel} <= WITHOUT_PAGE


# ---------------------------------------------------------------- signatures


def test_a_push_is_signed_over_the_app_s_key_and_the_raw_body() -> None:
    # worked out with openssl from the documented rule: HMAC-SHA256(app secret, app key + body)
    body = b'{"type":1,"shop_id":"7494049642642441621"}'
    header = CIMultiDict(
        {"Authorization": "17414dcd4ac9ad9e34f9451a9984d403f7214d6da29419fa7e14989ead7ff018"}
    )
    scheme = SignatureScheme("Authorization", signed="38abcd{body}")
    assert verify(scheme, body, header, [SECRET], 0.0) is SignatureVerdict.GENUINE


def test_a_request_is_signed_over_path_parameters_and_body_between_the_secret() -> None:
    # worked out with openssl from the documented rule
    asked = HttpRequest(
        "https://open-api.tiktokglobalshop.com/order/202309/orders/search",
        "POST",
        (("shop_cipher", "GCP_XF90"), ("page_size", "50"), ("access_token", "is left out")),
        body=b'{"update_time_ge":1793400000}',
    )
    sign = dict(signed(asked, "38abcd", SECRET, AT_S).query)["sign"]
    assert sign == "b5011e46b51d6a7eb45b7a870fad3602692b110c20b4bc8c11c5cff45326d123"


# ---------------------------------------------------------------- pushes


def test_every_push_of_a_documented_type_is_read_or_left_out_by_name() -> None:
    for kind in (1, 3, 4, 5, 6, 7, *range(11, 26), 27, 33, 35, 36, 37, 38, 39, 42, 46, 51, 52, 55):
        found = push(
            kind,
            order_id="1",
            order_status="UNPAID",
            status="PRODUCT_AUDIT_FAILURE",
            product_id="9",
            inventory_status="LOW_STOCK",
            activity_id="3",
        )
        assert not [gap for gap in found.gaps if gap.what == "topic"], kind
        assert found.count or found.left_out, kind
        assert bool(found.left_out) is (f"push {kind}" in LEFT_OUT or kind in (11, 12)), kind


@pytest.mark.parametrize("kind", [2, 26, 999])
def test_a_push_of_an_unknown_type_is_named_and_nothing_is_made_of_it(kind: int) -> None:
    found = push(kind)
    assert [(gap.what, gap.name) for gap in found.gaps] == [("topic", f"push {kind}")]
    assert found.count == 0


def test_both_spellings_of_cancelled_are_one() -> None:
    pushed = push(1, order_id="576461413038785752", order_status="CANCEL", update_time=AT_S + HOUR)
    assert life(order(), pushed).state is OrderState.CANCELLED_UNPAID
    assert life(order("CANCELLED", 1, cancel_time=AT_S + HOUR)).cancelled_ms == (AT_S + HOUR) * 1000


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("OUT_OF_STOCK", SignalKind.STOCK_OUT),
        ("LOW_STOCK", SignalKind.STOCK_LOW),
        ("PREDICTED_OUT", SignalKind.STOCK_LOW),
    ],
)
def test_stock_that_is_out_and_stock_that_will_be_are_two_signals(status: str, kind: SignalKind) -> None:
    assert push(27, sku_id="5", inventory_status=status).signals[0].kind is kind


# ---------------------------------------------------------------- orders and what follows them


def test_an_order_on_hold_is_paid_only_by_its_time() -> None:
    assert life(order("ON_HOLD")).state is OrderState.ON_HOLD
    paid = life(order("ON_HOLD", 1, paid_time=AT_S + HOUR))
    assert paid.paid_at_ms == (AT_S + HOUR) * 1000


def test_cash_on_delivery_is_paid_once_it_is_and_not_when_it_may_ship() -> None:
    waiting = order("AWAITING_SHIPMENT", 1, is_cod=True, paid_time=AT_S + HOUR)
    assert life(waiting).paid_at_ms == 0
    assert LeftOut.COD_WAITING in [why for _, why in stage_events(life(waiting)).left_out]
    times = {"collection_time": AT_S + 20 * HOUR, "delivery_time": AT_S + 44 * HOUR}
    done = order("COMPLETED", 90, is_cod=True, paid_time=AT_S + 44 * HOUR, **times)
    assert life(waiting, done).paid_at_ms == (AT_S + 44 * HOUR) * 1000


def test_ready_to_ship_is_not_shipped() -> None:
    facts = order("AWAITING_COLLECTION", 5, paid_time=AT_S, rts_time=AT_S + 5 * HOUR).orders[0]
    assert (facts.shipped_ms, facts.is_shipped) == (0, None)


@pytest.mark.parametrize(
    ("field", "why"), [("is_replacement_order", LeftOut.REPLACEMENT), ("is_exchange_order", LeftOut.EXCHANGE)]
)
def test_replacements_and_exchanges_are_left_out_by_reason(field: str, why: LeftOut) -> None:
    assert life(order("UNPAID", **{field: True})).left_out is why


def test_what_is_kept_of_an_order() -> None:
    facts = order("DELIVERED", 44, paid_time=AT_S).orders[0]
    assert (facts.amount, facts.currency, facts.units, facts.buyer, facts.country) == (
        "48.50",
        "SGD",
        2,
        "~7021436810468230477",
        "SG",
    )


@pytest.mark.parametrize(
    ("resource", "number", "status"),
    [
        ("returns", "return_id", {"return_status": "RETURN_OR_REFUND_REQUEST_COMPLETE"}),
        ("cancellations", "cancel_id", {"cancel_status": "CANCELLATION_REQUEST_SUCCESS"}),
    ],
)
def test_money_is_given_back_once_a_return_or_cancellation_is_done(
    resource: str, number: str, status: dict[str, str]
) -> None:
    row = {
        number: "4035",
        "order_id": "1",
        "update_time": AT_S,
        "refund_amount": {"currency": "USD", "refund_total": "1.23"},
    }
    assert MARKET.polled(resource, {**row, **status}).orders[0].refunds == {"4035": "1.23"}
    assert MARKET.polled(resource, {**row, **status, "refund_amount": {"refund_total": "0"}}).left_out
    pending = {name: value.rpartition("_")[0] + "_PENDING" for name, value in status.items()}
    assert MARKET.polled(resource, {**row, **pending}).left_out


# ---------------------------------------------------------------- several shops


def test_each_shop_of_an_account_is_asked_for_by_its_cipher_and_kept_for_its_store() -> None:
    settings = {
        **tiktok_connection(),
        "store": "",
        "stores": ["cn", "my"],
        "shops": {SHOP: "cn", "222": "my"},
    }
    market = Market(SOURCE, connection_from(settings))
    assert set(market.polls) == {f"{name}.{shop}" for name in ("orders", "returns") for shop in (SHOP, "222")}
    row = {"id": "1", "status": "UNPAID", "create_time": AT_S, "update_time": AT_S}
    page = {"code": 0, "data": {"total_count": 1, "orders": [row]}}
    api = Answers(judge, (200, SHOPS), (200, page), (200, page))
    for _ in range(2):  # the cipher is asked for once
        found = fetched(market.polls["orders.222"], api)
    assert [dict(request.query).get("shop_cipher") for request in api.asked] == [None, "GCP_TWO", "GCP_TWO"]
    assert found.rows[0].store == "my"
    assert market.polled("orders.222", row).orders[0].store_id == "my"


def test_a_shop_that_the_account_does_not_have_is_said_and_not_empty() -> None:
    with pytest.raises(ScopeMissingError):
        fetched(fresh().polls["orders"], Answers(judge, (200, {"code": 0, "data": {"shops": []}})))


# ---------------------------------------------------------------- reports


def test_a_day_after_the_last_one_that_is_whole_is_not_zero() -> None:
    day = {
        "start_date": "2026-11-26",
        "end_date": "2026-11-27",
        "orders": 0,
        "product_impressions": 0,
        "gmv": {"amount": "0.00", "currency": "SGD"},
    }
    known = MARKET.polled("traffic_days", {**day, "latest_available_date": "2026-11-26"})
    assert {row.measure: row.value for row in known.reports} == {
        "orders": "0",
        "impressions": "0",
        "revenue": "0.00",
    }
    assert all(row.complete and row.period is Period.DAY for row in known.reports)
    later = MARKET.polled("traffic_days", {**day, "latest_available_date": "2026-11-25"})
    assert (later.reports, later.left_out) == ([], ["traffic_days not yet available"])


def test_the_previous_range_is_not_added() -> None:
    intervals = [{"start_date": "2026-11-26", "orders": 5}]
    before = [{"start_date": "2026-11-19", "orders": 9}]
    data = {
        "performance": {"intervals": intervals, "comparison_intervals": before},
        "latest_available_date": "2026-11-27",
    }
    page = fetched(
        MARKET.polls["traffic_days"], Answers(judge, (200, SHOPS), (200, {"code": 0, "data": data}))
    )
    assert [row.row_id for row in page.rows] == ["2026-11-26"]


def test_a_live_session_is_a_funnel_of_its_own() -> None:
    seen = {"product_impressions": 9000, "product_clicks": 388, "viewers": 18323, "views": 112993}
    sales = {
        "created_sku_orders": 100,
        "sku_orders": 80,
        "unit_sold": 122,
        "customers": 50,
        "gmv": {"amount": "99", "currency": "USD"},
    }
    row = {
        "id": "75", "username": "rey20195", "title": "Eva's sale", "start_time": str(AT_S), "end_time": str(AT_S + HOUR),
        "latest_available_date": "2026-11-27", "interaction_performance": seen, "sales_performance": sales,
    }  # fmt: skip
    found = MARKET.polled("lives", row)
    figures = {one.measure: one.value for one in found.reports}
    assert [figures[name] for name in ("impressions", "clicks", "sku_orders", "paid_orders")] == [
        "9000",
        "388",
        "100",
        "80",
    ]
    assert {(one.period, one.period_end_ms - one.period_start_ms) for one in found.reports} == {
        (Period.RANGE, HOUR * 1000)
    }
    assert MARKET.polled("lives", {**row, "end_time": None}).left_out == ["lives still running"]


# ---------------------------------------------------------------- answers that are none


@pytest.mark.parametrize(
    ("status", "content", "error"),
    [
        (401, {"code": 105002, "message": "Expired credentials"}, AccessDeniedError),
        (200, {"code": 105001, "message": "access token is invalid"}, AccessDeniedError),
        (200, {"code": 106001, "message": "sign"}, AccessDeniedError),
        (403, {"code": 105005, "message": "Access denied"}, ScopeMissingError),
        (429, {"code": 36009002, "message": "Too many requests"}, PlatformThrottledError),
        (200, {"code": 36009003, "message": "Internal error, try again"}, PlatformFailedError),
        (200, {"code": 11001, "message": "invalid parameter"}, PlatformRejectedError),
        (502, b"<html>", PlatformFailedError),
        (200, {"code": 0, "data": {"next_page_token": ""}}, AnswerGarbledError),
        (200, {"code": 0}, AnswerGarbledError),
        (200, b"<html>", AnswerGarbledError),
    ],
)
def test_an_answer_that_is_none_is_never_zero_orders(
    status: int, content: Any, error: type[Exception]
) -> None:
    with pytest.raises(error):
        fetched(fresh().polls["orders"], Answers(judge, (200, SHOPS), (status, content)))


# ---------------------------------------------------------------- what TikTok documents

documented = pytest.mark.skipif(
    not APIS.is_dir(), reason="no documented interfaces next to the project: not checked"
)
_SAMPLES = {
    "orders": "get-order-list",
    "returns": "search-returns",
    "cancellations": "search-cancellations",
    "lives": "get-shop-live-performance-list",
    "traffic_days": "get-shop-performance",
}


@documented
@pytest.mark.parametrize("resource", sorted(_SAMPLES))
def test_the_documented_answer_is_read_without_anything_set_aside(resource: str) -> None:
    content = json.loads((APIS / f"{_SAMPLES[resource]}.json").read_text("utf-8"))["response_body"]
    page = fetched(fresh().polls[resource], Answers(judge, (200, SHOPS), (200, content)))
    assert len(page.rows) == 1
    found = MARKET.polled(resource, json.loads(page.rows[0].body))
    assert found.set_aside == []
    assert found.count or found.left_out


@documented
def test_each_documented_status_of_a_push_is_known() -> None:
    found = [
        json.loads((APIS / "webhooks" / name).read_text("utf-8"))["codes"]
        for name in ("1-order-status-change.json", "12-return-status-change.json")
    ]
    for status in found[0]:
        assert not push(1, order_id="1", order_status=status).gaps, status
    for status in set(found[1]) - {"BUYER", "SELLER", "SYSTEM"}:
        assert not push(12, order_id="1", return_status=status).gaps, status

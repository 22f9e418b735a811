"""Shopee: signatures, what its rows and pushes say, and which answers are none."""

from __future__ import annotations

import json
from typing import Any

import pytest
from multidict import CIMultiDict

from scoring.records.order_life import LeftOut, OrderState, stage_events
from scoring.records.report_row import Period
from scoring.records.signal import SignalKind
from scoring.sources.signatures import SignatureVerdict
from scoring.sources.translated import Translated
from streams.sources.asking import (
    AccessDeniedError,
    AnswerGarbledError,
    HttpRequest,
    PlatformError,
    PlatformFailedError,
    PlatformRejectedError,
    PlatformThrottledError,
    ScopeMissingError,
)
from streams.sources.config import ConnectionConfig
from streams.sources.configs import CONNECTION
from streams.sources.market_hooks import answer_address_check
from streams.sources.shopee.asking import judge, signed
from streams.sources.shopee.config import ShopeeConnection
from streams.sources.shopee.pushes import LEFT_OUT
from streams.sources.shopee.source import SOURCE
from streams.sources.source import HookRequest
from tests.fakes.lying_shopee import SHOP, shopee_connection
from tests.fakes.workbench import SECRETS, connection_from
from tests.places import SHARED
from tests.streams.sources.market_bench import NOW_MS, Answers, Market, fetched, life

ALL = ["orders", "returns", "lost_pushes", "ads", "standing"]
CONNECTED = connection_from(shopee_connection(reads=ALL))
MARKET = Market(SOURCE, CONNECTED)
APIS = SHARED / "data" / "apis" / "shopee"
KEY, AT_S, HOUR = "partner-key-of-test", 1_793_500_000, 3600


def push(code: int, **data: Any) -> Translated:
    content = {
        "data": {"ordersn": "2404098R48U37H", "update_time": AT_S, **data},
        "shop_id": int(SHOP),
        "code": code,
    }
    return MARKET.pushed(f"push {code}", {**content, "timestamp": AT_S})


def order(status: str = "UNPAID", hours: int = 0, **more: Any) -> Translated:
    row = {
        "order_sn": "2404098R48U37H", "region": "SG", "currency": "SGD", "cod": False, "total_amount": 48.5, "order_status": status,
        "create_time": AT_S, "update_time": AT_S + hours * HOUR, "pay_time": None, "pickup_done_time": 0, "buyer_user_id": 1170319091,
        "buyer_username": "evalim88", "recipient_address": {"name": "Eva Lim", "phone": "91234567", "region": "SG"}, "note": "for Eva",
        "item_list": [{"item_id": 1, "item_name": "Lamp", "model_quantity_purchased": 2}],
        "package_list": [{"package_number": "OFG1", "logistics_status": "LOGISTICS_READY"}], **more,
    }  # fmt: skip
    found = MARKET.polled("orders", row)
    assert not found.set_aside
    return found


# ---------------------------------------------------------------- signatures


def config(**more: Any) -> ConnectionConfig:
    return CONNECTION.validate_python({**shopee_connection(), **more})


def test_a_push_is_signed_over_the_registered_address_and_the_raw_body() -> None:
    # worked out with openssl from the documented rule: HMAC-SHA256(partner key, address + "|" + body)
    body = b'{"data":{"ordersn":"2404098R48U37H","status":"READY_TO_SHIP","update_time":1793500000},"shop_id":322300222,"code":3,"timestamp":1793500000}'
    connection = connection_from(
        shopee_connection(callback="https://collector.example/v1/hooks/shopee/sg", secret="env:VECTOR")
    )
    secrets = {**SECRETS, "env:VECTOR": KEY}
    known = type(connection)(connection.config, connection.zones, connection.currencies, secrets.__getitem__)
    header = {"Authorization": "222ebb96e172e1a994d34c68a6bf9f3c1a6e28a7448cd7beb3cf81648dc9f1ee"}
    hook = SOURCE.hook
    assert hook is not None
    assert (
        hook.verify(HookRequest("POST", body, CIMultiDict(header), {}, AT_S), known)
        is SignatureVerdict.GENUINE
    )
    changed = HookRequest("POST", body + b"\n", CIMultiDict(header), {}, AT_S)
    assert hook.verify(changed, known) is SignatureVerdict.BAD_SIGNATURE


@pytest.mark.parametrize(
    ("path", "access", "sign"),
    [
        (
            "/api/v2/order/get_order_list",
            "access-of-test",
            "7de1385c2a3de8439ca9dc3bd7d4aacd3822f2d3ecfeaf7951d0f7c1cf7f0560",
        ),
        (
            "/api/v2/auth/access_token/get",
            "",
            "4d09e1321c485b857edb8692fc010f6758eb0c4de354f3fce19e07167d0f60da",
        ),
    ],
)
def test_a_request_is_signed_by_partner_path_time_token_and_shop(path: str, access: str, sign: str) -> None:
    # worked out with openssl from the documented rule, for a request of a shop and one of the app
    known = config()
    assert isinstance(known, ShopeeConnection)
    made = signed(HttpRequest(f"https://partner.shopeemobile.com{path}"), known, KEY, AT_S, access)
    assert dict(made.query)["sign"] == sign


def test_a_check_of_the_address_is_answered_and_a_delivery_is_not_one() -> None:
    for method, raw, is_check in (("GET", b"", True), ("POST", b"", True), ("POST", b"{}", False)):
        asked = HookRequest(method, raw, CIMultiDict({}), {}, 0.0)
        assert (answer_address_check(asked, CONNECTED) is not None) is is_check


# ---------------------------------------------------------------- pushes


def test_every_push_of_the_documented_numbers_is_read_or_left_out_by_name() -> None:
    for code in (*range(1, 14), 15, 16, 29, 30):
        found = push(code, status="READY_TO_SHIP", item_id=9, return_sn="R1", expire_before=AT_S)
        assert not [gap for gap in found.gaps if gap.what == "topic"], code
        assert found.count or found.left_out, code
        assert bool(found.left_out) is (f"push {code}" in LEFT_OUT or code == 29), code


@pytest.mark.parametrize("code", [22, 47, 999])
def test_a_push_of_an_unknown_number_is_named_and_nothing_is_made_of_it(code: int) -> None:
    found = push(code)
    assert [(gap.what, gap.name) for gap in found.gaps] == [("topic", f"push {code}")]
    assert found.count == 0


def test_a_push_of_a_shop_that_is_not_listed_is_named_and_never_counted_for_another_shop() -> None:
    found = MARKET.pushed(
        "push 3", {"data": {"ordersn": "A", "status": "SHIPPED"}, "shop_id": 999, "code": 3}
    )
    assert [(gap.what, gap.value) for gap in found.gaps] == [("shop", "999")]
    assert found.count == 0


def test_pushes_of_two_shops_of_an_app_go_to_their_own_stores() -> None:
    settings = {
        **shopee_connection(),
        "store": "",
        "stores": ["cn", "my"],
        "shops": {SHOP: "cn", "222": "my"},
    }
    market = Market(SOURCE, connection_from(settings))
    data = {"ordersn": "A", "status": "SHIPPED", "update_time": AT_S}
    stores = [
        market.pushed("push 3", {"data": data, "shop_id": shop, "code": 3}).orders[0].store_id
        for shop in (int(SHOP), 222)
    ]
    assert stores == ["cn", "my"]


def test_an_order_number_of_digits_alone_is_not_a_telephone_number() -> None:
    content = {
        "data": {"ordersn": "13812345678901", "status": "SHIPPED"},
        "shop_id": int(SHOP),
        "code": 3,
        "timestamp": AT_S,
    }
    assert MARKET.pushed("push 3", content).orders[0].order_id == "13812345678901"


# ---------------------------------------------------------------- orders and returns


def test_ready_to_ship_is_not_a_payment_of_an_order_that_is_paid_on_delivery() -> None:
    ready = order("READY_TO_SHIP", 1, cod=True)
    assert life(ready).state is OrderState.PAYMENT_ON_DELIVERY
    assert LeftOut.COD_WAITING in [why for _, why in stage_events(life(ready)).left_out]
    done = order("COMPLETED", 90, cod=True, pay_time=AT_S + 80 * HOUR, pickup_done_time=AT_S + 20 * HOUR)
    assert life(ready, done).paid_at_ms == (AT_S + 80 * HOUR) * 1000
    assert life(done, ready) == life(ready, done)


def test_pending_is_on_hold_and_paid_only_by_its_time() -> None:
    assert life(order("PENDING")).state is OrderState.ON_HOLD
    paid = life(order("PENDING"), order("READY_TO_SHIP", 1, pay_time=AT_S + HOUR, pending_terms=[]))
    assert (paid.paid_at_ms, paid.state) == ((AT_S + HOUR) * 1000, OrderState.PAID)


def test_a_cancelled_order_stays_an_order_and_a_request_to_cancel_is_none() -> None:
    assert life(order("IN_CANCEL")).is_cancelled is None
    assert life(order(), order("CANCELLED", 5)).state is OrderState.CANCELLED_UNPAID


def test_what_is_kept_of_an_order() -> None:
    facts = order("SHIPPED", 30, pay_time=AT_S + HOUR, pickup_done_time=AT_S + 20 * HOUR).orders[0]
    assert (facts.amount, facts.currency, facts.units, facts.buyer, facts.country) == (
        "48.5",
        "SGD",
        2,
        "~1170319091",
        "SG",
    )


def test_a_return_is_a_refund_once_it_is_accepted() -> None:
    row = {
        "return_sn": "R1",
        "order_sn": "2404098R48U37H",
        "refund_amount": 8.5,
        "currency": "SGD",
        "update_time": AT_S,
    }
    assert MARKET.polled("returns", {**row, "status": "REQUESTED"}).left_out
    accepted = MARKET.polled("returns", {**row, "status": "ACCEPTED", "user": {"email": "eva@example.com"}})
    assert accepted.orders[0].refunds == {"R1": "8.5"}


# ---------------------------------------------------------------- reports and signals


def test_an_hour_of_ads_that_has_not_begun_is_not_there_and_the_running_one_is_not_complete() -> None:
    hours = [{"hour": hour, "impression": 10, "clicks": 1, "expense": 1.5} for hour in range(24)]
    found = MARKET.polled("ads_hours", {"day": "2026-11-28", "hours": hours})  # 22:00 in Singapore
    shown = [row for row in found.reports if row.measure == "impressions"]
    assert len(shown) == 23
    assert [row.complete for row in shown[-3:]] == [True, False, False]
    spend = next(row for row in found.reports if row.measure == "spend")
    assert (spend.currency, spend.period, spend.zone, spend.dimensions) == (
        "SGD",
        Period.HOUR,
        "Asia/Singapore",
        {"traffic": "ads"},
    )


def test_a_metric_that_is_not_measured_has_no_figure_and_the_target_is_the_answer_s() -> None:
    metric = {
        "metric_id": 3,
        "metric_name": "non_fulfillment_rate",
        "unit": 2,
        "target": {"value": 10, "comparator": "<"},
    }
    found = MARKET.polled(
        "performance",
        {
            "day": "2026-11-28",
            "metric_list": [{**metric, "current_period": None}, {**metric, "current_period": 4.2}],
        },
    )
    assert [(row.measure, row.value) for row in found.reports] == [
        ("seller_metric", "4.2"),
        ("seller_metric_target", "10"),
    ]
    assert [row.dimensions.get("comparator") for row in found.reports] == [None, "<"]


def test_a_comparator_that_nobody_knows_is_named_and_the_target_is_kept_without_it() -> None:
    metric = {"metric_name": "shop_rating", "unit": 1, "current_period": 4.8}
    row = {"day": "2026-11-28", "metric_list": [{**metric, "target": {"value": 4.5, "comparator": "~"}}]}
    found = MARKET.polled("performance", row)
    assert [gap.name for gap in found.gaps] == ["comparator"]
    assert "comparator" not in found.reports[-1].dimensions


def test_the_end_of_the_authorisation_is_said_thirty_days_before() -> None:
    for days, says in ((31, False), (29, True)):
        ends_s = NOW_MS // 1000 + days * 86_400
        found = MARKET.polled("shop", {"day": "2026-11-28", "status": "NORMAL", "expire_time": ends_s})
        assert [one.kind for one in found.signals] == [SignalKind.AUTHORISATION_ENDS] * says


def test_lost_pushes_are_confirmed_once_they_are_durable_and_read_as_pushes() -> None:
    text = json.dumps(
        {"data": {"ordersn": "A", "status": "SHIPPED", "update_time": AT_S}, "shop_id": int(SHOP), "code": 3}
    )
    page = {
        "response": {"push_message_list": [{"data": text}], "has_next_page": True, "last_message_id": 7},
        "error": "",
    }
    last = {"response": {"push_message_list": [], "has_next_page": False, "last_message_id": 0}, "error": ""}
    api = Answers(judge, (200, page), (200, {"error": ""}), (200, last))
    first = fetched(MARKET.polls["lost_pushes"], api)
    assert (first.next_mark, [row.body for row in first.rows]) == ("7", [text])
    assert fetched(MARKET.polls["lost_pushes"], api, mark=first.next_mark).rows == []
    assert [request.url.rpartition("/")[2] for request in api.asked] == [
        "get_lost_push_message",
        "confirm_consumed_lost_push_message",
        "get_lost_push_message",
    ]
    assert json.loads(api.asked[1].body) == {"last_message_id": 7}
    assert MARKET.polled("lost_pushes", json.loads(text)).orders[0].shipped_ms == AT_S * 1000


# ---------------------------------------------------------------- answers that are none


@pytest.mark.parametrize(
    ("status", "content", "error"),
    [
        (403, {"error": "invalid_acceess_token", "message": "Invalid access_token."}, AccessDeniedError),
        (200, {"error": "error_auth", "message": "Invalid access_token."}, AccessDeniedError),
        (200, {"error": "error_sign", "message": "Wrong sign."}, AccessDeniedError),
        (200, {"error": "common.error_permission", "message": ""}, ScopeMissingError),
        (200, {"error": "ads.rate_limit.exceed_shop_api", "message": ""}, PlatformThrottledError),
        (200, {"error": "error_server", "message": ""}, PlatformFailedError),
        (200, {"error": "order.order_list_invalid_time", "message": ""}, PlatformRejectedError),
        (200, {"error": "", "response": {}}, AnswerGarbledError),
        (200, {"error": "-", "response": {"order_list": [], "next_cursor": ""}}, AnswerGarbledError),
        (200, b"<html>", AnswerGarbledError),
    ],
)
def test_an_answer_that_is_none_is_never_zero_orders(
    status: int, content: Any, error: type[Exception]
) -> None:
    with pytest.raises(error):
        fetched(MARKET.polls["orders"], Answers(judge, (status, content)))


def test_an_order_without_its_details_is_not_passed_over() -> None:
    listed = {
        "error": "",
        "response": {"more": False, "next_cursor": "", "order_list": [{"order_sn": "A"}, {"order_sn": "B"}]},
    }
    details = {"error": "", "response": {"order_list": [{"order_sn": "A", "update_time": AT_S}]}}
    with pytest.raises(AnswerGarbledError, match="no details of 1 of 2"):
        fetched(MARKET.polls["orders"], Answers(judge, (200, listed), (200, details)))


# ---------------------------------------------------------------- what Shopee documents

documented = pytest.mark.skipif(
    not APIS.is_dir(), reason="no documented interfaces next to the project: not checked"
)


def fields(parts: list[dict[str, Any]]) -> Any:
    """A body made of the documented fields with their samples."""
    return {part["name"]: _value(part) for part in parts}


def _value(part: dict[str, Any]) -> Any:
    kind, sample = str(part["type"]), part.get("sample")
    if "fields" in part:
        made = fields(part["fields"])
        return [made] if kind.endswith("[]") else made
    if kind.endswith("[]"):
        return []
    if sample is None:
        return None
    if kind in ("string",):
        return sample
    return (
        json.loads(str(sample).lower())
        if kind == "boolean"
        else float(sample)
        if kind == "float"
        else int(float(sample))
    )


DOCUMENTED = {
    "orders": ("order.get_order_detail", "order_list"),
    "returns": ("returns.get_return_list", "return"),
    "listings": ("account_health.get_listings_with_issues", "listing_list"),
    "penalties": ("account_health.get_penalty_point_history", "penalty_point_list"),
}


@documented
@pytest.mark.parametrize("resource", sorted(DOCUMENTED))
def test_a_row_of_the_documented_fields_is_read_without_anything_set_aside(resource: str) -> None:
    name, rows = DOCUMENTED[resource]
    document = json.loads((APIS / f"v2.{name}.json").read_text("utf-8"))
    response = next(part for part in document["response"] if part["name"] == "response")
    listed = next(part for part in response["fields"] if part["name"] == rows)
    row = {"day": "2026-11-28", **fields(listed["fields"])}
    found = MARKET.polled(resource, row)
    assert found.set_aside == []
    assert found.count or found.left_out


@documented
def test_each_documented_error_is_an_error() -> None:
    names = {
        error
        for path in APIS.glob("*.json")
        for error in json.loads(path.read_text("utf-8")).get("errors", ())
    }
    assert len(names) > 20
    for name in names:
        with pytest.raises(PlatformError):
            fetched(MARKET.polls["orders"], Answers(judge, (200, {"error": name, "message": ""})))

"""WooCommerce: what its rows say, its ping, its pages, and days counted otherwise."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import msgspec
import pytest
from multidict import CIMultiDict

from scoring.events.event import EventType
from scoring.events.incoming import IncomingEvent
from scoring.events.pseudonyms import Pseudonyms
from scoring.events.redaction import mask_document
from scoring.records.order_life import LeftOut, OrderLife, OrderState, merge, stage_events
from scoring.records.raw_delivery import DeliveryDoor, RawDelivery
from scoring.records.signal import SignalKind
from scoring.sources.cursors import PollWindow
from scoring.sources.translated import ConnectionTerms, Translated, TranslationError
from streams.sources.asking import AnswerGarbledError, HttpAnswer, HttpRequest, PlatformApi
from streams.sources.source import HookRequest
from streams.sources.woocommerce.config import WooCommerceConnection
from streams.sources.woocommerce.mapping import KEPT, LEFT_OUT, OPENED, PEOPLE, WANTED, WooTerms, translate
from streams.sources.woocommerce.polling import page
from streams.sources.woocommerce.second_way import second_way
from streams.sources.woocommerce.source import SOURCE, handshake
from tests.fakes.ledger import DAY_MS, Ledger
from tests.fakes.lying_woo import LyingWoo, woo_connection
from tests.fakes.virtual import BEGIN_MS, VirtualClock, in_virtual_time
from tests.fakes.workbench import connection_from, workbench

pytestmark = pytest.mark.usefixtures("quiet")

PLACED_MS = 1_795_874_400_000
HOUR_MS = 3_600_000
TERMS = ConnectionTerms(
    "shop", "woocommerce", ("eu",), {"eu": "Europe/Berlin"}, {"eu": "EUR"}, WooTerms(("cod",))
)
PSEUDONYMS = Pseudonyms("woo")


def gmt(hours: int) -> str:
    """So many hours after the order was placed, as WooCommerce writes it: without an offset."""
    day, hour = divmod(14 + hours, 24)
    return f"2026-11-{28 + day:02d}T{hour:02d}:00:00"


def order(hours: int = 0, status: str = "pending", **more: Any) -> dict[str, Any]:
    return {
        "id": 901,
        "number": "SO-2026-901",
        "status": status,
        "currency": "EUR",
        "date_created": "2026-11-28T15:00:00",
        "date_created_gmt": gmt(0),
        "date_modified_gmt": gmt(hours),
        "date_paid_gmt": None,
        "date_completed_gmt": None,
        "total": "59.90",
        "customer_id": 77,
        "customer_ip_address": "203.0.113.9",
        "customer_note": "leave it with Eva",
        "payment_method": "stripe",
        "billing": {
            "first_name": "Eva",
            "email": "eva@example.com",
            "phone": "+49 30 5550100",
            "country": "DE",
        },
        "shipping": {"first_name": "Eva", "address_1": "Musterweg 7", "country": "AT"},
        "line_items": [{"id": 1, "name": "Lamp for Eva", "quantity": 2}, {"id": 2, "quantity": 1}],
        "meta_data": [{"key": "_vat", "value": "DE123456789"}],
        "refunds": [],
        **more,
    }


def said(topic: str, content: Any, door: DeliveryDoor = DeliveryDoor.HOOK) -> Translated:
    body = mask_document(
        json.dumps(content).encode(),
        lambda raw: PSEUDONYMS.marked("eu", raw),
        people=PEOPLE,
        kept=OPENED,
        only=KEPT,
    )
    for word in ("Eva", "eva@", "5550100", "Musterweg", "203.0.113", "DE123456789"):
        assert word not in body
    return translate(
        RawDelivery(
            delivery_id="d",
            source="woocommerce",
            connection="shop",
            received_at_ms=PLACED_MS + 48 * HOUR_MS,
            topic=topic,
            door=door,
            body=body,
        ),
        TERMS,
    )


def life(*found: Translated) -> OrderLife:
    made = merge([facts for one in found for facts in one.orders])
    assert made is not None
    return made


def gaps(found: Translated) -> list[tuple[str, str, str]]:
    return [(gap.what, gap.name, gap.value) for gap in found.gaps]


PAID = {"date_paid_gmt": gmt(1)}
DONE = {**PAID, "date_completed_gmt": gmt(20)}


def test_the_life_of_an_order_is_read_in_gmt_whatever_the_site_s_clock_says() -> None:
    whole = life(
        said("order.created", order()),
        said("order.updated", order(1, "processing", **PAID)),
        said("order.updated", order(20, "completed", **DONE)),
    )
    assert (whole.placed_ms, whole.paid_at_ms, whole.shipped_ms) == (
        PLACED_MS, PLACED_MS + HOUR_MS, PLACED_MS + 20 * HOUR_MS,
    )  # fmt: skip
    assert (whole.order_id, whole.amount, whole.currency, whole.units, whole.country) == (
        "901",
        "59.90",
        "EUR",
        3,
        "AT",
    )
    assert whole.buyer.startswith("~")
    assert whole.state is OrderState.SHIPPED


def test_guests_are_not_buyers() -> None:
    assert life(said("order.created", order(customer_id=0))).buyer == ""


@pytest.mark.parametrize(
    ("status", "left_out"), [("on-hold", LeftOut.ON_HOLD), ("failed", None), ("pending", None)]
)
def test_what_waits_for_its_money_is_not_paid(status: str, left_out: LeftOut | None) -> None:
    whole = life(said("order.updated", order(1, status, **PAID)))
    assert whole.paid_at_ms == 0
    assert dict(stage_events(whole).left_out).get(EventType.PAYMENT) is left_out


def test_cash_on_delivery_was_paid_when_it_might_be_shipped() -> None:
    waiting = said("order.updated", order(1, "processing", payment_method="cod", **PAID))
    assert dict(stage_events(life(waiting)).left_out)[EventType.PAYMENT] is LeftOut.COD_WAITING
    done = said("order.updated", order(20, "completed", payment_method="cod", **DONE))
    assert life(waiting, done).paid_at_ms == PLACED_MS + 20 * HOUR_MS


def test_a_refund_has_its_amount_from_the_order_and_its_time_from_the_list() -> None:
    refunded = said("order.updated", order(30, "completed", refunds=[{"id": 41, "total": "-9.90"}], **DONE))
    assert life(refunded).refunds == {"41": "9.90"}
    assert EventType.REFUND not in {one.type for one in stage_events(life(refunded)).events}
    listed = said(
        "refunds",
        {"id": 41, "parent_id": 901, "amount": "9.90", "date_created_gmt": gmt(29)},
        DeliveryDoor.POLL,
    )
    whole = life(refunded, listed)
    (event,) = [one for one in stage_events(whole).events if one.type is EventType.REFUND]
    assert (event.event_time_ms, str(whole.refunded), whole.currency) == (
        PLACED_MS + 29 * HOUR_MS,
        "9.90",
        "EUR",
    )


def test_a_refunded_order_that_lists_nothing_is_refunded_whole() -> None:
    assert life(said("order.updated", order(30, "refunded", **PAID))).state is OrderState.REFUNDED


def test_cancelled_and_restored_orders_and_drafts() -> None:
    cancelled = said("order.updated", order(3, "cancelled"))
    assert life(cancelled).state is OrderState.CANCELLED_UNPAID
    assert life(cancelled, said("order.restored", order(4, "processing", **PAID))).state is OrderState.PAID
    assert life(said("order.created", order(status="checkout-draft"))).left_out is LeftOut.DRAFT


def test_a_failed_payment_is_one_signal_however_often_its_order_is_changed() -> None:
    found = [said("order.updated", order(hours, "failed")).signals[0] for hours in (0, 1, 5)]
    assert {(one.kind, one.object, one.since_ms) for one in found} == {
        (SignalKind.PAYMENT_DECLINED, "stripe", PLACED_MS + 901)
    }


def test_a_status_of_the_shop_s_own_is_named_and_the_order_counts() -> None:
    found = said("order.updated", order(1, "in-embroidery"))
    assert gaps(found) == [("value", "status", "in-embroidery")]
    assert (found.orders[0].is_paid, found.orders[0].placed_ms) == (None, PLACED_MS)


def test_stock_and_coupons() -> None:
    product = {
        "id": 11,
        "name": "Lamp",
        "date_modified_gmt": gmt(1),
        "stock_quantity": None,
        "stock_status": "outofstock",
    }
    (event,) = said("product.updated", product).events
    assert (msgspec.convert(event, IncomingEvent).quantity, event["product"]) == (0, "11")
    assert said("product.updated", {**product, "stock_status": "instock"}).events == []
    assert said("product.updated", {**product, "stock_quantity": 4}).events[0]["quantity"] == 4
    coupon = {
        "id": 5, "code": "EVA10", "amount": "10.00", "discount_type": "percent", "date_created_gmt": gmt(0), "date_expires_gmt": gmt(20),
    }  # fmt: skip
    (signal,) = said("coupon.created", coupon).signals
    assert (signal.object, signal.since_ms, signal.until_ms) == ("5", PLACED_MS, PLACED_MS + 20 * HOUR_MS)


def test_each_topic_is_used_or_left_out_by_name_and_another_form_is_set_aside() -> None:
    for topic in LEFT_OUT:
        assert said(topic, {"id": 1}).left_out == [topic]
    assert gaps(said("action.moon_rises", {"id": 1})) == [("topic", "action.moon_rises", "")]
    for topic in (*WANTED, "orders", "refunds"):
        found = said(topic, {"id": {"a": 1}})
        assert found.count == 0
        assert found.set_aside
    with pytest.raises(TranslationError):
        said("order.created", [order()])


# ---------------------------------------------------------------- deliveries and pages


def test_the_ping_of_a_new_webhook_is_answered_and_no_delivery_is_taken_for_one() -> None:
    connection = connection_from(woo_connection())

    def answered(raw: bytes, method: str = "POST", **headers: str) -> bool:
        named = CIMultiDict({name.replace("_", "-"): value for name, value in headers.items()})
        return handshake(HookRequest(method, raw, named, {}, 0.0), connection) is not None

    assert answered(b"webhook_id=17")
    assert not answered(b"webhook_id=17", X_WC_Webhook_Signature="abc")
    assert not answered(b"webhook_id=17&x=1")
    assert not answered(b'{"id": 1}')
    assert not answered(b"webhook_id=17", "GET")


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({"url": "http://shop.example"}, "https"),
        ({"consumer_secret": ""}, "belong together"),
        ({"secret": ""}, "secret"),
    ],
)
def test_what_a_connection_lacks_is_said(more: dict[str, str], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        connection_from(woo_connection(**more))


class _Api:
    """Answers each request with the next of some answers, and keeps the requests."""

    now_ms = BEGIN_MS

    def __init__(self, *answers: tuple[Any, dict[str, str]]) -> None:
        self.asked: list[dict[str, str]] = []
        self._answers = list(answers)

    async def ask(self, request: HttpRequest) -> HttpAnswer:
        self.asked.append(dict(request.query))
        content, headers = self._answers.pop(0)
        return HttpAnswer(200, CIMultiDict(headers), json.dumps(content).encode(), "shop.example")


WINDOW = PollWindow(PLACED_MS, PLACED_MS + HOUR_MS)


async def asked(api: PlatformApi, mark: str = "") -> Any:
    config = WooCommerceConnection.model_validate(woo_connection(page_size=2))
    return await page(
        config, "orders", "modified_after", "modified_before", "date_modified_gmt", api, WINDOW, mark
    )


async def test_windows_were_shifted_by_the_site_s_zone() -> None:
    api = _Api(([order()], {"X-WP-Total": "1", "X-WP-TotalPages": "1"}))
    found = await asked(api)
    (query,) = api.asked
    assert query["dates_are_gmt"] == "true"
    # both edges are left out by WooCommerce
    assert (query["modified_after"], query["modified_before"]) == (
        "2026-11-28T13:59:59",
        "2026-11-28T15:00:00",
    )
    assert (found.total, found.next_mark, found.rows[0].row_id, found.rows[0].changed_ms) == (
        1,
        "",
        "901",
        PLACED_MS,
    )


async def test_pages_go_on_also_where_a_cache_dropped_the_headers() -> None:
    assert (await asked(_Api(([order(), order()], {})))).next_mark == "2"
    assert (await asked(_Api(([order()], {})), "2")).next_mark == ""
    assert (await asked(_Api(([order(), order()], {"X-WP-TotalPages": "2"})), "2")).next_mark == ""


@pytest.mark.parametrize("content", [{}, {"code": "rest_error"}, [1], "text", None])
async def test_an_answer_of_another_form_was_taken_for_an_empty_page(content: Any) -> None:
    with pytest.raises(AnswerGarbledError):
        await asked(_Api((content, {})))


def test_days_are_counted_by_the_shop_on_the_store_s_clock() -> None:
    days = [date(2026, 11, 1), date(2026, 11, 2)]

    async def work(clock: VirtualClock) -> tuple[Any, Ledger]:
        ledger = Ledger.drawn(8, BEGIN_MS - DAY_MS, 3)
        bench = workbench(woo_connection(), SOURCE, LyingWoo(ledger, clock.now_ms), clock)
        worker = bench.worker()
        worker._load()
        return await second_way(worker._api, bench.connection, days), ledger

    found, ledger = in_virtual_time(work)
    truth = ledger.figures(days, BEGIN_MS)
    assert {one.day: one.figures["orders"] for one in found} == {
        day: str(one["orders"]) for day, one in truth.items()
    }

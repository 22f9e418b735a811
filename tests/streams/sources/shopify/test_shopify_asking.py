"""Shopify asked in virtual time: errors in a 200, costs, history by bulk operation, the past that an app may not see, days counted."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from multidict import CIMultiDict

from scoring.funnel.stages import Stage
from scoring.records.raw_delivery import DeliveryDoor
from scoring.sources.cursors import PollWindow
from scoring.sources.signatures import DigestCode, SignatureScheme, SignatureVerdict, sign
from scoring.sources.tokens import TokenPair
from streams.sources.asking import (
    AccessDeniedError,
    AnswerGarbledError,
    HttpAnswer,
    HttpRequest,
    PlatformError,
    PlatformFailedError,
    PlatformRejectedError,
    PlatformThrottledError,
    ScopeMissingError,
)
from streams.sources.sealing import Sealer
from streams.sources.shopify.asking import authorise, judge, left
from streams.sources.shopify.config import ShopifyConnection
from streams.sources.shopify.polling import orders_page
from streams.sources.shopify.second_way import second_way
from streams.sources.shopify.source import SOURCE, label, verify_delivery
from streams.sources.source import HookRequest, Supply
from streams.sources.source_log import SourceBook
from streams.sources.supplies import supplied
from streams.sources.trying import tried
from tests.fakes.ledger import DAY_MS, Ledger
from tests.fakes.lying_shopify import LyingShopify, shopify_connection
from tests.fakes.virtual import BEGIN_MS, VirtualClock, in_virtual_time
from tests.fakes.workbench import SECRETS, Workbench, connection_from, workbench

pytestmark = pytest.mark.usefixtures("quiet")


# ---------------------------------------------------------------- answers


def answer(content: Any, status: int = 200, kind: str = "application/json") -> HttpAnswer:
    return HttpAnswer(status, CIMultiDict({"Content-Type": kind}), json.dumps(content).encode(), "shop")


def failing(code: str, **extensions: Any) -> dict[str, Any]:
    return {"errors": [{"message": "no", "extensions": {"code": code, **extensions}}]}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (answer(failing("THROTTLED")), PlatformThrottledError),
        (answer(failing("ACCESS_DENIED")), ScopeMissingError),
        (answer(failing("SHOP_INACTIVE")), AccessDeniedError),
        (answer(failing("INTERNAL_SERVER_ERROR")), PlatformFailedError),
        (answer(failing("TIMEOUT")), PlatformFailedError),
        (answer(failing("undefinedField")), PlatformRejectedError),
        (answer({"errors": "Not Found"}, 404), PlatformRejectedError),
        (answer({"errors": "Invalid API key"}, 401), AccessDeniedError),
        (answer({"errors": "Unavailable Shop"}, 402), AccessDeniedError),
        (answer({"errors": "Locked"}, 423), AccessDeniedError),
        (answer({"errors": "Exceeded 2 calls per second"}, 429), PlatformThrottledError),
        (answer({"errors": ["a", "b"]}), PlatformRejectedError),
    ],
)
def test_each_error_is_what_it_is_and_none_is_an_empty_answer(
    given: HttpAnswer, expected: type[Exception]
) -> None:
    with pytest.raises(expected):
        judge(given)


def test_a_missing_scope_is_named() -> None:
    with pytest.raises(ScopeMissingError, match="read_orders"):
        judge(answer(failing("ACCESS_DENIED", requiredAccess="`read_orders` access scope")))


def test_who_is_throttled_waits_until_the_points_are_there() -> None:
    cost = {"requestedQueryCost": 400, "throttleStatus": {"currentlyAvailable": 100, "restoreRate": 50.0}}
    given = answer({**failing("THROTTLED"), "extensions": {"cost": cost}})
    with pytest.raises(PlatformThrottledError) as error:
        judge(given)
    assert error.value.retry_after_s == 6.0
    assert left(given) == 0.25
    assert left(answer({"data": {}})) is None


def test_an_order_that_speaks_of_errors_was_taken_for_one() -> None:
    judge(answer({"data": {"orders": {"nodes": [{"errors": "none"}]}}}))
    judge(HttpAnswer(200, CIMultiDict({"Content-Type": "application/jsonl"}), b'{"errors": 1}\n{}\n', "s"))


def test_the_token_goes_to_the_shop_and_nowhere_else() -> None:
    connection = connection_from(shopify_connection())
    own = HttpRequest("https://lying.myshopify.com/admin/api/2026-07/graphql.json", "POST")
    pair = TokenPair("shpat_x")
    assert authorise(connection, own, pair).headers["X-Shopify-Access-Token"] == "shpat_x"
    for url in (
        "https://storage.example/bulk/1",
        "https://lying.myshopify.com.evil.example/",
        "http://lying.myshopify.com/",
    ):
        assert authorise(connection, HttpRequest(url), pair).headers == {}


# ---------------------------------------------------------------- settings and deliveries


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"shop": "shop.example.com"}, "my-shop.myshopify.com"),
        ({"access": "client_credentials"}, "client_id"),
        ({"access": "refresh_token", "client_id": "a"}, "refresh_token"),
        ({"access": "token", "token": ""}, "token"),
        ({"version": "2026-08"}, "version"),
    ],
)
def test_what_a_connection_lacks_is_said(more: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        connection_from(shopify_connection(**more))


def test_an_address_of_the_admin_s_form_is_taken() -> None:
    made = connection_from(shopify_connection(shop="https://Lying.myshopify.com/")).config
    assert made.api_url == "https://lying.myshopify.com/admin/api/2026-07/graphql.json"


def test_a_connection_supplies_what_its_settings_let_it() -> None:
    plain = supplied(SOURCE, connection_from(shopify_connection()).config)
    assert (plain[Stage.ADD_TO_CART], plain[Stage.REPURCHASE]) == (Supply.NEVER, Supply.STATUS)
    other = supplied(SOURCE, connection_from(shopify_connection(carts=True, buyers=False)).config)
    assert (other[Stage.ADD_TO_CART], other[Stage.REPURCHASE]) == (Supply.STATUS, Supply.NEVER)
    assert plain[Stage.ORDER] is other[Stage.ORDER] is Supply.EVENT


SCHEME = SignatureScheme("X-Shopify-Hmac-Sha256", code=DigestCode.BASE64)


def delivered(prefix: str = "X-Shopify-", shop: str = "lying.myshopify.com", **more: str) -> HookRequest:
    body = b'{"id": 1}'
    headers = {
        f"{prefix}Hmac-Sha256": sign(SCHEME, body, {}, SECRETS["env:NEW"]),
        f"{prefix}Shop-Domain": shop,
        f"{prefix}Topic": "orders/create",
        **{f"{prefix}{name.replace('_', '-')}": value for name, value in more.items()},
    }
    return HookRequest("POST", body, CIMultiDict(headers), {}, 1_793_600_000.0)


@pytest.mark.parametrize("prefix", ["X-Shopify-", "Shopify-"])
def test_both_spellings_of_the_headers_are_read(prefix: str) -> None:
    connection = connection_from(shopify_connection())
    request = delivered(prefix, Webhook_Id="w-1", Event_Id="e-1")
    assert verify_delivery(request, connection) is SignatureVerdict.GENUINE
    assert (label(request, {}, connection).topic, label(request, {}, connection).delivery_id) == (
        "orders/create",
        "w-1",
    )
    assert label(delivered(prefix, Event_Id="e-1"), {}, connection).delivery_id == "e-1"


def test_a_delivery_of_another_shop_of_the_same_app_was_taken_for_this_one() -> None:
    request = delivered(shop="other.myshopify.com")
    assert verify_delivery(request, connection_from(shopify_connection())) is SignatureVerdict.OTHER_ACCOUNT


# ---------------------------------------------------------------- in virtual time


def bench_of(clock: VirtualClock, ledger: Ledger, **more: Any) -> tuple[Workbench, LyingShopify]:
    shop = LyingShopify(ledger, clock.now_ms)
    return workbench(shopify_connection(**more), SOURCE, shop, clock), shop


def test_a_page_that_costs_too_much_is_made_smaller() -> None:
    async def work(clock: VirtualClock) -> tuple[Workbench, LyingShopify]:
        bench, shop = bench_of(clock, Ledger.drawn(5, BEGIN_MS, 1))
        shop.costliest = 4
        await bench.run_for(4 * 3600)
        return bench, shop

    bench, shop = in_virtual_time(work)
    seen = {order.number for order in shop.ledger.orders if order.placed_ms < BEGIN_MS + 3 * 3_600_000}
    assert seen <= set(bench.store.lives())


def past(bench: Workbench, window: PollWindow) -> Any:
    worker = bench.worker()
    worker._load()
    poller = worker.pollers["orders"]
    return poller.read(window, worker._api, DeliveryDoor.BACKFILL)


WEEK = PollWindow(BEGIN_MS - 7 * DAY_MS, BEGIN_MS)


def test_history_is_read_whole_by_a_bulk_operation() -> None:
    async def work(clock: VirtualClock) -> tuple[Workbench, LyingShopify, int]:
        bench, shop = bench_of(clock, Ledger.drawn(6, BEGIN_MS - 7 * DAY_MS, 7))
        walk, _, _ = await past(bench, WEEK)
        return bench, shop, walk.rows

    bench, shop, rows = in_virtual_time(work)
    changed = {
        one.number for one in shop.ledger.orders if WEEK.from_ms <= one.updated_ms(BEGIN_MS) < WEEK.to_ms
    }
    assert rows == len(changed) > 100
    assert set(bench.store.lives()) == changed
    assert all(facts.history for versions in bench.store.versions.values() for facts in versions)


@pytest.mark.parametrize("status", ["FAILED", "CANCELED", "EXPIRED", "SHIMMERING"])
def test_a_bulk_operation_that_fails_was_taken_for_a_week_without_orders(status: str) -> None:
    async def work(clock: VirtualClock) -> None:
        bench, shop = bench_of(clock, Ledger.drawn(6, BEGIN_MS - 7 * DAY_MS, 7))
        shop.bulk_fails = status
        with pytest.raises(PlatformFailedError, match=status):
            await past(bench, WEEK)

    in_virtual_time(work)


def test_a_bulk_operation_that_has_to_wait_for_others_is_throttled_and_no_answer() -> None:
    async def work(clock: VirtualClock) -> None:
        bench, shop = bench_of(clock, Ledger())
        shop.bulk_busy = 1
        with pytest.raises(PlatformThrottledError):
            await past(bench, WEEK)
        walk, _, _ = await past(bench, WEEK)
        assert walk.rows == 0

    in_virtual_time(work)


def test_a_week_without_orders_is_one() -> None:
    async def work(clock: VirtualClock) -> int:
        bench, _ = bench_of(clock, Ledger())
        walk, _, _ = await past(bench, WEEK)
        return int(walk.rows)

    assert in_virtual_time(work) == 0


def test_orders_that_the_app_may_not_see_were_taken_for_none() -> None:
    old = PollWindow(BEGIN_MS - 80 * DAY_MS, BEGIN_MS - 73 * DAY_MS)

    async def work(clock: VirtualClock) -> None:
        bench, shop = bench_of(clock, Ledger())
        shop.scopes = ("read_orders",)
        with pytest.raises(ScopeMissingError, match="read_all_orders"):
            await past(bench, old)
        await past(bench, WEEK)

    in_virtual_time(work)


def test_without_the_scope_for_orders_the_connection_says_so() -> None:
    async def work(clock: VirtualClock) -> dict[str, str]:
        bench, shop = bench_of(clock, Ledger())
        shop.scopes = ("read_products",)
        worker = await bench.run_for(600)
        return {one.resource: one.detail for one in worker.health.present().resources}

    assert "read_orders" in in_virtual_time(work)["access"]


async def test_a_trial_names_each_scope_that_is_missing() -> None:
    shop = LyingShopify(Ledger.drawn(5, BEGIN_MS, 1), lambda: BEGIN_MS + DAY_MS)
    shop.scopes = ("read_orders", "read_products")
    connection = connection_from(shopify_connection())
    trial = await tried(connection, SOURCE, Sealer(["k" * 20]), SourceBook(), lambda: BEGIN_MS + DAY_MS, shop)
    permissions = [line for line in trial.lines if line.what == "permission"]
    assert trial.is_good
    assert "read_customers is missing; without it: no repurchase" in [
        line.sentence("en") for line in permissions
    ]
    assert "缺少 read_customers，因此没有：复购" in [line.sentence("zh") for line in permissions]
    assert not any("read_orders" in line.said for line in permissions)
    assert any(line.what == "orders" and "records" in line.said for line in trial.lines)


def test_days_are_counted_by_shopify_on_the_store_s_clock() -> None:
    days = [date(2026, 11, 1), date(2026, 11, 2)]

    async def work(clock: VirtualClock) -> tuple[Any, Ledger]:
        ledger = Ledger.drawn(8, BEGIN_MS - DAY_MS, 3)
        bench, _ = bench_of(clock, ledger)
        worker = bench.worker()
        worker._load()
        return await second_way(worker._api, bench.connection, days), ledger

    found, ledger = in_virtual_time(work)
    truth = ledger.figures(days, BEGIN_MS)
    assert {one.day: one.figures["orders"] for one in found} == {
        day: str(one["orders"]) for day, one in truth.items()
    }


@pytest.mark.parametrize(
    "content",
    [
        None,
        {},
        {"data": None},
        {"data": {}},
        {"data": {"orders": None}},
        {"data": {"orders": {"nodes": [7], "pageInfo": {"hasNextPage": False}}}},
        {"data": {"orders": {"nodes": [], "pageInfo": {"hasNextPage": True, "endCursor": None}}}},
    ],
)
async def test_an_answer_of_another_form_was_taken_for_an_empty_page(content: Any) -> None:
    class Api:
        now_ms = BEGIN_MS

        async def ask(self, request: HttpRequest) -> HttpAnswer:
            return answer(content)

    config = ShopifyConnection.model_validate(shopify_connection())
    with pytest.raises(AnswerGarbledError) as error:
        await orders_page(config, Api(), PollWindow(BEGIN_MS - 1000, BEGIN_MS), "")
    assert isinstance(error.value, PlatformError)

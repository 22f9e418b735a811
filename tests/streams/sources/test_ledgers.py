"""A shop with a ledger: webhooks lost, late, repeated and out of order, next to polls that lie for a while. In the end all is as it was."""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from scoring.events.event import EventType
from scoring.events.redaction import mask_document
from scoring.records.order_life import OrderLife, stage_events
from scoring.records.raw_delivery import DeliveryDoor, RawDelivery
from streams.sources.shopify.source import SOURCE as SHOPIFY
from streams.sources.source import SourceSpec
from streams.sources.woocommerce.source import SOURCE as WOOCOMMERCE
from tests.fakes.ledger import DAY_MS, HOUR_MS, Ledger, LedgerOrder
from tests.fakes.lies import Lie, ScriptedLie
from tests.fakes.lying_shopify import LyingShopify, shopify_connection
from tests.fakes.lying_woo import LyingWoo, woo_connection, woo_row
from tests.fakes.virtual import BEGIN_MS, VirtualClock, in_virtual_time
from tests.fakes.workbench import Workbench, workbench
from tests.streams.sources.market_file import add_file
from tests.streams.sources.market_ledger import state_of

pytestmark = pytest.mark.usefixtures("quiet")

Arriving = list[tuple[int, str, dict[str, Any]]]
#: after the last order of a day, a parcel may take 41 hours, and a webhook four more
WATCHED_MS = 3 * DAY_MS


@dataclass(frozen=True)
class Shop:
    """A platform with its webhooks: topic and body of what happened to an order at a moment."""

    spec: SourceSpec
    settings: Callable[..., dict[str, Any]]
    platform: type[LyingShopify | LyingWoo]
    webhook: Callable[[LedgerOrder, str, int], tuple[str, dict[str, Any]]]


def _iso(at_ms: int) -> str | None:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat() if at_ms else None


def shopify_webhook(one: LedgerOrder, what: str, at_ms: int) -> tuple[str, dict[str, Any]]:
    if what == "shipped":
        parcel = {"id": f"p-{one.number}", "order_id": one.number, "status": "success"}
        return "fulfillments/create", {**parcel, "created_at": _iso(at_ms), "updated_at": _iso(at_ms)}
    topics = {"placed": "orders/create", "paid": "orders/paid", "cancelled": "orders/cancelled"}
    return topics.get(what, "orders/updated"), {
        "id": one.number,
        "created_at": _iso(one.placed_ms),
        "processed_at": _iso(one.placed_ms),
        "updated_at": _iso(at_ms),
        "cancelled_at": _iso(one.cancelled_ms if one.cancelled_ms <= at_ms else 0),
        "financial_status": "paid" if 0 < one.paid_ms <= at_ms else "pending",
        "total_price": str(one.amount(at_ms)),
        "currency": one.currency,
        "payment_gateway_names": ["alipay"],
        "customer": {"id": f"u-{one.number}", "first_name": "Zhang San"},
        "line_items": [{"id": 1, "quantity": 1}],
    }


def woo_webhook(one: LedgerOrder, what: str, at_ms: int) -> tuple[str, dict[str, Any]]:
    return f"order.{'created' if what == 'placed' else 'updated'}", woo_row(one, at_ms, None)


SHOPS = {
    "shopify": Shop(SHOPIFY, shopify_connection, LyingShopify, shopify_webhook),
    "woocommerce": Shop(WOOCOMMERCE, woo_connection, LyingWoo, woo_webhook),
}


def deliveries(shop: Shop, ledger: Ledger, chance: random.Random) -> Arriving:
    """What arrives: a tenth is lost, a fifth comes again, any may be hours late, so that their order is any."""
    arriving = []
    for order in ledger.orders:
        for what in ("placed", "paid", "shipped", "cancelled", "restated"):
            at_ms = getattr(order, f"{what}_ms")
            for _ in range(0 if not at_ms or chance.random() < 0.1 else 2 if chance.random() < 0.2 else 1):
                late_ms = chance.randrange(4 * HOUR_MS) if chance.random() < 0.3 else chance.randrange(30_000)
                arriving.append((at_ms + late_ms, *shop.webhook(order, what, at_ms)))
    return sorted(arriving, key=lambda one: one[0])


async def deliver(bench: Workbench, arriving: Arriving) -> None:
    """As the door does it."""
    hook = bench.spec.hook
    assert hook is not None
    names = [part(bench.connection) for part in (hook.personal, hook.people, hook.kept, hook.only)]
    for number, (at_ms, topic, body) in enumerate(arriving):
        wait_s = (at_ms - bench.clock.now_ms()) / 1000
        if wait_s > 0:
            await asyncio.sleep(wait_s)
        raw = RawDelivery(
            delivery_id=f"h{number}",
            source=bench.spec.name,
            connection="lying",
            received_at_ms=bench.clock.now_ms(),
            topic=topic,
            door=DeliveryDoor.HOOK,
            body=mask_document(json.dumps(body).encode(), lambda raw: f"~{raw[:16]:a<16}", *names),
        )
        await bench.store.deliver([raw])


def after_some_days(shop: Shop, ledger: Ledger, lies: Sequence[ScriptedLie], page: int) -> Workbench:
    """The orders of the first day, delivered and asked for until all has happened."""

    async def work(clock: VirtualClock) -> Workbench:
        platform = shop.platform(ledger, clock.now_ms, lies)
        platform.most = page
        bench = workbench(shop.settings(page_size=min(page, 100)), shop.spec, platform, clock)
        arriving = deliveries(shop, ledger, random.Random(18))
        delivering = asyncio.create_task(deliver(bench, arriving))
        await bench.run_for(WATCHED_MS / 1000)
        await delivering
        assert len(arriving) > 2 * len(ledger.orders)
        assert all(platform.lied[one.lie] > 0 for one in lies)
        return bench

    return in_virtual_time(work)


def compare(lives: dict[str, OrderLife], ledger: Ledger) -> None:
    """Each order, and what is counted of all."""
    ends_ms = BEGIN_MS + WATCHED_MS
    assert set(lives) == {one.number for one in ledger.orders}
    counted: Counter[EventType] = Counter()
    money = Decimal(0)
    for order in ledger.orders:
        life = lives[order.number]
        assert (life.placed_ms, life.paid_at_ms, life.shipped_ms, life.cancelled_ms) == (
            order.placed_ms, order.paid_ms, order.shipped_ms, order.cancelled_ms,
        )  # fmt: skip
        assert life.state is state_of(order)
        money += Decimal(life.amount)
        events = stage_events(life).events
        assert len({event.event_id for event in events}) == len(events)
        counted.update(event.type for event in events)
    assert money == sum(one.amount(ends_ms) for one in ledger.orders)
    expected = {
        EventType.ORDER: len(ledger.orders),
        EventType.PAYMENT: sum(one.paid_ms > 0 for one in ledger.orders),
        EventType.FULFILMENT: sum(one.shipped_ms > 0 for one in ledger.orders),
        EventType.CANCEL: sum(one.cancelled_ms > 0 for one in ledger.orders),
    }
    assert {kind: counted[kind] for kind in expected} == expected


def check(shop: Shop, orders: int, lies: Sequence[ScriptedLie], page: int, folder: Path) -> None:
    ledger = Ledger.drawn(17, BEGIN_MS, 1, per_day=orders)
    for order in ledger.orders[::50]:  # edited, a change without a webhook here
        order.restated_ms, order.restated_cents = order.placed_ms + HOUR_MS, order.cents + 700
    bench = after_some_days(shop, ledger, lies, page)
    compare(bench.store.lives(), ledger)
    add_file(bench.store, shop.spec.name, ledger, BEGIN_MS + WATCHED_MS, folder)
    assert all("Zhang" not in delivery.body for delivery in bench.store.raw.values())


@pytest.mark.parametrize(
    ("name", "lie"), [("shopify", Lie.STALE), ("woocommerce", Lie.DROPPED_PAGE)], ids=["shopify", "woocommerce"]
)  # fmt: skip
def test_counts_money_and_states_are_the_ledger_s_whatever_is_lost_late_repeated_or_a_lie(
    name: str, lie: Lie, tmp_path: Path
) -> None:
    lies = [ScriptedLie(lie, BEGIN_MS + 6 * HOUR_MS, BEGIN_MS + 14 * HOUR_MS)]
    check(SHOPS[name], 200, lies, 20, tmp_path)


#: one after the other, four hours each
_LIES = (
    Lie.STALE,
    Lie.DROPPED_PAGE,
    Lie.RESTATED,
    Lie.FAILS,
    Lie.LATE_ROWS,
    Lie.DROPPED_ROW_AND_TOTAL,
    Lie.EMPTY,
)


@pytest.mark.long
@pytest.mark.parametrize("name", sorted(SHOPS))
def test_ten_thousand_lives_are_the_ledger_s_after_a_day_of_all_lies(name: str, tmp_path: Path) -> None:
    begins = (BEGIN_MS + (1 + 4 * number) * HOUR_MS for number in range(len(_LIES)))
    lies = [
        ScriptedLie(lie, from_ms, from_ms + 4 * HOUR_MS) for lie, from_ms in zip(_LIES, begins, strict=True)
    ]
    check(SHOPS[name], 10_000, lies, 100, tmp_path)

"""Orders' lives at a fake marketplace: reported by pushes that are lost, late, repeated and out of order, and by polls that lie; then compared."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from multidict import CIMultiDict

from scoring.events.event import EventType
from scoring.events.pseudonyms import Pseudonyms
from scoring.events.redaction import mask_document
from scoring.records.order_life import OrderLife, OrderState, stage_events
from scoring.records.raw_delivery import RawDelivery
from scoring.sources.health import ConnectionState
from scoring.sources.json_values import read_json
from scoring.sources.signatures import SignatureVerdict
from streams.sources.hook_door import delivery_id
from streams.sources.source import HookRequest, SourceSpec
from tests.fakes.ledger import DAY_MS, HOUR_MS, Ledger, LedgerOrder
from tests.fakes.lies import Lie, ScriptedLie
from tests.fakes.lying_market import LyingMarket
from tests.fakes.lying_server import PAGE
from tests.fakes.virtual import BEGIN_MS, VirtualClock, in_virtual_time
from tests.fakes.workbench import Workbench, workbench
from tests.streams.sources.market_file import add_file

#: one after another, an hour each
LIES = (
    *(
        Lie.DROPPED_PAGE,
        Lie.REPEATED_PAGE,
        Lie.SHIFTED_PAGE,
        Lie.DROPPED_ROW,
        Lie.EMPTY,
        Lie.NO_LIST,
        Lie.HTML,
        Lie.HALF_BODY,
    ),
    *(
        Lie.THROTTLED,
        Lie.FAILS,
        Lie.EXPIRED,
        Lie.EDGE,
        Lie.LATE_ROWS,
        Lie.STALE,
        Lie.AWAY,
        Lie.THROTTLED_SILENTLY,
        Lie.SLOW,
    ),
)


@dataclass(frozen=True)
class Market:
    """One marketplace as its fake plays it."""

    spec: SourceSpec
    platform: Callable[..., LyingMarket]
    settings: Callable[..., dict[str, Any]]
    push: Callable[[LedgerOrder, int], bytes] | None = None
    signed: Callable[[bytes], Mapping[str, str]] = lambda body: {}
    #: whether the platform says when it was paid; else it is known only if the state was seen to begin
    has_time_of_payment: bool = True
    #: the settings that ask for pages of so many rows
    paged: Callable[[int], dict[str, Any]] = lambda most: {}


def taken(bench: Workbench, body: bytes, headers: Mapping[str, str], now_ms: int) -> RawDelivery:
    """A push as the door takes it."""
    hook, connection = bench.spec.hook, bench.connection
    assert hook is not None
    asked = HookRequest("POST", body, CIMultiDict(headers), {}, now_ms / 1000)
    assert hook.handshake(asked, connection) is None
    assert hook.verify(asked, connection) is SignatureVerdict.GENUINE
    label = hook.label(asked, read_json(body), connection)
    return RawDelivery(
        delivery_id=delivery_id(connection, label, body, Pseudonyms("test")),
        source=connection.source,
        connection=connection.name,
        received_at_ms=now_ms,
        topic=label.topic,
        body=mask_document(
            body,
            lambda raw: f"~{raw[:16]:a<16}",
            hook.personal(connection),
            hook.people(connection),
            hook.kept(connection),
            hook.only(connection),
        ),
    )


def scheduled(market: Market, ledger: Ledger, chance: random.Random) -> list[tuple[int, bytes]]:
    """The pushes of all changes as they arrive: a fifth is lost, a third is up to a day late, some come twice."""
    found: list[tuple[int, bytes]] = []
    for order in ledger.orders if market.push is not None else ():
        assert market.push is not None
        for at_ms in order.moments():
            if chance.random() < 0.2:
                continue
            body = market.push(order, at_ms)
            late_ms = chance.randrange(24 * 3600) * 1000 if chance.random() < 0.33 else 0
            found.append((at_ms + 1000 + late_ms, body))
            if chance.random() < 0.25:
                found.append((at_ms + 2000 + chance.randrange(6 * 3600) * 1000, body))
    return sorted(found)


def lived(
    market: Market, orders: int, days: int, seed: int, most: int = PAGE
) -> tuple[Workbench, LyingMarket]:
    """Live through all of it, and until what was missed can have been read again; a page has at most ``most`` rows."""
    ledger = Ledger.drawn(seed, BEGIN_MS, days, per_day=orders // days)
    for order in [one for one in ledger.orders if not one.cancelled_ms][::40]:  # edited
        order.restated_ms, order.restated_cents = order.placed_ms + 2 * HOUR_MS, order.cents + 700
    lies = [
        ScriptedLie(lie, BEGIN_MS + (2 + at) * HOUR_MS, BEGIN_MS + (3 + at) * HOUR_MS)
        for at, lie in enumerate(LIES)
    ]
    pushes = scheduled(market, ledger, random.Random(seed))
    last_ms = max(max(one.moments()) for one in ledger.orders)

    async def work(clock: VirtualClock) -> tuple[Workbench, LyingMarket]:
        shop = market.platform(ledger, clock.now_ms, lies, False)
        shop.most = most
        bench = workbench(market.settings(interval_s=1800, **market.paged(most)), market.spec, shop, clock)

        async def deliver() -> None:
            for at_ms, body in pushes:
                await asyncio.sleep(max(0.0, (at_ms - clock.now_ms()) / 1000))
                await bench.store.deliver([taken(bench, body, market.signed(body), clock.now_ms())])

        delivering = asyncio.create_task(deliver())
        worker = await bench.run_for((last_ms - BEGIN_MS + 1.3 * DAY_MS) / 1000)
        await delivering
        assert worker.health.present().state is ConnectionState.CONNECTED
        return bench, shop

    return in_virtual_time(work)


def compare(market: Market, bench: Workbench, shop: LyingMarket) -> None:
    """Orders, money, states and stage events equal the ledger."""
    lives = bench.store.lives()
    assert set(lives) == {order.number for order in shop.ledger.orders}
    wrong = []
    for order in shop.ledger.orders:
        life = lives[order.number]
        said = (
            life.placed_ms,
            _paid(market, order, life),
            life.shipped_ms,
            life.cancelled_ms,
            f"{Decimal(life.amount):.2f}",
            life.currency,
        )
        true = (
            order.placed_ms,
            order.paid_ms,
            order.shipped_ms,
            order.cancelled_ms,
            f"{order.amount(order.restated_ms):.2f}",
            order.currency,
        )
        if said != true:
            wrong.append((order.number, said, true))
        assert life.state is state_of(order)
    assert (len(wrong), wrong[:3]) == (0, [])
    events = [event for life in lives.values() for event in stage_events(life).events]
    assert len({event.event_id for event in events}) == len(events)
    for kind, moments in _stages(shop.ledger.orders).items():
        found = [one for one in events if one.type is kind]
        assert len(found) == len(moments)
        if kind is EventType.PAYMENT and not market.has_time_of_payment:
            continue
        assert sorted(one.event_time_ms for one in found) == moments


def compare_with_file(market: Market, bench: Workbench, shop: LyingMarket, folder: Path) -> None:
    """The platform's own export of the same orders, imported on top, changes nothing and counts nothing twice."""
    end_ms = max(max(one.moments()) for one in shop.ledger.orders) + DAY_MS
    add_file(bench.store, market.spec.name, shop.ledger, end_ms, folder)


def state_of(order: LedgerOrder) -> OrderState:
    """How an order of the ledger ends."""
    if order.cancelled_ms:
        return OrderState.CANCELLED_UNPAID  # the ledger cancels no other
    ends = (order.shipped_ms, OrderState.SHIPPED), (order.paid_ms, OrderState.PAID)
    return next((state for at_ms, state in ends if at_ms), OrderState.PLACED)


def _paid(market: Market, order: LedgerOrder, life: OrderLife) -> int:
    """When it was paid. Where the platform does not say when, and the change was not seen, it is known as of the order or of an edit."""
    is_unseen = life.paid_at_ms in (life.placed_ms, order.restated_ms)
    return order.paid_ms if life.is_paid and is_unseen and not market.has_time_of_payment else life.paid_at_ms


def _stages(orders: Sequence[LedgerOrder]) -> dict[EventType, list[int]]:
    fields = {
        EventType.ORDER: "placed_ms",
        EventType.PAYMENT: "paid_ms",
        EventType.FULFILMENT: "shipped_ms",
        EventType.CANCEL: "cancelled_ms",
    }
    return {kind: sorted(at for one in orders if (at := getattr(one, name))) for kind, name in fields.items()}

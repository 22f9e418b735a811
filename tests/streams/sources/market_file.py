"""The ledger of a fake platform as that platform's own order export, and what an import makes of it."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from scoring.records.order_facts import OrderFacts
from scoring.records.order_life import OrderLife, OrderState, merge, stage_events
from streams.sources.files.exports.dry_run import ImportChoices, summarize
from streams.sources.files.exports.opening import opened
from streams.sources.files.exports.order_life import OrderBook
from streams.sources.files.exports.versions import ImportMarks, OrderVersions
from tests.fakes.ledger import ZONE, Ledger, LedgerOrder
from tests.fakes.memory_store import MemoryStore

Line = dict[str, str]


def _local(at_ms: int, form: str = "%Y-%m-%d %H:%M:%S") -> str:
    return datetime.fromtimestamp(at_ms / 1000, ZONE).strftime(form) if at_ms else ""


def _status(order: LedgerOrder, names: tuple[str, str, str, str]) -> str:
    """Unpaid, paid, shipped or cancelled, in the platform's word."""
    ends = (order.shipped_ms, order.paid_ms, order.cancelled_ms)
    return next((name for at_ms, name in zip(ends, names[:0:-1], strict=True) if at_ms), names[0])


def _shopee(order: LedgerOrder, amount: str) -> Line:
    return {
        "Order ID": order.number,
        "Order Status": _status(order, ("Unpaid", "Cancelled", "To ship", "Shipped")),
        "Order Creation Date": _local(order.placed_ms),
        "Order Paid Time": _local(order.paid_ms) or "-",
        "Ship Time": _local(order.shipped_ms),
        "Estimated Ship Out Date": "",
        "Shopee Voucher": "0.00",
        "Quantity": "1",
        "Grand Total": amount,
        "Payment Method": "Online Payment",
        "Username (Buyer)": "zhangsan1990",
    }


def _lazada(order: LedgerOrder, amount: str) -> Line:
    return {
        "orderItemId": f"{order.number}-1",
        "lazadaId": "",
        "orderNumber": order.number,
        "createTime": _local(order.placed_ms),
        "status": _status(order, ("unpaid", "canceled", "pending", "shipped")),
        "payMethod": "MIXEDCARD",
        "paidPrice": amount,
        "unitPrice": amount,
    }


def _tiktok_shop(order: LedgerOrder, amount: str) -> Line:
    return {
        "Order ID": order.number,
        "Order Status": _status(order, ("Unpaid", "Canceled", "To ship", "Shipped")),
        "Order Substatus": "",
        "Cancelation/Return Type": "",
        "Quantity": "1",
        "Order Amount": amount,
        "Created Time": _local(order.placed_ms, "%Y/%m/%d %H:%M:%S"),
        "Paid Time": _local(order.paid_ms, "%Y/%m/%d %H:%M:%S"),
        "Shipped Time": _local(order.shipped_ms, "%Y/%m/%d %H:%M:%S"),
        "Cancelled Time": _local(order.cancelled_ms, "%Y/%m/%d %H:%M:%S"),
    }


def _amazon(order: LedgerOrder, amount: str) -> Line:
    return {
        "amazon-order-id": order.number,
        "purchase-date": datetime.fromtimestamp(order.placed_ms / 1000, ZONE).isoformat(),
        "order-status": _status(order, ("Pending", "Cancelled", "Unshipped", "Shipped")),
        "fulfillment-channel": "Merchant",
        "sku": "A1",
        "item-status": "",
        "quantity": "1",
        "currency": order.currency,
        "item-price": amount,
    }


def _shopify(order: LedgerOrder, amount: str) -> Line:
    return {
        "Name": f"#1{order.number[-4:]}",
        "Financial Status": "paid" if order.paid_ms else "pending",
        "Paid at": _local(order.paid_ms, "%Y-%m-%d %H:%M:%S +0800"),
        "Fulfillment Status": "fulfilled" if order.shipped_ms else "unfulfilled",
        "Fulfilled at": _local(order.shipped_ms, "%Y-%m-%d %H:%M:%S +0800"),
        "Currency": order.currency,
        "Total": amount,
        "Created at": _local(order.placed_ms, "%Y-%m-%d %H:%M:%S +0800"),
        "Lineitem quantity": "1",
        "Lineitem name": "Lamp",
        "Lineitem price": amount,
        "Cancelled at": _local(order.cancelled_ms, "%Y-%m-%d %H:%M:%S +0800"),
        "Payment Method": "alipay",
        "Id": order.number,
    }


def _woocommerce(order: LedgerOrder, amount: str) -> Line:
    return {
        "order_id": order.number,
        "order_date": _local(order.placed_ms),
        "paid_date": _local(order.paid_ms),
        "completed_date": _local(order.shipped_ms),
        "status": _status(order, ("pending", "cancelled", "processing", "completed")),
        "order_key": f"wc_order_{order.number}",
        "quantity": "1",
        "order_total": amount,
        "order_currency": order.currency,
        "payment_method": "alipay",
        "billing_first_name": "Zhang San",
        "billing_email": "zhang.san@example.com",
    }


#: by platform, a line of its export
EXPORTS: Mapping[str, Callable[[LedgerOrder, str], Line]] = {
    "amazon": _amazon,
    "lazada": _lazada,
    "shopee": _shopee,
    "shopify": _shopify,
    "tiktok_shop": _tiktok_shop,
    "woocommerce": _woocommerce,
}


def imported(platform: str, ledger: Ledger, now_ms: int, folder: Path) -> list[OrderFacts]:
    """Export all orders as they are at ``now_ms``, import the file an hour later, and give what it says of them."""
    lines = [EXPORTS[platform](order, f"{order.amount(now_ms):.2f}") for order in ledger.orders]
    path = folder / "orders.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(lines[0]))
        writer.writeheader()
        writer.writerows(lines)
    with opened(path) as files:
        choices = ImportChoices(zone=str(ZONE), store="cn", currency="CNY")
        (summary,) = summarize(files[0], choices)
        assert (summary.trouble, summary.questions) == ("", [])
        assert summary.table is not None
        assert summary.table.layout.platform == platform
        assert isinstance(summary.content, OrderBook)
        at_ms = now_ms + 3_600_000
        marks = ImportMarks("cn", platform, str(ZONE), "imp-1", at_ms, now_ms)
        return [facts for _, facts, _ in OrderVersions(summary.content, marks)]


def add_file(store: MemoryStore, platform: str, ledger: Ledger, now_ms: int, folder: Path) -> None:
    """Import the platform's own export of the same orders on top: nothing changes, and nothing is counted twice."""
    before = {number: _counted(life) for number, life in store.lives().items()}
    for facts in imported(platform, ledger, now_ms, folder):
        life = merge([facts])
        assert life is not None
        assert {one.event_id for one in stage_events(life).events} <= before[facts.order_id][-1].keys()
        store.versions[facts.order_id].append(facts)
    after = {number: _counted(life) for number, life in store.lives().items()}
    assert [number for number in before if before[number] != after[number]] == []
    assert set(after) == set(before)


def _counted(life: OrderLife) -> tuple[OrderState, Decimal, str, dict[str, int]]:
    """What is counted of an order: its state, its money, and its events with their times."""
    events = {one.event_id: one.event_time_ms for one in stage_events(life).events}
    return life.state, Decimal(life.amount), life.currency, events

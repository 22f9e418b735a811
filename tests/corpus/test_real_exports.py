"""Real exports with their right values: every file gives exactly them, or a question that it cannot answer itself.

The files are not part of the project. They are looked for next to it, or where FUNNELWATCH_CORPUS says; without them this is
skipped, and says so.
"""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from streams.sources.files.exports.dry_run import ImportChoices, summarize
from streams.sources.files.exports.opening import opened
from tests.places import SHARED

CORPUS = Path(os.environ.get("FUNNELWATCH_CORPUS", SHARED / "data" / "corpus"))
pytestmark = pytest.mark.skipif(not (CORPUS / "truth.json").is_file(), reason=f"no real exports at {CORPUS}")

#: what a file must give, where the list of right values names it in words
ORDERS: dict[str, dict[str, Any]] = {
    "shopify/orders_export_usd.csv": {"rows": 98, "orders": 81, "paid": 79, "shipped": 80, "cancelled": 0, "units": 99, "money": {"USD": "3305.78"}},
    "shopify/orders_export_bdt_cod.csv": {"rows": 58, "orders": 50, "paid": 0, "shipped": 43, "cancelled": 7, "units": 64, "money": {"BDT": "78510.00"}},
    "shopee/Order.all.20240201_20240229.xlsx": {"rows": 254, "orders": 211, "paid": 164, "shipped": 174, "cancelled": 52, "units": 347, "money": {"VND": "37943643"}},
    "shopee/Order.all_br_20260128.xlsx": {"rows": 61, "orders": 61, "paid": 56, "shipped": 40, "delivered": 12, "cancelled": 4, "units": 61, "money": {"BRL": "1552.43"}},
    "shopee/orders_id_202403.xlsx": {"rows": 604, "orders": 453, "cancelled": 64, "units": 2594, "money": {"IDR": "30259734"}},
    "lazada/orders_vn.xlsx": {"rows": 88, "orders": 39, "cancelled": 21, "units": 53, "left_out": {"gift": 35}, "money": {"VND": "9724017"}},
    "tiktok/orders_br.xlsx": {"rows": 141, "orders": 133, "paid": 133, "shipped": 133, "delivered": 116, "units": 151, "left_out": {"description": 1}, "money": {"BRL": "4264.47"}},
    "tiktok/orders_jp.csv": {"rows": 1, "orders": 1, "paid": 1, "shipped": 0, "units": 1, "money": {"JPY": "11990"}},
    "shein/orders_br.xlsx": {"rows": 181, "orders": 145, "refunded": 12, "money": {"BRL": "4234.08"}},
    "temu/order_export_de.csv": {"rows": 46, "orders": 43, "cancelled": 2, "units": 47, "money": {"EUR": "693.80"}},
    "erp/ozon_fbp_zh.csv": {"rows": 174, "orders": 146, "parcels": 160, "cancelled": 23, "units": 176, "money": {"USD": "30560.90", "RUB": "2199487.30"}},
    "erp/ozon_fbp_zh_gb18030.csv": {"rows": 174, "orders": 146, "parcels": 160, "cancelled": 23, "units": 176, "money": {"USD": "30560.90", "RUB": "2199487.30"}},
    "ga4/events_flat.csv": {"rows": 6, "orders": 1, "money": {"USD": "29.99"}},
    "shopify/pixel_events_20250226.csv": {"rows": 496, "orders": 15},
    "shopify/pixel_events_20250305.csv": {"rows": 459, "orders": 20},
    "ga4/bigquery_row_shape.ndjson": {"rows": 1, "orders": 1, "money": {"USD": "16.00"}},
    "woocommerce/order_pending_with_refund.json": {"rows": 1, "orders": 1, "paid": 0, "units": 1, "money": {"USD": "90.00"}},
    "amazon/sqs_order_change_shipped.json": {"rows": 1, "orders": 1, "shipped": 1, "money": {}},
    "shopify/webhooks/orders.paid.json": {"rows": 1, "orders": 0, "left_out": {"test": 1}},
    "traps/scientific_ids.csv": {"rows": 26, "orders": None, "left_out": {"damaged_id": 26}},
}  # fmt: skip
SUMS: dict[str, dict[str, Any]] = {
    "amazon/ads_search_terms.csv": {"impressions": 164806, "clicks": 1040, "spend": "836.37", "purchases": 100, "revenue": "1279.54"},
    "amazon/business_report_by_asin.csv": {"sessions": 6744, "page_views": 9409, "units": 528, "order_items": 509, "revenue": "7274.35", "refunded_units": 9},
    "meta/insights_basic_ad_data.csv": {"impressions": 37275, "link_clicks": 149, "spend": "643.63"},
    "meta/insights_basic_ad_actions_data.csv": {"action_value": None},
    "erp/mabang_cost.xlsx": {"cost": "112395.0076"},
    "lazada/traffic_vn_202603.xls": {"revenue": 1244000, "visitors": None, "page_views": 2220, "add_to_cart_users": None, "add_to_cart_units": 81, "orders": 3},
    "tiktok/product_card_traffic_mx.csv": {"views": 14914, "clicks": 509, "add_to_cart_clicks": 12, "viewers": None},
    "tiktok/shop_key_metrics_mx.csv": {"page_views": 1378, "visitors": None, "impressions": 71885, "clicks": 1434, "orders": 0},
    "amazon/sales_and_traffic.json": {"units": 23, "order_items": 20, "revenue": "238.44", "sessions": 1000, "page_views": 1658},
    "amazon/data_kiosk_economics.json": {"units": 100, "revenue": None},
    "shopee/traffic_vn_202603.xlsx": {"page_views": 30349, "visitors": None},
}  # fmt: skip
#: names of measures in the list of right values that are other words for ours
OTHER_WORDS = {"pageviews": "page_views", "atc_users": "add_to_cart_users", "atc_units": "add_to_cart_units"}
ANSWERABLE = {"zone", "currency", "period", "dates"}


def record(name: str) -> dict[str, Any]:
    with opened(CORPUS / name) as files:
        (file,) = files
        return summarize(file, ImportChoices())[0].as_record()


@pytest.mark.parametrize("name", ORDERS)
def test_orders_of_a_real_export(name: str) -> None:
    found, right = record(name), ORDERS[name]
    assert {key: found[key] for key in right} == right


@pytest.mark.parametrize("name", SUMS)
def test_figures_of_a_real_report(name: str) -> None:
    found = record(name)
    assert {measure: found["measures"][measure]["sum"] for measure in SUMS[name]} == SUMS[name]


def truth() -> dict[str, Any]:
    return (
        dict(msgspec.json.decode((CORPUS / "truth.json").read_bytes()))
        if (CORPUS / "truth.json").is_file()
        else {}
    )


@pytest.mark.parametrize("name", truth())
def test_every_day_of_a_real_export(name: str) -> None:
    found, right = record(name), truth()[name]
    if "events" in right:
        assert found["events"] == right["events"]
    elif name.startswith("erp/ozon"):
        assert (found["parcels"], found["orders"]) == (
            right["orders"],
            146,
        )  # the list counts shipments a day
    elif isinstance(next(iter(right["per_day"].values())), dict):
        for day, figures in right["per_day"].items():
            ours = {OTHER_WORDS.get(measure, measure): value for measure, value in figures.items()}
            assert {measure: Decimal(found["per_day"][day][measure]) for measure in ours} == ours
    else:
        assert found["per_day"] == right["per_day"]
        assert found["orders"] == right["orders"]


@pytest.mark.parametrize("name", [*ORDERS, *SUMS])
def test_a_real_export_is_recognised_and_asks_only_what_it_cannot_answer(name: str) -> None:
    found = record(name)
    if name == "traps/scientific_ids.csv":
        assert {"layout", "ids"} <= {question["about"] for question in found["questions"]}
        return
    # of the hundreds of fields that an interface answers a layout names a few
    assert found["sure"] >= (0.8 if name.endswith(".json") else 0.9)
    assert {question["about"] for question in found["questions"]} <= ANSWERABLE


def test_money_of_several_currencies_is_never_one_sum_and_an_unknown_code_is_asked_about() -> None:
    found = record("amazon/data_kiosk_economics.json")
    assert found["measures"]["revenue"]["sum_by_currency"] == {"USD": 0, "CAD": 1000, "?": 1000}
    assert "currency" in {question["about"] for question in found["questions"]}


@pytest.mark.parametrize(
    "topic", ["carts.create", "checkouts.create", "fulfillments.create", "refunds.create"]
)
def test_a_message_about_part_of_an_order_is_not_imported_as_one(topic: str) -> None:
    assert "message about part of an order" in record(f"shopify/webhooks/{topic}.json")["error"]

"""JSON and Parquet as tables: lists of objects by the paths to their values, whole numbers to their last digit."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import fastavro
import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from streams.sources.files.exports.dry_run import ImportChoices, summarize
from streams.sources.files.exports.json_tables import json_tables
from streams.sources.files.exports.opening import opened
from streams.sources.files.exports.unreadable import UnreadableExportError


def write(folder: Path, content: object) -> Path:
    path = folder / "a.json"
    path.write_bytes(content if isinstance(content, bytes) else msgspec.json.encode(content))
    return path


def tables(path: Path) -> dict[str, list[list[Any]]]:
    return {name: [list(cells) for _, cells in rows()] for name, rows in json_tables(path)}


def records(path: Path) -> list[dict[str, Any]]:
    with opened(path) as files:
        return [summary.as_record() for file in files for summary in summarize(file, ImportChoices())]


def test_each_list_of_objects_is_a_table_with_the_values_around_it(tmp_path: Path) -> None:
    document = {
        "spec": {"from": "2026-01-01"},
        "days": [{"day": "a", "n": {"x": 1}}, {"day": "b", "m": 2.5}],
        "tags": [1, 2],
    }
    found = tables(write(tmp_path, document))
    assert found["days"] == [
        ["day", "n.x", "m", "spec.from"],
        ["a", "1", None, "2026-01-01"],
        ["b", None, 2.5, "2026-01-01"],
    ]


def test_numbers_of_an_inner_list_are_added_up_and_texts_are_joined(tmp_path: Path) -> None:
    order = {
        "id": 820982911946154508,
        "lines": [{"q": 2, "sku": "a"}, {"q": "1.5", "sku": "b"}, {"q": None}],
        "pairs": [{"key": "k", "value": {"s": None, "i": "16"}}],
    }
    (rows,) = tables(write(tmp_path, [order])).values()
    assert dict(zip(*rows, strict=True)) == {
        "id": "820982911946154508",
        "lines[].q": "3.5",
        "lines[].sku": "a | b",
        "pairs.k": "16",
    }


def test_a_file_of_one_object_a_line_has_the_columns_of_all_lines(tmp_path: Path) -> None:
    path = write(tmp_path, b'\xef\xbb\xbf{"a": 1}\r\n\n{"b": {"c": true}}')
    assert tables(path) == {"": [["a", "b.c"], ["1", None], [None, "true"]]}


@pytest.mark.parametrize(
    ("content", "answer"),
    [
        (b'{"a": 1', "damaged"),
        (b'[{"a": 1}, {"a"', "damaged"),
        (b'{"a": 1}\n{"a": ', "line 2 is not JSON"),
        (b'{"a": 1}\n{"b"}\n', "line 2 is not JSON"),
        (b"[" * 100_000, "damaged"),
        (b'{"a":' * 100_000, "damaged"),
        (b'[{"a": "\xff"}]', "damaged"),
        (msgspec.json.encode([{f"field {n}": n} for n in range(3000)]), "different fields"),
    ],
)  # fmt: skip
def test_damaged_json_gets_a_clear_answer(tmp_path: Path, content: bytes, answer: str) -> None:
    path = write(tmp_path, content)
    assert answer in records(path)[0]["error"]
    with pytest.raises(UnreadableExportError):
        json_tables(path)


SHOPIFY = {
    "admin_graphql_api_id": "gid://shopify/Order/820982911946154508", "id": 820982911946154500, "created_at": "2026-03-07T23:30:00-05:00",
    "financial_status": "paid", "fulfillment_status": "fulfilled", "total_price": "388.00", "currency": "USD", "order_status_url": "x",
    "buyer_accepts_marketing": True, "line_items": [{"quantity": 2}, {"quantity": 1}], "test": False,
}  # fmt: skip


def test_an_order_as_a_platform_s_interface_gives_it(tmp_path: Path) -> None:
    (found,) = records(
        write(
            tmp_path,
            {"orders": [SHOPIFY, {**SHOPIFY, "admin_graphql_api_id": "gid://shopify/Order/2", "test": True}]},
        )
    )
    assert (found["layout"], found["orders"], found["paid"], found["shipped"], found["units"]) == (
        "shopify-orders-json",
        1,
        1,
        1,
        3,
    )
    assert (found["money"], found["left_out"], found["zone"]) == ({"USD": "388.00"}, {"test": 1}, "UTC-05:00")


def test_a_report_s_amounts_keep_the_currency_of_their_rows(tmp_path: Path) -> None:
    def row(market: str, amount: float, code: str) -> dict[str, object]:
        money = {"amount": amount, "currencyCode": code}
        sales = {"unitsOrdered": 5, "netUnitsSold": 5, "netProductSales": money}
        return {
            "startDate": "2026-06-01",
            "endDate": "2026-06-01",
            "msku": "x",
            "marketplaceId": market,
            "sales": sales,
            "netProceeds": {"total": money},
        }

    (found,) = records(
        write(tmp_path, {"data": [row("A", 10.5, "USD"), row("B", 20, "CAD"), row("C", 30, "Mex")]})
    )
    assert found["measures"]["units"]["sum"] == 15
    assert found["measures"]["revenue"]["sum"] is None
    assert found["money"] == {"?": "30.00", "CAD": "20.00", "USD": "10.50"}
    assert {question["about"] for question in found["questions"]} == {"currency", "zone"}


def test_parquet_is_read_by_its_columns_and_its_numbers_are_whole(tmp_path: Path) -> None:
    count = 10_000
    at = datetime(2026, 3, 7, 23, tzinfo=UTC)
    table = pa.table(
        {
            "Order ID": pa.array([582778661005462563 + number for number in range(count)], pa.int64()),
            "Created Time": pa.array([at] * count, pa.timestamp("us", "UTC")),
            "Order Status": ["Completed"] * count,
            "Order Substatus": ["Delivered"] * count,
            "SKU Unit Original Price": ["1"] * count,
            "Normal or Pre-order": ["Normal"] * count,
            "Order Amount": pa.array([1.25] * count),
            "Quantity": pa.array([2] * count, pa.int8()),
        }
    )
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=3000)
    (found,) = records(tmp_path / "a.parquet")
    assert (found["layout"], found["rows"], found["orders"], found["units"]) == (
        "tiktok-orders",
        count,
        count,
        2 * count,
    )
    assert (found["zone"], found["first_day"]) == ("UTC", "2026-03-07")
    assert found["left_out"] == {}


def test_a_damaged_parquet_file_gets_a_clear_answer(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": list(range(1000))}), tmp_path / "a.parquet")
    content = (tmp_path / "a.parquet").read_bytes()
    (tmp_path / "a.parquet").write_bytes(content[: len(content) // 2])
    assert "the Parquet file is damaged" in records(tmp_path / "a.parquet")[0]["error"]


# ---------------------------------------------------------------- nested: GA4's export from BigQuery


def exported_events() -> list[dict[str, Any]]:
    def event(name: str, at: int, **purchase: Any) -> dict[str, Any]:
        value = {"string_value": None, "int_value": 1764300000 + at, "double_value": None}
        return {
            "event_date": "20261128", "event_timestamp": 1795867200000000 + at * 1_000_000, "event_name": name,
            "user_pseudo_id": f"1234.{at % 3}", "event_params": [{"key": "ga_session_id", "value": value}],
            "ecommerce": {"transaction_id": purchase.get("id"), "purchase_revenue_in_usd": purchase.get("usd")},
            "items": [{"item_id": "L1", "quantity": 2}], "stream_id": "7", "user_ltv": {"revenue": 0.0, "currency": "USD"},
        }  # fmt: skip

    names = ("view_item_list", "view_item", "view_item", "add_to_cart")
    events = [event(name, at) for at, name in enumerate(names)]
    return [
        *events,
        event("purchase", 9, id="T-1001", usd=39.5),
        event("purchase", 12, id="T-1002", usd=12.0),
    ]


AVRO_SCHEMA: dict[str, Any] = {
    "type": "record", "name": "Root", "fields": [
        {"name": "event_date", "type": ["null", "string"]}, {"name": "event_timestamp", "type": ["null", "long"]},
        {"name": "event_name", "type": ["null", "string"]}, {"name": "user_pseudo_id", "type": ["null", "string"]},
        {"name": "event_params", "type": {"type": "array", "items": {"type": "record", "name": "P", "fields": [
            {"name": "key", "type": ["null", "string"]},
            {"name": "value", "type": {"type": "record", "name": "V", "fields": [
                {"name": "string_value", "type": ["null", "string"]}, {"name": "int_value", "type": ["null", "long"]},
                {"name": "double_value", "type": ["null", "double"]}]}}]}}},
        {"name": "ecommerce", "type": {"type": "record", "name": "E", "fields": [
            {"name": "transaction_id", "type": ["null", "string"]}, {"name": "purchase_revenue_in_usd", "type": ["null", "double"]}]}},
        {"name": "items", "type": {"type": "array", "items": {"type": "record", "name": "I", "fields": [
            {"name": "item_id", "type": ["null", "string"]}, {"name": "quantity", "type": ["null", "long"]}]}}},
        {"name": "stream_id", "type": ["null", "string"]},
        {"name": "user_ltv", "type": {"type": "record", "name": "L", "fields": [
            {"name": "revenue", "type": ["null", "double"]}, {"name": "currency", "type": ["null", "string"]}]}},
    ],
}  # fmt: skip


def test_ga4_s_export_is_the_same_events_from_json_parquet_and_avro(tmp_path: Path) -> None:
    events = exported_events()
    (tmp_path / "a.json").write_bytes(b"\n".join(msgspec.json.encode(one) for one in events))
    pq.write_table(pa.Table.from_pylist(events), tmp_path / "b.parquet")
    for codec in ("null", "deflate", "snappy"):
        with (tmp_path / f"{codec}.avro").open("wb") as file:
            fastavro.writer(file, AVRO_SCHEMA, events, codec=codec)
    found = {}
    for path in sorted(tmp_path.iterdir()):
        (record,) = records(path)
        found[path.name] = {name: one for name, one in record.items() if name not in ("file", "name")}
    assert len(found) == 5
    first = found["a.json"]
    assert first["layout"] == "ga4-events-json"
    assert all(one == first for one in found.values())


def test_lists_that_a_writer_wraps_are_lists(tmp_path: Path) -> None:
    wrapped = [
        {**one, "event_params": {"list": [{"element": part} for part in one["event_params"]]}}
        for one in exported_events()
    ]
    pq.write_table(pa.Table.from_pylist(wrapped), tmp_path / "wrapped.parquet")
    with opened(tmp_path / "wrapped.parquet") as files:
        (sheet,) = next(iter(files)).sheets
    header = next(iter(sheet.rows()))[1]
    assert "event_params.ga_session_id" in header


@pytest.mark.parametrize("cut", [6, 300, -40])
def test_a_damaged_avro_file_is_said_to_be_damaged(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "a.avro"
    with path.open("wb") as file:
        fastavro.writer(file, AVRO_SCHEMA, exported_events(), codec="deflate")
    path.write_bytes(path.read_bytes()[:cut])
    with opened(path) as files:
        assert "Avro" in str(next(iter(files)).trouble)

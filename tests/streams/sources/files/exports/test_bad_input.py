"""What cannot be imported: each gets a clear answer, and nothing of it is taken."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from streams.sources.files.exports.dry_run import ImportChoices, summarize
from streams.sources.files.exports.opening import opened
from tests.fixtures.growth import growth
from tests.fixtures.workbook import sheet_xml, write_workbook

SHOPIFY = "Name,Financial Status,Paid at,Fulfillment Status,Currency,Total,Created at,Lineitem quantity,Lineitem name,Lineitem price"
ROW = "#1,paid,2026-03-07 10:00:00 +0000,,USD,10.00,2026-03-07 10:00:00 +0000,1,Hat,5"


def found(path: Path) -> dict[str, Any]:
    with opened(path) as files:
        return summarize(files[0], ImportChoices())[0].as_record()


def csv(folder: Path, text: str) -> Path:
    path = folder / "a.csv"
    path.write_text(text)
    return path


def test_a_csv_of_four_gigabytes_is_rejected_at_once(tmp_path: Path) -> None:
    path = csv(tmp_path, f"{SHOPIFY}\n{ROW}\n")
    with path.open("r+b") as file:
        file.truncate(4 << 30)  # a hole: no disk is used
    assert "has 4.3 GB, at most 2.1 GB are read" in found(path)["error"]


def test_a_million_empty_lines_are_not_rows(tmp_path: Path) -> None:
    record = found(csv(tmp_path, f"{SHOPIFY}\n" + "\n" * 500_000 + f"{ROW}\n" + ",,,,,,,,,\n" * 500_000))
    assert (record["rows"], record["orders"], record["left_out"]) == (1, 1, {})


@pytest.mark.parametrize("headers", [1, 3])
def test_headers_and_no_rows_say_so(tmp_path: Path, headers: int) -> None:
    record = found(csv(tmp_path, f"{SHOPIFY}\n" * headers))
    assert (record["orders"], record["error"], record["questions"]) == (0, None, [])
    assert record["left_out"] == ({"repeated_header": headers - 1} if headers > 1 else {})
    assert "a header and no rows" in record["notes"][0]


def test_three_headers_of_nobody_knows_what_and_no_rows_were_asked_about(tmp_path: Path) -> None:
    record = found(csv(tmp_path, "Order ID,Date,Total\n"))
    assert "a header and no rows" in record["error"]
    assert record["questions"] == []


@pytest.mark.parametrize(
    "header",
    [
        "Website,Order ID,Order Date,Purchase Order Number,Currency,Unit Price,Unit Price Tax,Shipping Charge,Total Discounts,Total Owed,Shipment Item Subtotal,ASIN,Product Condition,Quantity,Payment Instrument Type,Order Status",
        "Order Date,Order ID,Title,Category,ASIN/ISBN,UNSPSC Code,Website,Release Date,Condition,Seller,Seller Credentials,List Price Per Unit,Purchase Price Per Unit,Quantity,Payment Instrument Type,Purchase Order Number,Ordering Customer Email,Shipment Date,Order Status",
        "Order number,Purchase date,Item title,Seller name,Item price,Quantity,Total price",
        "订单编号,下单时间,卖家会员名,宝贝标题,实付款,交易状态,我的评价",
        "No. Pesanan,Nama Toko,Waktu Pembelian,Nama Produk,Total,Status",
    ],
)
def test_a_buyer_s_own_purchases_are_not_orders_of_a_shop(tmp_path: Path, header: str) -> None:
    cells = ",".join("1" for _ in header.split(","))
    record = found(csv(tmp_path, f"{header}\n{cells}\n"))
    assert "buyer's own purchases" in record["error"]
    assert record["orders"] is None


def test_a_cart_was_an_order_of_nobody_knows_which_platform(tmp_path: Path) -> None:
    """It has only two of the fields that mark such a message, and many that orders have as well."""
    line = {
        "title": "Hat",
        "quantity": 2,
        "price": "5.00",
        "discounted_price": "5.00",
        "original_line_price": "10.00",
    }
    cart = {
        "id": "c-1",
        "token": "c-1",
        "created_at": "2026-03-07T10:00:00Z",
        "updated_at": "2026-03-07T10:00:00Z",
    }
    path = tmp_path / "cart.json"
    others = {f"field_{number}": "" for number in range(50)}
    path.write_text(
        json.dumps({**cart, **others, "line_items": [{**line, "sku": "H", "vendor": "Lion", "grams": 5}]})
    )
    assert "message about part of an order" in found(path)["error"]


def test_a_shop_s_name_in_a_seller_s_orders_made_them_a_buyer_s(tmp_path: Path) -> None:
    header = "Order Number,Shop Name,Order Date,Ship Date,Quantity,Order Total,Currency,SKU,Tracking Number,Order Status"
    record = found(csv(tmp_path, f"{header}\nA-1,Lion,2026-03-17,2026-03-18,1,10.00,USD,H,T1,Shipped\n"))
    assert (record["error"], record["orders"]) == (None, 1)


def test_a_workbook_that_unpacks_to_far_more_than_it_has_is_not_opened(tmp_path: Path) -> None:
    path = write_workbook(tmp_path / "a.xlsx", {"s": sheet_xml([["a"]])})
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as package:
        package.writestr("xl/media/a.bin", b"\0" * (100 << 20))
    assert "which no export does" in found(path)["error"]


def test_text_without_a_row_s_end_does_not_fill_memory(tmp_path: Path) -> None:
    record = found(csv(tmp_path, f"{SHOPIFY}\n#1," + "x" * (3 << 20)))
    assert "field larger than field limit" in record["error"]


def test_a_web_page_in_a_zip_does_not_stop_the_file_next_to_it(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as package:
        package.writestr("orders.csv", f"{SHOPIFY}\n{ROW}\n")
        package.writestr("signed-out.csv", "<!DOCTYPE html><html>Sign in</html>")
    with opened(tmp_path / "a.zip") as files:
        good, bad = (summarize(file, ImportChoices())[0].as_record() for file in files)
    assert (good["orders"], good["error"]) == (1, None)
    assert "web page" in bad["error"]


def test_rows_behind_a_quote_that_is_never_closed_were_missing_without_a_word(tmp_path: Path) -> None:
    rows = [f"7710{at},2026-03-0{at} 10:00,Shipped,1,9.50\n" for at in range(1, 9)]
    path = tmp_path / "orders.csv"
    path.write_text(
        "Order ID,Order Date,Order Status,Quantity,Order Total\n" + "".join(rows).replace("77103", '"77103')
    )
    with opened(path) as files:
        (file,) = files
        record = summarize(file, ImportChoices())[0].as_record()
    assert record["orders"] is None
    assert "line 4: a quote is never closed" in record["error"]


#: what patterns for times, numbers and headers take longest over, by what is before it
TRAPS = [
    ("", " "),
    ("1", " "),
    ("", "..1"),
    ("1", " x"),
    ("下午", " "),
    ("Total (", "("),
    ("", "ab "),
    ("1.5", "("),
]


@pytest.mark.parametrize(("before", "again"), TRAPS)
def test_a_cell_of_a_hundred_thousand_signs_was_read_as_a_number_for_minutes(
    tmp_path: Path, before: str, again: str
) -> None:
    def read(signs: int) -> Callable[[], object]:
        trap = before + again * (signs // len(again)) + "x"
        rows = [ROW.replace("10.00", trap, 1), ROW.replace("2026-03-07 10:00:00 +0000", trap), ROW]
        (tmp_path / str(signs)).mkdir()
        path = csv(tmp_path / str(signs), f"{SHOPIFY},{trap}\n" + "".join(f"{row},{trap}\n" for row in rows))
        return lambda: found(path)

    assert growth(read, 100_000) < 1.5

"""What the rows of a table say against the words of its headers: then a column is asked about, not taken."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from streams.sources.files.exports.cells import Cell
from streams.sources.files.exports.header_words import guessed_fields
from streams.sources.files.exports.layout import known_layouts
from streams.sources.files.exports.recognition import SURE, RecognizedTable, recognize
from streams.sources.files.exports.report_words import guessed_report, measure_of_words

_ORDERS = ("Order ID", "Order Date", "Status", "Quantity")


def recognized(shown: Sequence[str], rows: Sequence[Sequence[Cell]]) -> RecognizedTable:
    table = [(1, list(shown)), *((at, list(row)) for at, row in enumerate(rows, 2))]
    found = recognize(lambda: iter(table), known_layouts())
    assert found is not None
    return found


def test_times_before_the_order_were_taken_for_its_payment() -> None:
    headers = (*_ORDERS, "Payment Date")
    late = [[f"A-{day}", f"2026-03-{day}", "paid", 1, f"2026-03-{day + 1}"] for day in range(10, 15)]
    early = [[*row[:-1], "2019-01-01"] for row in late]
    assert "paid" in guessed_fields(headers, late)
    assert guessed_fields(headers, early).keys() >= {"order", "placed", "status"}
    assert "paid" not in guessed_fields(headers, early)


def test_a_time_after_all_others_was_taken_for_the_one_of_the_order() -> None:
    headers = (*_ORDERS, "Payment Date", "Ship Date")
    rows = [
        [f"A-{day}", "2026-06-01", "paid", 1, f"2026-03-{day}", f"2026-03-{day + 1}"] for day in range(10, 15)
    ]
    found = guessed_fields(headers, rows)
    assert "placed" not in found
    assert {"paid", "shipped"} <= found.keys()


def test_a_day_that_can_be_read_either_way_does_not_contradict() -> None:
    headers = (*_ORDERS, "Payment Date")
    rows = [[f"A-{day}", f"0{day}/05/2026", "paid", 1, f"0{day}/05/2026"] for day in range(1, 6)]
    assert "paid" in guessed_fields(headers, rows)


def test_the_number_of_the_whole_file_was_taken_for_an_orders() -> None:
    rows = [["900123", f"2026-03-{day}", "paid", 1] for day in range(10, 25)]
    assert "order" not in guessed_fields(_ORDERS, rows)
    assert "order" in guessed_fields(_ORDERS, rows[:5])  # an order of five lines


@pytest.mark.parametrize(
    ("header", "cell", "field"),
    [
        ("Quantity", "¥1,200", "quantity"),
        ("Quantity", "0.35", "quantity"),
        ("Order Total", "518700000000000001", "total"),
        ("Product ID", "$4.50", "product"),
        ("Buyer ID", "2026-03-01", "buyer"),
        ("Product Name", "4711", "item_name"),
    ],
)
def test_values_that_cannot_be_what_the_header_says_were_taken(header: str, cell: str, field: str) -> None:
    assert field not in guessed_fields(("Order ID", header), [["A-1", cell], ["A-2", cell]])


@pytest.mark.parametrize("cell", ["2", "2.00", "1,200", "3 pcs", 4, 2.0])
def test_pieces_are_counted_however_they_are_written(cell: Cell) -> None:
    assert "quantity" in guessed_fields(("Order ID", "Quantity"), [["A-1", cell]])


@pytest.mark.parametrize(
    ("header", "words"),
    [("Kwota PLN", "total"), ("Unit Price USD", "unit_price"), ("Refund Amount EUR", "refund_amount")],
)
def test_a_currency_at_the_end_of_a_header_hid_what_it_is(header: str, words: str) -> None:
    assert guessed_fields((header,)).keys() == {words}


def test_payments_with_their_fees_were_taken_for_orders() -> None:
    headers = ("Date", "Name", "Type", "Status", "Currency", "Gross", "Fee", "Net", "Transaction ID")
    rows = [["03/04/2026", "A", "Sale", "Completed", "EUR", "35,82", "-1,57", "34,25", "TX1"],
            ["13/04/2026", "B", "Refund", "Completed", "EUR", "-10,00", "0,00", "-10,00", "TX2"]]  # fmt: skip
    assert recognized(headers, rows).layout.name == "payments"
    wares = [*headers, "Product Name", "Quantity"]
    assert recognized(wares, [[*row, "Lamp", 1] for row in rows]).layout.name == "unknown-orders"


@pytest.mark.parametrize(
    "header",
    ["Order Note", "Nota del pedido", "Number of orders", "Total orders", "Warehouse order number", "Order ID (parent)", "注文者電話番号", "注文者郵便番号1",
     "Payment gateway fee", "Order edited at", "Label created date", "Minimum quantity", "Units on hand", "Дата счёта", "Peso total", "Berat total",
     "Average order value", "Base currency", "Total paid to seller", "Status changed by", "定金支付时间", "วันที่ต้องจัดส่ง", "Variant title"],
)  # fmt: skip
def test_what_is_of_something_else_was_taken_for_the_order(header: str) -> None:
    assert guessed_fields((header,)) == {}


@pytest.mark.parametrize(
    "header",
    ["Orders last year", "Orders (last 7 days)", "Shipping revenue", "Orders pending", "Store visits", "Cross-device conversions", "Invalid clicks",
     "Items viewed", "人均浏览量", "直接成交金额", "间接成交笔数", "老客支付金额", "新买家数", "新規購入者数", "関連売上", "Pembeli baru", "Доставлено товаров"],
)  # fmt: skip
def test_a_part_or_another_time_was_taken_for_the_figure(header: str) -> None:
    assert measure_of_words(header) is None


def test_the_only_column_of_days_was_not_found_by_its_unknown_name() -> None:
    shown = ("Thời gian báo cáo", "Clicks", "Impressions")
    days: list[list[Cell]] = [["13-05-2026", 3, 40], ["14-05-2026", 5, 60], ["15-05-2026", 1, 20]]
    assert guessed_report(shown, days)[0] == {"day": 0}
    assert guessed_report(shown, [[row[0], *row[1:]] for row in (days[0], days[0])])[0] == {}


def test_a_column_that_a_known_export_calls_otherwise_was_passed_over_in_silence() -> None:
    shown = ("Order ID", "Order Status", "Order Substatus", "SKU ID", "Seller SKU", "Product Name", "Quantity",
             "SKU Unit Original Price", "Order Amount", "Created Time", "Payment Completed Time")  # fmt: skip
    row = [
        "576000000000000001",
        "Shipped",
        "In transit",
        "1",
        "A",
        "Lamp",
        1,
        "10",
        "10",
        "13/05/2026 10:00",
        "13/05/2026 10:05",
    ]
    found = recognized(shown, [row])
    assert (found.layout.name, found.columns["paid"]) == ("tiktok-orders", len(shown) - 1)
    assert found.sure < SURE  # so it is asked
    assert any("Payment Completed Time" in why for why in found.why)


def test_a_report_of_days_was_taken_for_one_that_names_none() -> None:
    shown = ("Thời gian", "Lượt xem sản phẩm", "Lượt nhấp vào sản phẩm", "Khách truy cập", "Đơn hàng đã đặt")
    rows = [[f"{day}-05-2026", 300 + day, 40 + day, 200 + day, day] for day in range(13, 18)]
    found = recognized(shown, rows)
    assert found.layout.name == "unknown-report"
    assert found.columns == {"day": 0}
    assert found.sure < SURE


def test_of_two_sums_of_one_order_the_payable_one_was_taken() -> None:
    headers = ("订单号", "下单时间", "订单金额", "应付金额")
    assert guessed_fields(headers, [["1001", "2026-03-01 10:00", "199.00", "189.00"]])["total"] == 2


def test_two_columns_of_the_same_sum_were_asked_about() -> None:
    headers = ("Order ID", "Order Value", "Total Price")
    alike = [["A-1", "10.00", "10.00"], ["A-2", "12.50", "12.50"]]
    assert guessed_fields(headers, alike)["total"] == 1
    assert "total" not in guessed_fields(headers, [*alike, ["A-3", "9.00", "8.00"]])


def test_a_code_of_a_product_only_in_brackets_was_passed_over() -> None:
    assert guessed_fields(("Código (SKU)",)) == {"product": 0}


def test_groups_of_ads_with_short_names_were_taken_for_figures() -> None:
    shown = ("Datum", "Anzeigengruppenname", "Klicks", "Impressionen")
    rows: list[list[Cell]] = [["13.05.2026", "AG1", 3, 40], ["14.05.2026", "AG2", 5, 60]]
    assert guessed_report(shown, rows)[2] == {"ad_group": 1}


def test_people_who_ordered_were_taken_for_orders() -> None:
    assert measure_of_words("Unique Placed Order") is None

"""Reports of platforms that nobody has described are guessed by the words of their headers, and what is a share or a part is left alone."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from streams.sources.files.exports.layout import known_layouts
from streams.sources.files.exports.recognition import RecognizedTable, recognize
from streams.sources.files.exports.report_words import measure_of_words


def recognized(*shown: str, rows: Sequence[Sequence[str]]) -> RecognizedTable:
    lines = [(1, list(shown)), *((at, list(row)) for at, row in enumerate(rows, 2))]
    table = recognize(lambda: iter(lines), known_layouts())
    assert table is not None
    return table


def read(table: RecognizedTable) -> dict[str, str]:
    return {
        one: table.shown[place]
        for one, place in {**table.columns, **table.measures, **table.dimensions}.items()
    }


@pytest.mark.parametrize(
    ("header", "measure"),
    [
        ("Impr.", "impressions"), ("展现量", "impressions"), ("노출수", "impressions"), ("Показы", "impressions"), ("表示回数", "impressions"), ("Impresiones", "impressions"),
        ("点击量", "clicks"), ("클릭수", "clicks"), ("Clics", "clicks"), ("Outbound clicks", "link_clicks"), ("Pengunjung", "visitors"), ("访客数", "visitors"), ("Посетители", "visitors"),
        ("Sesiones", "sessions"), ("Visits", "sessions"), ("浏览量", "page_views"), ("Seitenaufrufe", "page_views"), ("Просмотры", "page_views"),
        ("加购人数", "add_to_cart_users"), ("加购件数", "add_to_cart_units"), ("Add to cart", "add_to_cart"), ("Добавления в корзину", "add_to_cart"), ("장바구니 담기", "add_to_cart"),
        ("Orders", "orders"), ("支付订单数", "paid_orders"), ("주문수", "orders"), ("Заказы", "orders"), ("Заказано на сумму", "revenue"), ("注文件数", "orders"), ("Đơn hàng", "orders"),
        ("Units sold", "units"), ("销量", "units"), ("Gesamtumsatz", "revenue"), ("매출액", "revenue"), ("成交金额", "revenue"), ("Purchase conversion value", "revenue"),
        ("Cost", "spend"), ("花费", "spend"), ("총비용(VAT포함,원)", "spend"), ("Amount spent (EUR)", "spend"), ("Gasto", "spend"), ("Conversions", "results"), ("Reach", "reach"),
        ("Refund amount", "refunded_amount"), ("Total order value (Checkout)", "revenue"), ("Checkouts", "checkouts"),
    ],
)  # fmt: skip
def test_a_header_says_what_it_counts_in_any_language(header: str, measure: str) -> None:
    assert (measure_of_words(header) or ("",))[0] == measure


@pytest.mark.parametrize(
    "header",
    ["CTR", "点击率", "Conversion rate", "Avg. CPC", "客单价", "Cost / conv.", "平均停留时长", "Bounce rate", "Доля, %", "Search impr. share", "Impr. (Top) %", "Cost per purchase", "上期访客数",
     "Quantity available", "库存件数", "Campaign ID", "Order status", "Sales", "Top 20 search slot organic impressions", "搜索访客数", "Показы (предыдущий период)", "Video views", "Lost impression share", "Budget"],
)  # fmt: skip
def test_a_share_an_average_or_a_part_is_not_a_count(header: str) -> None:
    assert measure_of_words(header) is None


def test_an_ads_report_of_an_unknown_platform_is_a_guess_that_is_asked_about() -> None:
    table = recognized(
        "Tag", "Kampagne", "Impressionen", "Klicks", "CTR", "Kosten", "Umsatz",
        rows=[("01.03.2026", "Frühling", "1200", "31", "2,6%", "14,20", "180,00"), ("02.03.2026", "Frühling", "1100", "29", "2,6%", "13,90", "90,00")],
    )  # fmt: skip
    assert (table.layout.name, table.layout.row, table.sure <= 0.5) == ("unknown-report", "day", True)
    assert read(table) == {
        "day": "Tag", "campaign": "Kampagne", "impressions": "Impressionen", "clicks": "Klicks", "spend": "Kosten", "revenue": "Umsatz",
    }  # fmt: skip
    assert table.layout.measures["spend"].unit == "money"


def test_two_parts_of_a_figure_were_taken_for_the_whole() -> None:
    table = recognized(
        "日期",
        "PC端访客数",
        "无线端访客数",
        "访客数",
        "浏览量",
        rows=[("2026-03-01", "10", "90", "97", "240")],
    )
    assert read(table) == {"day": "日期", "visitors": "访客数", "page_views": "浏览量"}


def test_sales_are_money_where_the_column_shows_it_and_else_nobody_knows() -> None:
    for cell, is_read in (("$1,204.50", True), ("1204", False)):
        table = recognized("Date", "Visits", "Orders", "Sales", rows=[("2026-03-01", "80", "3", cell)])
        assert ("revenue" in table.measures) is is_read


def test_an_order_count_was_taken_for_an_order_number() -> None:
    table = recognized(
        "Дата", "Заказы", "Посетители", "Выручка", rows=[("01.03.2026", "131", "2400", "91000,50")]
    )
    assert read(table) == {"day": "Дата", "orders": "Заказы", "visitors": "Посетители", "revenue": "Выручка"}


@pytest.mark.parametrize(
    ("shown", "name"),
    [
        (("Order ID", "SKU", "Settlement ID", "Payout date", "Commission fee", "Net amount"), "settlement"),
        (("订单号", "结算单号", "结算时间", "佣金", "手续费", "结算金额"), "settlement"),
        (
            (
                "id",
                "Seller Message",
                "Created",
                "Amount",
                "Fee",
                "Status",
                "Statement Descriptor",
                "Card Brand",
            ),
            "payments",
        ),
        (
            (
                "账务流水号",
                "业务流水号",
                "商户订单号",
                "商品名称",
                "发生时间",
                "收入金额",
                "支出金额",
                "账户余额",
            ),
            "payments",
        ),
        (("SKU", "Product", "Available", "Reserved", "On hand"), "stock"),
        (("商品编码", "仓库", "可用库存", "锁定库存", "在途"), "stock"),
    ],
)
def test_a_statement_or_a_list_of_stock_was_taken_for_orders(shown: tuple[str, ...], name: str) -> None:
    table = recognized(*shown, rows=[("A1", "x", "77120045", "2026-03-01", "1.20", "9.00")])
    assert table.layout.name == name
    assert table.layout.rejected
    assert table.layout.rejected_zh


def test_returns_of_an_unknown_platform_were_taken_for_orders() -> None:
    table = recognized(
        "return-date", "order-id", "sku", "quantity", "detailed-disposition", "reason", "status",
        rows=[("2026-03-04", "302-8810027-11", "RED-M", "1", "SELLABLE", "too small", "Unit returned")],
    )  # fmt: skip
    assert table.layout.name == "unknown-refunds"
    assert read(table) == {"time": "return-date", "order": "order-id", "product": "sku"}


def test_order_lines_without_a_number_of_the_order_were_taken_for_a_report() -> None:
    lines = [
        (1, ["Sale Date", "Item Name", "Quantity", "Price", "Shipping", "Order Total", "Status"]),
        (2, ["2026-03-01", "Mug", "1", "9.99", "2.00", "11.99", "Completed"]),
    ]
    table = recognize(lambda: iter(lines), known_layouts())
    assert table is None or table.layout.name != "unknown-report"


def test_amounts_called_orders_were_counted() -> None:
    table = recognized("Day", "Visits", "Clicks", "Total orders", rows=[("2026-03-01", "80", "9", "$812.50")])
    assert "orders" not in table.measures


def test_single_sales_with_the_minute_of_each_were_taken_for_a_report_of_days() -> None:
    shown = ("Date", "Time", "Item", "Qty", "Gross Sales", "Net Sales", "Transaction ID")
    rows = [("2026-03-01", f"10:1{at}:07", "Tea", "1", "$5.50", "$5.00", f"Zx81245{at}") for at in range(4)]
    assert recognized(*shown, rows=rows).layout.kind == "orders"


def test_a_figure_with_its_tax_in_it_was_taken_for_a_tax() -> None:
    assert measure_of_words("Расход, ₽, с НДС", ["1 200,00"]) == ("spend", 2)
    assert measure_of_words("Cost incl. VAT", ["12.00"]) is not None
    assert measure_of_words("VAT", ["12.00"]) is None


def test_visits_of_product_pages_next_to_those_of_the_shop_left_both_unread() -> None:
    rows = [[f"2026-05-1{at}", f"38{at}", f"12{at}4", f"36{at}", f"11{at}4"] for at in range(3, 6)]
    found = read(recognized("统计日期", "店铺访客数", "店铺浏览量", "商品访客数", "商品浏览量", rows=rows))
    assert found == {"day": "统计日期", "visitors": "店铺访客数", "page_views": "店铺浏览量"}


def test_a_currency_was_looked_for_in_six_languages_only() -> None:
    rows = [[f"2026-05-1{at}", f"12{at}40", f"2{at}0", "VND"] for at in range(3, 6)]
    found = read(recognized("Ngày", "Số lượt hiển thị", "Số lượt nhấp", "Đơn vị tiền tệ", rows=rows))
    assert found["currency"] == "Đơn vị tiền tệ"


def test_one_column_of_a_message_kept_a_whole_export_from_being_read() -> None:
    shown = (
        "order_number",
        "order_date",
        "order_id",
        "article_name",
        "line_price_currency",
        "tracking_number",
    )
    rows = [
        [f"1010123456789{at}", f"2026-05-1{at}T10:11:12Z", f"0b1a{at}", "Boot", "EUR", f"0034{at}"]
        for at in range(3, 6)
    ]
    table = recognized(*shown, rows=rows)
    assert (table.layout.name, read(table)["order"]) == ("unknown-orders", "order_number")


def test_customers_who_only_asked_were_taken_for_buyers() -> None:
    assert measure_of_words("询盘客户数", ["12"]) is None
    assert measure_of_words("支付买家数", ["10"]) == ("buyers", 21)
    assert measure_of_words("Coste", ["12,04"]) == ("spend", 1)

"""Small files with the traps of real ones: what each holds, what is left out, and what is asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from streams.sources.files.exports.dry_run import ImportChoices, summarize
from streams.sources.files.exports.layout import FACTS, known_layouts, load_layout
from streams.sources.files.exports.opening import opened
from streams.sources.files.exports.recognition import RecognizedTable
from streams.sources.files.exports.suggesting import suggested
from tests.fixtures.workbook import CellValue, sheet_xml, write_workbook

Read = Callable[..., dict[str, Any]]
SHOPEE = ["Mã đơn hàng", "Mã Kiện Hàng", "Ngày đặt hàng", "Trạng Thái Đơn Hàng", "Thời gian giao hàng", "Số lượng", "Tổng giá trị đơn hàng (VND)", "Thời gian hoàn thành đơn hàng", "Thời gian đơn hàng được thanh toán", "Phương thức thanh toán"]  # fmt: skip
SHOPIFY = "Name,Financial Status,Paid at,Fulfillment Status,Fulfilled at,Currency,Total,Created at,Lineitem quantity,Lineitem name,Lineitem price,Cancelled at,Payment Method,Refunded Amount\n"
TIKTOK = ["Order ID", "Order Status", "Order Substatus", "SKU Unit Original Price", "RTS Time", "Quantity", "Order Amount", "Created Time", "Paid Time", "Payment Method"]  # fmt: skip


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def _read(content: str | Sequence[Sequence[CellValue]] | bytes, **choices: Any) -> dict[str, Any]:
        if isinstance(content, (str, bytes)):
            path = tmp_path / "a.csv"
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        else:
            path = write_workbook(tmp_path / "a.xlsx", {"s": sheet_xml(content)})
        with opened(path) as files:
            return summarize(files[0], ImportChoices(**choices))[0].as_record()

    return _read


def asked(record: dict[str, Any]) -> set[str]:
    return {question["about"] for question in record["questions"]}


def test_an_order_total_that_repeats_on_each_line_counts_once(read: Read) -> None:
    rows = [
        SHOPEE,
        *[
            [
                "A1",
                "P1",
                "2026-02-01 01:38",
                "Hoàn thành",
                "2026-02-01 16:00",
                "2",
                "50000.00",
                "2026-02-09 10:00",
                "2026-02-01 02:08",
                "SPayLater",
            ]
        ]
        * 3,
    ]
    found = read(rows)
    assert (found["orders"], found["units"], found["money"]) == (1, 6, {"VND": "50000"})


def test_a_paid_time_of_cash_on_delivery_is_not_a_payment(read: Read) -> None:
    cod, paid = "Thanh toán khi nhận hàng", "2026-02-01 02:08"
    rows = [
        SHOPEE,
        ["A1", "", "2026-02-01 01:38", "Đã hủy", "", "1", "1000.00", "", paid, cod],
        ["A2", "", "2026-02-01 01:38", "Đang giao", "2026-02-02 10:00", "1", "1000.00", "", paid, cod],
        [
            "A3",
            "",
            "2026-02-01 01:38",
            "Hoàn thành",
            "2026-02-02 10:00",
            "1",
            "1000.00",
            "2026-02-05 10:00",
            paid,
            cod,
        ],
        ["A4", "", "2026-02-01 01:38", "Chờ lấy hàng", "", "1", "1000.00", "", paid, "SPayLater"],
        ["A5", "", "2026-02-01 01:38", "Chưa thanh toán", "", "1", "1000.00", "", "-", "SPayLater"],
    ]
    found = read(rows, zone="Asia/Ho_Chi_Minh")
    assert (found["orders"], found["paid"], found["shipped"], found["cancelled"]) == (5, 2, 2, 1)
    assert found["questions"] == []


def test_totals_on_the_first_line_only_and_offsets_in_the_text(read: Read) -> None:
    found = read(
        SHOPIFY
        + "#1,paid,2026-03-07 23:30:00 -0500,fulfilled,2026-03-08 09:00:00 -0400,USD,37.74,2026-03-07 23:30:00 -0500,1,Tip,2.74,,Shopify Payments,0.00\n"
        + '#1,,,,,,,2026-03-07 23:30:00 -0500,2,"Hat, ""blue""",35.00,,,\n'
        + "#2,voided,,unfulfilled,,USD,10.00,2026-03-08 10:00:00 -0400,1,Hat,10.00,2026-03-09 10:00:00 -0400,Cash on Delivery (COD),0.00\n"
    )
    assert (found["orders"], found["paid"], found["shipped"], found["cancelled"], found["units"]) == (
        2,
        1,
        1,
        1,
        4,
    )
    assert found["money"] == {"USD": "47.74"}
    assert (found["first_day"], found["last_day"], found["zone"]) == (
        "2026-03-07",
        "2026-03-08",
        "UTC-04:00, UTC-05:00",
    )
    assert found["questions"] == []


def test_days_follow_the_zone_that_is_given_where_times_have_offsets(read: Read) -> None:
    text = SHOPIFY + "#1,paid,,,,USD,1.00,2026-03-07 23:30:00 -0500,1,Hat,1,,,0\n"
    assert read(text, zone="UTC")["first_day"] == "2026-03-08"


def test_a_row_that_describes_the_columns_is_not_an_order_and_months_come_first_where_one_says_so(
    read: Read,
) -> None:
    rows = [
        TIKTOK,
        ["Platform unique order ID.", "Current order status.", "", "1 SKU original price.", "", "SKU sold quantity.", "Order total amount.", "Order created time.", "Order paid time.", "The order's payment method."],
        ["582778661005462563", "Enviado", "Entregue", "BRL 19,90", "", "1", "BRL 32,13", "02/01/2026 4:25:15 PM", "02/01/2026 4:25:53 PM", "Pix"],
        ["582778661005462564", "Enviado", "Em trânsito", "BRL 19,90", "", "2", "BRL 1.032,13", "01/27/2026 4:25:15 AM", "01/27/2026 4:25:53 AM", "Pix"],
    ]  # fmt: skip
    found = read(rows)
    assert (found["rows"], found["left_out"], found["orders"]) == (2, {"description": 1}, 2)
    assert (found["first_day"], found["last_day"]) == ("2026-01-27", "2026-02-01")
    assert found["money"] == {"BRL": "1064.26"}
    assert asked(found) == {"zone"}


def test_days_and_months_that_nothing_distinguishes_are_asked_about(read: Read) -> None:
    rows = [
        TIKTOK,
        [
            "1",
            "Shipped",
            "In transit",
            "BRL 1,00",
            "",
            "1",
            "BRL 1,00",
            "02/01/2026 4:25:15 PM",
            "02/01/2026 4:25:53 PM",
            "Pix",
        ],
    ]
    assert "dates" in asked(read(rows))


def test_thousands_with_a_dot_are_not_decimals(read: Read) -> None:
    header = [
        "No. Pesanan",
        "Status Pesanan",
        "Waktu Pesanan Dibuat",
        "Jumlah",
        "Total Pembayaran",
        "Perkiraan Ongkos Kirim",
        "Opsi Pengiriman",
    ]
    rows = [
        header,
        ["A", "Selesai", "2026-03-01 00:19", 1, "29.834", 10, "x"],
        ["B", "Batal", "2026-03-01 00:19", 1, "32.200", 10, "x"],
    ]
    assert read(rows)["money"] == {"IDR": "62034"}


def test_amounts_that_lost_their_thousands_in_a_number_cell_are_asked_about(read: Read) -> None:
    header = [
        "No. Pesanan",
        "Status Pesanan",
        "Waktu Pesanan Dibuat",
        "Jumlah",
        "Total Pembayaran",
        "Perkiraan Ongkos Kirim",
        "Opsi Pengiriman",
    ]
    rows = [header, ["A", "Selesai", "2026-03-01 00:19", 1, 29.834, 10, "x"]]
    assert "numbers" in asked(read(rows))


def test_a_status_that_is_a_sentence_with_a_date_is_known_by_how_it_begins(read: Read) -> None:
    header = [
        "ID do pedido",
        "Status do pedido",
        "Data de criação do pedido",
        "Hora do pagamento do pedido",
        "Opção de envio",
        "Cupom Shopee",
        "Hot Listing",
        "Total global",
    ]
    rows = [
        header,
        [
            "A",
            "O comprador pode pedir uma devolução até 2026-02-05",
            "2026-01-28 00:11",
            "2026-01-28 00:11",
            "x",
            "0.00",
            "N",
            "16.90",
        ],
    ]
    found = read(rows)
    assert (found["delivered"], asked(found)) == (1, {"zone"})


def test_a_status_that_nobody_knows_is_asked_about(read: Read) -> None:
    rows = [SHOPEE, ["A1", "", "2026-02-01 01:38", "Đang bay", "", "1", "1000.00", "", "-", "SPayLater"]]
    assert "statuses" in asked(read(rows))


def test_headers_in_decomposed_unicode_with_other_spaces_and_case_are_the_same_headers(read: Read) -> None:
    import unicodedata

    rows = [
        [unicodedata.normalize("NFD", text).upper().replace(" ", "\u00a0") for text in SHOPEE],
        ["A1", "", "2026-02-01 01:38", "Hoàn thành", "", "1", "1000.00", "", "-", "SPayLater"],
    ]
    found = read(rows)
    assert (found["layout"], found["orders"]) == ("shopee-orders", 1)


def test_two_header_rows_are_read_as_one_and_a_free_gift_is_not_a_unit(read: Read) -> None:
    header = [
        "orderItemId",
        "createTime",
        "orderNumber",
        "payMethod",
        "paidPrice",
        "unitPrice",
        "sellerDiscountTotal",
        "itemName",
        "status",
        "lazadaSku",
        "shippingCountry",
        "rtsSla",
    ]
    rows = [
        ["basics", "", "", "money", "", "", "", "", "", "", "", ""],
        header,
        ["1", "04 Apr 2026 07:17", "9", "COD", "193428.00", "220000.00", "-10000.00", "Cheese", "confirmed", "s", "Vietnam", ""],
        ["2", "04 Apr 2026 07:17", "9", "COD", "0.00", "500000.00", "-500000.00", "[FREE Gift]", "confirmed", "s", "Vietnam", ""],
        ["3", "04 Apr 2026 07:17", "9", "COD", "100.00", "100.00", "0.00", "Cheese", "canceled", "s", "Vietnam", ""],
    ]  # fmt: skip
    found = read(rows)
    assert (found["orders"], found["units"], found["cancelled"], found["paid"]) == (1, 2, 0, 1)
    assert (found["left_out"], found["money"]) == ({"gift": 1}, {"VND": "193528"})


def test_a_report_leaves_out_its_total_its_dashes_and_its_second_header_and_never_adds_people(
    read: Read,
) -> None:
    header = [
        "Ngày",
        "Lượt xem",
        "Số lượt xem trung bình",
        "Thời gian xem trung bình",
        "Tỉ lệ thoát trang",
        "Lượt truy cập",
    ]
    rows = [
        ["a report of 2026"],
        header,
        ["01-03-2026-02-03-2026", "30.349", "7,42", "00:01:19", "13,54%", "4.091"],
        ["-", "-", "-", "-", "-", "-"],
        header,
        ["01-03-2026", "1.833", "5,91", "00:01:19", "13,54%", "141"],
        ["02-03-2026", "1.034", "5,33", "00:01:19", "13,54%", "-"],
    ]
    found = read(rows)
    assert (found["rows"], found["left_out"]) == (2, {"total": 1, "no_day": 1, "repeated_header": 1})
    assert found["measures"]["page_views"]["sum"] == 2867
    assert found["measures"]["visitors"]["sum"] is None
    assert found["per_day"] == {
        "2026-03-01": {"page_views": 1833, "visitors": 141},
        "2026-03-02": {"page_views": 1034},
    }
    assert found["report_rows"] == 3
    assert found["orders"] is None


def test_a_row_that_covers_several_days_belongs_to_none(read: Read) -> None:
    text = 'Date range,Campaign ID,Search term,Budget currency,Impressions,Clicks,Total cost\n"Sep 08, 2025 - Jan 18, 2026","=""266""",hair,USD,105,1,0.37\n"Sep 08, 2025 - Sep 08, 2025","=""266""",hair,USD,5,1,0.10\n'
    found = read(text)
    assert found["measures"]["spend"]["sum"] == "0.47"
    assert (found["first_day"], found["last_day"]) == ("2025-09-08", "2026-01-18")
    assert "3 of 6 figures speak of several days" in found["notes"][0]


def test_order_numbers_in_scientific_notation_are_rejected_and_not_counted_as_one_order(read: Read) -> None:
    line = "1.1812E+11,paid,,,,USD,1.00,2026-03-07 23:30:00 -0500,1,Hat,1,,,0\n"
    found = read(SHOPIFY + line * 3)
    assert (found["rows"], found["orders"], found["left_out"]) == (3, None, {"damaged_id": 3})
    assert found["left_out_lines"] == {"damaged_id": [2, 3, 4]}
    assert "ids" in asked(found)


def test_order_numbers_whose_last_digits_a_spreadsheet_has_zeroed_are_rejected(read: Read) -> None:
    row = ["Shipped", "In transit", "BRL 1,00", "", "1", "BRL 1,00", "01/27/2026 4:25:15 PM", "", "Pix"]
    found = read([TIKTOK, ["582778661005462000", *row], ["582778661005463000", *row]])
    assert (found["orders"], found["left_out"]) == (None, {"damaged_id": 2})
    found = read([TIKTOK, ["582778661005462000", *row], ["582778661005463123", *row]])
    assert found["orders"] == 2


def test_a_row_cut_short_and_a_row_of_too_many_columns_are_rejected_with_their_lines(read: Read) -> None:
    good = "#1,paid,,,,USD,1.00,2026-03-07 23:30:00 -0500,1,Hat,1,,,0\n"
    found = read(
        SHOPIFY + good + "#2,paid,,,,USD,1,000.00,2026-03-07 23:30:00 -0500,1,Hat,1,,,0\n" + "#3,paid,,,,USD"
    )
    assert found["orders"] == 1
    assert found["left_out_lines"] == {"too_many_columns": [3], "cut_short": [4]}


def test_a_total_row_under_the_orders_is_not_an_order(read: Read) -> None:
    found = read(
        SHOPIFY + "#1,paid,,,,USD,1.00,2026-03-07 23:30:00 -0500,1,Hat,1,,,0\n" + "Total,,,,,,1.00,,,,,,,\n"
    )
    assert (found["orders"], found["money"], found["left_out"]) == (1, {"USD": "1.00"}, {"total": 1})


def test_orders_of_no_known_platform_are_asked_about_with_the_guess(read: Read) -> None:
    found = read("订单号,下单时间,数量,订单金额\nA1,2026-03-01 10:00,1,12.5\n")
    assert found["sure"] < 0.8
    assert found["questions"][0] == {
        "about": "layout",
        "text": "which platform's export is this?",
        "guess": "unknown-orders",
    }
    assert found["orders"] == 1


def test_a_header_without_rows_is_neither_an_order_nor_an_error(read: Read) -> None:
    found = read(SHOPIFY)
    assert (found["orders"], found["rows"], found["money"], found["error"]) == (0, 0, {}, None)


def test_a_table_of_something_else_gets_a_clear_answer(read: Read) -> None:
    assert "no row looks like the header" in read("name,colour\nx,red\n")["error"]
    assert "no known list of orders" in read('{"id": 1}')["error"]


def test_pixel_rows_keep_two_orders_apart_that_share_one_id_and_count_a_repeat_once(read: Read) -> None:
    details = '"{""transaction_id"":""T1"",""revenue"":%s}"'
    text = "client_id,page_url,timestamp,event_name,event_data\n" + "".join(
        f"{visitor},/x,2026-02-26T01:00:0{second}Z,checkout_completed,{details % revenue}\n"
        for visitor, second, revenue in (("a", 1, 5), ("b", 2, 7), ("a", 1, 5))
    )
    found = read(text)
    assert (found["orders"], found["repeats"], found["events"]) == (2, 1, {"checkout_completed": 2})


def test_a_mapping_of_ones_own_is_taken_as_it_is(read: Read, tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_text(
        "name: mine\nkind: orders\nmoney: line\nzone: Asia/Shanghai\ncurrency: CNY\nday_first: true\n"
        "columns: {order: Ref, placed: When, total: Paid}\n"
    )
    found = read("Ref,When,Paid\nA,03/04/2026 10:00,1\nA,03/04/2026 10:00,2\n", mapping=load_layout(path))
    assert (found["orders"], found["money"], found["first_day"]) == (1, {"CNY": "3.00"}, "2026-04-03")
    assert found["questions"] == []


def test_the_suggested_mapping_reads_the_file_as_the_layout_did(read: Read, tmp_path: Path) -> None:
    rows = [
        SHOPEE,
        ["A1", "", "2026-02-01 01:38", "Hoàn thành", "", "1", "1000.00", "", "2026-02-01 01:38", "SPayLater"],
    ]
    first = read(rows)
    with opened(tmp_path / "a.xlsx") as files:
        summary = summarize(files[0], ImportChoices())[0]
        assert summary.table is not None
        assert summary.values is not None
        text = suggested(summary.table, summary.values.source)
    (tmp_path / "m.yaml").write_text(text)
    again = read(rows, mapping=load_layout(tmp_path / "m.yaml"))
    for key in ("orders", "paid", "shipped", "units", "money", "first_day", "columns"):
        assert again[key] == first[key]


def test_a_suggested_mapping_lost_what_a_row_of_its_layout_counts_as(tmp_path: Path) -> None:
    kept = {
        "first_sheet_only": True,
        "units": "rows",
        "never_added": True,
        "cod_paid": "column",
        "zone": "Asia/Manila",
    }
    layout = known_layouts()[0].model_copy(update=kept | {"dimensions": {"campaign": ["Campaign"]}})
    lines = [(1, ["Order", "Campaign"]), (2, ["A1", "Spring"])]
    table = RecognizedTable(layout, 1.0, 1, ["order", "campaign"], ["Order", "Campaign"], {"order": 0})
    table.dimensions = {"campaign": 1}
    (tmp_path / "m.yaml").write_text(suggested(table, lambda: iter(lines)))
    mapping = load_layout(tmp_path / "m.yaml")
    assert {name: getattr(mapping, name) for name in kept} == kept
    assert mapping.dimensions == {"campaign": ["Campaign"]}


def test_known_layouts_are_whole() -> None:
    layouts = known_layouts()
    assert len({layout.name for layout in layouts}) == len(layouts) > 20
    for layout in layouts:
        assert layout.is_guess or len(layout.signs) >= 3, layout.name
        assert set(layout.needs) <= set(layout.columns), layout.name
        assert layout.is_guess or set(layout.statuses) <= set(layout.columns), layout.name
        for facts in layout.statuses.values():
            assert set(facts) <= set(FACTS)
            texts = [text for several in facts.values() for text in several]
            assert len(texts) == len(set(texts)), layout.name


def test_a_currency_that_is_none_is_asked_about_and_not_taken_for_the_usual_one(read: Read) -> None:
    row = "paid,,,,%s,1.00,2026-03-07 23:30:00 -0500,1,Hat,1,,,0\n"
    found = read(SHOPIFY + "#1," + row % "USD" + "#2," + row % "Mex")
    assert found["money"] == {"USD": "1.00", "?": "1.00"}
    assert asked(found) == {"currency"}


def test_amounts_of_another_currency_than_the_stores_are_asked_about(read: Read) -> None:
    text = SHOPIFY + "#1,paid,,,,USD,1.00,2026-03-07 23:30:00 -0500,1,Hat,1,,,0\n"
    assert asked(read(text, currency="JPY")) == {"currency"}
    assert asked(read(text, currency="USD")) == set()


def test_a_column_that_appears_twice_in_the_header_is_asked_about(read: Read) -> None:
    text = (
        SHOPIFY.replace("Refunded Amount", "Total")
        + "#1,paid,,,,USD,1.00,2026-03-07 23:30:00 -0500,1,Hat,1,,,9\n"
    )
    assert asked(read(text)) == {"columns"}


HEADERS_OF_OTHER_LANGUAGES = [
    ("shopee-orders", "หมายเลขคำสั่งซื้อ,สถานะการสั่งซื้อ,วันที่ทำการสั่งซื้อ,เวลาการชำระสินค้า,จำนวน,จำนวนเงินทั้งหมด,ชื่อผู้ใช้ (ผู้ซื้อ)", "order,status,placed,paid,quantity,total,buyer"),
    ("shopee-orders", "訂單編號,訂單狀態,買家帳號,訂單成立日期,買家總支付金額,蝦幣折抵,數量,買家付款時間,實際出貨時間", "order,status,buyer,placed,total,,quantity,paid,shipped"),
    ("shopee-orders", "ID del pedido,Estado del pedido,Fecha de creación del pedido,Hora de pago del pedido,Cantidad,Total global,Nombre de usuario (Comprador)", "order,status,placed,paid,quantity,total,buyer"),
    ("lazada-orders", "Order Item Id,Lazada Id,Seller SKU,Created at,Order Number,Payment Method,Paid Price,Item Name,Status", "line,,product,placed,order,payment_method,total,item_name,status"),
    ("amazon-business-by-asin", "(Übergeordnete) ASIN,(Untergeordnete) ASIN,Titel,Sitzungen – Summe,Seitenaufrufe – Summe,Bestellte Einheiten,Durch bestellte Produkte erzielter Umsatz,Zahl der Bestellposten", ",product,,sessions,page_views,units,revenue,order_items"),
    ("amazon-business-by-asin", "ASIN (parent),ASIN (child),Título,SKU,Sesiones: total,Unidades encargadas,Ventas de productos encargados,Ventas de productos encargados: B2B", ",product,,,sessions,units,revenue,"),
    ("amazon-business-by-asin", "（親）ASIN,（子）ASIN,タイトル,セッション数 - 合計,注文された商品点数,注文商品の売上額,注文品目総数", ",product,,sessions,units,revenue,order_items"),
    ("meta-ads-manager", "Nombre de la campaña,Nombre del anuncio,Día,Importe gastado (EUR),Impresiones,Alcance,Clics en el enlace", "campaign,ad,day,spend,impressions,reach,link_clicks"),
    ("meta-ads-manager", "Início dos relatórios,Término dos relatórios,Nome da campanha,Valor usado (BRL),Impressões,Alcance,Cliques no link", "day,until,campaign,spend,impressions,reach,link_clicks"),
    ("ga4-report", "日期,会话数,活跃用户,浏览次数,加入购物车次数,电子商务购买次数,总收入", "day,sessions,visitors,page_views,add_to_cart,orders,revenue"),
    ("ga4-report", "Datum,Sitzungen,Aktive Nutzer,Aufrufe,Gesamtumsatz", "day,sessions,visitors,page_views,revenue"),
]  # fmt: skip


@pytest.mark.parametrize(("layout", "headers", "fields"), HEADERS_OF_OTHER_LANGUAGES)
def test_a_platform_s_headers_in_another_language_are_recognised_for_certain(
    read: Read, layout: str, headers: str, fields: str
) -> None:
    found = read(f"{headers}\n{','.join('1' for _ in headers.split(','))}\n", zone="UTC")
    assert (found["layout"], found["sure"] >= 0.8) == (layout, True)
    wanted = {
        field: header for header, field in zip(headers.split(","), fields.split(","), strict=True) if field
    }
    dimensions = {"campaign", "ad"}
    assert {field: header for field, header in wanted.items() if field not in dimensions} == {
        field: header for field, header in found["columns"].items() if field not in dimensions
    }
    assert set(wanted.values()).isdisjoint(found["unused"])


def test_a_business_report_whose_child_column_is_unknown_is_not_read_by_its_parents(read: Read) -> None:
    """Several children of one parent would be one figure, and the others be lost."""
    found = read("ASIN (parent),ASIN (enfant),Titre,Sessions – Total,Unités commandées\nB0,B1,T,30,3\n")
    assert found["layout"] is None
    assert found["error"]

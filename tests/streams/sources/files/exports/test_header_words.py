"""Columns of platforms that nobody has described are guessed by the words of their headers, and left alone where two things are possible."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from streams.sources.files.exports.header_words import guessed_fields
from streams.sources.files.exports.layout import known_layouts
from streams.sources.files.exports.recognition import RecognizedTable, recognize


def named(*shown: str) -> dict[str, str]:
    return {field: shown[place] for field, place in guessed_fields(shown).items()}


def recognized(*shown: str, row: Sequence[str] = ()) -> RecognizedTable | None:
    rows = [(1, list(shown)), (2, list(row))]
    return recognize(lambda: iter(rows), known_layouts())


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("Paid On Date", "paid"), ("付款确认时间", "paid"), ("Data de pagamento", "paid"), ("결제일", "paid"), ("Дата оплаты", "paid"),
        ("Date Shipped", "shipped"), ("Versanddatum", "shipped"), ("出荷日", "shipped"), ("Kargoya Veriliş Tarihi", "shipped"),
        ("PO#", "order"), ("Nro. de orden", "order"), ("Código do pedido", "order"), ("Auftragsnummer", "order"), ("№ заказа", "order"), ("ID Transaksi", "order"), ("오더번호", "order"),
        ("orderNumber", "order"), ("Bestelnummer", "order"), ("หมายเลขคำสั่งซื้อ", "order"), ("Order#", "order"),
        ("用户实付金额(元)", "total"), ("Order Total (inc tax)", "total"), ("결제액", "total"),
        ("Payment status", "financial"), ("Trạng thái giao hàng", "fulfilment"), ("Ship Country", "country"), ("İptal Tarihi", "cancelled"),
        ("拼单成功时间", "placed"), ("Принят в обработку", "placed"), ("Créée le", "placed"), ("Bestelleingang", "placed"), ("Geannuleerd op", "cancelled"), ("Ngày xuất kho", "shipped"),
        ("Stok Kodu", "product"), ("Nr zamówienia", "order"), ("Łączna kwota", "total"), ("Rechnungsbetrag", "total"), ("Zahlungsstatus", "financial"), ("配送状態", "fulfilment"),
        ("Pedido", "order"), ("상품주문번호", "line"), ("Référence commande", "order"), ("出貨時間", "shipped"), ("Método de pago", "payment_method"),
        ("رقم الطلب", "order"), ("تاريخ الإنشاء", "placed"), ("حالة الدفع", "financial"), ("رمز المنتج", "product"), ("شماره سفارش", "order"), ("מספר הזמנה", "order"), ("Nr. comandă", "order"),
        ("Stav objednávky", "status"), ("Rendelésszám", "order"), ("Ποσότητα", "quantity"), ("Назва товару", "item_name"), ("Дата поръчка", "placed"), ("Beställningsdatum", "placed"),
        ("판매자상품번호", "product"), ("Item Unit Price", "unit_price"), ("Titre du produit", "item_name"), ("order_delivered_carrier_date", "shipped"),
        ("Amount", "total"), ("Email", "buyer"), ("Total Barang", "quantity"), ("Qtd. total do pedido", "quantity"), ("Gesamterstattung", "refund_amount"),
    ],
)  # fmt: skip
def test_a_header_says_what_it_holds_in_any_language(header: str, field: str) -> None:
    assert named(header) == {field: header}


@pytest.mark.parametrize(
    "header",
    ["Ship By Date", "承诺发货时间", "Fecha estimada de entrega", "Delivery Date", "Ship State", "Order Total (ex tax)", "运费", "Quantity refunded",
     "退款状态", "Billing Country", "Date Modified", "Order Shipping Total", "Total Shipped", "商品总价(元)", "Exchange Rate", "Recipient name", "Est. shipping date", "발송마감일", "Tổng tiền hàng", "Fecha límite de despacho", "Sales Channel Country"],
)  # fmt: skip
def test_what_only_sounds_like_it_is_left_out(header: str) -> None:
    assert named(header) == {}


def test_a_sku_was_taken_for_something_else() -> None:
    for header in ("SKU", "Lineitem sku", "Seller SKU", "Nomor SKU", "商品ID"):
        assert named(header) == {"product": header}


def test_of_two_columns_that_could_be_it_none_is_taken() -> None:
    assert named("Paid Date", "Payment Time") == {}
    assert named("Order Value", "Total Price") == {}


def test_of_two_headers_with_one_meaning_the_one_with_fewer_words_was_not_taken() -> None:
    assert named("PO Date", "PO Date & Time") == {"placed": "PO Date"}
    assert named("Tanggal Pesanan Selesai", "Waktu Pesanan Selesai") == {
        "completed": "Tanggal Pesanan Selesai"
    }
    assert named("Order#", "PO#", "Seller Order NO") == {"order": "Order#"}


@pytest.mark.parametrize(
    "header",
    [
        "注文日時指定",
        "キャンセル期限日",
        "発送指示日時",
        "Dispatch After date",
        "ShipRequestDate",
        "Kargoya Son Verme Tarihi",
        "RTO Creation Date",
    ],
)
def test_a_time_that_is_only_asked_for_was_taken_for_one_that_was(header: str) -> None:
    assert named(header) == {}


def test_a_participle_alone_is_a_time_where_its_column_holds_times() -> None:
    headers = ("№ заказа", "Создан", "Оплачен", "Отправлен", "Доставлен", "Статус заказа")
    times = ["7001", *(f"2026-03-0{day} 10:00" for day in range(1, 5)), "Доставлен"]
    flags = ["7001", "да", "да", "нет", "нет", "Оплачен"]
    found = guessed_fields(headers, [times])
    assert {"placed": 1, "paid": 2, "shipped": 3, "delivered": 4}.items() <= found.items()
    assert set(guessed_fields(headers, [flags])) == {"order", "status"}


def test_a_column_that_holds_something_else_than_its_header_says_is_left_alone() -> None:
    headers = ("Order ID", "Payment Date", "Quantity", "Order Total")
    assert set(guessed_fields(headers, [["A1", "2026-03-01", "2", "€ 19,90"]])) == {
        "order",
        "paid",
        "quantity",
        "total",
    }
    assert set(guessed_fields(headers, [["A1", "PayPal", "two", "paid"]])) == {"order"}


def test_a_state_next_to_a_city_is_not_the_order_s() -> None:
    assert named("State") == {"status": "State"}
    assert "status" not in named("Order ID", "State", "City", "Zip")


def test_an_export_of_an_unknown_platform_is_a_guess_that_is_asked_about() -> None:
    table = recognized("Sipariş Numarası", "Sipariş Tarihi", "Sipariş Durumu", "Adet", "Toplam Tutar",
                       row=("A1", "01.03.2026 10:00", "Yeni", "2", "19,90"))  # fmt: skip
    assert table is not None
    assert (table.layout.name, table.sure <= 0.5) == ("unknown-orders", True)
    assert set(table.columns) == {"order", "placed", "status", "quantity", "total"}
    assert recognized("Order Number", "Name", "Note") is not None
    assert recognized("Commande", "Nom", "Remarque") is None


def test_a_total_next_to_the_platform_s_fees_may_be_what_is_left_to_the_shop() -> None:
    table = recognized("# de venta", "Fecha de venta", "Estado", "Cargo por venta", "Total (MXN)")
    assert table is not None
    assert "total" not in table.columns


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("Item Total", "total"), ("Custom label", "product"), ("Item Title", "item_name"), ("商品标题", "item_name"), ("상품명", "item_name"), ("Buyer Username", "buyer"), ("买家会员名", "buyer"), ("구매자ID", "buyer"),
        ("묶음배송번호", "parcel"), ("Verschickt am - Datum", "shipped"), ("N.º de venda", "order"), ("Data da venda", "placed"), ("买家实际支付金额", "total"), ("履约状态", "fulfilment"), ("id_order_unit", "line"), ("Articles vendus", "quantity"),
    ],
)  # fmt: skip
def test_more_headers_that_platforms_write(header: str, field: str) -> None:
    assert named(header) == {field: header}


@pytest.mark.parametrize(
    "header",
    ["Buyer State", "Versanddatum bis", "결제금액_정산완료일", "买家实际支付积分", "Общая сумма штрафов", "취소수량", "Buyer Name", "买家留言", "Customer Group", "Settlement date"],
)  # fmt: skip
def test_more_that_only_sounds_like_it(header: str) -> None:
    assert named(header) == {}


def test_row_numbers_were_taken_for_orders() -> None:
    assert "order" not in guessed_fields(["No.", "SKU"], [["1", "A"], ["2", "B"], ["3", "C"]])


def test_of_two_times_the_one_with_a_time_of_day_is_taken() -> None:
    rows = [["2026-03-01", "2026-03-01 10:21"], ["2026-03-02", "2026-03-02 07:00"]]
    assert guessed_fields(["注文日", "注文日時"], rows)["placed"] == 1


def test_amounts_and_percents_were_taken_for_numbers_of_orders_and_totals() -> None:
    assert guessed_fields(["Order #", "Order total"], [["12.50", "3 %"], ["9.99", "4 %"]]) == {}


def test_the_total_of_an_item_is_added_up_and_the_order_s_own_is_not() -> None:
    for header, money in (("Item Total", "line"), ("Order Total", "once")):
        table = recognized(
            "Order ID", "Order Date", "Quantity", header, row=("88120077", "2026-03-01", "1", "9.00")
        )
        assert table is not None
        assert table.layout.money == money


def test_a_reference_that_is_all_a_table_has_for_its_orders_was_taken_for_a_product() -> None:
    grid = ("Referencia", "Nuevo cliente", "Total", "Estado", "Fecha")
    assert named(*grid)["order"] == "Referencia"
    assert "product" not in named(*grid)
    assert named("Pedido", "Referencia", "Cantidad")["product"] == "Referencia"


def test_the_date_of_a_receipt_is_the_orders_only_where_the_receipt_is_the_order() -> None:
    assert named("InvoiceNo", "InvoiceDate")["placed"] == "InvoiceDate"
    assert "placed" not in named("Order ID", "Invoice Date")


def test_an_order_without_a_word_for_it_is_known_by_its_only_numbers() -> None:
    shown = ("item_nr", "status", "order_timestamp", "offer_price")
    rows = [(f"7781200{at}", "Shipped", f"2026-03-1{at} 10:00:00", "12.50") for at in range(3)]
    fields = guessed_fields(shown, rows)
    assert shown[fields["order"]] == "item_nr"
    assert shown[fields["placed"]] == "order_timestamp"


def test_the_delivery_state_is_a_state_only_next_to_other_states() -> None:
    assert named("Delivery state") == {}
    assert named("Order state", "Delivery state")["fulfilment"] == "Delivery state"


def test_what_was_chosen_paid_or_cost_had_no_word_of_its_own() -> None:
    assert named("订单号", "选购商品")["item_name"] == "选购商品"
    assert named("注文番号", "購入者決済金額")["total"] == "購入者決済金額"
    assert named("订单号", "商品总价", "总价")["total"] == "总价"
    assert named("Bestelnummer", "Titel", "Prijs")["unit_price"] == "Prijs"


def test_the_state_of_a_delivery_in_one_word_was_taken_for_that_of_the_order() -> None:
    assert named("Auftragsnummer", "Lieferstatus")["fulfilment"] == "Lieferstatus"
    assert "status" not in named("Auftragsnummer", "Lieferstatus")


def test_more_headers_had_no_word_of_their_own() -> None:
    found = named("Bestellnummer", "Positions-ID", "Kundennummer", "幣值", "产品中文名称")
    assert (found["line"], found["buyer"]) == ("Positions-ID", "Kundennummer")
    assert (found["currency"], found["item_name"]) == ("幣值", "产品中文名称")

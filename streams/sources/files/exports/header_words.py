"""What a column of an unknown platform probably holds, by the words of its header: which event, and a time, a state, an amount or a number.

Headers differ from platform to platform, the words do not: ``Paid On Date``, ``付款确认时间`` and ``Data de pagamento`` are each a word for
paying and one for a time. What has a word that changes the meaning (promised, expected, shipping costs, refunds, …), or could be two
things, is left out: a guess is shown to a person, and a gap is easier seen than a wrong column.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import cache

from streams.sources.files.exports.cells import Cell, is_blank, text_of
from streams.sources.files.exports.dates import parts_of
from streams.sources.files.exports.layout import FieldOfExport

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_BRACKETED = re.compile(r"[(（\[【][^)）\]】]*[)）\]】]")
_JOINTS = re.compile(r"[\s_./:,'’\-–|*]+")


@cache
def _any(words: str) -> re.Pattern[str]:
    """One of ``words`` (between them ``|``): Latin and Cyrillic ones from the beginning of a word, others anywhere."""
    alternatives = []
    for word in unicodedata.normalize("NFKC", words).split("|"):
        script = unicodedata.name(word.lstrip("^\\")[0])
        alternatives.append(rf"(?<![^\W\d_]){word}" if script.startswith(("LATIN", "CYRILLIC")) else word)
    return re.compile("|".join(alternatives))


_ORDER = _any(
    r"order|po(?=[ #])|sale(?= (?:id|no|number|#))|transaksi|auftrag|pedido|orden\b|venta|commande|bestel|ordine|pesanan|đơn hàng|заказ|zamówieni|sipariş|订单|訂單|交易|注文|受注|주문|오더|การสั่งซื้อ|คำสั่งซื้อ"
)
_NUMBER = _any(
    r"ids?\b|number|code\b|código|codigo|kod\b|kodu\b|nro\b|no\b|nr\b|num\b|número|numero|\w*nummer|numéro|mã|nomor|номер|numer|numara|ref\b|#|n°|nº|reference|référence|referencia|referência|riferimento|号|號|编号|番号|번호|หมายเลข|เลขที่"
)
_TIME = _any(
    r"date|time|at\b|on\b|le\b|em\b|el\b|il\b|am\b|op\b|fecha|data\b|hora|\w*datum|\w*zeit\b|ngày|thời gian|tanggal|waktu|tempo|dnia|дата|время|tarih|时间|時間|日期|日時|日|일|วันที่|เวลา"
)
_PAID = _any(
    "paid|pay|financ|pago|pagamento|pagad|zahl|bezahl|paiement|règlement|payé|payé|thanh toán|pembayaran|dibayar|bayar|opłac|betaal|опла|płatno|zapłac|betaal|betaling|ödeme|付款|支付|入金|支払|決済|결제|입금|ชำระ"
)
_SHIPPED = _any(
    "ship|dispatch|fulfil|envío|envio|enviad|en camino|despach|versand|versendet|verzend|verzonden|kargo|expédi|spedi|pengiriman|dikirim|отправ|отгруз|передачи в доставку|wysył|kargoya|发货|發貨|出库|出貨|出货|出貨|発送|出荷|출고|발송|배송시작|gửi hàng|xuất kho|kirim|ส่งสินค้า|จัดส่ง"
)
_DELIVERED = _any(
    "delivered|confirmed delivery|(?<!kargoya )teslim|dostarcz|bezorgd|geleverd|geliefert|afgeleverd|вручен|entregad|entregue|zugestellt|zustell|livré|consegnat|diterima|đã giao|giao hàng thành công|giao thành công|доставлен|签收|確認收貨|确认收货|送达|送達|到货|配達日|妥投|配達完了|配送完了|배송완료|배송 완료"
)
_CANCELLED = _any(
    "cancel|anula|annul|geannul|storn|dibatalkan|pembatalan|hủy|huỷ|отмен|anulo|iptal|取消|キャンセル|취소|ยกเลิก"
)
_COMPLETED = _any("complet|finish|selesai|hoàn thành|завершен|完成|(?<!拼单)成功|구매확정|구매결정|สำเร็จ")
_PLACED = _any(
    r"order|creat|purchas|sale\b|sold|submit|pedido|orden\b|compra|venta|venda|creación|criação|création|commande|achat|bestel|kauf|verkauf|added|ordine|acquisto|créé|commandé|utworz|złoż|auftrag|transaksi|受注|po\b|pesan|pemesanan|đặt hàng|tạo đơn|заказ|создан|zamówi|sipariş|принят в обработку|принят|拼单成功|成团|下单|下單|订购|提交|创建|建立|成交|售出|订单|訂單|注文|주문|สั่งซื้อ"
)
_STATE = _any(
    r"\w*status|state\b|estado|situa|statut|état\b|etat\b|stato|trạng thái|статус|durum|statü|状态|狀態|ステータス|状況|状態|상태|สถานะ"
)
_METHOD = _any(
    r"method|type|gateway|forma|medio|mode|moyen|art\b|\w*zahlungsart|\w*zahlungsweise|zahlart|\w*methode|metod|método|méthode|phương thức|способ|метод|meio|weise|тип\b|渠道|system name|sposób|hình thức|yöntem|ช่องทาง|方式|方法|수단|방법|วิธี"
)
_QUANTITY = _any(
    r"quantity|qty|units?\b|unidades|num items|number of items|items count|cantidad|quantidade|quantité|qté|qtà|nb articles|liczba produkt|stück\b|menge|anzahl|stückzahl|кол во|aantal|quantità|số lượng|jumlah|kuantitas|количеств|ilość|sztuk|adet|miktar|数量|數量|件数|個数|数\b|수량|구매수|จำนวน(?!เงิน)"
)
_SUM = _any(
    "order total|grand total|final amount|wartość zamówienia|wartość całkowita|montant ttc|tổng số tiền|total price|total amount|order amount|order value|amount paid|total$|^total|ordertotal|^summe$|gesamt|rechnungsbetrag|bruttobetrag|bestellsumme|auftragssumme|totaal|montant total|montant de la commande|total global|total bayar|łączna kwota|сумма\b|tổng giá trị|請求金額|จำนวนเงินทั้งหมด|valor total|importe total|totale|tổng tiền|tổng cộng|tổng thanh toán|total pembayaran|total harga|total penjualan|итого|сумма отправления|сумма заказа|стоимость заказа|razem|kwota całkowita|kwota zamówienia|suma\b|toplam|faturalanacak|tutar\b|实付|实际支付|应收金额|应付|订单金额|訂單金額|订单总|訂單總|总金额|總金額|合計|総額|결제액|결제금액|총액|주문금액|ยอดรวม"
)
_CURRENCY = _any(
    "currency|moneda|moeda|währung|devise|valuta|mata uang|tiền tệ|валют|waluta|para birimi|币种|货币|貨幣|幣別|幣種|通貨|통화|สกุลเงิน"
)
_COUNTRY = _any(
    r"country|país|pais\b|pays\b|\w*land\b|lieferland|versandland|bestimmungsland|paese|nazione|negara|quốc gia|страна|kraj|ülke|国家|國家|国$|국가|ประเทศ"
)
_REFUND = _any(
    "refund|reembols|remboursé|remboursement|erstatt|rimbors|hoàn tiền|возврат|iade|退款|返金|환불|คืนเงิน"
)
_PRODUCT = re.compile(
    r"^(?:(?:seller|merchant|partner|product|item|offer|lineitem|line item|nomor|kode|código|codigo|custom|variant|satıcı|商品|商家|เลขอ้างอิง) ?)?(?:m?sku|stok kodu)(?: (?:id|code|number|reference no|vendedor|del vendedor|vendeur|fornitore|oferty))?$|^id sku$|^(?:\w+ )?ürün kodu$|^(?:product id|product code|product number|item number|商品id|商品编码|商品代码|货品编码|货品编号|商品編號|商家编码|货号|商品貨號|商品管理番号|artikelnummer|artikelnr|artikel nr|артикул(?: продавца)?|код товара|code article|code produit|código do produto|código del producto|商品番号|商品コード|mã sản phẩm|kod produktu|referencia|referencia del producto|référence (?:du )?produit|codice prodotto|kod produktu|업체상품코드|상품번호|상품코드|판매자 상품코드|รหัสสินค้า)$"
)
_LINE = _any(
    "order item|line item|item no|bestellposition|auftragsposition|line\\b|sub order|suborder|kalem|子订单|子訂單|订单行|行项目|明細|상품주문"
)

#: a time, amount or state that is not the one of the event
_EXPECTED = _any(
    r"by\b|after\b|request|est\b|promis|latest|last\b|estimat|expect|schedul|deadline|límite|limite|due\b|max\b|min\b|sla\b|prevista|previsto|estimad|prévu|voraussicht|spätest|dự kiến|perkiraan|batas|承诺|termin|son\b|план|крайн|термин|uiterste|verwacht|przewidyw|tahmini|planlanan|planowan|预计|預計|最晚|最迟|截止|期限|指示|予定|希望|指定|예정|희망"
)
_AFTERWARDS = _any(
    r"return|rto\b|invoice|refund|update|closed|after ?sale|cancel|reembols|devol|retour|退|售后|返|換|换|반품|교환|stock|库存|review|print|打印|invoice|发票|tax|label|cod\b"
)
_NOT_THE_SUM = _any(
    r"ship|tax|discount|fee|mrp|sku|invoice|untaxed|line|cart|refund|net\b|sub|base|cost|deliver|freight|coupon|adjust|commission|item|product|quantity|qty|count|unit|frete|envío|envio|impuesto|taxa|versand|steuer|rabatt|livraison|remise|giảm|phí|ongkos|diskon|ex tax|运费|邮费|优惠|折扣|税|佣金|服务费|退|送料|手数料|배송비|할인|商品|产品|数|товар|скид|достав"
)
_NOT_THE_COUNT = _any(
    "refund|return|cancel|ship|update|detail|charge|cost|fee|value|mrp|available|stock|total shipped|种类|退|库存|type|weight|price|harga|amount|total pembayaran"
)
_NOT_THE_COUNTRY = _any(r"channel|bill|payment|code\b|origin|warehouse|tax|rechnung|factura|store")
_NOT_THE_STATE = _any("descri|item|line|sub|サブ|商品|destin|cidade|ciudad|factura|tax|stock")
#: a method of paying that is a part of another one: which card, how often
_OF_CARD = _any("クレジット|credit|card|回数|installment|cuotas|parcela|taksit")
_BARE_PAYMENT = frozenset(
    [
        "paiement",
        "payment",
        "pago",
        "pagamento",
        "zahlung",
        "betaling",
        "płatność",
        "оплата",
        "ödeme",
        "支付",
        "付款",
        "支払",
        "支払方法",
        "支払い方法",
        "결제",
    ]
)
_OF_PRODUCT = _any("item|product|line|товар|商品")
#: the time of day alone, in languages that have a word for it
_CLOCK = _any(r"(?<=order )time\b|(?<=sale )time\b|waktu|hora\b|heure|uhrzeit|saat|godzina|注文時間")
#: an order that was confirmed or approved was placed before
_CONFIRMED = _any("confirm|approv|确认|確認|確定|確認|aprob|aprov|подтвержд")
_IS_PLACED = _any("принят в обработку|bestelleingang|auftragseingang")
#: of another thing, or in somebody else's books
_OTHER_NUMBER = _any(
    r"item|line|customer|merchant|seller|shop|channel|external|parent|original|원주문|商品|商家|묶음|track|delivery|invoice|product|sku|postal|zip|discount|coupon|country|currency"
)
_BARE_NUMBER = frozenset(
    [
        "id",
        "reference",
        "référence",
        "number",
        "numéro",
        "número",
        "nummer",
        "numer",
        "numero",
        "номер",
        "№",
        "no",
        "nr",
        "番号",
        "編號",
        "编号",
    ]
)
_INVOICE = _any("invoice|faktur|fatura")
#: what a header with a time may be the time of; the first that fits
_EVENTS: tuple[tuple[FieldOfExport, re.Pattern[str]], ...] = (
    ("cancelled", _CANCELLED),
    ("delivered", _DELIVERED),
    ("paid", _PAID),
    ("shipped", _SHIPPED),
    ("completed", _COMPLETED),
)
_ADDRESS = _any("city|zip|street|address|postcode|postal|country|buyer")
_TIMES = frozenset({"placed", *(field for field, _ in _EVENTS)})
_DIGIT = re.compile(r"\d")
_LONG_NUMBER = re.compile(r"\d{3}")
#: share of a column's cells that must be what its header says
_MOST = 0.8
_IS_SUM = _any("total|amount|\\w*summe|importe|importo|montant|金额|金額|合計|総額|tutar|kwota|금액|сумма")
_FEE = _any(
    "commission|referral fee|marketplace fee|selling fee|cargo por venta|comissão|comisión|provision|komisi|комисси|komisyon|佣金|平台服务费|手数料|수수료"
)


def guessed_fields(shown: Sequence[str], rows: Sequence[Sequence[Cell]] = ()) -> dict[FieldOfExport, int]:
    """Field → column, for what the words of the headers say without doubt, and what their columns hold does not contradict.

    Args:
        shown: the headers.
        rows: some rows below them.
    """
    found: dict[FieldOfExport, list[tuple[int, int]]] = {}
    has_address = any(_ADDRESS.search(_plain(text)) for text in shown)
    for place, text in enumerate(shown):
        cells = _cells(rows, place)
        for field, rank in _meanings(text) or _of_participle(text, cells):
            if _can_hold(field, cells) and not (has_address and _plain(text) == "state"):
                found.setdefault(field, []).append((rank, place))
    if "order" not in found:
        found |= _numbers_of_orders(shown, rows)
    fields: dict[FieldOfExport, int] = {}
    for field, places in found.items():
        best = min(rank for rank, _ in places)
        alike = [place for rank, place in places if rank == best]
        plainest = _plainest(alike, shown)
        if plainest is not None:  # else nobody knows which
            fields[field] = plainest
    return fields


def _cells(rows: Sequence[Sequence[Cell]], place: int) -> list[Cell]:
    """What a column holds, without the cells that hold nothing."""
    return [row[place] for row in rows if place < len(row) and not is_blank(row[place])]


def _numbers_of_orders(
    shown: Sequence[str], rows: Sequence[Sequence[Cell]]
) -> dict[FieldOfExport, list[tuple[int, int]]]:
    """Columns that are called after the order and hold long numbers: ``N. ordine``."""
    places = []
    for place, text in enumerate(shown):
        words, cells = _plain(text), _cells(rows, place)
        is_number = cells and all(
            _LONG_NUMBER.search(text_of(cell)) and parts_of(cell) is None for cell in cells
        )
        if is_number and _ORDER.search(words) and not _OTHER_NUMBER.search(words):
            places.append((0, place))
    return {"order": places} if places else {}


def _of_participle(text: str, cells: Sequence[Cell]) -> list[tuple[FieldOfExport, int]]:
    """``Dispatched``, ``Оплачен``: the time at which that was so, if the column holds times."""
    words = _plain(text)
    if not cells or len(words.split()) > 2 or not _can_hold("placed", cells) or _EXPECTED.search(words):
        return []
    found: tuple[tuple[FieldOfExport, re.Pattern[str]], ...] = (*_EVENTS, ("placed", _PLACED))
    return next(([(field, 1)] for field, pattern in found if pattern.search(words)), [])


def _can_hold(field: FieldOfExport, cells: Sequence[Cell]) -> bool:
    """Whether what a column holds can be that: most of its cells, for some are notes."""
    if field in _TIMES:
        fits = sum(parts_of(cell) is not None for cell in cells)
    elif field in ("quantity", "total", "refund_amount"):
        fits = sum(isinstance(cell, (int, float)) or bool(_DIGIT.search(text_of(cell))) for cell in cells)
    else:
        return True
    return fits >= _MOST * len(cells)


def _plainest(places: Sequence[int], shown: Sequence[str]) -> int | None:
    """Of headers with one meaning the one whose words the others have, too, and more: ``PO Date``, ``PO Date & Time``."""
    words = {place: set(_plain(shown[place]).split()) for place in places}
    found = [one for one in places if all(words[one] < words[other] for other in places if other != one)]
    return found[0] if len(found) == 1 else None


def takes_fees(shown: Sequence[str]) -> bool:
    """Whether some header is a fee of the platform: a plain total may then be what is left to the shop."""
    return any(_FEE.search(unicodedata.normalize("NFKC", text).casefold()) for text in shown)


def _plain(text: str) -> str:
    """The words of a header in small letters, without what is in brackets."""
    plain = unicodedata.normalize("NFKC", text).replace("İ", "i")
    return _JOINTS.sub(" ", _BRACKETED.sub(" ", _CAMEL.sub(" ", plain))).strip().casefold()


def _meanings(text: str) -> list[tuple[FieldOfExport, int]]:
    """What a header can mean; a lower number is the plainer word for it."""
    plain, words = unicodedata.normalize("NFKC", text), _plain(text)
    if not words or len(words) > 60:
        return []
    if _LINE.search(words) and _NUMBER.search(words):
        return [("line", 0 if _ORDER.search(words) else 1)]
    if _PRODUCT.search(words):
        return [("product", _of_product(words))]
    if _STATE.search(words):
        return _of_state(words)
    if _CURRENCY.search(words):
        return (
            []
            if _any("exchange|buyer|rate|value").search(words)
            else [("currency", int(_OF_PRODUCT.search(words) is not None))]
        )
    if _REFUND.search(words):
        is_amount = _any(
            "amount|total|valor|importe|importo|montant|betrag|bedrag|сумма|kwota|tutar|jumlah|số tiền|金额|金額|금액|จำนวนเงิน"
        ).search(words)
        return [("refund_amount", 0)] if is_amount and not _NUMBER.search(words) else []
    if words in _BARE_PAYMENT or (_PAID.search(words) and _METHOD.search(words)):
        return [] if _OF_CARD.search(words) else [("payment_method", 1 if words in _BARE_PAYMENT else 0)]
    if _COUNTRY.search(words):
        return [] if _NOT_THE_COUNTRY.search(words) else [("country", 0)]
    return _of_time(words) or _of_sum(words, plain) or _of_number(words)


def _of_product(words: str) -> int:
    """The shop's own name for it is plainer than the platform's."""
    if words.startswith(("sku id", "id sku")):
        return 1
    kinds = (("sku", "stok kodu"), ("id", "管理番号"))
    return next(
        (rank for rank, names in enumerate(kinds) if any(name in words for name in names)), len(kinds)
    )


def _of_state(words: str) -> list[tuple[FieldOfExport, int]]:
    if _AFTERWARDS.search(words) or _NOT_THE_STATE.search(words):
        return []
    if re.search(r"\b(?:ship|bill|deliver)\w* (?:to )?state", words):  # of the United States
        return []
    if _PAID.search(words):
        return [("financial", 0)]
    if _SHIPPED.search(words) or _any("delivery|logisti|giao hàng|物流|entrega|配送|送貨|배송").search(words):
        return [("fulfilment", 0)]
    return [("status", 0 if _ORDER.search(words) else 1 if " " not in words else 2)]


def _of_time(words: str) -> list[tuple[FieldOfExport, int]]:
    if (
        not (_TIME.search(words) or _IS_PLACED.search(words))
        or _EXPECTED.search(words)
        or _any(r"update|modif|refund|return|rto\b|invoic|inventory|退|修改").search(words)
    ):
        return []
    is_clock = _CLOCK.search(words) is not None
    for field, pattern in _EVENTS:
        if pattern.search(words):
            return [(field, int(is_clock))]
    if _PLACED.search(words):
        return [("placed", 1 if is_clock or _CONFIRMED.search(words) else 0)]
    return [("placed", 1)] if words in ("date", "fecha", "data", "datum", "tanggal", "日期", "时间") else []


def _of_sum(words: str, plain: str) -> list[tuple[FieldOfExport, int]]:
    if not _SUM.search(words) or _NUMBER.search(words):
        return []
    without_tax = re.search(r"\bex\.? tax|\bbase\b|excl", plain.casefold())
    if without_tax or _NOT_THE_SUM.search(words):
        return []
    is_plain = _any("实付|实际支付|grand total").search(words) or (
        _ORDER.search(words) and _IS_SUM.search(words)
    )
    return [("total", 0 if is_plain else 1)]


def _of_number(words: str) -> list[tuple[FieldOfExport, int]]:
    if _QUANTITY.search(words):
        is_of_order = _any("total|order").search(words)
        return [] if _NOT_THE_COUNT.search(words) else [("quantity", 1 if is_of_order else 0)]
    if _ORDER.search(words) and _NUMBER.search(words):
        if _OTHER_NUMBER.search(words):
            return []
        return [("order", 1 if words.startswith("po") else 0)]
    if words in (
        "order",
        "pedido",
        "commande",
        "bestellung",
        "ordine",
        "pesanan",
        "заказ",
        "订单",
        "注文",
        "주문",
    ):
        return [("order", 1)]
    if words in _BARE_NUMBER:
        return [("order", 2 if words == "id" else 3)]
    return [("order", 4)] if _INVOICE.search(words) and _NUMBER.search(words) else []

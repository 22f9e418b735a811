"""What a column of an unknown platform probably holds, by the words of its header: which event, and a time, a state, an amount or a number.

Headers differ from platform to platform, the words do not: ``Paid On Date``, ``付款确认时间`` and ``Data de pagamento`` are each a word for
paying and one for a time. What has a word that changes the meaning (promised, expected, shipping costs, refunds, …), or could be two
things, is left out: a guess is shown to a person, and a gap is easier seen than a wrong column.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from streams.sources.files.exports.layout import FieldOfExport

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_BRACKETED = re.compile(r"[(（\[【][^)）\]】]*[)）\]】]")
_JOINTS = re.compile(r"[\s_./:,'’\-–|*]+")


def _any(words: str) -> re.Pattern[str]:
    """One of ``words`` (between them ``|``): Latin and Cyrillic ones from the beginning of a word, others anywhere."""
    alternatives = []
    for word in unicodedata.normalize("NFKC", words).split("|"):
        script = unicodedata.name(word.lstrip("^\\")[0])
        alternatives.append(rf"(?<![^\W\d_]){word}" if script.startswith(("LATIN", "CYRILLIC")) else word)
    return re.compile("|".join(alternatives))


_ORDER = _any(
    r"order|po(?=[ #])|pedido|orden\b|venta|commande|bestel|ordine|pesanan|đơn hàng|заказ|zamówieni|sipariş|订单|訂單|交易|注文|受注|주문|คำสั่งซื้อ"
)
_NUMBER = _any(
    r"id\b|ids?\b|number|no\b|nr\b|num\b|número|numero|\w*nummer|numéro|mã|nomor|номер|numer|numara|ref\b|#|n°|nº|reference|référence|referencia|referência|riferimento|号|號|编号|番号|번호|หมายเลข"
)
_TIME = _any(
    r"date|time|at\b|on\b|am\b|fecha|data\b|hora|\w*datum|\w*zeit\b|ngày|thời gian|tanggal|waktu|дата|время|tarih|时间|時間|日期|日時|日|일|วันที่|เวลา"
)
_PAID = _any(
    "paid|pay|financ|pago|pagamento|pagad|zahl|bezahl|paiement|payé|payé|thanh toán|pembayaran|dibayar|опла|płatno|ödeme|付款|支付|入金|支払|결제|ชำระ"
)
_SHIPPED = _any(
    "ship|dispatch|fulfil|envío|envio|enviad|en camino|despach|versand|versendet|verzend|verzonden|kargo|expédi|spedi|pengiriman|dikirim|отправ|wysył|发货|發貨|出货|出貨|発送|出荷|출고|발송|จัดส่ง"
)
_DELIVERED = _any(
    "delivered|confirmed delivery|entregad|entregue|zugestellt|zustell|livré|consegnat|diterima|đã giao|доставлен|签收|確認收貨|确认收货|送达|妥投|配達完了|배송완료|배송 완료"
)
_CANCELLED = _any(
    "cancel|anula|annul|storn|dibatalkan|pembatalan|hủy|huỷ|отмен|anulo|iptal|取消|キャンセル|취소|ยกเลิก"
)
_COMPLETED = _any("complet|finish|selesai|hoàn thành|завершен|完成|成功|구매확정")
_PLACED = _any(
    r"order|creat|purchas|sale\b|sold|submit|pedido|orden\b|compra|venta|venda|creación|criação|création|commande|achat|bestel|kauf|added|ordine|acquisto|pesan|pemesanan|đặt hàng|tạo đơn|заказ|создан|zamówi|sipariş|下单|下單|提交|创建|建立|成交|订单|訂單|注文|주문|สั่งซื้อ"
)
_STATE = _any(
    r"status|state\b|estado|situa|statut|stato|trạng thái|статус|durum|statü|状态|狀態|ステータス|상태|สถานะ"
)
_METHOD = _any(
    r"method|type|gateway|forma|medio|mode|moyen|art\b|zahlungsart|\w*methode|metod|método|méthode|phương thức|способ|sposób|yöntem|方式|方法|수단|วิธี"
)
_QUANTITY = _any(
    r"quantity|qty|units?\b|unidades|number of items|items count|cantidad|quantidade|quantité|menge|anzahl|aantal|quantità|số lượng|jumlah|kuantitas|количеств|ilość|adet|miktar|数量|數量|件数|個数|数\b|수량|구매수|จำนวน"
)
_SUM = _any(
    "order total|grand total|total price|total amount|order amount|order value|amount paid|total$|^total|ordertotal|gesamt|totaal|montant total|valor total|importe total|totale|tổng tiền|tổng cộng|tổng thanh toán|total pembayaran|total harga|итого|сумма заказа|razem|toplam|实付|实际支付|应付|订单金额|訂單金額|订单总|总金额|總金額|合計|総額|결제액|결제금액|총액|ยอดรวม"
)
_CURRENCY = _any(
    "currency|moneda|moeda|währung|devise|valuta|mata uang|tiền tệ|валют|waluta|para birimi|币种|货币|幣別|通貨|통화|สกุลเงิน"
)
_COUNTRY = _any(
    r"country|país|pais\b|pays\b|land\b|lieferland|versandland|bestimmungsland|paese|negara|quốc gia|страна|kraj|ülke|国家|國家|国$|국가|ประเทศ"
)
_REFUND = _any(
    "refund|reembols|remboursé|remboursement|erstatt|rimbors|hoàn tiền|возврат|iade|退款|返金|환불|คืนเงิน"
)
_PRODUCT = re.compile(
    r"^(?:(?:seller|merchant|product|item|lineitem|line item|nomor|custom) )?sku(?: (?:id|code|number))?$|^(?:product id|商品id|商品编码|商家编码|货号|商品管理番号|artikelnummer)$"
)
_LINE = _any("order item id|line item id|sub order|suborder|子订单|상품주문")

#: a time, amount or state that is not the one of the event
_EXPECTED = _any(
    r"by\b|est\b|promis|latest|last\b|estimat|expect|schedul|deadline|límite|limite|due\b|max\b|min\b|sla\b|prevista|previsto|estimad|prévu|voraussicht|spätest|dự kiến|perkiraan|batas|承诺|预计|最晚|最迟|截止|予定|希望|예정"
)
_AFTERWARDS = _any(
    r"return|refund|update|closed|after ?sale|cancel|reembols|devol|retour|退|售后|返|換|换|반품|교환|stock|库存|review|print|打印|invoice|发票|tax|label|cod\b"
)
_NOT_THE_SUM = _any(
    r"ship|tax|discount|fee|refund|net\b|sub|base|cost|deliver|freight|coupon|adjust|commission|item|product|quantity|qty|count|unit|frete|envío|envio|impuesto|taxa|versand|steuer|rabatt|livraison|remise|giảm|phí|ongkos|diskon|ex tax|运费|邮费|优惠|折扣|税|佣金|服务费|退|送料|手数料|배송비|할인|商品|产品|数"
)
_NOT_THE_COUNT = _any(
    "refund|return|cancel|shipped|update|available|stock|total shipped|种类|退|库存|type|weight|price|harga|amount|total pembayaran"
)
_NOT_THE_COUNTRY = _any(r"channel|bill|code\b|origin|warehouse|tax|rechnung|factura|store")
_FEE = _any(
    "commission|referral fee|marketplace fee|selling fee|cargo por venta|comissão|comisión|provision|komisi|комисси|komisyon|佣金|平台服务费|手数料|수수료"
)


def guessed_fields(shown: Sequence[str]) -> dict[FieldOfExport, int]:
    """Field → column, for what the words of the headers say without doubt."""
    found: dict[FieldOfExport, list[tuple[int, int]]] = {}
    for place, text in enumerate(shown):
        for field, rank in _meanings(text):
            found.setdefault(field, []).append((rank, place))
    fields: dict[FieldOfExport, int] = {}
    for field, places in found.items():
        best = min(rank for rank, _ in places)
        alike = [place for rank, place in places if rank == best]
        if len(alike) == 1:  # else nobody knows which
            fields[field] = alike[0]
    return fields


def takes_fees(shown: Sequence[str]) -> bool:
    """Whether some header is a fee of the platform: a plain total may then be what is left to the shop."""
    return any(_FEE.search(unicodedata.normalize("NFKC", text).casefold()) for text in shown)


def _meanings(text: str) -> list[tuple[FieldOfExport, int]]:
    """What a header can mean; a lower number is the plainer word for it."""
    plain = unicodedata.normalize("NFKC", text)
    words = _JOINTS.sub(" ", _BRACKETED.sub(" ", _CAMEL.sub(" ", plain.replace("İ", "i")))).strip().casefold()
    if not words or len(words) > 60:
        return []
    if _LINE.search(words):
        return [("line", 0)]
    if _PRODUCT.search(words):
        return [("product", 0 if "sku" in words else 1 if "id" in words else 2)]
    if _STATE.search(words):
        return _of_state(words)
    if _CURRENCY.search(words):
        return [] if _any("exchange|buyer|rate").search(words) else [("currency", 0)]
    if _REFUND.search(words):
        is_amount = _any("amount|total|valor|importe|montant|betrag|金额|金額|금액").search(words)
        return [("refund_amount", 0)] if is_amount and not _NUMBER.search(words) else []
    if _PAID.search(words) and _METHOD.search(words):
        return [("payment_method", 0)]
    if _COUNTRY.search(words):
        return [] if _NOT_THE_COUNTRY.search(words) else [("country", 0)]
    return _of_time(words) or _of_sum(words, plain) or _of_number(words)


def _of_state(words: str) -> list[tuple[FieldOfExport, int]]:
    if _AFTERWARDS.search(words) or _any("descri|item|line|商品").search(words):
        return []
    if re.search(r"\b(?:ship|bill|deliver)\w* (?:to )?state", words):  # of the United States
        return []
    if _PAID.search(words):
        return [("financial", 0)]
    if _SHIPPED.search(words) or _any("delivery|logisti|giao hàng|物流|entrega|配送").search(words):
        return [("fulfilment", 0)]
    return [("status", 0 if _ORDER.search(words) else 1)]


def _of_time(words: str) -> list[tuple[FieldOfExport, int]]:
    if (
        not _TIME.search(words)
        or _EXPECTED.search(words)
        or _any("update|modif|refund|return|退|修改").search(words)
    ):
        return []
    events: tuple[tuple[FieldOfExport, re.Pattern[str]], ...] = (
        ("cancelled", _CANCELLED),
        ("delivered", _DELIVERED),
        ("paid", _PAID),
        ("shipped", _SHIPPED),
        ("completed", _COMPLETED),
    )
    for field, pattern in events:
        if pattern.search(words):
            return [(field, 0)]
    if _PLACED.search(words):
        return [("placed", 0)]
    return [("placed", 1)] if words in ("date", "fecha", "data", "datum", "tanggal", "日期", "时间") else []


def _of_sum(words: str, plain: str) -> list[tuple[FieldOfExport, int]]:
    if not _SUM.search(words) or _NUMBER.search(words):
        return []
    without_tax = re.search(r"\bex\.? tax|\bbase\b|excl", plain.casefold())
    if without_tax or _NOT_THE_SUM.search(words):
        return []
    return [("total", 0 if _any("实付|实际支付|order total|grand total").search(words) else 1)]


def _of_number(words: str) -> list[tuple[FieldOfExport, int]]:
    if _QUANTITY.search(words):
        is_of_order = _any("total|order").search(words)
        return [] if _NOT_THE_COUNT.search(words) else [("quantity", 1 if is_of_order else 0)]
    if _ORDER.search(words) and _NUMBER.search(words):
        if _any(r"item|line|customer|merchant|parent|商品|묶음|track|delivery|po\b").search(words):
            return []
        return [("order", 0)]
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
    return [("order", 2)] if words in ("id", "reference") else []

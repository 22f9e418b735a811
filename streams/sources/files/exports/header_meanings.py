"""What a header of an order can mean by its words alone; a lower rank is the plainer word for it. ``header_words`` looks at what the columns hold."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache

from streams.sources.files.exports import order_words as says
from streams.sources.files.exports.header_patterns import consists_of, one_of, plain_words
from streams.sources.files.exports.layout import FieldOfExport

Meaning = tuple[FieldOfExport, int]
_LONGEST = 70
#: more than this and a header is a sentence: nearly every word is in it
_MOST_WORDS = 9
_NOT_A_TIME = one_of(
    r"edited|label|email|定金|预付|update|modif|refund|return|rto\b|invoic|rechnung|factur|inventory|退|修改|settle|结算|정산|精算|liquid|deposit|payout|评价|review|print|打印|export|导出|birth|生日|download|count|tax\b|version"
)
#: brackets that say it is of something else
_OF_ANOTHER = re.compile(r"[(（\[](?:parent|original|external|supplier|old|previous)[)）\]]")
_IS_AMOUNT = one_of(
    r"amount|total|gesamt|valor|importe|importo|montant|\w*betrag|bedrag|сумма|kwota|tutar|jumlah|số tiền|金额|金額|금액|จำนวนเงิน|nilai"
)
_LOGISTICS = one_of(
    r"delivery|liefer\w*|zustell\w*|bezorg\w*|levering\w*|dostaw\w*|tracking|logisti|giao hàng|物流|entrega|配送|送貨|배송|livraison|doręcz|достав|spedizione|teslimat"
)
_BY_BUYER = one_of(
    r"实付|实际支付|實付|請求金額|購入者決済|결제금액|결제액|grand total|用户支付|dibayar pembeli|khách trả"
)
_PAYABLE = one_of(r"应付|應付")
#: what is bought and what is paid, without its own word for the order
_BARE_DATES = frozenset(
    [
        "date",
        "fecha",
        "data",
        "datum",
        "tanggal",
        "日期",
        "时间",
        "날짜",
        "일자",
        "日付",
        "日時",
        "дата",
        "ngày",
        "วันที่",
        "tarih",
        "data zakupu",
        "thời gian",
        "created",
        "timestamp",
        "datetime",
        "date time",
        "التاريخ",
        "تاريخ",
        "تاریخ",
        "ημερομηνία",
        "dátum",
        "dato",
    ]
)
_BARE_ORDERS = frozenset(
    [
        "order",
        "pedido",
        "commande",
        "bestellung",
        "ordine",
        "pesanan",
        "заказ",
        "订单",
        "訂單",
        "注文",
        "주문",
        "zamówienie",
        "sipariş",
    ]
)
#: a word for the order itself, not for the sale or the deal
_IS_ORDER = one_of(
    r"order|pedido|orden\b|commande|\w*bestel|ordine|pesanan|đơn hàng|заказ|zamówieni|sipariş|订单|訂單|注文|受注|주문|오더|คำสั่งซื้อ|การสั่งซื้อ|auftrag|\w*auftrag"
)
_IS_COUNT = one_of(r"number of|nb\b|count|qty|quantity|num\b")
#: of the payment or the refund
_IS_OTHER_DEAL = one_of(
    r"pay|bank|refund|reference|ref\b|type|settle|card|order|item|line|ad\b|customer|buyer|tax|支付|退款"
)
_DESTINATION = one_of(
    r"ship|deliver|destin|liefer|envío|envio|livraison|recipient|收货|收件|送|доставк|kirim|nhận|배송|수취"
)
_OF_BUYER = one_of(r"buyer|customer|käufer|comprador|买家|cliente|client|kunde|구매")


_ARRIVALS: tuple[tuple[FieldOfExport, re.Pattern[str]], ...] = (
    ("campaign", says.CAMPAIGN),
    ("medium", says.MEDIUM),
    ("channel", says.CHANNEL),
    ("landing", says.LANDING),
    ("referrer", says.REFERRER),
)


def said_arrivals(shown: Sequence[str]) -> Iterator[tuple[FieldOfExport, int]]:
    """The columns of any platform's orders that say by a name of their own how the buyer came: ``utm_*``, a landing page, a referrer."""
    for place, text in enumerate(shown):
        words = plain_words(text)
        for field, pattern in _ARRIVALS:
            if pattern.search(words) and ("utm" in words or field in ("landing", "referrer")):
                yield field, place


@lru_cache(maxsize=20_000)
def meanings(text: str) -> list[Meaning]:
    """What a header can mean."""
    plain, words = unicodedata.normalize("NFKC", text), plain_words(text)
    if not words or len(words) > _LONGEST or len(words.split()) > _MOST_WORDS:
        return []
    for field, pattern in _ARRIVALS:
        if pattern.search(words):
            return [(field, 0 if "utm" in words else 1)]
    if _OF_ANOTHER.search(plain.casefold()):
        return []
    return (
        _of_thing(words)
        if _names_a_thing(words)
        else _of_state_or_money(words)
        or _of_time(words)
        or _of_sum(words, plain)
        or _of_number(words)
        or _of_brackets(text)
    )


def _of_brackets(text: str) -> list[Meaning]:
    """A code of a product that only the brackets name: ``Código (SKU)``."""
    words = plain_words(text, with_brackets=True)
    return [("product", _of_product(words))] if _is_code_of_product(words) else []


def _names_a_thing(words: str) -> bool:
    return (
        bool(says.LINE.search(words) and says.NUMBER.search(words))
        or any(
            pattern.search(words)
            for pattern in (
                says.PARCEL,
                says.DISCOUNT,
                says.SHOP,
            )
        )
        or says.LINE_SUM.search(words) is not None
        or _is_code_of_product(words)
        or _is_name_of_product(words)
        or _is_price_of_one(words)
        or (says.BUYER.search(words) is not None and not _is_state_of_order(words) and bool(_of_buyer(words)))
    )


def _is_code_of_product(words: str) -> bool:
    if says.PRODUCT.search(words) or words in says.BARE_CODE:
        return True
    if _IS_COUNT.search(words):
        return False
    others = (says.OF_SHOP, says.CODE, says.THING, says.BETWEEN)
    return consists_of(words, (says.SKU,), others) or consists_of(words, (says.CODE, says.THING), others)


def _is_name_of_product(words: str) -> bool:
    if says.ITEM_NAME.search(words) or words in says.BARE_ITEM:
        return True
    if says.OF_VARIANT.search(words):
        return False
    things = (says.THING, says.SKU)
    return any(
        consists_of(words, (says.NAME, thing), (*things, says.OF_SHOP, says.BETWEEN)) for thing in things
    )


def _is_price_of_one(words: str) -> bool:
    if says.OTHER_PRICE.search(words):
        return False
    if says.UNIT_PRICE.search(words) or says.ANY_PRICE.search(words):
        return True
    others = (says.THING, says.SKU, says.OF_ONE, says.BETWEEN)
    return any(consists_of(words, (says.PRICE, one), others) for one in others[:3])


def _is_state_of_order(words: str) -> bool:
    return says.STATE.search(words) is not None


def _of_thing(words: str) -> list[Meaning]:
    """A line, a parcel, a product, a price of one, a shop or a buyer."""
    if says.LINE.search(words) and says.NUMBER.search(words) and not says.LINE_SUM.search(words):
        return [("line", 0 if says.ORDER.search(words) else 1)]
    if says.PARCEL.search(words):
        return [("parcel", 0)]
    if _is_code_of_product(words):
        return [("product", _of_product(words))]
    if says.LINE_SUM.search(words):
        return [("total", 5)]
    if _is_name_of_product(words):
        return [("item_name", 9 if words in says.BARE_ITEM else len(words.split()))]
    if _is_price_of_one(words):
        return [("unit_price", len(words.split()))]
    for field, pattern in (
        ("discount", says.DISCOUNT),
        ("shop", says.SHOP),
    ):
        if pattern.search(words):
            return [(field, len(words.split()))]  # type: ignore[list-item]
    return _of_buyer(words)


def _of_buyer(words: str) -> list[Meaning]:
    if says.NOT_THE_BUYER.search(words):
        return []
    ranks = [rank for rank, pattern in enumerate(says.BUYER_KEYS) if pattern.search(words)]
    return [("buyer", ranks[0])] if ranks else []


def _of_state_or_money(words: str) -> list[Meaning]:
    """A state, a currency, a refund, a method of paying or a country; nothing for what only has a word of them."""
    if says.STATE.search(words):
        return _of_state(words)
    if says.CURRENCY.search(words):
        if one_of(r"exchange|buyer|base\b|target|rate|value|amount|汇率|金额").search(words):
            return []
        return [("currency", int(says.OF_PRODUCT.search(words) is not None))]
    if says.REFUND.search(words):
        is_amount = _IS_AMOUNT.search(words) and not says.NUMBER.search(words)
        return (
            [("refund_amount", 0)]
            if is_amount
            and not one_of(r"ship|tax|item|fee|运费|税|request|申请|reason|pending").search(words)
            else []
        )
    if words in says.BARE_PAYMENT or (says.PAID.search(words) and says.METHOD.search(words)):
        return (
            []
            if says.OF_CARD.search(words) or says.FEE.search(words)
            else [("payment_method", 1 if words in says.BARE_PAYMENT else 0)]
        )
    if says.COUNTRY.search(words) and not says.NOT_THE_COUNTRY.search(words):
        return [("country", 0 if _DESTINATION.search(words) else 2 if _OF_BUYER.search(words) else 1)]
    return []


def _of_product(words: str) -> int:
    """The shop's own name for it is plainer than the platform's."""
    if words.startswith(("sku id", "id sku")):
        return 2
    if says.OF_SHOP.search(words):
        return 0
    kinds = (("sku", "stok kodu", "bestandseinheit"), ("id", "管理番号"))
    return next(
        (rank + 1 for rank, names in enumerate(kinds) if any(name in words for name in names)), len(kinds) + 1
    )


def _of_state(words: str) -> list[Meaning]:
    if says.AFTERWARDS.search(words) or says.NOT_THE_STATE.search(words):
        return []
    if re.search(r"\b(?:ship|bill|deliver)\w* (?:to )?state", words):  # of the United States
        return []
    if says.PAID.search(words):
        return [("financial", 0)]
    if says.SHIPPED.search(words) or _LOGISTICS.search(words):
        return [("fulfilment", 0)]
    return [("status", 0 if says.ORDER.search(words) else 1 if " " not in words else 2)]


def is_other_time(words: str) -> bool:
    """Whether a time is not the one at which something was done to the order: it was promised, or is of something else."""
    return says.EXPECTED.search(words) is not None or _NOT_A_TIME.search(words) is not None


def _of_time(words: str) -> list[Meaning]:
    if not (says.TIME.search(words) or says.IS_PLACED.search(words)) or is_other_time(words):
        return []
    is_clock = says.CLOCK.search(words) is not None
    for field, pattern in says.EVENTS:
        if pattern.search(words):
            if field == "delivered" and says.CARRIER.search(words):
                field = "shipped"
            return [(field, int(is_clock))]
    if says.PLACED.search(words):
        return [("placed", 1 if is_clock or says.CONFIRMED.search(words) else 0)]
    return [("placed", 2)] if words in _BARE_DATES else []


def _of_sum(words: str, plain: str) -> list[Meaning]:
    if words in says.BARE_SUM:
        return [("total", 6)]
    if not says.SUM.search(words) or says.NUMBER.search(words):
        return []
    without_tax = re.search(r"\bex\.? tax|\bbas(?:e|is)\b|excl", plain.casefold())
    if without_tax or says.NOT_THE_SUM.search(words):
        return []
    if _BY_BUYER.search(words):
        return [("total", 0)]
    if _PAYABLE.search(words):
        return [("total", 2)]
    is_of_order = says.ORDER.search(words) and says.IS_SUM.search(words)
    return [("total", 0 if is_of_order else 3)]


def _of_number(words: str) -> list[Meaning]:
    if consists_of(words, (says.QUANTITY, says.SHIPPED), (says.BETWEEN,)):
        return [("quantity", 5)]
    if says.QUANTITY.search(words):
        if says.NOT_THE_COUNT.search(words):
            return []
        return [("quantity", 1 if one_of(r"total|order|总|總").search(words) else 0)]
    if says.ORDER.search(words) and says.NUMBER.search(words):
        is_second = words.startswith("po") or not _IS_ORDER.search(words)
        return [] if says.OTHER_NUMBER.search(words) else [("order", int(is_second))]
    if words in _BARE_ORDERS:
        return [("order", 1)]
    if words in says.BARE_NUMBER:
        return [("order", 2 if words == "id" else 3)]
    if words in ("sub order", "suborder"):
        return [("line", 1)]
    if not says.NUMBER.search(words) or says.OTHER_NUMBER.sub(" ", words).strip() == "":
        return []
    if says.DEAL.search(words) and not _IS_OTHER_DEAL.search(words):
        return [("order", 5)]
    return [("order", 4)] if says.INVOICE.search(words) else []

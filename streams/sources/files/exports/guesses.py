"""The guesses for tables of platforms that nobody has described: orders, a report or refunds, by the words of the headers and what is below.

Each is shown to a person and asked about. What a file of another kind is (a statement of settlement, a list of stock) is said, not guessed.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from scoring.records.measures import MEASURES
from streams.sources.files.exports import order_words as says
from streams.sources.files.exports.cells import Cell
from streams.sources.files.exports.column_evidence import are_net_of_fees, can_hold
from streams.sources.files.exports.figure_shapes import are_moments
from streams.sources.files.exports.header_patterns import one_of, plain_words
from streams.sources.files.exports.header_words import guessed_fields, takes_fees
from streams.sources.files.exports.layout import ExportLayout, FieldOfExport, ReportMeasure
from streams.sources.files.exports.report_words import Found, guessed_report, is_period

#: how many measures make a table a report
_MEASURES_ENOUGH = 2
#: words of a settlement, or one of them and fees, that make a table a statement of one
_SETTLED_ENOUGH = _FEES_ENOUGH = 2
#: things said of an order that make a table with a number orders, where no header is one that others use
_FACTS_ENOUGH = 2
_OF_ORDERS = frozenset(
    {"placed", "paid", "shipped", "status", "quantity", "total", "financial", "currency", "payment_method"}
)
#: how many things said of an order make a table rows of orders, though it has no number of them
_LIKE_ORDERS = 4
_REFUND_TIME = one_of(
    r"date|time\b|at\b|on\b|日期|时间|日時|日|تاريخ|تاریخ|ημερομηνί|dátum|fecha|data\b|\w*datum|tarikh|дата|tanggal|ngày|วันที่|일시?$"
)
_DONE = one_of(r"complet|finish|refunded|完成|完结|成功|abgeschlossen|завершен|selesai|완료|完了")
_ASKED = one_of(r"request|appl|受付|申请|申請|created|antrag|solicit|запрос|요청|접수")
_SETTLED = one_of(
    r"settle|statement|payout|pay out|disburse|deposit date|amount type|transaction type|posted|结算|打款|到账|账单|入账|动账|정산|지급|精算|振込|入金予定|liquidaci|liquidação|repasse|auszahlung|abrechnung|versement|reversement|перечислению|удержан|к выплате|pencairan|dana|penyelesaian|đối soát|thanh toán cho người bán|wypłat|accredito"
)
_FEES = one_of(
    r"fees?\b|commission|comissão|comisión|provision|gebühr|frais|комисси|штраф|хранение|удержан|услуги по доставке|佣金|手续费|服务费|수수료|手数料|biaya admin|biaya layanan|penghasilan|phí|prowizj|commissione|net amount|net proceeds"
)
_STOCKED = one_of(
    r"available|on hand|in stock|stock\b|reserved|inbound|库存|在途|锁定|可用|可售|estoque|existencias|bestand|lagerbestand|stock disponible|остат|재고|在庫|stok\b|tồn kho|คงคลัง|magazyn|giacenza"
)
_RETURNED = one_of(
    r"return|rma\b|返金|환불|반송|refund|reembols|rembours|\w*erstatt|rimbors|iade|hoàn tiền|استرجاع|مرتجع|vrácen|επιστροφ|поверн|退货|退款|售后|devoluc|devoluç|retour|rücksend|возврат|반품|返品|retur\b|trả hàng|คืนสินค้า|zwrot|reso\b|disposition"
)


class HeaderRow:
    """A row that may be the header, and some rows below it; what its words say is worked out once for all guesses."""

    def __init__(self, shown: Sequence[str], rows: Sequence[Sequence[Cell]]) -> None:
        self.shown, self.rows = shown, rows

    @cached_property
    def fields(self) -> dict[FieldOfExport, int]:
        """Field of an order → column."""
        return guessed_fields(self.shown, self.rows)

    @cached_property
    def report(self) -> tuple[Found, Found, Found]:
        """Times, measures and parts of a report, each with its column."""
        return guessed_report(self.shown, self.rows)

    def cells(self, place: int) -> list[Cell]:
        """What is below a header."""
        return [row[place] for row in self.rows if place < len(row)]


@dataclass(slots=True)
class Guess:
    """Where the columns of a table probably are, and the layout that says so."""

    layout: ExportLayout
    columns: dict[str, int] = field(default_factory=dict)
    measures: dict[str, int] = field(default_factory=dict)
    dimensions: dict[str, int] = field(default_factory=dict)


#: words that only a payment provider or a bank writes, and those that others write, too
_PAYMENTS = one_of(
    r"psp|merchant account|card (?:brand|last|funding)|last4|statement descriptor|seller message|captured\b|gross (?:credit|debit)|net (?:credit|debit)|(?:\w+ )?balance$|reference txn|settlement|issuing|consumer bank|商户号|微信订单号|支付宝|流水号|付款银行|收入金额|支出金额|账户余额|对方账号|应结|代金券|utr\b|rrn\b|mdr\b|monto (?:neto|bruto)|liberación|tarjeta"
)
_OF_PAYMENTS = one_of(
    r"fees?\b|net\b|gross\b|transaction id|payment id|receipt id|手续费|费率|商户订单号|comisión"
)


_GROSS = one_of(r"gross|amount|brutto|bruto|brut\b|lordo|total|收入|金额|总额|金額|금액")
_KEPT = one_of(r"fees?\b|commission|gebühr|frais|comisi|comiss|手续费|佣金|手数料|수수료")
_LEFT = one_of(r"net\b|netto|neto|líquido|liquido|净额|净|到账|差引|정산|nett?")


def guess(layout: ExportLayout, row: HeaderRow) -> Guess | None:
    """What a layout that is a guess makes of a table; None if the table cannot be that."""
    if layout.rejected:
        return Guess(layout) if other_kind(row) == layout.name else None
    makers = {"orders": _orders, "report": _report, "events": _refunds}
    return makers[layout.kind](layout, row)


def other_kind(row: HeaderRow) -> str:
    """``settlement`` or ``stock`` for a table of that kind; empty for any other."""
    headers = [plain_words(text, with_brackets=True) for text in row.shown if text]
    fields = row.fields
    settled = sum(_SETTLED.search(one) is not None for one in headers)
    fees = sum(_FEES.search(one) is not None for one in headers)
    is_statement = settled >= _SETTLED_ENOUGH or (settled and fees >= _FEES_ENOUGH)
    if is_statement and ("status" not in fields or settled > _SETTLED_ENOUGH):
        return "settlement"
    if _are_payments(headers) or _are_paid_out(row):
        return "payments"
    stocked = sum(_STOCKED.search(one) is not None for one in headers)
    has_figures = len(row.report[1]) >= _MEASURES_ENOUGH
    return "stock" if stocked >= 2 and "order" not in fields and not has_figures else ""


def _are_payments(headers: Sequence[str]) -> bool:
    sure = sum(_PAYMENTS.search(one) is not None for one in headers)
    likely = sum(_OF_PAYMENTS.search(one) is not None for one in headers)
    return sure >= 2 or (sure == 1 and likely >= 2)


def _are_paid_out(row: HeaderRow) -> bool:
    """Whether each row is an amount, what was kept of it and what is left, of nothing that was bought."""
    words = list(map(plain_words, row.shown))
    if row.fields.keys() & {"item_name", "quantity", "product", "shipped"}:
        return False
    places = [[at for at, text in enumerate(words) if one.search(text)] for one in (_GROSS, _KEPT, _LEFT)]
    return any(are_net_of_fees(gross, fee, net, row.rows) for gross, fee, net in itertools.product(*places))


def _orders(layout: ExportLayout, row: HeaderRow) -> Guess | None:
    shown, words = row.shown, list(map(plain_words, row.shown))
    found = Guess(layout, {str(one): place for one, place in row.fields.items()})
    taken = set(found.columns.values())
    for place, (text, name) in enumerate(zip(shown, words, strict=True)):
        cells = row.cells(place)
        for one, _, _ in layout.names.get(text.strip().casefold(), layout.names.get(name, ())):
            if one not in found.columns and place not in taken and can_hold(one, cells):
                found.columns[one] = place
                taken.add(place)
                break
    is_named = any(name in layout.names for name in words) or any(
        text.strip().casefold() in layout.names for text in shown
    )
    if "order" not in found.columns or (
        not is_named and len(found.columns.keys() & _OF_ORDERS) < _FACTS_ENOUGH
    ):
        return None
    total = found.columns.get("total")
    if total is not None and words[total] == "total" and takes_fees(shown):
        del found.columns["total"]
    elif total is not None and says.LINE_SUM.search(words[total]):
        found.layout = layout.model_copy(update={"money": "line"})
    return found


def _report(layout: ExportLayout, row: HeaderRow) -> Guess | None:
    columns, measures, dimensions = row.report
    shown = row.shown
    if len(measures) < _MEASURES_ENOUGH or ("day" not in columns and not dimensions and len(measures) < 3):
        return None
    if any(
        not is_period(text) and says.TIME.search(plain_words(text)) and are_moments(row.cells(at))
        for at, text in enumerate(shown)
    ):
        return None
    said = row.fields.keys()
    if ("order" in said and "day" not in columns) or len(said & (_OF_ORDERS | {"item_name"})) > _LIKE_ORDERS:
        return None
    spans = "range" if "until" in columns else "day" if "day" in columns else "none"
    kept = {
        one.name: ReportMeasure(
            headers={"": [shown[measures[one.name]]]}, unit=one.unit.value, unique=one.is_unique
        )
        for one in MEASURES
        if one.name in measures
    }
    known = {
        "row": spans,
        "measures": kept,
        "dimensions": {one: [shown[place]] for one, place in dimensions.items()},
    }
    return Guess(layout.model_copy(update=known), columns, measures, dimensions)


def _refunds(layout: ExportLayout, row: HeaderRow) -> Guess | None:
    """Refunds and returns, one a row: a time of their own, the order's number, and what went back."""
    fields = row.fields
    words = [plain_words(text) for text in row.shown]
    about = [place for place, text in enumerate(words) if _RETURNED.search(text)]
    times = [
        place for place in about if _REFUND_TIME.search(words[place]) and can_hold("placed", row.cells(place))
    ]
    if "order" not in fields or not times or len(about) < 2 or fields.keys() & {"placed", "paid", "shipped"}:
        return None
    best = (
        [place for place in times if _DONE.search(words[place])]
        or [place for place in times if says.REFUND.search(words[place])]
        or [place for place in times if not _ASKED.search(words[place])]
        or times
    )
    columns = {"order": fields["order"], "time": best[0]}
    for one, field_ in (("amount", "refund_amount"), ("product", "product")):
        if field_ in fields:
            columns[one] = fields[field_]
    return Guess(layout, columns)

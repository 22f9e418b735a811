"""What a file holds, before anything of it is imported: counts, money, days, what was left out, and what has to be asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from scoring.wording.text import Bilingual, in_language
from streams.sources.files.exports import sentences
from streams.sources.files.exports.cells import TableRows
from streams.sources.files.exports.data_rows import RowTally
from streams.sources.files.exports.event_rows import EventTable
from streams.sources.files.exports.json_tables import is_json
from streams.sources.files.exports.layout import ExportLayout, known_layouts
from streams.sources.files.exports.left_out_sheets import sheets_left_out, with_hidden
from streams.sources.files.exports.numbers import WITHOUT_DECIMALS
from streams.sources.files.exports.opening import ExportFile
from streams.sources.files.exports.order_life import OrderBook
from streams.sources.files.exports.questions import Question
from streams.sources.files.exports.recognition import SURE, RecognizedTable, recognize
from streams.sources.files.exports.report_rows import ReportTable
from streams.sources.files.exports.totals import OffsetsSeen, OrderTotals, day_text
from streams.sources.files.exports.unreadable import UnreadableExportError
from streams.sources.files.exports.values import ColumnValues

#: encodings tried where the first gives no known header
_MAX_ENCODINGS = 5
#: fields whose column may be in the header only once
_NEEDED_ONCE = ("order", "placed", "status", "quantity", "total", "currency", "day")


#: one measure of money for each currency is shown: the first of these that a report has
_MONEY_MEASURES = ("revenue", "spend", "cost")


@dataclass(frozen=True, slots=True)
class ImportChoices:
    """What the person or the store's configuration says where the file may not."""

    layout: str = ""
    mapping: ExportLayout | None = None
    zone: str = ""
    currency: str = ""
    store: str = ""
    #: layouts that people keep, and known ones as they are corrected for this file
    kept: tuple[ExportLayout, ...] = ()
    corrected: tuple[ExportLayout, ...] = ()


@dataclass(slots=True)
class ExportSummary:
    """One table of a file, as the dry run shows it. ``trouble`` says why nothing of it can be read."""

    file: str
    trouble: str = ""
    table: RecognizedTable | None = None
    store: str = ""
    zone: str = ""
    tally: RowTally = field(default_factory=RowTally)
    orders: int | None = None
    paid: int | None = None
    shipped: int | None = None
    delivered: int | None = None
    cancelled: int | None = None
    refunded: int | None = None
    parcels: int | None = None
    units: Decimal | None = None
    money: dict[str, Decimal] = field(default_factory=dict)
    per_day: dict[str, Any] = field(default_factory=dict)
    events: dict[str, int] = field(default_factory=dict)
    measures: dict[str, Any] = field(default_factory=dict)
    report_rows: int = 0
    repeats: int = 0
    questions: list[Question] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    import_id: str = ""
    content: OrderBook | ReportTable | EventTable | None = None
    values: ColumnValues | None = None

    def as_record(self) -> dict[str, Any]:
        """As ``--json`` prints it. None stands for what this kind of file does not supply."""
        table = self.table
        days = sorted(day for day in self.per_day if day)
        return {
            "file": self.file,
            "layout": table.layout.name if table else None,
            "sure": table.sure if table else 0.0,
            "why": [in_language(one, "en") for one in table.why] if table else [],
            "store": self.store or None,
            "rows": self.tally.rows,
            "left_out": dict(self.tally.left_out),
            "left_out_lines": self.tally.lines,
            "orders": self.orders,
            "paid": self.paid,
            "shipped": self.shipped,
            "delivered": self.delivered,
            "cancelled": self.cancelled,
            "refunded": self.refunded,
            "parcels": self.parcels,
            "units": None if self.units is None else _plain(self.units),
            "money": {code: money_text(amount, code) for code, amount in sorted(self.money.items())},
            "first_day": days[0] if days else None,
            "last_day": days[-1] if days else None,
            "zone": self.zone or None,
            "report_rows": self.report_rows,
            "repeats": self.repeats,
            "questions": [question.as_record() for question in self.questions],
            "import_id": self.import_id or None,
            "columns": {}
            if table is None
            else {one: table.shown[place] for one, place in {**table.columns, **table.measures}.items()},
            "unused": table.unused if table else [],
            "events": self.events,
            "measures": self.measures,
            "per_day": self.per_day,
            "notes": [in_language(one, "en") for one in self.notes],
            "error": in_language(self.trouble, "en") or None,
        }


def money_text(amount: Decimal, currency: str) -> str:
    """An amount as text: whole where the currency has no decimals, else with at least two."""
    if currency in WITHOUT_DECIMALS and amount == amount.to_integral_value():
        return str(amount.to_integral_value())
    exponent = amount.normalize().as_tuple().exponent
    return f"{amount:.{max(2, -exponent if isinstance(exponent, int) else 2)}f}"


def _plain(number: Decimal) -> int | str:
    return int(number) if number == number.to_integral_value() else f"{number.normalize():f}"


def summarize(file: ExportFile, choices: ImportChoices) -> list[ExportSummary]:
    """The tables of a file that hold something known; one summary that says why not, if there is none."""
    if file.trouble:
        return [ExportSummary(file.name, file.trouble)]
    try:
        found = list(_tables(file, _layouts(choices)))
    except UnreadableExportError as error:
        return [ExportSummary(file.name, str(error))]
    if not found:
        return [ExportSummary(file.name, with_hidden(file, _why_nothing(file)))]
    summaries = []
    for name, table, rows in found:
        if table.layout.rejected and choices.mapping is None:
            summaries.append(ExportSummary(name, _why_rejected(table.layout)))
            continue
        try:
            summary = _summary(name, table, rows, choices, is_text=not file.sheets)
        except UnreadableExportError as error:
            summary = ExportSummary(name, str(error))
        if table.layout.is_guess and summary.values is not None and not summary.values.row_count:
            summary = ExportSummary(name, sentences.NO_ROWS.both())  # nothing shows what it is
        summaries.append(summary)
    is_first_only = found[0][1].layout.first_sheet_only
    used = [rows for _, _, rows in found]
    summaries[0].notes[:0] = sheets_left_out(file, used, is_first_only=is_first_only)
    return summaries


def _why_rejected(layout: ExportLayout) -> Bilingual:
    return Bilingual(
        f"{layout.title_zh or layout.title}：{layout.rejected_zh or layout.rejected}",
        f"{layout.title}: {layout.rejected}",
    )


def _why_nothing(file: ExportFile) -> str:
    if file.sheets and file.path.suffix.lower() not in (".xlsx", ".xls", ".xlsm"):
        with file.path.open("rb") as content:
            if is_json(content.read(64)):
                return sentences.UNKNOWN_JSON.both()
    return sentences.NO_HEADER.both()


def _layouts(choices: ImportChoices) -> Sequence[ExportLayout]:
    if choices.mapping is not None:
        return [choices.mapping]
    corrected = {layout.name: layout for layout in choices.corrected}
    layouts = [*choices.kept, *(corrected.get(one.name, one) for one in known_layouts())]
    return [one for one in layouts if one.name == choices.layout] if choices.layout else layouts


def _tables(
    file: ExportFile, layouts: Iterable[ExportLayout]
) -> Iterator[tuple[str, RecognizedTable, TableRows]]:
    layouts = list(layouts)
    if not file.sheets:
        best: tuple[RecognizedTable, str] | None = None
        for encoding in file.encodings[:_MAX_ENCODINGS]:
            table = recognize(file.text(encoding), layouts)
            if table is not None and (best is None or table.sure > best[0].sure):
                best = (table, encoding)
            if best is not None and best[0].sure >= SURE:
                break
        if best is not None:
            yield file.name, best[0], file.text(best[1])
        return
    found = [(sheet, table) for sheet in file.sheets if (table := recognize(sheet.rows, layouts)) is not None]
    top = max((table.sure for _, table in found), default=0.0)
    kept = [(sheet, table) for sheet, table in found if table.sure >= min(top, SURE)]
    if kept and kept[0][1].layout.first_sheet_only:
        kept[0][1].why.append(sentences.OTHER_SHEETS.both())
        kept = kept[:1]
    for sheet, table in kept:
        name = file.name if len(kept) == 1 else f"{file.name} [{sheet.name}]"
        yield name, table, sheet.rows


def _summary(
    name: str,
    table: RecognizedTable,
    rows: TableRows,
    choices: ImportChoices,
    *,
    is_text: bool,
) -> ExportSummary:
    values = ColumnValues(table, rows, is_text=is_text, currency=choices.currency)
    summary = ExportSummary(name, table=table, store=choices.store, values=values)
    summary.questions += values.questions
    for one, place in table.clocks.items():
        names = {"days": table.shown[table.columns[one]], "clocks": table.shown[place]}
        summary.notes.append(sentences.TWO_COLUMNS.both(**names))
    is_confirmed = choices.mapping or choices.layout or table.layout in choices.corrected
    if table.sure < SURE and not is_confirmed:
        summary.questions.insert(
            0,
            Question("layout", sentences.WHICH_EXPORT.both(), table.layout.name),
        )
    given = choices.zone or (table.layout.zone or "")
    summary.zone = given
    content: OrderBook | ReportTable | EventTable
    if table.layout.kind == "orders":
        content = OrderBook(values)
        _of_orders(summary, content, given)
    elif table.layout.kind == "report":
        content = ReportTable(values)
        _of_report(summary, content)
    else:
        content = EventTable(values)
        _of_events(summary, content, given)
    summary.content, summary.tally = content, content.tally
    if not values.row_count:
        summary.notes.append(sentences.NO_ROWS.both())
    _ask(summary, values, given)
    return summary


def _of_orders(summary: ExportSummary, book: OrderBook, zone: str) -> None:
    count = OrderTotals(book, zone)
    damaged = book.tally.left_out["damaged_id"]
    if damaged:
        summary.questions.append(
            Question(
                "ids",
                sentences.DAMAGED_IDS.both(n=damaged),
            )
        )
    if not count.orders and damaged:
        return
    summary.orders = count.orders
    summary.paid = count.paid if book.knows_paid else None
    summary.shipped, summary.delivered = count.shipped, count.delivered
    summary.cancelled, summary.refunded = count.cancelled, count.refunded
    if "parcel" in summary.table.columns:  # type: ignore[union-attr]
        summary.parcels = count.parcels
    summary.units, summary.money, summary.per_day = (
        count.units,
        count.money,
        dict(sorted(count.per_day.items())),
    )
    if count.has_two_currencies:
        summary.notes.append(sentences.TWO_CURRENCIES.both())
    if count.differing:
        summary.questions.append(
            Question(
                "numbers",
                sentences.DIFFERING_TOTALS.both(n=count.differing),
                "",
                "total",
            )
        )
    if count.known_by_name:
        summary.notes.append(sentences.KNOWN_BY_NAME.both(n=count.known_by_name))
    summary.zone = summary.zone or count.offsets
    for (column, text), rows in book.unknown_statuses.most_common(5):
        summary.questions.append(
            Question(
                "statuses",
                sentences.UNKNOWN_STATUS.both(text=text, rows=rows),
                "",
                column,
                text,
            )
        )


def _of_report(summary: ExportSummary, table: ReportTable) -> None:
    measures: dict[str, dict[str, Any]] = {}
    sums: dict[str, Decimal] = {}
    money: dict[str, dict[str, Decimal]] = {}
    rows = spread = 0
    with_dimensions: set[date] = set()
    for row in table.rows:
        rows += 1
        spread += row.start != row.end
        one = measures.setdefault(
            row.measure, {"unit": row.unit, "rows": 0, "sum": None, "adds_up": not row.is_unique}
        )
        one["rows"] += 1
        sums[row.measure] = sums.get(row.measure, Decimal(0)) + row.value
        if table.has_currencies and row.unit == "money":
            by_currency = money.setdefault(row.measure, {})
            by_currency[row.currency or "?"] = by_currency.get(row.currency or "?", Decimal(0)) + row.value
        if row.start is None or row.end is None:
            continue
        if row.dimensions:
            with_dimensions |= {row.start, row.end}
        elif row.start == row.end:
            summary.per_day.setdefault(row.start.isoformat(), {})[row.measure] = _plain(row.value)
    for day in sorted(with_dimensions):
        summary.per_day.setdefault(day.isoformat(), {})
    for measure, one in measures.items():
        if len(money.get(measure, {})) > 1:
            one["sum_by_currency"] = {code: _plain(amount) for code, amount in sorted(money[measure].items())}
        elif one["adds_up"] and not table.is_never_added:
            one["sum"] = _plain(sums[measure])
        else:
            one["sum_of_rows"] = _plain(sums[measure])
    summary.measures, summary.report_rows = measures, rows
    summary.money = next((money[one] for one in _MONEY_MEASURES if one in money), {})
    if table.differing:
        summary.questions.append(Question("columns", sentences.SAME_PERIOD.both(n=table.differing)))
    if spread:
        summary.notes.append(sentences.SEVERAL_DAYS.both(rows=rows, spread=spread))


def _of_events(summary: ExportSummary, table: EventTable, zone: str) -> None:
    names: Counter[str] = Counter()
    days: Counter[str] = Counter()
    offsets, orders = OffsetsSeen(), 0
    for event in table.events:
        names[event.name] += 1
        days[day_text(event.at, zone)] += 1
        offsets.add(event.at)
        if event.type == "order":
            orders += 1
            if event.amount is not None:
                code = summary.values.currency if summary.values and summary.values.currency else "?"
                summary.money[code] = summary.money.get(code, Decimal(0)) + event.amount
    summary.events, summary.per_day = dict(names.most_common()), dict(sorted(days.items()))
    summary.orders, summary.repeats = orders, table.repeats
    summary.zone = summary.zone or offsets.text
    if table.shared_order_ids:
        summary.notes.append(sentences.SHARED_ORDER_IDS.both(n=len(table.shared_order_ids)))
    for name, count in table.unknown.most_common(5):
        summary.notes.append(sentences.NO_STAGE.both(n=count, name=name))


def _ask(summary: ExportSummary, values: ColumnValues, zone: str) -> None:
    """Zone, currency and period, where neither the file nor a person has said them."""
    table = summary.table
    assert table is not None
    layout = table.layout
    if not summary.zone and summary.per_day:
        guess = layout.zone_by_language.get(table.language, "")
        summary.questions.append(Question("zone", sentences.NO_ZONE.both(), guess))
    if not layout.is_guess and summary.values is not None:
        twice = [
            one
            for one in _NEEDED_ONCE
            if one in table.columns and table.headers.count(table.headers[table.columns[one]]) > 1
        ]
        for one in twice:
            shown = table.shown[table.columns[one]]
            text = sentences.COLUMN_TWICE.both(shown=shown)
            summary.questions.append(Question("columns", text, sentences.THE_FIRST.both(), one))
    has_money = any(layout.measures[measure].unit == "money" for measure in summary.measures) or bool(
        summary.money
    )
    is_open = "?" in summary.money or (has_money and values.currency != "" and not values.currency_is_sure)
    if is_open or (has_money and not values.currency and not summary.money):
        guess = values.currency
        summary.questions.append(Question("currency", sentences.NO_CURRENCY.both(), guess))
    if (
        layout.kind == "report"
        and "day" not in table.columns
        and layout.row == "none"
        and "parcel" not in table.columns  # it is of the parcels that it names
    ):
        summary.questions.append(Question("period", sentences.NO_PERIOD.both()))

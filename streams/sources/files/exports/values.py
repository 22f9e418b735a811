"""The values of a table's columns: first the evidence of whole columns, then each cell read by what they decided."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import partial

from scoring.events.incoming import CURRENCIES
from streams.sources.files.damaged_ids import LongIds, is_scientific, lost_digits
from streams.sources.files.exports import sentences
from streams.sources.files.exports.cells import (
    Cell,
    TableRows,
    folded,
    header_currency,
    header_name,
    is_blank,
    is_damaged_id,
    said,
    text_of,
)
from streams.sources.files.exports.clocks import ClockColumns
from streams.sources.files.exports.columns import (
    CellMemory,
    KeptChunks,
    TableChunk,
)
from streams.sources.files.exports.data_rows import DataRows, RowTally, first_named
from streams.sources.files.exports.dates import DayOrder, Moment, order_by_consecutive_days, read_moment
from streams.sources.files.exports.formulas import UnreadCells
from streams.sources.files.exports.layout import NUMBER_FIELDS, PRICES, TIME_FIELDS
from streams.sources.files.exports.numbers import WITHOUT_DECIMALS, Numerals, read_number
from streams.sources.files.exports.questions import Question
from streams.sources.files.exports.recognition import RecognizedTable

_DAYS_LOOKED_AT = 400
_COUNTRIES_ENOUGH = 5
#: fields that are another text in nearly every row
_NAMES_OF_ONE = frozenset({"order", "own_id", "parcel", "details"})
#: countries as exports write them, where a platform's local shop sells in the local currency only
LOCAL_CURRENCIES = {
    "vietnam": "VND", "việt nam": "VND", "vn": "VND", "indonesia": "IDR", "id": "IDR", "thailand": "THB", "th": "THB",
    "malaysia": "MYR", "my": "MYR", "philippines": "PHP", "ph": "PHP", "singapore": "SGD", "sg": "SGD", "brasil": "BRL",
    "brazil": "BRL", "br": "BRL", "taiwan": "TWD", "tw": "TWD", "mexico": "MXN", "mx": "MXN",
}  # fmt: skip


class ColumnValues:
    """Reads the columns of one table. Made with one pass over the whole table.

    Args:
        table: the recognised table.
        rows: its rows, as often as asked for.
        is_text: whether it is a text file, whose rows must all have the header's width.
        currency: of amounts whose file names none, as a person or the store's configuration says.
        progress: is told at which line the first pass is.
    """

    def __init__(
        self,
        table: RecognizedTable,
        rows: TableRows,
        *,
        is_text: bool,
        currency: str = "",
        progress: Callable[[int], None] = lambda line: None,
    ) -> None:
        self.table, self.source, self._is_text, self._progress = table, rows, is_text, progress
        self.questions: list[Question] = []
        self._times = {one: DayOrder() for one in TIME_FIELDS if one in table.columns}
        numbers = {
            one: table.columns[one]
            for one in NUMBER_FIELDS
            if one in table.columns and (table.layout.gifts or one not in PRICES)
        }
        self._number_places = {**numbers, **table.measures}
        self._numbers = {one: Numerals() for one in self._number_places}
        self._currencies: Counter[str] = Counter()
        self._countries: set[str] = set()
        self._long_ids = LongIds()
        self._width = len(table.shown)
        self._clocks = ClockColumns(table)
        self.places = self._needed_places()
        self._tally = RowTally()
        self._chunks = KeptChunks()
        self._unread = UnreadCells(table)
        self._days: list[Cell] = []
        self._collect()
        self.questions += [*self._unread.questions(), *self._clocks.settle()]
        self._given_currency = currency
        self.currency, self.currency_is_sure = self._decide_currency(currency)
        self._decimals = {one: self._decide_decimal(one) for one in self._numbers}
        self._day_first = self._decide_days()
        self._moments = {
            one: CellMemory(partial(read_moment, is_day_first=order))
            for one, order in self._day_first.items()
        }
        self._figures = {
            one: CellMemory(partial(_figure, decimal=decimal)) for one, decimal in self._decimals.items()
        }
        self._texts: CellMemory[str] = CellMemory(said)

    def chunks(self) -> Iterator[TableChunk]:
        """The rows under the header that may hold data, without headers in between and rows of a wrong width."""
        yield from self._chunks

    @property
    def row_count(self) -> int:
        """How many rows ``chunks`` gives."""
        return self._chunks.rows

    def tally(self) -> RowTally:
        """A tally that begins with what the rows' own form leaves out."""
        lines = {reason: list(some) for reason, some in self._tally.lines.items()}
        return RowTally(self._tally.rows, Counter(self._tally.left_out), lines)

    def moments(self, one: str, chunk: TableChunk) -> list[Moment | None]:
        """The times in the column of a field; None for none."""
        place = self.table.columns.get(one)
        if place is None:
            return [None] * len(chunk.lines)
        return self._clocks.added(one, self._moments[one].of(chunk.columns[place]), chunk)

    def numbers(self, one: str, chunk: TableChunk) -> list[Decimal | BadNumber | None]:
        """The numbers in the column of a field or measure; None for none."""
        place = self._number_places.get(one)
        return [None] * len(chunk.lines) if place is None else self._figures[one].of(chunk.columns[place])

    def texts(self, one: str, chunk: TableChunk) -> list[str]:
        """The texts in the column of a field; empty for nothing."""
        place = self.table.columns.get(one)
        if place is None:
            return [""] * len(chunk.lines)
        cells = chunk.columns[place]
        return [said(cell) for cell in cells] if one in _NAMES_OF_ONE else self._texts.of(cells)

    def order_ids(self, chunk: TableChunk) -> list[str]:
        """Each row's order number; empty for none."""
        ids = self.texts("order", chunk)
        return [one.rpartition("/")[2] for one in ids] if self.table.layout.order_tail else ids

    def own_ids(self, chunk: TableChunk) -> list[str]:
        """The platform's own id of each row's order; empty for none, and for one that a spreadsheet has destroyed."""
        return ["" if is_scientific(one) else one for one in self.texts("own_id", chunk)]

    def damaged_ids(self, chunk: TableChunk) -> list[bool]:
        """Whether a spreadsheet has destroyed each row's order number."""
        place = self.table.columns.get("order")
        if place is None:
            return [False] * len(chunk.lines)
        cells = chunk.columns[place]
        if self._long_ids.are_rounded:
            return [is_damaged_id(cell) or lost_digits(text_of(cell)) > 0 for cell in cells]
        return [is_damaged_id(cell) for cell in cells]

    def descriptions(self, chunk: TableChunk) -> set[int]:
        """Which rows right under the header say in words what the columns are: none of their times and numbers is one."""
        near = [at for at, line in enumerate(chunk.lines[:2]) if line <= self.table.header_line + 2]
        places = [self.table.columns[one] for one in self._times]
        found = set()
        for at in near:
            cells = [chunk.columns[place][at] for place in (*places, *self._number_places.values())]
            filled = [cell for cell in cells if not is_blank(cell)]
            if filled and not any(
                read_moment(cell, True) or read_number(cell, ".") is not None for cell in filled
            ):
                found.add(at)
        return found

    def currencies(self, chunk: TableChunk, one: str = "currency") -> list[str]:
        """The currency of each row: its own column's, else the file's."""
        usual = self.currency if one == "currency" else ""
        if one not in self.table.columns:
            return [usual] * len(chunk.lines)
        # "Mex" is none: such an amount is asked about, not taken for the file's usual currency
        unknown = self._given_currency if one == "currency" else ""
        codes = [text.upper() for text in self.texts(one, chunk)]
        return [(code if code in CURRENCIES else unknown) if code else usual for code in codes]

    def _needed_places(self) -> list[int]:
        """The columns that anything is read from; the first ones as well, in which a total says that it is one."""
        table = self.table
        used = {
            *table.columns.values(),
            *table.measures.values(),
            *table.dimensions.values(),
            first_named(table),
            *self._clocks.places,
            *range(5),
        }
        if rule := table.layout.whole_when:
            name = header_name(str(rule["column"]))
            used |= {table.headers.index(name)} if name in table.headers else set()
        return sorted(place for place in used if place < max(self._width, 1))

    def _collect(self) -> None:
        """Read the table once: keep what is needed of it, and what its columns say of how they are written."""
        rows = DataRows(self.table, self.source, self.places, is_text=self._is_text)
        for chunk in rows:
            if chunk.lines:
                self._progress(chunk.lines[-1])
                self._learn(chunk)
                self._unread.note(chunk)
                self._clocks.note(chunk)
                self._chunks.add(chunk)
        self._tally = rows.tally

    def _learn(self, chunk: TableChunk) -> None:
        table = self.table
        for one, order in self._times.items():
            for cell in set(chunk.columns[table.columns[one]]):
                order.add(cell)
        for one, numerals in self._numbers.items():
            for cell in set(chunk.columns[self._number_places[one]]):
                numerals.add(cell)
        if (currency := table.columns.get("currency")) is not None:
            self._currencies.update({text_of(cell).upper() for cell in set(chunk.columns[currency])} - {""})
        if (country := table.columns.get("country")) is not None and len(self._countries) < _COUNTRIES_ENOUGH:
            self._countries |= {text_of(cell) for cell in set(chunk.columns[country])} - {""}
        if (order_place := table.columns.get("order")) is not None:
            self._long_ids.note(map(text_of, set(chunk.columns[order_place])))
        if (day := table.columns.get("day")) is not None and len(self._days) < _DAYS_LOOKED_AT:
            self._days += chunk.columns[day]

    def _decide_currency(self, given: str) -> tuple[str, bool]:
        """The currency of amounts without a currency column: what the file says, else what a person does, asked where they differ."""
        if self.table.layout.currency:
            return self.table.layout.currency, True
        found, is_sure = self._own_currency()
        if not given or (is_sure and found == given):
            return found, is_sure
        if is_sure:
            self.questions.append(
                Question(
                    "currency",
                    sentences.OTHER_CURRENCY.both(found=found, given=given),
                    found,
                )
            )
            return found, True
        return given, True

    def _own_currency(self) -> tuple[str, bool]:
        """The currency that the file itself names, and whether that is sure."""
        table, layout = self.table, self.table.layout
        if self._currencies:
            only = next(iter(self._currencies)) if len(self._currencies) == 1 else ""
            return (only, True) if only in CURRENCIES else ("", False)
        for one, place in self._number_places.items():
            spec = layout.measures.get(one)
            if one not in ("total", "amount") and (spec is None or spec.unit != "money"):
                continue
            if spec is not None and spec.currency:
                return spec.currency, True
            sign = header_currency(table.shown[place])
            probe = Numerals()
            probe.add(f"1 {sign}" if sign else "")
            for numerals in (probe, self._numbers[one]):
                code, is_sure = numerals.currency()
                if code in CURRENCIES:
                    return code, is_sure
        if layout.amount_currency:
            return layout.amount_currency, True
        if layout.currency_by_country and len(self._countries) == 1:
            local = LOCAL_CURRENCIES.get(folded(next(iter(self._countries))), "")
            if local:
                return local, True
        spoken = layout.currency_by_language.get(table.language, "")
        return spoken, bool(spoken)

    def _decide_decimal(self, one: str) -> str:
        numerals, layout = self._numbers[one], self.table.layout
        shown = self.table.shown[self._number_places[one]]
        if numerals.is_contradictory:
            self.questions.append(
                Question(
                    "numbers",
                    sentences.MIXED_DECIMALS.both(shown=shown),
                    "",
                    one,
                )
            )
            return layout.decimal or "."
        is_money = (
            one in ("total", "paid_by_buyer", "refund_amount")
            or getattr(layout.measures.get(one), "unit", "") == "money"
        )
        has_none = is_money and self.currency in WITHOUT_DECIMALS
        if has_none and numerals.native_odd:
            self.questions.append(
                Question(
                    "numbers",
                    sentences.LOST_THOUSANDS.both(shown=shown, currency=self.currency),
                    "",
                    one,
                )
            )
        if layout.decimal:
            return layout.decimal
        if numerals.decimal is not None:
            return numerals.decimal
        if has_none and not (numerals.dot_open and numerals.comma_open):
            return "," if numerals.dot_open else "."
        others = {
            other.decimal
            for name, other in self._numbers.items()
            if name != one and (other.dot_decimal or other.comma_decimal)
        }
        if len(others) == 1 and None not in others:
            return str(others.pop())
        is_count = one == "quantity" or (one in layout.measures and not is_money)
        if is_count and not (numerals.dot_open and numerals.comma_open):
            return (
                "," if numerals.dot_open else "."
            )  # people and pieces come whole: what is before three digits is thousands
        guess = "," if numerals.dot_open else "."
        self.questions.append(
            Question(
                "numbers",
                sentences.WHICH_DECIMAL.both(shown=shown, sign="." if numerals.dot_open else ","),
                guess,
                one,
            )
        )
        return guess

    def _decide_days(self) -> dict[str, bool | None]:
        layout, found = self.table.layout, self._times
        said = {order.is_day_first for order in found.values()} - {None}
        whole = said.pop() if len(said) == 1 else None
        decided: dict[str, bool | None] = {}
        for one, order in found.items():
            shown = self.table.shown[self.table.columns[one]]
            decided[one] = layout.day_first if layout.day_first is not None else order.is_day_first
            if order.is_contradictory or order.was_swapped:
                self.questions.append(
                    Question(
                        "dates",
                        sentences.MIXED_DATES.both(shown=shown),
                        "",
                        one,
                    )
                )
            elif decided[one] is None and order.open:
                decided[one] = (
                    order_by_consecutive_days(self._days[:_DAYS_LOOKED_AT])
                    if whole is None and one == "day"
                    else whole
                )
                if decided[one] is None:
                    self.questions.append(
                        Question(
                            "dates",
                            sentences.WHICH_DATES.both(shown=shown),
                            sentences.DAY_FIRST.both(),
                            one,
                        )
                    )
        return decided


class BadNumber:
    """Text where a number should be, that is none in its column's way of writing."""


BAD_NUMBER = BadNumber()


def _figure(cell: Cell, decimal: str) -> Decimal | BadNumber | None:
    if is_blank(cell):
        return None
    number = read_number(cell, decimal)
    return BAD_NUMBER if number is None else number

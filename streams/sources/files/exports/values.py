"""The values of a table's columns: first the evidence of whole columns, then each cell read by what they decided."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from scoring.events.incoming import CURRENCIES
from streams.sources.files.exports.cells import (
    Cell,
    Row,
    folded,
    header_currency,
    header_name,
    is_blank,
    is_blank_row,
    is_damaged_id,
    lost_digits,
    text_of,
)
from streams.sources.files.exports.dates import DayOrder, Moment, order_by_consecutive_days, read_moment
from streams.sources.files.exports.layout import NUMBER_FIELDS, TIME_FIELDS
from streams.sources.files.exports.numbers import WITHOUT_DECIMALS, Numerals, read_number
from streams.sources.files.exports.questions import Question
from streams.sources.files.exports.recognition import RecognizedTable, cell_at

#: zeros past an id's fifteenth digit, added over the column, from which on they are no chance
_NO_CHANCE = 3
_DAYS_LOOKED_AT = 400
#: countries as exports write them, where a platform's local shop sells in the local currency only
LOCAL_CURRENCIES = {
    "vietnam": "VND", "việt nam": "VND", "vn": "VND", "indonesia": "IDR", "id": "IDR", "thailand": "THB", "th": "THB",
    "malaysia": "MYR", "my": "MYR", "philippines": "PHP", "ph": "PHP", "singapore": "SGD", "sg": "SGD", "brasil": "BRL",
    "brazil": "BRL", "br": "BRL", "taiwan": "TWD", "tw": "TWD", "mexico": "MXN", "mx": "MXN",
}  # fmt: skip


@dataclass(slots=True)
class RowTally:
    """What became of a table's rows, and where the first of each kind stands."""

    rows: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    lines: dict[str, list[int]] = field(default_factory=dict)

    def leave_out(self, reason: str, line: int) -> None:
        """Count a row that is not used, with its line."""
        self.left_out[reason] += 1
        kept = self.lines.setdefault(reason, [])
        if len(kept) < 5:
            kept.append(line)


class ColumnValues:
    """Reads the cells of one table. Made with one pass over the whole table.

    Args:
        table: the recognised table.
        rows: its rows, as often as asked for.
        is_text: whether it is a text file, whose rows must all have the header's width.
        currency: of amounts whose file names none, as a person or the store's configuration says.
    """

    def __init__(
        self, table: RecognizedTable, rows: Callable[[], Iterator[Row]], *, is_text: bool, currency: str = ""
    ) -> None:
        self.table, self.source, self._is_text = table, rows, is_text
        self.questions: list[Question] = []
        self._times = {one: DayOrder() for one in TIME_FIELDS if one in table.columns}
        numbers = {one: table.columns[one] for one in NUMBER_FIELDS if one in table.columns}
        self._number_places = {**numbers, **table.measures}
        self._numbers = {one: Numerals() for one in self._number_places}
        self._currencies: Counter[str] = Counter()
        self._countries: set[str] = set()
        self._long_ids = 0
        self._has_whole_long_id = False
        self._width = len(table.shown)
        self._collect()
        self.currency, self.currency_is_sure = self._decide_currency(currency)
        self._decimals = {one: self._decide_decimal(one) for one in self._numbers}
        self._day_first = self._decide_days()

    def rows(self, tally: RowTally) -> Iterator[Row]:
        """Rows under the header that may hold data; headers in between and rows of a wrong width are counted in ``tally``."""
        for line, cells in self.source():
            if line <= self.table.header_line or is_blank_row(cells):
                continue
            if self._is_header(cells):
                tally.leave_out("repeated_header", line)
            elif self._is_text and len(cells) < self._width:
                tally.rows += 1
                tally.leave_out("cut_short", line)
            elif self._is_text and any(not is_blank(cell) for cell in cells[self._width :]):
                tally.rows += 1
                tally.leave_out("too_many_columns", line)
            else:
                yield line, cells

    def moment(self, one: str, cells: Sequence[Cell]) -> Moment | None:
        """The time in the column of a field; None for none."""
        cell = cell_at(cells, self.table.columns.get(one))
        return None if cell is None else read_moment(cell, self._day_first.get(one))

    def number(self, one: str, cells: Sequence[Cell]) -> Decimal | None:
        """The number in the column of a field or measure; None for none.

        Raises:
            ValueError: there is text that is no number in this column's way of writing.
        """
        cell = cell_at(cells, self._number_places.get(one))
        if cell is None or is_blank(cell):
            return None
        number = read_number(cell, self._decimals[one])
        if number is None:
            raise ValueError(one)
        return number

    def text(self, one: str, cells: Sequence[Cell]) -> str:
        """The text in the column of a field; empty for nothing."""
        cell = cell_at(cells, self.table.columns.get(one))
        return "" if cell is None or is_blank(cell) else text_of(cell)

    def is_id_damaged(self, cells: Sequence[Cell]) -> bool:
        """Whether a spreadsheet has destroyed this row's order number."""
        cell = cell_at(cells, self.table.columns.get("order"))
        if is_damaged_id(cell):
            return True
        is_rounded = self._long_ids >= _NO_CHANCE and not self._has_whole_long_id
        return is_rounded and lost_digits(text_of(cell)) > 0

    def is_description(self, line: int, cells: Sequence[Cell]) -> bool:
        """Whether the row under the header says in words what the columns are: none of its times and numbers is one."""
        if line > self.table.header_line + 2:
            return False
        places = [self.table.columns[one] for one in self._times]
        texts = [cell_at(cells, place) for place in (*places, *self._number_places.values())]
        filled = [cell for cell in texts if not is_blank(cell)]
        return bool(filled) and not any(
            read_moment(cell, True) or read_number(cell, ".") is not None for cell in filled
        )

    def currency_of(self, cells: Sequence[Cell], one: str = "currency") -> str:
        """The currency of a row: its own column, else the file's."""
        code = self.text(one, cells).upper()
        if code:  # "Mex" is none: such an amount is asked about, not taken for the file's usual currency
            return code if code in CURRENCIES else ""
        return self.currency if one == "currency" else ""

    def _is_header(self, cells: Sequence[Cell]) -> bool:
        first = next((place for place, name in enumerate(self.table.headers) if name), 0)
        if header_name(cell_at(cells, first)) != self.table.headers[first]:
            return False
        return [header_name(cell) for cell in cells[: self._width]] == self.table.headers[: len(cells)]

    def _collect(self) -> None:
        table = self.table
        times = [(table.columns[one], order) for one, order in self._times.items()]
        numbers = [(place, self._numbers[one]) for one, place in self._number_places.items()]
        order, currency, country = (table.columns.get(one) for one in ("order", "currency", "country"))
        for _, cells in self.rows(RowTally()):
            for place, found in times:
                found.add(cell_at(cells, place))
            for place, numerals in numbers:
                numerals.add(cell_at(cells, place))
            if currency is not None and (code := text_of(cell_at(cells, currency)).upper()):
                self._currencies[code] += 1
            if (
                country is not None
                and (text := text_of(cell_at(cells, country)))
                and len(self._countries) < 5
            ):
                self._countries.add(text)
            if order is not None and (lost := lost_digits(text_of(cell_at(cells, order)))):
                self._long_ids += max(lost, 0)
                self._has_whole_long_id |= lost < 0

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
                    f"the file's amounts are in {found}, and {given} was said: is it another store's file?",
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
                    f"column {shown!r} writes some numbers with a decimal dot and some with a comma",
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
                    f"column {shown!r}: amounts in {self.currency} such as 14.977 have lost their thousands; export it again as text",
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
                f"column {shown!r}: is 1{'.' if numerals.dot_open else ','}234 one thousand or one and a bit?",
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
                        f"column {shown!r} mixes day first and month first: a spreadsheet has rewritten some; export it again",
                        "",
                        one,
                    )
                )
            elif decided[one] is None and order.open:
                decided[one] = self._consecutive(one) if whole is None and one == "day" else whole
                if decided[one] is None:
                    self.questions.append(
                        Question(
                            "dates",
                            f"column {shown!r}: is 03/04 the third of April (day first) or the fourth of March?",
                            "day first",
                            one,
                        )
                    )
        return decided

    def _consecutive(self, one: str) -> bool | None:
        place = self.table.columns[one]
        cells = (cell_at(cells, place) for _, cells in self.rows(RowTally()))
        return order_by_consecutive_days(itertools.islice(cells, _DAYS_LOOKED_AT))

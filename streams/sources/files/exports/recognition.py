"""Which layout a table has: by its headers in any language, then by what its columns hold; how sure, and why.

A table that no layout fits surely is asked about, with the best guess; a person's answer (``--layout`` or ``--mapping``) is taken
as it is, as long as the columns it needs are there.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from scoring.records.source_names import report_source_name
from scoring.wording.text import LANGUAGES, Bilingual, Language
from streams.sources.files.exports.cells import Cell, Row, TableRows, header_name, header_text, is_blank_row
from streams.sources.files.exports.field_words import column_name
from streams.sources.files.exports.guesses import HeaderRow, guess
from streams.sources.files.exports.header_meanings import said_arrivals
from streams.sources.files.exports.layout import ExportLayout

#: from here on a table is taken for what it looks like; below, the person is asked
SURE = 0.8
#: rows in which the header is looked for
_HEADER_ROWS = 40
_SIGNS_ENOUGH = 3
#: share of a header's cells that are words and no figures
_MOST_WORDED = 0.8
#: rows of words that a guess looks at: texts without a header are full of them
_MOST_WORDED_ROWS = 12
#: what an order is said to be of; nothing is counted by it
_DESCRIBING = frozenset({"country", "item_name", "product"})
#: share of headers that a file has in common with the one that a kept layout was made from
_KEPT_ALIKE = 0.8


@dataclass(slots=True)
class RecognizedTable:
    """A table, its layout and where its columns are. ``sure`` is 0 to 1; ``why`` are the reasons, for people.

    ``clocks`` are the columns of times of day, by the field whose days they belong to: known once the table has been read."""

    layout: ExportLayout
    sure: float
    header_line: int
    headers: list[str]
    shown: list[str]
    columns: dict[str, int] = field(default_factory=dict)
    measures: dict[str, int] = field(default_factory=dict)
    dimensions: dict[str, int] = field(default_factory=dict)
    clocks: dict[str, int] = field(default_factory=dict)
    language: str = ""
    why: list[str] = field(default_factory=list)
    runner_up: str = ""
    #: how many columns only this layout has
    signs: int = 0

    @property
    def unused(self) -> list[str]:
        """Headers of columns that are not read."""
        fields = (*self.columns.values(), *self.clocks.values())
        used = {*fields, *self.measures.values(), *self.dimensions.values()}
        return [text for place, text in enumerate(self.shown) if text and place not in used]


def recognize(rows: TableRows, layouts: Iterable[ExportLayout]) -> RecognizedTable | None:
    """The best layout for a table; None if no row looks like the header of any."""
    start = [row for row in itertools.islice(rows(), _HEADER_ROWS) if not is_blank_row(row[1])]
    candidates = [
        _Candidate(line, list(map(header_name, shown)), HeaderRow(shown, _below(start, line)))
        for line, shown in _headers(start)
    ]
    worded = [one for one in candidates if _is_worded(one.row.shown)][:_MOST_WORDED_ROWS]
    found: list[RecognizedTable] = []
    for layout in layouts:
        if layout.is_guess and any(one.sure >= SURE for one in found):
            break
        tables = [_fit(layout, one) for one in (worded if layout.is_guess else candidates)]
        best = max((one for one in tables if one is not None), key=_mark, default=None)
        if best is not None:
            found.append(best)
    if not found:
        return None
    found.sort(key=_mark, reverse=True)
    first = found[0]
    # that a table is of no use has to be said by more than one column: sellers have a shop's name in theirs, too
    is_rejected = bool(first.layout.rejected) and first.signs > 1
    if first.sure < SURE and not (first.layout.is_kept or first.layout.is_guess or is_rejected):
        guesses = [one for one in found if one.layout.is_guess]
        likelier = max(guesses, key=_mark, default=None)
        if likelier is not None and (likelier.layout.rejected or _read(likelier) > _read(first)):
            first = likelier
    rivals = [
        one for one in found if one is not first and one.sure > first.sure - 0.1 and not one.layout.is_guess
    ]
    if rivals and first.sure < 0.95:
        first.runner_up = rivals[0].layout.name
        first.sure = round(min(first.sure, SURE - 0.05), 2)
        first.why.append(
            Bilingual(f"也可能是 {rivals[0].layout.name}", f"it could also be {rivals[0].layout.name}")
        )
    return first


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A row that may be the header: its line, its headers as compared, and as shown with what is below."""

    line: int
    headers: list[str]
    row: HeaderRow


def _below(start: Sequence[Row], line: int) -> list[Sequence[Cell]]:
    return [cells for number, cells in start if number > line]


def _mark(table: RecognizedTable) -> tuple[float, bool, int]:
    return table.sure, table.layout.is_kept, _read(table)


def _read(table: RecognizedTable) -> int:
    """How many columns are read."""
    return len(table.columns) + len(table.measures) + len(table.dimensions)


def _headers(start: Sequence[Row]) -> Iterator[tuple[int, list[str]]]:
    """Candidate header rows; two rows where a group is above its columns, taken as one."""
    for index, (line, cells) in enumerate(start):
        texts = [header_text(cell) for cell in cells]
        if sum(map(bool, texts)) < 2 and index + 1 < len(start):
            continue
        yield line, texts
        if index + 1 < len(start) and start[index + 1][0] == line + 1:
            below = [header_text(cell) for cell in start[index + 1][1]]
            if _is_group_row(texts, below):
                yield line + 1, _joined(texts, below)


def _is_worded(shown: Sequence[str]) -> bool:
    """Whether most cells of a row are words, as those of a header are."""
    named = [text for text in shown if text]
    return sum(not text[0].isdigit() for text in named) >= _MOST_WORDED * len(named) > 1


def _is_group_row(above: Sequence[str], below: Sequence[str]) -> bool:
    """Whether ``above`` names groups of the columns in ``below``: names repeat, or are above some columns only."""
    named = [text for text in above if text]
    return bool(named) and (
        len(set(named)) < len(named) or len(named) < len([text for text in below if text])
    )


def _joined(above: Sequence[str], below: Sequence[str]) -> list[str]:
    width = max(len(above), len(below))
    upper = [*above, *[""] * (width - len(above))]
    lower = [*below, *[""] * (width - len(below))]
    return [low or up for up, low in zip(upper, lower, strict=True)]


def _fit(layout: ExportLayout, candidate: _Candidate) -> RecognizedTable | None:
    """The table under a header row by one layout; None if what it needs is missing."""
    headers = candidate.headers
    if layout.is_guess:
        return _guessed(layout, candidate)
    if not layout.known_names.intersection(headers):
        return None
    table = _table(layout, candidate)
    ranks: dict[str, int] = {}
    for place, name in enumerate(headers):
        fields = layout.names.get(name, ())
        for one, _, rank in sorted(fields, key=lambda item: item[1] != table.language):
            if one not in table.columns or rank < ranks[one]:
                table.columns[one], ranks[one] = place, rank
                break
        if name in layout.measure_names:
            table.measures.setdefault(layout.measure_names[name][0], place)
    for one, names in layout.dimension_names.items():
        present = next((name for name in names if name in headers), None)
        if present is not None:
            table.dimensions[one] = headers.index(present)
    if any(need not in table.columns for need in layout.needs):
        return None
    if layout.kind == "orders":
        taken = set(table.columns.values())
        for field_, place in said_arrivals(table.shown):
            if place not in taken:
                table.columns.setdefault(field_, place)
    if not table.measures if layout.kind == "report" else not table.columns:
        return None
    _judge(table)
    if not layout.is_kept:
        _fill(table, candidate.row)
    return table


def _fill(table: RecognizedTable, row: HeaderRow) -> None:
    """What the layout knows and this file calls otherwise, by the words of the headers; what is counted by it is asked about."""
    layout = table.layout
    used = {*table.columns.values(), *table.measures.values(), *table.dimensions.values()}
    filled: dict[str, int] = {}
    fields = row.fields if layout.kind == "orders" else {}
    for name, place in fields.items():
        is_free = place not in used and table.headers[place] not in layout.known_names
        if is_free and name not in table.columns and (name in layout.columns or name in _DESCRIBING):
            table.columns[name] = place
            used.add(place)
            if name not in _DESCRIBING:
                filled[name] = place
    times, measures, parts = row.report if layout.kind == "report" else ({}, {}, {})
    for part, place in parts.items():
        # what distinguishes rows of a day; without it one of them would be kept
        if (
            place not in used
            and part not in table.dimensions
            and table.headers[place] not in layout.known_names
        ):
            table.dimensions[part] = place
            used.add(place)
    for one, place in measures.items():
        is_new = table.headers[place] not in layout.known_names and place not in used
        if one in layout.measures and one not in table.measures and is_new:
            table.measures[one] = filled[one] = place
    if layout.kind == "report" and "day" in times and "day" not in table.columns and not layout.parts:
        filled["day"] = times["day"]
    if filled:
        table.sure = round(min(table.sure, SURE - 0.05), 2)
        table.why.append(
            Bilingual(
                f"这些列的名字与该布局的不同：{_named(table, filled, 'zh')}",
                f"named otherwise than in this layout: {_named(table, filled, 'en')}",
            )
        )


def _table(layout: ExportLayout, candidate: _Candidate) -> RecognizedTable:
    language = _language(layout, candidate.headers)
    shown = list(candidate.row.shown)
    return RecognizedTable(layout, 0.0, candidate.line, candidate.headers, shown, language=language)


def _guessed(layout: ExportLayout, candidate: _Candidate) -> RecognizedTable | None:
    """The table as a guess at it, by the words of its headers and by what some rows below hold."""
    found = guess(layout, candidate.row)
    if found is None:
        return None
    table = _table(found.layout, candidate)
    table.columns, table.measures, table.dimensions = found.columns, found.measures, found.dimensions
    _judge(table)
    return table


def _language(layout: ExportLayout, headers: Sequence[str]) -> str:
    """The language that most known headers are in; English only where no other is."""
    spoken: Counter[str] = Counter()
    for name in headers:
        languages = {language for _, language, _ in layout.names.get(name, ())}
        if name in layout.measure_names:
            languages.add(layout.measure_names[name][1])
        if len(languages) == 1:
            spoken.update(languages)
    others = {language: count for language, count in spoken.items() if language not in ("en", "")}
    return max(others, key=lambda one: others[one]) if others else ("en" if spoken else "")


def _judge(table: RecognizedTable) -> None:
    """How sure the headers make it: half for what the layout needs, half for what only this platform writes."""
    layout, present = table.layout, {name for name in table.headers if name}
    signs = [text for text, name in zip(table.shown, table.headers, strict=True) if name in layout.sign_names]
    known, table.signs = len(present & layout.known_names), len(signs)
    if layout.is_kept:
        alike = len(present & layout.sign_names) / max(len(present | layout.sign_names), 1)
        table.sure = 1.0 if alike >= _KEPT_ALIKE else round(alike / 2, 2)
        table.why = [
            Bilingual(
                f"{alike:.0%} 的列与保存的布局 {layout.name} 相同",
                f"{alike:.0%} of its columns are those of the kept layout {layout.name}",
            )
        ]
        return
    if layout.is_guess:
        # a refund looks like an order with a few columns, and a statement like both
        certain = 0.55 if layout.rejected else 0.52 if layout.kind == "events" else 0.0
        table.sure = certain or round(min(0.2 + 0.05 * _read(table), 0.5), 2)
        read = {**table.columns, **table.measures, **table.dimensions}
        table.why = [
            Bilingual(
                f"列名像是{layout.title_zh or layout.title}的列名：{_named(table, read, 'zh')}",
                f"its columns are called as those of {layout.title} often are: {_named(table, read, 'en')}",
            )
        ]
        return
    if not layout.signs:
        table.sure = 0.9
        table.why = [Bilingual("列与映射中的列一致", "its columns are those of the mapping")]
        return
    enough = min(_SIGNS_ENOUGH, len(layout.signs))
    share = known / max(len(present), 1)
    most = 1.0 if signs else 0.3  # what others call their columns too is not a sign of this platform
    table.sure = round(min(0.4 + 0.4 * min(len(signs), enough) / enough + 0.2 * min(share * 3, 1.0), most), 2)
    table.why = [_why_known(layout, len(present), known, signs[:4])]


def _why_known(layout: ExportLayout, present: int, known: int, signs: Sequence[str]) -> Bilingual:
    zh, en = (report_source_name(layout.platform, language) for language in LANGUAGES)
    if not signs:
        return Bilingual(
            f"{present} 列中认得 {known} 列，但没有一列是{zh}独有的",
            f"{known} of {present} columns are known, none of which only {en} writes",
        )
    return Bilingual(
        f"{present} 列中认得 {known} 列；{'、'.join(signs)} 是{zh}独有的列",
        f"{known} of {present} columns are known; only {en} writes {', '.join(signs)}",
    )


def _named(table: RecognizedTable, read: Mapping[str, int], language: Language) -> str:
    """The headers, each with what it is read as, in the order of the file."""
    places = sorted(read.items(), key=lambda item: item[1])
    brackets, between = ("（{}）", "、") if language == "zh" else (" ({})", ", ")
    return between.join(
        table.shown[place] + brackets.format(column_name(one)(language)) for one, place in places
    )


def cell_at(cells: Sequence[Cell], place: int | None) -> Cell:
    """The cell at a place; nothing where the row ends before it."""
    return cells[place] if place is not None and place < len(cells) else None

"""XLSX read as a stream: what a library says of every cell, in whatever way the cells are written, and in little memory."""

from __future__ import annotations

import zipfile
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest
import python_calamine
from hypothesis import given
from hypothesis import strategies as st

from streams.sources.files.exports.cells import Cell
from streams.sources.files.exports.columns import TableColumns
from streams.sources.files.exports.unreadable import UnreadableExportError
from streams.sources.files.exports.workbooks import open_workbook
from tests.fixtures.workbook import CellValue, letters, sheet_xml, write_workbook

_HEAD = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
_TAIL = "</sheetData></worksheet>"


def rows_of(path: Path) -> dict[int, list[Cell]]:
    """The rows of the only sheet, the same whether it is asked for rows or for columns."""
    (sheet,) = open_workbook(path).sheets
    rows = {number: list(cells) for number, cells in sheet.rows()}
    width = max(map(len, rows.values()), default=0)
    assert isinstance(sheet.rows, TableColumns)
    by_columns: dict[int, list[Cell]] = {}
    for chunk in sheet.rows.chunks(range(width)):
        for at, line in enumerate(chunk.lines):
            by_columns[line] = [chunk.columns[place][at] for place in range(width)]
    assert {line: plain(cells, width) for line, cells in by_columns.items()} == {
        line: plain(cells, width) for line, cells in rows.items()
    }
    return rows


def plain(cells: list[Cell], width: int) -> list[Cell]:
    return [cell if cell is not None else "" for cell in cells] + [""] * (width - len(cells))


def sheet_of(folder: Path, xml: str, *, texts: str = "") -> Path:
    """A workbook whose only sheet is ``xml``, with shared texts if any."""
    path = write_workbook(folder / "a.xlsx", {"s": xml})
    if texts:
        with zipfile.ZipFile(path, "a") as package:
            package.writestr("xl/sharedStrings.xml", texts)
        replace(
            path,
            "xl/_rels/workbook.xml.rels",
            "</Relationships>",
            '<Relationship Id="t" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
        )
    return path


def replace(path: Path, member: str, old: str, new: str) -> None:
    """Change the text of one part of a package."""
    with zipfile.ZipFile(path) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    assert old.encode() in parts[member]
    parts[member] = parts[member].replace(old.encode(), new.encode())
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in parts.items():
            package.writestr(name, content)


_VALUES = st.one_of(
    st.none(),
    st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=12).filter(
        lambda text: text.strip() == text
    ),
    st.sampled_from(["a & b", "<tag>", "x_y", "'1", " spaced ", "多行\n文字", "123", "1e5"]),
    st.integers(-(10**12), 10**12),
    st.floats(-1e9, 1e9, allow_nan=False).map(lambda number: round(number, 6)),
    st.tuples(st.just("date"), st.integers(61, 60_000)),
    st.tuples(st.just("date"), st.sampled_from([0.25, 1.5, 45384.5, 45384.34789])),
)


@given(rows=st.lists(st.lists(_VALUES, max_size=30), max_size=8))
def test_every_cell_is_what_the_library_says(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[CellValue]]
) -> None:
    path = write_workbook(tmp_path_factory.mktemp("w") / "a.xlsx", {"s": sheet_xml(rows)})
    found = rows_of(path)
    known = (
        python_calamine.CalamineWorkbook.from_path(str(path))
        .get_sheet_by_name("s")
        .to_python(skip_empty_area=False)
    )
    right = {number: list(cells) for number, cells in enumerate(known, 1)}
    for number, cells in right.items():
        assert plain(found.pop(number, []), len(cells)) == cells
    assert found == {}


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ('<c r="A1"><v>1.5</v></c>', 1.5),
        ("<c r='A1'><v>1.5</v></c>", 1.5),
        ("<c><v>7</v></c>", 7.0),
        ('<c t="str" r="A1"><v>x</v></c>', "x"),
        ('<c\n r="A1"><v>2</v></c>', 2.0),
        ('<c r="A1" t="n"><v>3</v></c>', 3.0),
        ('<c r="A1" t="str"><f>A2&amp;"&lt;c r="</f><v>text</v></c>', "text"),
        ('<c r="A1"><f t="shared" si="0"/><v>4</v></c>', 4.0),
        ('<c r="A1" t="b"><v>1</v></c>', True),
        ('<c r="A1" t="b"><v>0</v></c>', False),
        ('<c r="A1" t="d"><v>2026-02-01T10:00:00</v></c>', datetime(2026, 2, 1, 10)),  # noqa: DTZ001
        ('<c r="A1" s="1"><v>45384</v></c>', date(2024, 4, 2)),
        ('<c r="A1" s="1"><v>0.5</v></c>', time(12)),
        ('<c r="A1" s="1"><v>45384.5</v></c>', datetime(2024, 4, 2, 12)),  # noqa: DTZ001
        ('<c r="A1" s="0"><v>45384.5</v></c>', 45384.5),
        ('<c r="A1" t="inlineStr"><is><r><t>a</t></r><r><rPr><b/></rPr><t xml:space="preserve"> b</t></r></is></c>', "a b"),
        ('<c r="A1" t="inlineStr"><is><t>東京</t><rPh sb="0" eb="2"><t>トウキョウ</t></rPh></is></c>', "東京"),
        ('<c r="A1" t="inlineStr"><is><t><![CDATA[<c r="B1"><v>9</v></c>]]></t></is></c>', '<c r="B1"><v>9</v></c>'),
        ('<!-- <c r="A1"><v>8</v></c> --><c r="A1"><v>5</v></c>', 5.0),
        ('<c r="A1" t="str"><v>a&#10;b &amp;lt; _x0041_</v></c>', "a\nb &lt; A"),
        ('<c r="A1" s="1" t="e"><v>#N/A</v></c><c r="B1"><v>1</v></c>', "#N/A"),
    ],
)  # fmt: skip
def test_a_cell_is_read_in_whatever_way_it_is_written(tmp_path: Path, cell: str, value: Cell) -> None:
    (cells,) = rows_of(sheet_of(tmp_path, f'{_HEAD}<row r="1">{cell}</row>{_TAIL}')).values()
    assert cells[0] == value
    assert type(cells[0]) is type(value)


def test_tags_with_a_prefix_and_rows_without_numbers_are_read(tmp_path: Path) -> None:
    xml = '<x:worksheet xmlns:x="m"><x:sheetData><x:row><x:c><x:v>1</x:v></x:c></x:row><x:row/><x:row><x:c><x:v>2</x:v></x:c></x:row></x:sheetData></x:worksheet>'
    assert rows_of(sheet_of(tmp_path, xml)) == {1: [1.0], 3: [2.0]}


def test_spans_of_time_are_not_times_of_day(tmp_path: Path) -> None:
    path = sheet_of(tmp_path, f'{_HEAD}<row r="1"><c r="A1" s="1"><v>1.5</v></c></row>{_TAIL}')
    replace(path, "xl/styles.xml", '<xf numFmtId="22"', '<xf numFmtId="46"')
    assert rows_of(path) == {1: [timedelta(days=1, hours=12)]}


@pytest.mark.parametrize(
    ("code", "is_time"),
    [
        ("yyyy-mm-dd", True), ("[$-409]d/m/yy", True), ('yyyy"年"m"月"', True), ("mm:ss", True),
        ('0.00"d"', False), ("[Red]0.00", False), ("[$VND] #,##0", False), ("General", False), ("0.0E+00", False), ("@", False),
        ("0_d", False), ('#,##0;[Red]"h"', False),
    ],
)  # fmt: skip
def test_a_number_is_a_time_by_its_own_format(tmp_path: Path, code: str, is_time: bool) -> None:
    path = sheet_of(tmp_path, f'{_HEAD}<row r="1"><c r="A1" s="1"><v>45384</v></c></row>{_TAIL}')
    shown = code.replace('"', "&quot;")
    replace(
        path,
        "xl/styles.xml",
        "<cellXfs",
        f'<numFmts count="1"><numFmt numFmtId="200" formatCode="{shown}"/></numFmts><cellXfs',
    )
    replace(path, "xl/styles.xml", 'numFmtId="22"', 'numFmtId="200"')
    assert rows_of(path) == {1: [date(2024, 4, 2) if is_time else 45384.0]}


def test_thousands_of_shared_texts_are_found_by_their_numbers(tmp_path: Path) -> None:
    count = 40_000
    texts = "".join(f"<si><t>text {number} &amp; more</t></si>" for number in range(count))
    order = [(number * 7919) % count for number in range(2000)]
    rows = "".join(
        f'<row r="{at}"><c r="A{at}" t="s"><v>{number}</v></c></row>' for at, number in enumerate(order, 1)
    )
    path = sheet_of(tmp_path, f"{_HEAD}{rows}{_TAIL}", texts=f'<sst xmlns="m">{texts}</sst>')
    assert [cells[0] for cells in rows_of(path).values()] == [f"text {number} & more" for number in order]


def test_a_million_empty_rows_are_not_rows(tmp_path: Path) -> None:
    empty = "".join(f'<row r="{number}"/>' for number in range(3, 1_000_000))
    xml = f'{_HEAD}<row r="1"><c r="A1"><v>1</v></c></row>{empty}<row r="1000000"><c r="B1000000"><v>2</v></c></row>{_TAIL}'
    assert rows_of(sheet_of(tmp_path, xml)) == {1: [1.0], 1_000_000: [None, 2.0]}


@pytest.mark.parametrize("part", ["xl/worksheets/sheet1.xml", "xl/workbook.xml", "xl/styles.xml"])
def test_xml_that_declares_entities_is_not_opened(tmp_path: Path, part: str) -> None:
    path = sheet_of(tmp_path, f'{_HEAD}<row r="1"><c r="A1"><v>1</v></c></row>{_TAIL}')
    opened = {
        "xl/worksheets/sheet1.xml": "<worksheet",
        "xl/workbook.xml": "<workbook",
        "xl/styles.xml": "<styleSheet",
    }[part]
    replace(path, part, opened, f'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>{opened}')
    with pytest.raises(UnreadableExportError, match="declares XML entities"):
        rows_of(path)


def test_a_formula_bomb_is_not_worked_out(tmp_path: Path) -> None:
    formula = "REPT(" * 5000 + "1" + ",9999)" * 5000
    xml = (
        f'{_HEAD}<row r="1"><c r="A1"><f>{formula}</f></c><c r="B1"><f>{formula}</f><v>3</v></c></row>{_TAIL}'
    )
    assert rows_of(sheet_of(tmp_path, xml)) == {1: [None, 3.0]}


def test_what_is_outside_the_package_is_not_followed(tmp_path: Path) -> None:
    path = sheet_of(tmp_path, f'{_HEAD}<row r="1"><c r="A1"><f>[1]other!A1</f><v>1</v></c></row>{_TAIL}')
    replace(
        path,
        "xl/_rels/workbook.xml.rels",
        "</Relationships>",
        '<Relationship Id="e" Type="http://x/externalLinkPath" Target="http://127.0.0.1:1/secret.xlsx" TargetMode="External"/></Relationships>',
    )
    with zipfile.ZipFile(path, "a") as package:
        package.writestr("xl/vbaProject.bin", b"\xd0\xcf\x11\xe0 a macro")
    assert rows_of(path) == {1: [1.0]}


def test_hidden_sheets_are_not_read(tmp_path: Path) -> None:
    path = write_workbook(tmp_path / "a.xlsx", {"shown": sheet_xml([["a"]]), "hidden": sheet_xml([["b"]])})
    replace(path, "xl/workbook.xml", 'name="hidden"', 'name="hidden" state="hidden"')
    assert [sheet.name for sheet in open_workbook(path).sheets] == ["shown"]


def test_a_sheet_that_breaks_off_is_damaged_and_not_a_shorter_one(tmp_path: Path) -> None:
    rows = [[f"order {number}", number] for number in range(3000)]
    path = write_workbook(tmp_path / "a.xlsx", {"s": sheet_xml(rows)})
    content = path.read_bytes()
    at = content.index(b"xl/worksheets/sheet1.xml")
    path.write_bytes(content[: at + 4000] + b"\0" * 400 + content[at + 4400 :])
    (sheet,) = open_workbook(path).sheets
    with pytest.raises(UnreadableExportError, match="damaged"):
        list(sheet.rows())


def test_columns_are_counted_to_the_last_one(tmp_path: Path) -> None:
    cells = "".join(f'<c r="{letters(place)}1"><v>{place}</v></c>' for place in (0, 25, 26, 701, 702, 16_383))
    (row,) = rows_of(sheet_of(tmp_path, f'{_HEAD}<row r="1">{cells}</row>{_TAIL}')).values()
    assert [row[place] for place in (0, 25, 26, 701, 702, 16_383)] == [
        0.0,
        25.0,
        26.0,
        701.0,
        702.0,
        16_383.0,
    ]

"""What a workbook holds and cannot be read is said: formulas that nobody worked out, and sheets that are not shown."""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path
from typing import Any

import pytest

from scoring.wording.text import in_language
from streams.sources.files.exports.cell_marks import marks_of_records
from streams.sources.files.exports.dry_run import ExportSummary, ImportChoices, summarize
from streams.sources.files.exports.opening import opened
from tests.fixtures.workbook import sheet_xml, write_workbook

ORDERS = [
    ["Order ID", "Order Date", "Order Status", "Quantity", "Order Total", "Currency"],
    *[[f"A-{n}0001", f"2026-03-0{n} 10:00:00", "Paid", "1", "10.5", "USD"] for n in range(1, 5)],
]
_TOTAL = '<t xml:space="preserve">10.5</t>'


def summarized(tmp_path: Path, sheets: dict[str, str], workbook: tuple[str, str] = ("", "")) -> ExportSummary:
    path = write_workbook(tmp_path / "a.xlsx", sheets)
    with zipfile.ZipFile(path) as package:
        parts = {one: package.read(one).decode() for one in package.namelist()}
    parts["xl/workbook.xml"] = parts["xl/workbook.xml"].replace(*workbook)
    with zipfile.ZipFile(path, "w") as package:
        for name, content in parts.items():
            package.writestr(name, content)
    with opened(path) as files:
        return summarize(files[0], ImportChoices(zone="UTC", currency="USD"))[0]


def with_formulas(result: str) -> str:
    """Orders whose totals are formulas, and a sum below them."""
    xml = sheet_xml(ORDERS).replace(f' t="inlineStr"><is>{_TOTAL}</is></c>', f"><f>D2*10.5</f>{result}</c>")
    return xml.replace(
        "</sheetData>",
        '<row r="6"><c r="A6" t="inlineStr"><is><t>Total</t></is></c><c r="E6"><f>SUM(E2:E5)</f></c></row></sheetData>',
    )


@pytest.mark.parametrize("result", ["", "<v></v>", "<v/>"])
def test_money_of_formulas_that_nobody_worked_out_was_empty_without_a_word(
    tmp_path: Path, result: str
) -> None:
    found = summarized(tmp_path, {"s": with_formulas(result)})
    (question,) = [one for one in found.questions if one.about == "formulas"]
    assert question.column == "total"
    assert (
        "'Order Total' has formulas without a result in the file: E2, E3, E4, … (4 in all)" in question.text
    )
    assert "用 Excel 或 WPS 打开后保存" in in_language(question.text, "zh")


def test_a_zero_is_asked_about_where_the_workbook_asks_to_be_worked_out(tmp_path: Path) -> None:
    stale = ("</sheets>", '</sheets><calcPr calcId="1" fullCalcOnLoad="1"/>')
    found: dict[str, Any] = {
        name: {one.about for one in summarized(tmp_path, {"s": with_formulas(result)}, workbook).questions}
        for name, result, workbook in (
            ("asked", "<v>0</v>", stale),
            ("free", "<v>0</v>", ("", "")),
            ("worked out", "<v>10.5</v>", stale),
        )
    }
    assert {name: "formulas" in about for name, about in found.items()} == {
        "asked": True,
        "free": False,
        "worked out": False,
    }


def test_sheets_that_are_left_out_are_named_with_the_reason(tmp_path: Path) -> None:
    sheets = {
        "Orders": sheet_xml(ORDERS),
        "Sheet2": sheet_xml([]),
        "说明": sheet_xml([["how to read this"]]),
        "February": sheet_xml(ORDERS),
    }
    hide = ('name="February"', 'name="February" state="hidden"')
    notes = summarized(tmp_path, sheets, hide).notes
    assert [one for one in notes if one.startswith("hidden sheets are left out: February.")] == notes[:1]
    assert notes[1] == "these sheets are left out, as none of their rows looks like a known header: 说明"
    assert "Sheet2" not in " ".join(notes)
    assert "隐藏的工作表没有读取：February。" in in_language(notes[0], "zh")


def test_a_workbook_whose_only_orders_are_hidden_says_so(tmp_path: Path) -> None:
    sheets = {"Hello": sheet_xml([["hello"]]), "Data": sheet_xml(ORDERS)}
    trouble = summarized(tmp_path, sheets, ('name="Data"', 'name="Data" state="veryHidden"')).trouble
    assert "hidden sheets are left out: Data." in trouble
    assert "隐藏的工作表没有读取：Data。" in in_language(trouble, "zh")


@pytest.mark.parametrize(
    "cell", ['t="e"><f>B2/0</f><v>#DIV/0!</v>', 't="e"><v>#REF!</v>', 't="str"><f>A1</f><v>#N/A</v>']
)
def test_an_error_instead_of_money_was_empty_without_a_word(tmp_path: Path, cell: str) -> None:
    xml = sheet_xml(ORDERS).replace(f'<c r="E3" t="inlineStr"><is>{_TOTAL}</is></c>', f'<c r="E3" {cell}</c>')
    assert cell in xml
    found = summarized(tmp_path, {"s": xml})
    (question,) = [one for one in found.questions if one.about == "formulas"]
    assert question.column == "total"
    assert (
        "'Order Total' has errors instead of values (such as #REF! or #N/A): E3 (1 in all)" in question.text
    )
    assert "公式错误" in in_language(question.text, "zh")
    assert found.orders == 4


def test_an_error_in_a_text_file_was_empty_without_a_word(tmp_path: Path) -> None:
    lines = [",".join(row) for row in ORDERS]
    lines[2] = lines[2].replace("10.5", "#REF!")
    (tmp_path / "a.csv").write_text("\n".join(lines))
    with opened(tmp_path / "a.csv") as files:
        found = summarize(files[0], ImportChoices(zone="UTC", currency="USD"))[0]
    assert [one.column for one in found.questions if one.about == "formulas"] == ["total"]


def test_an_error_in_a_row_of_totals_is_not_asked_about(tmp_path: Path) -> None:
    xml = sheet_xml([*ORDERS, ["Total", "", "", "", "#REF!"]])
    assert not [one for one in summarized(tmp_path, {"s": xml}).questions if one.about == "formulas"]


_ODS = (
    '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" '
    'xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"><office:body><office:spreadsheet>'
    '<table:table table:name="s">{}</table:table></office:spreadsheet></office:body></office:document-content>'
)
_MANIFEST = (
    '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
    '<manifest:file-entry manifest:full-path="/" manifest:media-type="application/vnd.oasis.opendocument.spreadsheet"/></manifest:manifest>'
)


def write_ods(path: Path, rows: str) -> None:
    with zipfile.ZipFile(path, "w") as package:
        package.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        package.writestr("META-INF/manifest.xml", _MANIFEST)
        package.writestr("content.xml", _ODS.format(rows))


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ('table:formula="of:=[.D2]*2"', "formulas without a result"),
        ('table:formula="of:=1/0" office:value-type="string" office:string-value="" calcext:value-type="error"', "errors instead of values"),
    ],
)  # fmt: skip
def test_formulas_of_an_open_document_were_empty_without_a_word(tmp_path: Path, cell: str, said: str) -> None:
    def of(text: str) -> str:
        return f'<table:table-cell office:value-type="string"><text:p>{text}</text:p></table:table-cell>'

    rows = ["".join(map(of, row)) for row in ORDERS]
    rows[3] = rows[3].replace(of("10.5"), f"<table:table-cell {cell}/>")
    path = tmp_path / "a.ods"
    write_ods(path, "".join(f"<table:table-row>{row}</table:table-row>" for row in rows))
    with opened(path) as files:
        found = summarize(files[0], ImportChoices(zone="UTC", currency="USD"))[0]
    (question,) = [one for one in found.questions if one.about == "formulas"]
    assert said in question.text
    assert "E4" in question.text


def test_a_few_bytes_that_stand_for_a_hundred_million_cells_ended_the_command(tmp_path: Path) -> None:
    cell = '<table:table-cell table:number-columns-repeated="9999" office:value-type="string"><text:p>a</text:p></table:table-cell>'
    row = f'<table:table-row table:number-rows-repeated="9999">{cell}</table:table-row>'
    write_ods(tmp_path / "a.ods", row)
    (tmp_path / "b.csv").write_text("order,amount\n1,2.50\n")
    with opened(tmp_path) as files:
        bad, good = files
        assert "too far apart" in bad.trouble
        assert bad.sheets == ()
        assert good.trouble == ""


def record(kind: int, content: bytes) -> bytes:
    return struct.pack("<HH", kind, len(content)) + content


def formula(line: int, result: bytes, flags: int) -> bytes:
    return record(0x0006, struct.pack("<HHH", line, 4, 15) + result + struct.pack("<H", flags) + bytes(4))


def test_errors_and_formulas_of_an_old_workbook_were_empty_without_a_word() -> None:
    bound = lambda at: record(0x0085, struct.pack("<IBB", at, 0, 0) + b"\x06\x00Orders")  # noqa: E731
    start = len(record(0x0809, bytes(8)) + bound(0))
    sheet = [
        record(0x0809, bytes(16)),
        formula(1, bytes(8), 2),  # to be worked out on opening
        formula(2, bytes(8), 0),  # nought, worked out
        formula(3, b"\x02\x00\x07\x00\x00\x00\xff\xff", 0),
        record(0x0205, struct.pack("<HHHBB", 4, 4, 15, 0x17, 1)),
        record(0x0205, struct.pack("<HHHBB", 5, 4, 15, 1, 0)),  # true
    ]
    marks = marks_of_records(record(0x0809, bytes(8)) + bound(start) + b"".join(sheet))
    assert set(marks) == {"Orders"}
    assert marks["Orders"].unworked == {4: {2: "E2"}}
    assert marks["Orders"].errors == {4: {4: "E4", 5: "E5"}}

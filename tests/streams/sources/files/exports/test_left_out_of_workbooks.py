"""What a workbook holds and cannot be read is said: formulas that nobody worked out, and sheets that are not shown."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest

from scoring.wording.text import in_language
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

"""Any file as a table, or a clear answer why not."""

from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path

import pytest

from streams.sources.files.exports.cells import Cell
from streams.sources.files.exports.opening import ExportFile, opened
from tests.fixtures.workbook import sheet_xml, write_workbook

ROWS = "订单号,金额\n一,1.50\n二,2.50\n"


def one(path: Path) -> ExportFile:
    with opened(path) as files:
        assert len(files) == 1
        return files[0]


def cells(path: Path) -> list[list[Cell]]:
    with opened(path) as files:
        (file,) = files
        assert file.trouble == ""
        rows = file.sheets[0].rows() if file.sheets else file.text(file.encodings[0])()
        return [list(row) for _, row in rows]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be"])
def test_encodings_are_found_by_the_files_own_bytes(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(ROWS.encode(encoding))
    assert cells(path) == [["订单号", "金额"], ["一", "1.50"], ["二", "2.50"]]


def test_a_latin_file_is_read_with_its_accents(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("Número do pedido;Situação\n1;Concluído\n".encode("cp1252"))
    assert cells(path)[1] == ["1", "Concluído"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(tmp_path: Path, delimiter: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"a{delimiter}b\n1{delimiter}2\n")
    assert cells(path) == [["a", "b"], ["1", "2"]]


def test_a_sep_line_names_the_delimiter_and_is_not_a_row(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("sep=;\r\na;b\r\n1,5;2\r\n")
    assert cells(path) == [["a", "b"], ["1,5", "2"]]


def test_line_breaks_inside_quotes_are_part_of_a_field(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('a,b\n1,"x\ny"\n2,z\n')
    with opened(path) as files:
        assert list(files[0].text("utf-8")()) == [(1, ["a", "b"]), (2, ["1", "x\ny"]), (4, ["2", "z"])]


def test_a_quote_that_is_never_closed_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('a,b\n1,"x\n' + "2,z\n" * 1000)
    with opened(path) as files, pytest.raises(Exception, match="line 2: a quote is opened"):
        list(files[0].text("utf-8")())


def test_inch_marks_in_a_tab_separated_file_are_not_quotes(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("id\tname\tqty\n" + '1\t"12" pan\t2\n' * 5)
    assert cells(path)[5] == ["1", '"12" pan', "2"]


def test_a_sheet_is_read_by_its_cells_and_not_by_the_size_it_declares(tmp_path: Path) -> None:
    path = write_workbook(tmp_path / "a.xlsx", {"0": sheet_xml([["id", "n"], ["x", 1], ["y", 2]], "A1")})
    assert cells(path) == [["id", "n"], ["x", 1.0], ["y", 2.0]]


def test_a_cell_at_the_far_corner_of_a_sheet_costs_one_row_and_not_the_rectangle(tmp_path: Path) -> None:
    xml = sheet_xml([["id"]]).replace(
        "</sheetData>", '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    )
    first, last = cells(write_workbook(tmp_path / "a.xlsx", {"0": xml}))
    assert (first, len(last), last[-1]) == (["id"], 16_384, 1.0)


def test_files_in_a_zip_and_a_gz_are_read(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as package:
        package.writestr("march/a.csv", ROWS)
        package.writestr("__MACOSX/a.csv", "junk")
    with opened(tmp_path / "a.zip") as files:
        assert [file.name for file in files] == ["a.zip/march/a.csv"]
        assert len(list(files[0].text("utf-8")())) == 3
    (tmp_path / "b.csv.gz").write_bytes(gzip.compress(ROWS.encode()))
    assert len(cells(tmp_path / "b.csv.gz")) == 3


def zipped(members: dict[str, str | bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in members.items():
            package.writestr(name, content)
    return made.getvalue()


def test_a_zip_inside_a_zip_was_left_to_the_user_to_unpack(tmp_path: Path) -> None:
    deeper = zipped({"c.csv": ROWS})
    content = zipped(
        {
            "march.zip": zipped({"a.csv": ROWS, "b.csv": ROWS + "三,3.50\n", "deeper.zip": deeper}),
            "evil.zip": zipped({"../evil.csv": ROWS}),
            "cut.zip": deeper[:40],
            "april.csv": ROWS,
        }
    )
    (tmp_path / "a.zip").write_bytes(content)
    with opened(tmp_path / "a.zip") as files:
        read = {one.name: len(list(one.text("utf-8")())) for one in files if not one.trouble}
        left = {one.name: one.trouble for one in files if one.trouble}
    assert read == {"a.zip/march.zip/a.csv": 3, "a.zip/march.zip/b.csv": 4, "a.zip/april.csv": 3}
    assert left.keys() == {"a.zip/march.zip/deeper.zip", "a.zip/evil.zip", "a.zip/cut.zip"}
    assert "unpack it first" in left["a.zip/march.zip/deeper.zip"]
    assert "outside its folder" in left["a.zip/evil.zip"]
    assert "damaged" in left["a.zip/cut.zip"]


def test_the_limits_of_a_zip_hold_for_the_zips_in_it_together(tmp_path: Path) -> None:
    many = zipped({f"{at}.csv": "" for at in range(600)})
    large = zipped({"a.csv": b"0" * (40 << 20)})
    content = zipped({"1.zip": many, "2.zip": many, "3.zip": large, "4.zip": large})
    (tmp_path / "a.zip").write_bytes(content)
    with opened(tmp_path / "a.zip") as files:
        left = {one.name: one.trouble for one in files}
    assert "at most 1,000 are read" in left["a.zip/2.zip"]
    assert "a.zip/3.zip/a.csv" in left
    assert "which no export does" in left["a.zip/4.zip"]


@pytest.mark.parametrize("name", ["../evil.csv", "/etc/evil.csv", "..\\evil.csv", "C:/evil.csv"])
def test_a_zip_that_would_write_outside_its_folder_is_rejected_whole(tmp_path: Path, name: str) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as package:
        package.writestr("good.csv", ROWS)
        package.writestr(name, ROWS)
    assert "outside its folder" in one(tmp_path / "a.zip").trouble


def test_a_zip_bomb_is_not_unpacked(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("a.csv", b"0" * (100 << 20))
    assert "which no export does" in one(tmp_path / "a.zip").trouble


@pytest.mark.parametrize(
    ("content", "answer"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf\n", "empty"),
        (b"<!DOCTYPE html><html><body>Sign in</body></html>", "web page"),
        (b"  <table><tr><td>1</td></tr></table>", "web page"),
        (b"PK\x03\x04 cut short", "damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 cut short", "damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "password"),
        (b"\x1f\x8b cut short", "damaged"),
        (b"%PDF-1.7", "PDF"),
    ],
)
def test_what_is_not_a_table_gets_a_clear_answer(tmp_path: Path, content: bytes, answer: str) -> None:
    path = tmp_path / "orders.csv"
    path.write_bytes(content)
    assert answer in one(path).trouble


def test_a_folder_is_read_file_by_file_and_one_broken_file_does_not_stop_the_others(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(ROWS)
    (tmp_path / "b.xlsx").write_bytes(b"PK\x03\x04")
    (tmp_path / ".hidden").write_text(ROWS)
    with opened(tmp_path) as files:
        assert [(file.name, bool(file.trouble)) for file in files] == [("a.csv", False), ("b.xlsx", True)]

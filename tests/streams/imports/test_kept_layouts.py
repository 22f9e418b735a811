"""A layout that a person corrected and kept is recognised next time, and not taken for another file."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from streams.imports.layouts import KeptLayout, LayoutNameError, corrected, kept_layouts, named
from streams.sources.files.exports.dry_run import ExportSummary, ImportChoices, summarize
from streams.sources.files.exports.layout import ExportLayout, known_layouts
from streams.sources.files.exports.opening import opened
from streams.sources.files.exports.recognition import recognize
from streams.sources.source_log import SourceBook

HEADER = "Nummer,Wann,Betrag,Waehrung,Kommentar"
ROW = "A1,2026-03-01T10:00:00Z,12.50,EUR,x"
SHOPIFY = "Name,Financial Status,Paid at,Fulfillment Status,Currency,Total,Created at,Lineitem quantity,Lineitem name,Lineitem price"


def read(folder: Path, text: str, **choices: object) -> ExportSummary:
    path = folder / "a.csv"
    path.write_text(text)
    with opened(path) as files:
        (summary,) = summarize(files[0], ImportChoices(**choices))  # type: ignore[arg-type]
    return summary


def kept(folder: Path) -> ExportLayout:
    """What a person made of a file of no known platform, kept as ``my-shop``."""
    base = ExportLayout(name="mine", kind="orders", columns={"order": ["Nummer"]})  # type: ignore[dict-item]
    table = read(folder, f"{HEADER}\n{ROW}\n", mapping=base).table
    assert table is not None
    columns = {"order": "Nummer", "placed": "Wann", "total": "Betrag", "currency": "Waehrung"}
    return named(corrected(table, columns), "my-shop", table.shown)  # type: ignore[arg-type]


def test_a_kept_layout_is_recognised_by_the_headers_of_its_file(tmp_path: Path) -> None:
    found = read(tmp_path, f"{HEADER}\n{ROW}\n", kept=(kept(tmp_path),))
    assert found.table is not None
    assert (found.table.layout.name, found.table.sure, found.questions) == ("my-shop", 1.0, [])
    assert (found.orders, {code: str(one) for code, one in found.money.items()}) == (1, {"EUR": "12.50"})


def test_a_kept_layout_does_not_take_the_file_of_a_platform(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        f"{SHOPIFY}\n#1,paid,,,USD,10.00,2026-03-07 10:00:00 +0000,1,Hat,5\n",
        kept=(kept(tmp_path),),
    )
    assert found.table is not None
    assert found.table.layout.name == "shopify-orders"


def test_a_file_with_half_of_the_headers_is_asked_about(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "Nummer,Wann,Betrag,Lager,Regal,Platz\nA1,2026-03-01T10:00:00Z,1,a,b,c\n",
        kept=(kept(tmp_path),),
    )
    assert found.table is None or "layout" in {one.about for one in found.questions}


def test_kept_layouts_are_read_back_as_they_were_and_another_release_s_are_left_out(tmp_path: Path) -> None:
    layout = kept(tmp_path)
    book = SourceBook()
    record = KeptLayout(layout.model_dump(mode="json", exclude_defaults=True), "Ann", 1)
    book.take("layout/my-shop", msgspec.json.encode(record))
    book.take("layout/other", msgspec.json.encode(KeptLayout({"name": "other", "kind": "of the future"})))
    assert kept_layouts(book) == (layout,)


@pytest.mark.parametrize("name", ["shopify-orders", "My Shop", "", "a/b"])
def test_a_layout_s_name_is_plain_and_its_own(tmp_path: Path, name: str) -> None:
    with pytest.raises(LayoutNameError):
        named(kept(tmp_path), name, ["Nummer"])


def test_a_person_says_which_column_of_a_report_is_what() -> None:
    lines = [
        (1, ["Tag", "Kampagne", "Ort", "Klicks", "Kosten (EUR)"]),
        (2, ["2026-03-01", "Frühling", "Köln", "31", "14,20"]),
    ]
    table = recognize(lambda: iter(lines), known_layouts())
    assert table is not None
    layout = corrected(
        table,
        {"day": "Tag"},
        measures={"clicks": "Klicks", "spend": "Kosten (EUR)"},
        parts={"campaign": "Kampagne", "channel": "Ort"},
    )
    again = recognize(lambda: iter(lines), [layout])
    assert again is not None
    assert (again.columns, again.measures) == ({"day": 0}, {"clicks": 3, "spend": 4})
    assert again.dimensions == {"campaign": 1, "channel": 2}
    assert not again.layout.is_guess

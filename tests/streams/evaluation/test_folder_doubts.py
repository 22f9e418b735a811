"""Files of a folder that are not sure: what is clear is used and said, what may be wrong is left out, and a mapping puts it right."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest

from scoring.evaluation.evaluating import evaluate_store
from scoring.evaluation.spans import SpanLength
from scoring.wording.text import in_language
from streams.evaluation.folder import NothingToEvaluateError, ReadFolder, read_folder
from streams.sources.files.exports.dry_run import ImportChoices

READ_AT = 1_798_000_000_000
CHOICES = ImportChoices(zone="Europe/Berlin", store="shop")
FIRST = date(2026, 1, 1)
DAYS = 243  # eight months


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])


def _read(folder: Path) -> ReadFolder:
    return read_folder([folder], CHOICES, SpanLength.MONTH, READ_AT)


def _notices(read: ReadFolder, language: str = "en") -> str:
    return "\n".join(in_language(one, "zh" if language == "zh" else "en") for one in read.notices)


def _orders(folder: Path, header: Sequence[str], states: Callable[[int], str]) -> None:
    rows = []
    for number in range(DAYS * 4):
        placed = datetime.combine(FIRST, time(9)) + timedelta(hours=6 * number)
        wait = 20 + number * 7 % 13
        rows.append(
            [
                f"KX-{number:06}",
                f"{placed:%d/%m/%Y %H:%M}",
                f"{placed + timedelta(minutes=20):%d/%m/%Y %H:%M}",
                f"{placed + timedelta(hours=wait):%d/%m/%Y %H:%M}",
                states(number),
                "20.00",
                "GBP",
            ]
        )
    _write(folder / "orders.csv", header, rows)


CLEAR = ["Order number", "Order date", "Payment date", "Dispatch date", "Status", "Order total", "Currency"]


def test_orders_of_an_unknown_platform_with_clear_columns_are_used_and_it_is_said(tmp_path: Path) -> None:
    _orders(tmp_path, CLEAR, lambda _: "Shipped")
    read = _read(tmp_path)
    assert evaluate_store(read.figures).indicator("logistics.time_to_ship").figure is not None
    assert "Dispatch date = time of shipping" in _notices(read)
    assert "Dispatch date＝发货时间" in _notices(read, "zh")
    assert ".mapping.yaml" in _notices(read)


def test_a_state_that_nobody_knows_is_said_in_a_mapping_next_to_the_file(tmp_path: Path) -> None:
    _orders(tmp_path, CLEAR, lambda number: "Zorgled" if number % 3 else "Shipped")
    with pytest.raises(NothingToEvaluateError, match=r"Zorgled.*import suggest.*\.mapping\.yaml"):
        _read(tmp_path)
    fields = ["order", "placed", "paid", "shipped", "status", "total", "currency"]
    columns = "\n".join(f"  {one}: [{name}]" for one, name in zip(fields, CLEAR, strict=True))
    mapping = f"name: mine\nkind: orders\nrow: order\nmoney: once\ncolumns:\n{columns}\nstatuses:\n  status: {{shipped: [Zorgled, Shipped]}}\n"
    (tmp_path / "orders.csv.mapping.yaml").write_text(mapping, "utf-8")
    read = _read(tmp_path)
    assert [(one.name, one.trouble) for one in read.files] == [("orders.csv", "")]
    assert not read.notices
    assert read.currency == "GBP"


def test_words_of_states_that_one_platform_writes_are_known_in_other_files_too(tmp_path: Path) -> None:
    states = ["待出货", "运送中", "已完成"]
    _orders(tmp_path, CLEAR, lambda number: states[number % 3])
    assert all(not one.trouble for one in _read(tmp_path).files)


def _days(each: Callable[[date], Iterable[Sequence[object]]]) -> list[Sequence[object]]:
    return [row for at in range(DAYS) for row in each(FIRST + timedelta(days=at))]


CHANNELS = (("Organic Search", 400), ("Paid Social", 300))
BY_CHANNEL = ["Session primary channel group (Default channel group)", "Date", "Sessions", "Engaged sessions", "Ecommerce purchases", "Total revenue"]  # fmt: skip


def test_sessions_by_channel_add_up_to_those_of_the_store(tmp_path: Path) -> None:
    _write(
        tmp_path / "ga4.csv",
        BY_CHANNEL,
        _days(
            lambda day: [
                [name, f"{day:%Y%m%d}", n + day.month, n // 2 + 3 * day.month, n // 50, "12.50"]
                for name, n in CHANNELS
            ]
        ),
    )
    read = _read(tmp_path)
    engaged = evaluate_store(read.figures).indicator("traffic_quality.engaged_sessions").figure
    assert engaged is not None
    assert (engaged.n, engaged.rows[0].count) == (31 * (700 + 16), 4 * 31)
    assert "by channel" in engaged.rows[0].counted_by
    assert "no amounts" in _notices(read)


def test_sessions_by_product_are_never_added_up(tmp_path: Path) -> None:
    header = ["Date", "Product ID", "Sessions", "Engaged sessions", "Ecommerce purchases"]
    _write(
        tmp_path / "ga4.csv",
        header,
        _days(lambda day: [[f"{day:%Y-%m-%d}", name, 400 + day.month, 200, 8] for name in ("A1", "B2")]),
    )
    assert (
        evaluate_store(_read(tmp_path).figures).indicator("traffic_quality.engaged_sessions").figure is None
    )


def test_the_featured_offer_of_a_business_report_is_a_share_and_not_a_hundred_times_it(
    tmp_path: Path,
) -> None:
    header = ["Datum", "Umsatz aus bestellten Produkten", "Bestellte Einheiten", "Bestellposten insgesamt", "Seitenaufrufe – Summe", "Sitzungen – Summe", "Prozentsatz Featured Offer (Einkaufswagenfeld)"]  # fmt: skip
    _write(
        tmp_path / "BusinessReport.csv",
        header,
        _days(
            lambda day: [
                [
                    f"{day:%d.%m.%y}",
                    "1.234,50 €",
                    58,
                    50,
                    "1.000",
                    640 + day.month,
                    f"{90 - day.month}.5%".replace(".", ","),
                ]
            ]
        ),
    )
    held = evaluate_store(_read(tmp_path).figures).indicator("price.featured_offer").figure
    assert held is not None
    assert held.value == pytest.approx(0.825)


def test_rows_that_cannot_be_read_are_said_with_their_number_and_why(tmp_path: Path) -> None:
    rows = _days(lambda day: [[f"{day:%Y%m%d}", 700 + day.month, 350, 9]])
    rows[5] = ["20260106", "many", 350, 9]
    _write(tmp_path / "ga4.csv", ["Date", "Sessions", "Engaged sessions", "Ecommerce purchases"], rows)
    assert "not counted: 1 (a value that cannot be read as a number)" in _notices(_read(tmp_path))


def test_a_picture_in_the_folder_names_no_option_of_another_command(tmp_path: Path) -> None:
    _orders(tmp_path, CLEAR, lambda _: "Shipped")
    (tmp_path / "logo.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(1, 200)))
    trouble = {one.name: one.trouble for one in _read(tmp_path).files}
    assert "--mapping" not in trouble["logo.png"]
    assert trouble["logo.png"]

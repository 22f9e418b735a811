"""Times and numbers as exports write them, decided over whole columns."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pytest

from streams.sources.files.exports.cells import header_name, is_damaged_id, text_of
from streams.sources.files.exports.dates import DayOrder, order_by_consecutive_days, parts_of, read_moment
from streams.sources.files.exports.numbers import Numerals, read_number


@pytest.mark.parametrize(
    ("text", "local", "offset_h"),
    [
        ("2022-04-06 21:52:40 -0400", "2022-04-06T21:52:40", -4),
        ("2024-11-23T06:43:27+00:00", "2024-11-23T06:43:27", 0),
        ("2025-02-26T00:00:19.607Z", "2025-02-26T00:00:19", 0),
        ("1. Dez. 2025, 20:33 Uhr CET(UTC+1)", "2025-12-01T20:33:00", 1),
        ("04 Apr 2026 07:17", "2026-04-04T07:17:00", None),
        ("03 fevereiro 2026 00:41", "2026-02-03T00:41:00", None),
        ("1 de fevereiro de 2026 06:52 hs.", "2026-02-01T06:52:00", None),
        ("5 août 2026 07:08", "2026-08-05T07:08:00", None),
        ("Nov 09, 2025", "2025-11-09T00:00:00", None),
        ("Sept. 3, 2025", "2025-09-03T00:00:00", None),
        ("2026年3月1日 12:03", "2026-03-01T12:03:00", None),
        ("2026/03/01 9:05", "2026-03-01T09:05:00", None),
        ("2026/3/1 下午", None, None),
        ("01/27/2026 6:03:56 PM\t", "2026-01-27T18:03:56", None),
        ("01/27/2026 12:03:56 AM", "2026-01-27T00:03:56", None),
        ("04-30-22", "2022-04-30T00:00:00", None),
        ("45384.5", "2024-04-02T12:00:00", None),
        (45384.5, "2024-04-02T12:00:00", None),
        ("201809231225", "2018-09-23T12:25:00", None),
        ("1604247600000", "2020-11-01T16:20:00", 0),
        ("2.01812E+11", None, None),
        ("2026-02-30", None, None),
        ("13:20", None, None),
        ("-", None, None),
        ("29.834", None, None),
        ("2026-03-01~2026-03-31", None, None),
    ],
)
def test_times_as_exports_write_them(text: str | float, local: str | None, offset_h: int | None) -> None:
    moment = read_moment(text, None)
    if local is None:
        assert moment is None
        return
    assert moment is not None
    assert moment.local == datetime.fromisoformat(local)
    offset = moment.offset.utcoffset(None) if moment.offset else None
    assert (None if offset is None else offset.total_seconds() / 3600) == offset_h


def order_of(*texts: str) -> DayOrder:
    order = DayOrder()
    for text in texts:
        order.add(text)
    return order


def test_which_number_is_the_day_is_decided_by_the_column_and_not_by_the_cell() -> None:
    assert order_of("02/01/2026", "01/27/2026").is_day_first is False
    assert order_of("02/01/2026", "27/01/2026").is_day_first is True
    assert order_of("02/01/2026", "03/04/2026").is_day_first is None
    assert order_of("13/01/2026", "01/13/2026").is_contradictory
    assert read_moment("02/01/2026", None) is None
    assert read_moment("02/02/2026", None) is not None


def test_days_that_follow_one_another_say_which_number_is_the_day() -> None:
    assert order_by_consecutive_days(["01/05/2026", "02/05/2026", "03/05/2026"]) is True
    assert order_by_consecutive_days(["05/01/2026", "05/02/2026", "05/03/2026"]) is False
    assert order_by_consecutive_days(["01/05/2026"]) is None


def test_dates_that_a_spreadsheet_has_swapped_next_to_texts_are_noticed() -> None:
    order = order_of("13/05/2026", "14/05/2026")
    order.add(datetime(2026, 1, 5))  # noqa: DTZ001
    assert order.was_swapped
    assert parts_of("13/05/2026") is not None


@pytest.mark.parametrize(
    ("text", "decimal", "number"),
    [
        ("BRL 32,13", ",", "32.13"), ("11,990 JPY", ".", "11990"), ("15,00€", ",", "15"), ("-3,43€", ",", "-3.43"),
        ("$7,274.35", ".", "7274.35"), ("MX$0.00", ".", "0"), ("144.", ".", "144"), ("1.2万", ".", "12000"),
        ("￥1,234.50", ".", "1234.5"), ("(3.43)", ".", "-3.43"), ("1\u202f234,56", ",", "1234.56"), ("13,54%", ",", "13.54"),
        ("1,23,456.00", ".", "123456"), ("Rp 29.834", ",", "29834"), ("1\t", ".", "1"), ("１２３", ".", "123"),
        ("6.7500000", ".", "6.75"), ("1'234.50", ".", "1234.5"), (14.977, ".", "14.977"), ("-", ".", None), ("--", ".", None),
        ("N/A", ".", None), ("00:01:19", ".", None), ("1.234.56", ".", None), ("12,34", ".", None), ("abc", ".", None),
        ("2026-01-01", ".", None),
    ],
)  # fmt: skip
def test_numbers_as_exports_write_them(text: str | float, decimal: str, number: str | None) -> None:
    assert read_number(text, decimal) == (None if number is None else Decimal(number))


def numerals_of(*texts: str | float) -> Numerals:
    numerals = Numerals()
    for text in texts:
        numerals.add(text)
    return numerals


def test_a_dot_is_thousands_or_decimal_for_the_whole_column() -> None:
    assert numerals_of("29.834", "1.705.000").decimal == ","
    assert numerals_of("29.834", "7.5").decimal == "."
    assert numerals_of("29.834", "32.200").decimal is None
    assert numerals_of("1,234.50", "2,000").decimal == "."
    assert numerals_of("12", "7").decimal == "."
    assert numerals_of("1.5", "1,5").is_contradictory


def test_a_sign_of_several_countries_names_no_currency_for_sure() -> None:
    assert numerals_of("Rp 29.834").currency() == ("IDR", True)
    assert numerals_of("BRL 1,00", "BRL 2,00").currency() == ("BRL", True)
    assert numerals_of("$1.00").currency() == ("USD", False)
    assert numerals_of("1.00", "2.00").currency() == ("", False)


def test_headers_compare_whatever_their_unicode_form_spaces_brackets_and_case() -> None:
    decomposed = "Nga\u0300y gu\u031b\u0309i ha\u0300ng"
    assert header_name(decomposed) == header_name("Ngày gửi hàng ")
    assert header_name("Versandadresse\u00a01") == header_name("versandadresse 1")
    assert header_name("（子）ASIN") == header_name("(子)ASIN")
    assert header_name("Amount spent (USD)") == header_name("Amount Spent")
    assert header_name("Total (VND)") == header_name("Total")
    assert header_name("Username (Buyer)") != header_name("Username")


def test_ids_lose_what_a_file_puts_around_them_and_destroyed_ones_are_seen() -> None:
    assert text_of('="468170906203317"') == "468170906203317"
    assert text_of("582315036312176570\t") == "582315036312176570"
    assert text_of("'400076") == "400076"
    assert text_of(400076.0) == "400076"
    assert is_damaged_id("1.1812E+11")
    assert is_damaged_id("1,03293E+19")
    assert is_damaged_id(5.827e17)
    assert not is_damaged_id("PO-076-1E5")
    assert not is_damaged_id(123456789012.0)

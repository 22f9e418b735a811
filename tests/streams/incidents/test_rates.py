"""Rates of exchange: the ECB's, those of a file, and the day of each."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest

from streams.incidents.rates import ExchangeRates, bundled_rate, read_rates
from streams.schema import ConfigError

HEADER = "currency,in,rate,day"


def rates(folder: Path, *rows: str) -> ExchangeRates:
    path = folder / "rates.csv"
    path.write_text("\n".join([HEADER, *rows]))
    return ExchangeRates(path)


@pytest.mark.parametrize("currency", ["VND", "TWD", "AED", "SAR"])
def test_a_loss_in_a_currency_that_the_ecb_leaves_out_was_in_no_sum(currency: str, tmp_path: Path) -> None:
    assert bundled_rate(currency, "USD") is None
    assert ExchangeRates(None).rate(currency, "USD") is None
    found = rates(tmp_path, f"{currency},USD,0.25,2026-11-28").rate(currency, "USD")
    assert found is not None
    assert (found.value, found.day) == (0.25, date(2026, 11, 28))


def test_a_rate_leads_to_the_base_through_another_currency_and_has_the_older_day(tmp_path: Path) -> None:
    found = rates(tmp_path, "VND,USD,0.00004,2099-01-01").rate("VND", "CNY")
    through = bundled_rate("USD", "CNY")
    assert found is not None
    assert through is not None
    assert found.value == pytest.approx(0.00004 * through.value)
    assert found.day == through.day


def test_a_rate_is_read_either_way_and_the_newest_day_holds(tmp_path: Path) -> None:
    known = rates(tmp_path, "USD,VND,26000,2026-11-28", "USD,VND,20000,2025-01-01")
    found = known.rate("VND", "USD")
    assert found is not None
    assert found.value == pytest.approx(1 / 26000)
    same = known.rate("VND", "VND")
    assert same is not None
    assert (same.value, same.day) == (1.0, None)


def test_the_file_goes_before_the_ecb_and_is_read_again_when_it_changes(tmp_path: Path) -> None:
    known = rates(tmp_path, "EUR,USD,9,2026-11-28")
    assert known.rate("EUR", "USD") == read_rates(tmp_path / "rates.csv")["EUR", "USD"]
    path = tmp_path / "rates.csv"
    path.write_text(f"{HEADER}\nEUR,USD,8,2026-11-29")
    os.utime(path, (1, 1))
    found = known.rate("EUR", "USD")
    assert found is not None
    assert found.value == 8
    path.write_text("nonsense")
    os.utime(path, (2, 2))
    assert known.rate("EUR", "USD") == found
    path.unlink()
    assert known.rate("EUR", "USD") == found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("currency,rate\nVND,1", "expected the columns currency,in,rate,day"),
        (f"{HEADER}\nDONG,USD,1,2026-11-28", ":2: 'DONG' is not an ISO 4217 code"),
        (f"{HEADER}\nVND,USD,much,2026-11-28", ":2: expected a rate and a day"),
        (f"{HEADER}\nVND,USD,1,28.11.2026", ":2: expected a rate and a day"),
        (f"{HEADER}\nVND,USD,0,2026-11-28", ":2: a rate is more than 0"),
        (f"{HEADER}\nVND,USD,nan,2026-11-28", ":2: a rate is more than 0"),
    ],
)
def test_a_file_that_is_not_one_of_rates_is_named_with_its_line(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "rates.csv"
    path.write_text(text)
    with pytest.raises(ConfigError, match=said):
        read_rates(path)
    with pytest.raises(ConfigError, match="cannot be read"):
        read_rates(tmp_path / "none.csv")

"""Rates of exchange: the ECB's, which come with the package, and those of a file of one's own, each with its day.

The ECB gives no rate for the dong, the Taiwan dollar, the dirham, the riyal and others: a loss in them reached no limit and no sum.
``alerting.exchange_rates`` names a CSV file with the columns ``currency``, ``in``, ``rate`` and ``day``: one unit of ``currency`` was
``rate`` of ``in`` on that day. The newest row of a pair holds; the file goes before the ECB, and is read again when it changes.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

import structlog
from currency_converter import CurrencyConverter, RateNotFoundError

from streams.schema import ConfigError, known_currency

_log = structlog.get_logger()
_COLUMNS = ("currency", "in", "rate", "day")
#: a file of more lines is not one of rates
_MAX_ROWS = 10_000


@dataclass(frozen=True, slots=True)
class ExchangeRate:
    """How much of the other currency one unit was, and on which day; no day where both are the same."""

    value: float
    day: date | None


RatesOfFile = Mapping[tuple[str, str], ExchangeRate]


def read_rates(path: Path) -> RatesOfFile:
    """The newest rate of each pair in a file.

    Raises:
        ConfigError: it cannot be read, or a row is not a rate; the text names the line.
    """
    try:
        with path.expanduser().open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            if tuple(name.strip() for name in rows.fieldnames or ()) != _COLUMNS:
                raise ConfigError(f"{path}: expected the columns {','.join(_COLUMNS)}")
            found: dict[tuple[str, str], ExchangeRate] = {}
            for row in rows:
                if rows.line_num > _MAX_ROWS:
                    raise ConfigError(f"{path}: more than {_MAX_ROWS} lines")
                pair, rate = _row(path, rows.line_num, row)
                known = found.get(pair)
                if known is None or known.day is None or rate.day is None or known.day <= rate.day:
                    found[pair] = rate
            return found
    except OSError as error:
        raise ConfigError(f"{path} (exchange_rates): cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(f"{path} (exchange_rates): is not CSV in UTF-8") from error


def _row(path: Path, line: int, row: Mapping[str, str | None]) -> tuple[tuple[str, str], ExchangeRate]:
    values = {name: (row.get(name) or "").strip() for name in _COLUMNS}
    for name in ("currency", "in"):
        try:
            known_currency(values[name])
        except ValueError as error:
            raise ConfigError(f"{path}:{line}: {error}") from error
    try:
        value, day = float(values["rate"]), date.fromisoformat(values["day"])
    except ValueError as error:
        raise ConfigError(f"{path}:{line}: expected a rate and a day such as 2026-11-28") from error
    if not 0 < value < math.inf:
        raise ConfigError(f"{path}:{line}: a rate is more than 0, not {values['rate']}")
    return (values["currency"], values["in"]), ExchangeRate(value, day)


@lru_cache(maxsize=1)
def _converter() -> CurrencyConverter:
    """The bundled rates; reading them takes most of a second."""
    return CurrencyConverter(fallback_on_missing_rate=True)


def bundled_rate(currency: str, base: str) -> ExchangeRate | None:
    """How much of ``base`` one unit of ``currency`` is, by the last bundled rates of the ECB; None if it has none."""
    if currency == base:
        return ExchangeRate(1.0, None)
    try:
        value = float(_converter().convert(1.0, currency, base))
    except (RateNotFoundError, ValueError):
        return None
    bounds = _converter().bounds
    # the euro is what the others are given in: it has no day of its own
    days = [bounds[name].last_date for name in (currency, base) if name != "EUR"]
    return ExchangeRate(value, min(days))


class ExchangeRates:
    """The rates in force.

    Args:
        path: the file of ``alerting.exchange_rates``; None for the ECB's alone.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._changed_at: float | None = None
        self._of_file: RatesOfFile = {}

    def rate(self, currency: str, base: str) -> ExchangeRate | None:
        """How much of ``base`` one unit of ``currency`` is; None if neither the file nor the ECB says."""
        if currency == base:
            return ExchangeRate(1.0, None)
        self._renew()
        given = self._of_file.get((currency, base))
        if given is not None:
            return given
        turned = self._of_file.get((base, currency))
        if turned is not None:
            return ExchangeRate(1 / turned.value, turned.day)
        for (of, through), rate in self._of_file.items():
            further = bundled_rate(through, base) if of == currency else None
            if further is not None:
                days = [day for day in (rate.day, further.day) if day is not None]
                return ExchangeRate(rate.value * further.value, min(days, default=None))
        return bundled_rate(currency, base)

    def _renew(self) -> None:
        """Read the file again if it has changed; a broken one leaves the rates as they were."""
        if self._path is None:
            return
        try:
            changed_at = self._path.expanduser().stat().st_mtime
            if changed_at == self._changed_at:
                return
            self._changed_at = changed_at
            self._of_file = read_rates(self._path)
        except (OSError, ConfigError) as error:
            _log.warning("exchange_rates_unreadable", path=str(self._path), error=str(error))

"""A benchmark file: conversion rates of a trade, for stores that have neither a history nor peers.

A CSV with the columns ``step`` and ``rate``, and where they are known ``low`` and ``high`` (between which eight of ten
stores lie), ``platform``, ``category``, ``country``. A field that is empty holds for all. Rates are shares (0.024) or
percent (2.4 %). Of the lines that fit a store the one that says most of it is taken.
"""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass

from scoring.errors import ScoringError
from scoring.funnel.pools import StoreTraits
from scoring.funnel.stages import STEP_BY_ID

#: the 90 % quantile of the standard normal: low to high holds eight of ten
_Z80 = 1.2815515655446004
#: variance of the log of a rate of which no range is given
_UNTOLD_VARIANCE = 0.5**2
#: what any line leaves open (log scale)
_MIN_VARIANCE = 0.1**2
_COLUMNS = ("step", "rate", "low", "high", "platform", "category", "country")


class BenchmarkError(ScoringError):
    """The file is not a valid benchmark; the text names each wrong line. The command line prints it."""


@dataclass(frozen=True, slots=True)
class BenchmarkLine:
    """One line: the rate of a step, the variance of its log between stores, and for whom it holds (empty: for all)."""

    number: int
    step: str
    rate: float
    variance: float
    platform: str = ""
    category: str = ""
    country: str = ""

    @property
    def name(self) -> str:
        """What a person reads where numbers were taken from it."""
        whom = [part for part in (self.platform, self.category, self.country) if part]
        return f"benchmark line {self.number}" + (f" ({', '.join(whom)})" if whom else "")

    def says_of(self, traits: StoreTraits) -> int:
        """How many traits of a store the line names; −1 if one of them is another's."""
        pairs = (
            (self.platform, traits.platform),
            (self.category, traits.category),
            (self.country, traits.country),
        )
        if any(named and named != own for named, own in pairs):
            return -1
        return sum(bool(named) for named, _ in pairs)


@dataclass(frozen=True, slots=True)
class Benchmark:
    """All lines."""

    lines: tuple[BenchmarkLine, ...] = ()

    def line(self, step: str, traits: StoreTraits) -> BenchmarkLine | None:
        """The line that says most of a store, the first of equals; None if none fits."""
        fitting = [line for line in self.lines if line.step == step and line.says_of(traits) >= 0]
        return max(fitting, key=lambda line: line.says_of(traits), default=None)


def known_steps() -> frozenset[str]:
    """The ids a step can have: from any stage to a later one, up to payment."""
    return frozenset(step.id for step in STEP_BY_ID.values() if step.is_fast)


def parse_benchmark(text: str) -> Benchmark:
    """The benchmark in a CSV's text.

    Raises:
        BenchmarkError: with every line that is wrong.
    """
    reader = csv.DictReader(text.lstrip("\ufeff").splitlines(keepends=True), skipinitialspace=True)
    columns = [name.strip() for name in reader.fieldnames or ()]
    missing = [name for name in _COLUMNS[:2] if name not in columns]
    if missing:
        raise BenchmarkError(f"the first line must name the columns {', '.join(missing)}")
    unknown = [name for name in columns if name not in _COLUMNS]
    if unknown:
        raise BenchmarkError(f"unknown columns: {', '.join(unknown)}; expected {', '.join(_COLUMNS)}")
    reader.fieldnames = columns
    lines, wrong = [], []
    for number, row in enumerate(reader, 2):
        try:
            lines.append(_line(number, {name: (row.get(name) or "").strip() for name in _COLUMNS}))
        except ValueError as error:
            wrong.append(f"line {number}: {error}")
    if wrong:
        raise BenchmarkError("\n".join(wrong))
    if not lines:
        raise BenchmarkError("the file has no line")
    return Benchmark(tuple(lines))


def _line(number: int, row: dict[str, str]) -> BenchmarkLine:
    if row["step"] not in known_steps():
        raise ValueError(f"unknown step {row['step']!r}; expected one such as click_to_add_to_cart")
    rate = _share("rate", row["rate"])
    variance = _UNTOLD_VARIANCE
    if row["low"] or row["high"]:
        low, high = _share("low", row["low"]), _share("high", row["high"])
        if not low <= rate <= high:
            raise ValueError("rate must lie between low and high")
        variance = max(((math.log(high) - math.log(low)) / (2 * _Z80)) ** 2, _MIN_VARIANCE)
    country = row["country"].upper()
    return BenchmarkLine(
        number, row["step"], rate, variance, row["platform"].lower(), row["category"].casefold(), country
    )


def _share(name: str, text: str) -> float:
    try:
        value = float(text.removesuffix("%").strip()) / (100 if text.endswith("%") else 1)
    except ValueError:
        raise ValueError(f"{name} {text!r} is not a number") from None
    if not 0 < value <= 1:
        raise ValueError(f"{name} {text!r} is not a share between 0 and 1 (write 2.4% for percent)")
    return value

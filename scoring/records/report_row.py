"""A report row: a platform's own total of one measure for one period. It is never added to counted events.

The identity is what it speaks of; a newer version takes the place of an older one, and both are kept.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from zoneinfo import ZoneInfo

import msgspec

from scoring.errors import ScoringError
from scoring.events.bounds import NEWEST_MS, OLDEST_MS
from scoring.events.canonical import MONEY
from scoring.events.incoming import CURRENCIES
from scoring.records.measures import Unit, measure_of
from scoring.records.merging import counted, holding

#: a dimension's name and value, and how many a row may have
MAX_DIMENSIONS, LONGEST_DIMENSION = 16, 512


class Period(StrEnum):
    """How long a figure speaks of. A range is any other span, such as that of an export."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    RANGE = "range"


class BadRecordError(ScoringError):
    """Raised for a record that cannot be used as it is; whoever lands or publishes it keeps it as a dead letter."""


class ReportRow(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One version of one figure, as it is on ``funnel.reports.v1``.

    Attributes:
        source: the platform or source whose report it is, such as ``shopee`` or ``ga4``.
        measure: of ``scoring/records/measures.py``.
        period_start_ms, period_end_ms: half-open, of the days or hours of ``zone``.
        zone: IANA name of the report's own zone.
        value: decimal text.
        dimensions: what part of the whole it is about, such as ``{"product": "B08…"}``; empty for the whole store.
        currency: of money.
        complete: the source says, or its rule says, that the period is over and all of it is in.
        told_at_ms: when the source said so; for a file, when it was imported.
        withdrawn: the way that reported it takes it back (an import was undone).
    """

    store_id: str
    source: str
    measure: str
    period: Period
    period_start_ms: int
    period_end_ms: int
    zone: str
    value: str
    dimensions: dict[str, str] = {}
    currency: str = ""
    complete: bool = True
    told_at_ms: int = 0
    import_id: str = ""
    connection: str = ""
    withdrawn: bool = False


Identity = tuple[str, str, str, str, int, str, tuple[tuple[str, str], ...]]


def identity_of(row: ReportRow) -> Identity:
    """What a row speaks of: rows of one identity are versions of one figure."""
    return (
        row.store_id,
        row.source,
        row.measure,
        row.period.value,
        row.period_start_ms,
        row.zone,
        tuple(sorted(row.dimensions.items())),
    )


def newest(versions: Iterable[ReportRow]) -> dict[Identity, ReportRow]:
    """The row that holds of each figure that any way still reports."""
    by_figure: dict[Identity, list[ReportRow]] = {}
    for version in versions:
        by_figure.setdefault(identity_of(version), []).append(version)
    held = {figure: holding(rows) for figure, rows in by_figure.items()}
    return {figure: row for figure, row in held.items() if row is not None}


def is_restated(versions: Iterable[ReportRow]) -> bool:
    """Whether the versions of one figure that count differ in their value."""
    return len({_plain(row.value) for row in counted(versions)}) > 1


def restated_figures(versions: Iterable[ReportRow]) -> frozenset[Identity]:
    """The figures whose versions that count differ in their value."""
    by_figure: dict[Identity, list[ReportRow]] = {}
    for version in versions:
        by_figure.setdefault(identity_of(version), []).append(version)
    return frozenset(figure for figure, rows in by_figure.items() if len(rows) > 1 and is_restated(rows))


def check_report_row(row: ReportRow) -> None:
    """See that a row can be kept and compared.

    Raises:
        BadRecordError: a field cannot be used; the text says which.
        UnknownMeasureError: its measure is not on the list.
    """
    measure = measure_of(row.measure)
    if not row.store_id or not row.source:
        raise BadRecordError("`store_id` and `source` of a report row must not be empty")
    if not MONEY.fullmatch(row.value):
        raise BadRecordError(
            f'`value` must be decimal text such as "1204" or "12.50", got {row.value[:64]!r}'
        )
    if row.period_end_ms <= row.period_start_ms:
        raise BadRecordError("`period_end_ms` must be later than `period_start_ms`")
    check_times(row, ("period_start_ms", "period_end_ms", "told_at_ms"))
    _check_zone(row.zone)
    if row.currency and row.currency not in CURRENCIES:
        raise BadRecordError(
            f"`currency` must be an ISO 4217 code such as CNY or USD, got {row.currency[:64]!r}"
        )
    if measure.unit is Unit.MONEY and not row.currency:
        raise BadRecordError(f"a figure of money ({row.measure}) needs its `currency`")
    if len(row.dimensions) > MAX_DIMENSIONS or any(
        not name or len(name) > 64 or len(text) > LONGEST_DIMENSION for name, text in row.dimensions.items()
    ):
        raise BadRecordError(
            f"at most {MAX_DIMENSIONS} dimensions, their names of 1 to 64 and their values of at most {LONGEST_DIMENSION} characters"
        )


def check_times(record: object, names: Iterable[str]) -> None:
    """See that the times of a record that are known lie between 2000 and 2100.

    Raises:
        BadRecordError: one does not.
    """
    for name in names:
        at_ms = getattr(record, name)
        if at_ms and not OLDEST_MS <= at_ms < NEWEST_MS:
            raise BadRecordError(
                f"`{name}` must be milliseconds since 1970, of 2000 to 2100, got {str(at_ms)[:32]}"
            )


def _check_zone(zone: str) -> None:
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        raise BadRecordError(
            f"`zone` must be an IANA name such as Asia/Shanghai, got {zone[:64]!r}"
        ) from None


def _plain(value: str) -> str:
    whole, point, fraction = value.partition(".")
    fraction = fraction.rstrip("0")
    return f"{whole}.{fraction}" if point and fraction else whole

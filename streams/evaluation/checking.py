"""Checking a report: the same numbers derived again, from the tables or the files that it names, and held against what it says."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

import msgspec

from scoring.evaluation.attribution.lines import CurrencyRate
from scoring.evaluation.evaluating import evaluate_store
from scoring.evaluation.suppliers import StorePromises
from scoring.evaluation.targets import StoreTarget
from scoring.evaluation.weights import VERSION
from scoring.events.event import Platform
from scoring.wording.text import Bilingual
from streams.clickhouse.reader import Database
from streams.config.model import StoreConfig
from streams.errors import InputError
from streams.evaluation.advised import read_lives
from streams.evaluation.attributed import AttributionRates, given_rates
from streams.evaluation.benchmark_file import with_benchmarks
from streams.evaluation.folder import NothingToEvaluateError, read_folder
from streams.evaluation.knowing import KnownStore, known_with
from streams.evaluation.page import explained, explained_group, folder_page, group_page, stored_page
from streams.evaluation.pdf import PrintedPdf, UnreadablePdfError
from streams.evaluation.places import Differing, hold, numbers_in, said_by
from streams.evaluation.printed import hold_printed
from streams.evaluation.way_back import (
    WAY_BACK,
    GroupWay,
    NoWayBackError,
    WayBack,
    way_back_of,
    way_of_files,
    way_of_tables,
)
from streams.sources.files.exports.dry_run import ImportChoices

#: a report is a page: nothing larger is one
MOST_BYTES = 20_000_000


class UnreadableReportError(InputError):
    """Raised where a file cannot be read as a report. The command line prints it."""


class PlaceDiffers(msgspec.Struct, frozen=True):
    """A place of the report at which the file says one thing and the store another; an empty text: nothing."""

    place: str
    file: str
    store: str


class CheckedReport(msgspec.Struct, frozen=True):
    """What checking a report came to.

    Attributes:
        store: of the report.
        numbers: that the file holds.
        equal: of them, derived again and equal.
        differ: places that say something else than the store does, or that the file lacks.
        underived: numbers that nothing gives.
        why: for each reason how many of them.
    """

    store: str
    numbers: int
    equal: int
    differ: tuple[PlaceDiffers, ...]
    underived: int
    why: dict[str, int]

    @property
    def is_right(self) -> bool:
        """Every number was derived again and is equal."""
        return not self.differ and not self.underived


@dataclass(frozen=True, slots=True)
class ReportFile:
    """A report's file as it was given: its text, HTML or JSON, and the PDF that held it."""

    text: str
    pdf: PrintedPdf | None = None


def report_file(path: Path) -> ReportFile:
    """The report in a file.

    Raises:
        UnreadableReportError: it is neither text nor a PDF of a sensible size.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise UnreadableReportError(
                f"{path}: larger than any report; expected an HTML, JSON or PDF file of one"
            )
        content = path.read_bytes()
        if content.startswith(b"%PDF"):
            pdf = PrintedPdf(content)
            return ReportFile(pdf.attached, pdf)
        return ReportFile(content.decode("utf-8"))
    except OSError as error:
        raise UnreadableReportError(f"{path}: {error.strerror or error}") from error
    except UnreadablePdfError as error:
        raise UnreadableReportError(f"{path}: {error}") from error
    except UnicodeDecodeError as error:
        raise UnreadableReportError(
            f"{path}: not UTF-8 text; expected an HTML, JSON or PDF file of a report"
        ) from error


async def check_report(database: Database, file: ReportFile) -> CheckedReport:
    """Derive a report made from tables again.

    Raises:
        NoWayBackError: the file is not a report.
    """
    text = file.text
    way = way_back_of(text)
    is_page = not text.lstrip().startswith("{")
    if isinstance(way, GroupWay):
        group = []
        for one in way.stores:
            known = await _known(database, one) if one.weights_version == VERSION else None
            if known is None:
                why = _LOST if one.weights_version == VERSION else _other_weights(one)
                return _underived(way.group, text, f"{one.store}: {why}")
            group.append((known, way_of_tables(known, one.language)))
        whole = GroupWay(way.form, way.group, tuple(one for _, one in group), way.missing, way.language)
        page = group_page(way.group, group, way.missing, whole) if is_page else explained_group(group, whole)
        return await asyncio.to_thread(_held, way.group, file, page)
    if way.weights_version != VERSION:
        return _underived(way.store, text, _other_weights(way))
    known = await _known(database, way)
    if known is None:
        return _underived(way.store, text, _LOST)
    again = way_of_tables(known, way.language)
    page = stored_page(known, again) if is_page else explained(known.evaluation, again, known.attribution)
    return await asyncio.to_thread(_held, way.store, file, page)


_LOST = "the tables know nothing of this store in this period any more"


async def _known(database: Database, way: WayBack) -> KnownStore | None:
    """What the tables give today of the store and period of a report."""
    store = StoreConfig.model_construct(
        id=way.store,
        name=way.called,
        zone=way.zone,
        ship_within_days=way.ship_within_days,
        answer_within_hours=way.answer_within_hours,
        platform=Platform(way.platform or Platform.OTHER),
        country=way.country,
    )
    excused = {name: Bilingual(zh, en) for name, zh, en in way.left_out}
    targets = [StoreTarget(*one) for one in way.targets]
    lives = await read_lives(database, way.store, until_ms=way.acted_until_ms) if way.acted_until_ms else {}
    rates = _rates(way)
    known = await known_with(
        database,
        store,
        way.period,
        way.known_until_ms,
        way.peers,
        targets,
        lives,
        rates,
        rules=excused,
    )
    return known if known is not None and known.read.spans[0].end_ms == way.to_ms else None


def _rates(way: WayBack) -> AttributionRates:
    """The rates that a report used."""
    known = [CurrencyRate(one, into, Decimal(rate), day) for one, into, rate, day in way.rates]
    return given_rates(known, way.base_currency)


def check_files(paths: Sequence[Path], file: ReportFile, read_at_ms: int) -> CheckedReport:
    """Derive a report made from files again, from the same files.

    Raises:
        NoWayBackError: the file is not a report.
    """
    text = file.text
    way = way_back_of(text)
    if not isinstance(way, WayBack):
        raise NoWayBackError("is the report of a group, which no files give")
    if way.weights_version != VERSION:
        return _underived(way.store, text, _other_weights(way))
    known = (way.store, way.zone, way.currency)
    choices = ImportChoices(store=way.store, zone=way.zone, currency=way.currency)
    try:
        promises = StorePromises(way.ship_within_days, way.answer_within_hours)
        read = read_folder(paths, choices, way.period, read_at_ms, promises, _rates(way))
    except NothingToEvaluateError as error:
        return _underived(way.store, text, str(error).splitlines()[0])
    read = with_benchmarks(read, way.benchmarks)
    again = way_of_files(read, known, promises, way.language, way.benchmarks)
    is_page = not text.lstrip().startswith("{")
    given = (
        folder_page(read, again)
        if is_page
        else explained(evaluate_store(read.figures), again, read.attribution)
    )
    return _held(way.store, file, given)


def _other_weights(way: WayBack) -> str:
    return f"scored with weights version {way.weights_version}; this version has {VERSION}, by which every score is another"


def _said(text: str) -> dict[str, str]:
    return {place: said for place, said in said_by(text).items() if not place.startswith(WAY_BACK)}


def _underived(name: str, text: str, why: str) -> CheckedReport:
    count = sum(len(numbers_in(said)) for said in _said(text).values())
    return CheckedReport(name, count, 0, (), count, {why: count})


def _held(name: str, file: ReportFile, given: str) -> CheckedReport:
    in_file = _said(file.text)
    held = hold(in_file, _said(given))
    added = [one for one in held.added if numbers_in(one.in_file)]
    count = sum(len(numbers_in(one.in_file)) for one in added)
    why = {
        f"{one.place}: nothing that the store knows says this": len(numbers_in(one.in_file)) for one in added
    }
    differing, same = [*held.differing, *held.missing], held.same
    if file.pdf is not None:
        printed = hold_printed(given, file.pdf)
        known = {one.place for one in differing}  # what is printed as it is attached is named once
        only = [
            replace(one, place=f"printed › {one.place}")
            for one in printed.differing
            if one.place not in known
        ]
        differing += only
        count += printed.undrawn
        same -= printed.undrawn + min(same, sum(len(numbers_in(one.from_store)) for one in only))
        if printed.undrawn:
            why[printed.why] = printed.undrawn
    numbers = sum(len(numbers_in(said)) for said in in_file.values())
    return CheckedReport(name, numbers, max(same, 0), tuple(_place(one) for one in differing), count, why)


def _place(one: Differing) -> PlaceDiffers:
    return PlaceDiffers(one.place, one.in_file, one.from_store)

"""Checking a report: the same numbers derived again, from the tables or the files that it names, and held against what it says."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from scoring.evaluation.weights import VERSION
from streams.clickhouse.reader import Database
from streams.config.model import StoreConfig
from streams.errors import InputError
from streams.evaluation.folder import NothingToEvaluateError, read_folder
from streams.evaluation.page import explained, folder_page, stored_page
from streams.evaluation.places import Differing, hold, numbers_in, said_by
from streams.evaluation.stored import stored_store
from streams.evaluation.way_back import WAY_BACK, WayBack, way_back_of, way_of_files, way_of_tables
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


def report_text(path: Path) -> str:
    """The text of a report's file.

    Raises:
        UnreadableReportError: it is not text of a sensible size.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise UnreadableReportError(
                f"{path}: larger than any report; expected an HTML or JSON file of one"
            )
        content = path.read_bytes()
        if content.startswith(b"%PDF"):
            raise UnreadableReportError(
                f"{path}: a PDF does not say how its numbers came about; give the HTML or JSON that was written with it"
            )
        return content.decode("utf-8")
    except OSError as error:
        raise UnreadableReportError(f"{path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise UnreadableReportError(
            f"{path}: not UTF-8 text; expected an HTML or JSON file of a report"
        ) from error


async def check_report(database: Database, text: str) -> CheckedReport:
    """Derive a report made from tables again.

    Raises:
        NoWayBackError: the text is not a report.
    """
    way = way_back_of(text)
    if way.weights_version != VERSION:
        return _underived(way, text, _other_weights(way))
    store = StoreConfig.model_construct(id=way.store, zone=way.zone, ship_within_days=way.ship_within_days)
    read = await stored_store(database, store, way.period, way.known_until_ms, way.peers)
    if read is None or read.spans[0].end_ms != way.to_ms:
        return _underived(way, text, "the tables know nothing of this store in this period any more")
    again = way_of_tables(read, way.ship_within_days, way.language)
    is_page = not text.lstrip().startswith("{")
    given = stored_page(read, again) if is_page else explained(read.figures, again)
    return _held(way, text, given)


def check_files(paths: Sequence[Path], text: str, read_at_ms: int) -> CheckedReport:
    """Derive a report made from files again, from the same files.

    Raises:
        NoWayBackError: the text is not a report.
    """
    way = way_back_of(text)
    if way.weights_version != VERSION:
        return _underived(way, text, _other_weights(way))
    known = (way.store, way.zone, way.currency)
    choices = ImportChoices(store=way.store, zone=way.zone, currency=way.currency)
    try:
        read = read_folder(paths, choices, way.period, read_at_ms)
    except NothingToEvaluateError as error:
        return _underived(way, text, str(error).splitlines()[0])
    again = way_of_files(read, known, way.language)
    is_page = not text.lstrip().startswith("{")
    given = folder_page(read, again) if is_page else explained(read.figures, again)
    return _held(way, text, given)


def _other_weights(way: WayBack) -> str:
    return f"scored with weights version {way.weights_version}; this version has {VERSION}, by which every score is another"


def _said(text: str) -> dict[str, str]:
    return {place: said for place, said in said_by(text).items() if not place.startswith(WAY_BACK)}


def _underived(way: WayBack, text: str, why: str) -> CheckedReport:
    count = sum(len(numbers_in(said)) for said in _said(text).values())
    return CheckedReport(way.store, count, 0, (), count, {why: count})


def _held(way: WayBack, text: str, given: str) -> CheckedReport:
    in_file = _said(text)
    held = hold(in_file, _said(given))
    added = [one for one in held.added if numbers_in(one.in_file)]
    count = sum(len(numbers_in(one.in_file)) for one in added)
    return CheckedReport(
        way.store,
        sum(len(numbers_in(said)) for said in in_file.values()),
        held.same,
        tuple(_place(one) for one in (*held.differing, *held.missing)),
        count,
        {
            f"{one.place}: nothing that the store knows says this": len(numbers_in(one.in_file))
            for one in added
        },
    )


def _place(one: Differing) -> PlaceDiffers:
    return PlaceDiffers(one.place, one.in_file, one.from_store)

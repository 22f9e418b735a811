"""A report of a store, or of several as a group: the page, the inputs of every score, and of which stores nothing is known yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scoring.evaluation.spans import SpanLength
from scoring.wording.text import Language
from streams.clickhouse.reader import Database
from streams.config.model import Config, StoreConfig
from streams.evaluation.knowing import KnownStore, known_store
from streams.evaluation.page import explained, explained_group, group_page, stored_page
from streams.evaluation.way_back import FORM, GroupWay, way_of_tables


@dataclass(frozen=True, slots=True)
class MadeReport:
    """A report.

    Attributes:
        page: as HTML.
        inputs: of every score, as JSON text.
        known: its stores of which a period is known.
        missing: ids of the others.
    """

    page: str
    inputs: str
    known: tuple[KnownStore, ...]
    missing: tuple[str, ...]


def store_report(known: KnownStore, language: Language) -> MadeReport:
    """The report of one store."""
    way = way_of_tables(known, language)
    return MadeReport(
        stored_page(known, way), explained(known.evaluation, way, known.attribution), (known,), ()
    )


def group_report(
    name: str, known: Sequence[KnownStore], missing: Sequence[str], language: Language
) -> MadeReport:
    """The report of a group: a line of each store, then the whole of each."""
    pairs = [(one, way_of_tables(one, language)) for one in known]
    way = GroupWay(FORM, name, tuple(each for _, each in pairs), tuple(missing), language)
    page, inputs = group_page(name, pairs, missing, way), explained_group(pairs, way)
    return MadeReport(page, inputs, tuple(known), tuple(missing))


async def known_stores(
    database: Database,
    config: Config,
    stores: Sequence[StoreConfig],
    length: SpanLength | None,
    present_ms: int,
    end_ms: int = 0,
) -> tuple[list[KnownStore], list[str]]:
    """What is known of each store in its last period that is complete at ``present_ms``, and of which nothing is.

    Args:
        database: the tables.
        config: of the instance.
        stores: to read.
        length: of the period.
        present_ms: the moment to look at.
        end_ms: not 0: only periods that end on that day of the store's own clock, or the next, count.
    """
    found, missing = [], []
    for store in stores:
        known = await known_store(database, config, store, length, present_ms)
        if known is None or (end_ms and abs(known.read.spans[0].end_ms - end_ms) > _A_DAY_MS):
            missing.append(store.id)
        else:
            found.append(known)
    return found, missing


#: zones differ by a day at most
_A_DAY_MS = 26 * 3_600_000

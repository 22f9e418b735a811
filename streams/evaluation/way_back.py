"""The way back that a report carries: where its numbers came from, so that ``funnelwatch report check`` can derive them again."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Literal

import msgspec

from scoring.errors import UNDECODABLE
from scoring.evaluation.attribution.lines import Attribution
from scoring.evaluation.spans import SpanLength
from scoring.evaluation.suppliers import StorePromises
from scoring.evaluation.weights import VERSION
from scoring.wording.text import Language, in_language
from streams.errors import InputError
from streams.evaluation.folder import ReadFolder
from streams.evaluation.knowing import KnownStore

#: of what is written here; another number is another meaning
FORM = 2
#: under which name it is in a page and in the JSON
WAY_BACK = "way_back"
_IN_PAGE = re.compile(rf'<template id="{WAY_BACK}">(.*?)</template>', re.DOTALL)


class NoWayBackError(InputError):
    """Raised for a file that does not say where its numbers came from: not a report, one of an older version, or one that was cut off."""


class WayBack(msgspec.Struct, frozen=True):
    """Where the numbers of a report came from.

    Attributes:
        form: of this record.
        made_from: the tables of an instance, or files.
        store: id of the store, or its name on a page made from files.
        zone: of its days; of files, what was given for times without an offset.
        currency: of files, what was given for amounts without one.
        ship_within_days, answer_within_hours: what the store promised then.
        period: length of the period.
        from_ms, to_ms: the period.
        known_until_ms: up to when anything was known; 0 of files.
        peers: stores that it was compared with.
        language: of the page; of JSON, of nothing in it.
        weights_version: of the scores.
        targets: that held: of what, value, who set it.
        benchmarks: rows of a table of published figures that it was compared with, as they were in the table; its name under ``table``.
        acted_until_ms: up to when what people did about advice is in it; 0: nobody had done anything.
        rates: of currencies, that were used: currency, in which other, rate, day.
        base_currency: in which stores of several currencies are summed.
        platform, country: of the store; of files, nothing.
        left_out: periods that it was not compared with, by name, and why, in Chinese and English.
        called: what the page calls the store.
    """

    form: int
    made_from: Literal["tables", "files"]
    store: str
    zone: str
    currency: str
    ship_within_days: int | None
    answer_within_hours: Literal[1, 4, 8, 12, 24, 48] | None
    period: SpanLength
    from_ms: int
    to_ms: int
    known_until_ms: int
    peers: tuple[str, ...]
    language: Language
    weights_version: int
    targets: tuple[tuple[str, float, str], ...] = ()
    acted_until_ms: int = 0
    benchmarks: tuple[dict[str, str], ...] = ()
    rates: tuple[tuple[str, str, str, str], ...] = ()
    base_currency: str = ""
    platform: str = ""
    country: str = ""
    left_out: tuple[tuple[str, str, str], ...] = ()
    called: str = ""


class GroupWay(msgspec.Struct, frozen=True):
    """Where the numbers of a group's report came from.

    Attributes:
        group: its name.
        stores: the way back of each store.
        missing: stores of which no period was known.
        language: of the page.
    """

    form: int
    group: str
    stores: tuple[WayBack, ...]
    missing: tuple[str, ...]
    language: Language


def way_of_tables(known: KnownStore, language: Language) -> WayBack:
    """The way back of what the tables gave."""
    read = known.read
    span = read.spans[0]
    return WayBack(
        FORM,
        "tables",
        read.figures.store_id,
        span.zone,
        "",
        known.config.ship_within_days,
        known.config.answer_within_hours,
        read.length,
        span.start_ms,
        span.end_ms,
        read.known_until_ms,
        read.peers,
        language,
        VERSION,
        tuple((one.of, one.value, one.set_by) for one in known.targets),
        known.acted_until_ms,
        (),
        *_rates(known.attribution),
        known.config.platform.value,
        known.config.country,
        tuple((name, in_language(why, "zh"), in_language(why, "en")) for name, why in read.left_out.items()),
        called=known.config.called(language),
    )


def _rates(found: Attribution | None) -> tuple[tuple[tuple[str, str, str, str], ...], str]:
    """The rates that an attribution used, and the base currency."""
    if found is None:
        return (), ""
    used = [*found.rates, *([found.base] if found.base is not None else [])]
    rates = tuple((one.currency, one.into, f"{one.rate:f}", one.day) for one in used)
    return rates, found.base.into if found.base is not None else ""


def way_of_files(
    read: ReadFolder,
    given: tuple[str, str, str],
    promises: StorePromises,
    language: Language,
    benchmarks: Sequence[dict[str, str]] = (),
) -> WayBack:
    """The way back of what files gave.

    Args:
        read: the files.
        given: name of the store, zone and currency that were given with them.
        promises: of the store.
        language: of the page.
        benchmarks: rows of a table of published figures.
    """
    store, zone, currency = given
    span = read.figures.span
    return WayBack(
        FORM,
        "files",
        store,
        zone,
        currency,
        promises.ship_within_days,
        promises.answer_within_hours,  # type: ignore[arg-type]  # one of those that may be given
        read.length,
        span.start_ms,
        span.end_ms,
        0,
        (),
        language,
        VERSION,
        (),
        0,
        tuple(benchmarks),
        *_rates(read.attribution),
    )


def embedded(way: WayBack | GroupWay) -> str:
    """As it is put into a page: nothing in it can end the element that holds it."""
    return msgspec.json.encode(way).decode().replace("<", "\\u003c").replace("&", "\\u0026")


def way_back_of(text: str) -> WayBack | GroupWay:
    """The way back in the text of a report, HTML or JSON.

    Raises:
        NoWayBackError: there is none that can be read.
    """
    try:
        if text.lstrip().startswith("{"):
            found = json.loads(text).get(WAY_BACK)
        else:
            inside = _IN_PAGE.search(text)
            found = json.loads(inside.group(1) if inside else "null")
        kind: type[WayBack | GroupWay] = GroupWay if "group" in (found or {}) else WayBack
        way = msgspec.convert(found, kind)
    except (*UNDECODABLE, TypeError, AttributeError) as error:
        raise NoWayBackError(
            "says nowhere which numbers of which store it holds: expected an HTML, JSON or PDF file of `funnelwatch report` or "
            "`funnelwatch evaluate`, whole and of this version"
        ) from error
    if way.form != FORM:
        raise NoWayBackError(f"was written in form {way.form}; this version reads form {FORM}")
    return way

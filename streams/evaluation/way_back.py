"""The way back that a report carries: where its numbers came from, so that ``funnelwatch report check`` can derive them again."""

from __future__ import annotations

import json
import re
from typing import Literal

import msgspec

from scoring.evaluation.spans import SpanLength
from scoring.evaluation.weights import VERSION
from scoring.wording.text import Language
from streams.errors import InputError
from streams.evaluation.folder import ReadFolder
from streams.evaluation.stored import StoredStore

#: of what is written here; another number is another meaning
FORM = 1
#: under which name it is in a page and in the JSON
WAY_BACK = "way_back"
_IN_PAGE = re.compile(rf'<script type="application/json" id="{WAY_BACK}">(.*?)</script>', re.DOTALL)


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
        ship_within_days: what the store promised then.
        period: length of the period.
        from_ms, to_ms: the period.
        known_until_ms: up to when anything was known; 0 of files.
        peers: stores that it was compared with.
        language: of the page; of JSON, of nothing in it.
        weights_version: of the scores.
    """

    form: int
    made_from: Literal["tables", "files"]
    store: str
    zone: str
    currency: str
    ship_within_days: int | None
    period: SpanLength
    from_ms: int
    to_ms: int
    known_until_ms: int
    peers: tuple[str, ...]
    language: Language
    weights_version: int


def way_of_tables(read: StoredStore, ship_within_days: int | None, language: Language) -> WayBack:
    """The way back of what the tables gave."""
    span = read.spans[0]
    return WayBack(
        FORM,
        "tables",
        read.figures.store_id,
        span.zone,
        "",
        ship_within_days,
        read.length,
        span.start_ms,
        span.end_ms,
        read.known_until_ms,
        read.peers,
        language,
        VERSION,
    )


def way_of_files(read: ReadFolder, given: tuple[str, str, str], language: Language) -> WayBack:
    """The way back of what files gave.

    Args:
        read: the files.
        given: name of the store, zone and currency that were given with them.
        language: of the page.
    """
    store, zone, currency = given
    span = read.figures.span
    return WayBack(
        FORM,
        "files",
        store,
        zone,
        currency,
        None,
        read.length,
        span.start_ms,
        span.end_ms,
        0,
        (),
        language,
        VERSION,
    )


def embedded(way: WayBack) -> str:
    """As it is put into a page: nothing in it can end the element that holds it."""
    return msgspec.json.encode(way).decode().replace("<", "\\u003c").replace("&", "\\u0026")


def way_back_of(text: str) -> WayBack:
    """The way back in the text of a report, HTML or JSON.

    Raises:
        NoWayBackError: there is none that can be read.
    """
    try:
        if text.lstrip().startswith("{"):
            found = json.loads(text).get(WAY_BACK)
            way = msgspec.convert(found, WayBack)
        else:
            inside = _IN_PAGE.search(text)
            way = msgspec.json.decode(inside.group(1) if inside else "null", type=WayBack)
    except (ValueError, RecursionError) as error:  # msgspec's are ValueErrors
        raise NoWayBackError(
            "says nowhere which numbers of which store it holds: expected an HTML or JSON file of `funnelwatch report` or "
            "`funnelwatch evaluate`, whole and of this version"
        ) from error
    if way.form != FORM:
        raise NoWayBackError(f"was written in form {way.form}; this version reads form {FORM}")
    return way

"""What a report says, place by place: every text and every number of a page or of its JSON, so that two can be held against each other."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

_NUMBER = re.compile(r"[-−+]?\d+(?:[.,]\d+)*")
_SILENT = frozenset({"style", "script", "template"})
_VOID = frozenset({"meta", "link", "br", "img", "input", "hr", "line", "circle", "rect", "path", "polyline"})
#: elements whose text is one piece
_PIECES = frozenset(
    {"title", "p", "li", "td", "th", "summary", "h1", "h2", "h3", "figcaption", "text", "pre"}
)
#: what a picture's elements say in numbers
_DRAWN = (
    "x", "y", "x1", "y1", "x2", "y2", "cx", "cy", "r", "width", "height", "d", "points", "viewbox", "style", "href"
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Differing:
    """A place at which two reports say different things; an empty text: nothing is said there."""

    place: str
    in_file: str
    from_store: str


@dataclass(slots=True)
class PrintedText:
    """One run of text that a page prints, with its place, in the order of the page; ``heads``: of the table that it is in, run together."""

    text: str
    heads: str
    place: str = ""


@dataclass(slots=True)
class _Piece:
    """An element whose text is collected: the runs of it, and which of the printed ones they are."""

    tag: str
    parts: list[str] = field(default_factory=list)
    printed: list[PrintedText] = field(default_factory=list)


@dataclass(slots=True)
class Held:
    """Two reports held against each other, by numbers.

    Attributes:
        same: numbers that are equal.
        differing: places of which a number, or a word, is not.
        added: places that are in the file alone: nothing gives them.
        missing: places that the file lacks.
    """

    same: int = 0
    differing: list[Differing] = field(default_factory=list)
    added: list[Differing] = field(default_factory=list)
    missing: list[Differing] = field(default_factory=list)


def hold(in_file: Mapping[str, str], from_store: Mapping[str, str]) -> Held:
    """Hold what a file says against what the store gives, place by place."""
    held = Held()
    for place, text in in_file.items():
        if place not in from_store:
            held.added.append(Differing(place, text, ""))
            continue
        given = from_store[place]
        if text == given:
            held.same += len(numbers_in(text))
            continue
        ours, theirs = Counter(numbers_in(text)), Counter(numbers_in(given))
        held.same += (ours & theirs).total()
        held.differing.append(Differing(place, text, given))
    held.missing = [Differing(place, "", text) for place, text in from_store.items() if place not in in_file]
    return held


def numbers_in(text: str) -> list[str]:
    """The numbers of a text as they are written."""
    return _NUMBER.findall(text)


def said_by(text: str) -> dict[str, str]:
    """What a report says, by place: ``heading › row › column`` of a page, the keys of JSON."""
    if text.lstrip().startswith("{"):
        return dict(_flat(json.loads(text), ""))
    return _read(text).said


def printed_by(page: str) -> list[PrintedText]:
    """What a page prints, run by run, in its order: without what is folded, and without its title."""
    return _read(page).printed


def _read(page: str) -> _PageReader:
    reader = _PageReader()
    reader.feed(page)
    reader.close()
    return reader


def _flat(value: Any, place: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, one in value.items():
            yield from _flat(one, f"{place} › {name}" if place else name)
    elif isinstance(value, list):
        for at, one in enumerate(value, 1):
            yield from _flat(one, f"{place} › {at}")
    else:
        yield place, value if isinstance(value, str) else json.dumps(value)


class _PageReader(HTMLParser):
    """Collects the pieces of a page's text under names that a person finds again."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.said: dict[str, str] = {}
        self.printed: list[PrintedText] = []
        self._open: list[str] = []
        self._texts: list[_Piece] = []
        self._heading = {"h1": "", "h2": "", "h3": ""}
        self._heads: list[str] = []
        self._row: list[tuple[_Piece, str]] = []
        self._pictures: list[str] = []
        self._drawn: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """See ``HTMLParser``."""
        if "svg" in self._open or tag == "svg":
            self._drawn += [f"{name}={value}" for name, value in attrs if name in _DRAWN and value]
        if tag not in _VOID:
            self._open.append(tag)
        if tag == "table":
            self._heads = []
        if tag in _PIECES:
            self._texts.append(_Piece(tag))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """See ``HTMLParser``."""
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        """See ``HTMLParser``."""
        while self._open and self._open.pop() != tag:
            pass
        if tag == "svg" and self._drawn:
            drawn, self._drawn = " ".join(self._drawn), []
            if "tr" in self._open:
                self._pictures.append(drawn)
            else:
                self._say("picture", drawn)
        if self._texts and self._texts[-1].tag == tag:
            piece = self._texts.pop()
            self._piece(piece, " ".join("".join(piece.parts).split()))
        if tag == "tr":
            self._end_row()

    def handle_data(self, data: str) -> None:
        """See ``HTMLParser``."""
        if not _SILENT.isdisjoint(self._open):
            return
        printed = PrintedText(data, "".join(self._heads))
        if data.strip() and "title" not in self._open and not self._is_folded():
            self.printed.append(printed)
        if self._texts:
            self._texts[-1].parts.append(data)
            self._texts[-1].printed.append(printed)
        elif data.strip():
            printed.place = self._say(self._open[-1] if self._open else "text", " ".join(data.split()))

    def _is_folded(self) -> bool:
        return "details" in self._open and "summary" not in self._open

    def _piece(self, piece: _Piece, text: str) -> None:
        if piece.tag in self._heading:
            self._heading.update({name: "" for name in self._heading if name >= piece.tag})
            _put(piece, self._say(piece.tag, text))
            self._heading[piece.tag] = text
        elif piece.tag in ("td", "th") and "tr" in self._open:
            self._row.append((piece, text))
        elif text:
            _put(piece, self._say(piece.tag, text))

    def _end_row(self) -> None:
        cells = [text for _, text in self._row]
        if all(piece.tag == "th" for piece, _ in self._row):
            self._heads = cells
        label = cells[0] if cells else ""
        for at, (piece, text) in enumerate(self._row):
            head = self._heads[at] if at < len(self._heads) else ""
            if text:
                _put(piece, self._say(f"{label} › {head or at + 1}" if at else "row", text))
        for drawn in self._pictures:
            self._say(f"{label} › picture", drawn)
        self._row, self._pictures = [], []

    def _say(self, name: str, text: str) -> str:
        begin = " › ".join(part for part in (*self._heading.values(), name) if part)
        place, count = begin, 1
        while place in self.said:
            count += 1
            place = f"{begin} ({count})"
        self.said[place] = text
        return place


def _put(piece: _Piece, place: str) -> None:
    for one in piece.printed:
        one.place = place

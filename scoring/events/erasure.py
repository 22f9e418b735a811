"""A buyer's ids, each with the substitute that takes its place: what is kept stays countable, and says nothing of the buyer.

An id is replaced by the same substitute wherever it is found, so orders stay orders, repeats stay repeats and totals stay as they
are. Who draws the substitutes forgets them: nothing leads back.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any
from urllib.parse import quote

from scoring.errors import UNDECODABLE
from scoring.events.pseudonyms import is_marked

#: a shorter id is part of too many other things to be looked for in texts: it is replaced where an id is the whole value
SHORTEST_IN_TEXT = 6
#: fields of an event, and of what is reported of an order, that hold ids of people and of what they did
PERSON_FIELDS = ("visitor", "buyer", "session")
ID_FIELDS = (*PERSON_FIELDS, "order_id", "event_id", "delivery_id")
_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
_PERSON = re.compile(r"[a-z2-7]{16}")
#: what an id may consist of: next to one of these, a find is part of another id
_EDGE = "A-Za-z0-9_"
#: an id begins after anything else, and after what stands for another character: ``\n`` and ``\u4e2d`` of JSON, ``%20`` of an address
_BEGINS = rf"(?:(?<![{_EDGE}])|(?<=\\[nrtbf])|(?<=\\u[0-9a-fA-F]{{4}})|(?<=%[0-9a-fA-F]{{2}}))"
_STORE = re.compile(rb'"store_id":\s*"([^"\\]*)"')


def substitute(of: str, draw: Callable[[int], bytes]) -> str:
    """A new substitute for ``of``, of the same kind: letters as of a pseudonym for one, a marked id for all others."""
    letters = "".join(_LETTERS[byte & 31] for byte in draw(16))
    return letters if _PERSON.fullmatch(of) else f"erased-{letters}"


def written_forms(one: str) -> set[str]:
    """How an id appears in what is kept: as it is, in JSON, in JSON inside of JSON, in an address, in a mail's HTML."""
    in_json = json.dumps(one, ensure_ascii=False)[1:-1]
    in_ascii = json.dumps(one)[1:-1]
    forms = {one, in_json, in_ascii, quote(one), quote(one, safe=""), html.escape(one)}
    return forms | {json.dumps(form, ensure_ascii=False)[1:-1] for form in (in_json, in_ascii)}


def _either(words: Iterable[str]) -> str:
    """A pattern for any of the words, of two that begin alike the longer one; empty for none.

    What words have in common at their beginning is looked at once, so that thousands of them cost hardly more than one.
    """
    tree: dict[str, Any] = {}
    for word in words:
        at = tree
        for letter in word:
            at = at.setdefault(letter, {})
        at[""] = {}
    return _pattern(tree) if tree else ""


def _pattern(tree: dict[str, Any]) -> str:
    straight = ""
    while len(tree) == 1 and "" not in tree:  # not a call a letter: an id may be long
        ((letter, tree),) = tree.items()
        straight += re.escape(letter)
    ways = [re.escape(letter) + _pattern(rest) for letter, rest in sorted(tree.items()) if letter]
    if not ways:
        return straight
    return f"{straight}(?:{'|'.join(ways)}){'?' if '' in tree else ''}"


class Erasure:
    """Replaces ids in values and texts. Two stores may number their orders alike: what names another store is left alone."""

    def __init__(self, substitutes: Mapping[str, str], store_id: str = "") -> None:
        """Use ``substitutes``: id → what takes its place, of ids of the store ``store_id``."""
        self._substitutes = dict(substitutes)
        self.store_id = store_id
        #: every way in which an id may be written → what takes its place
        self._written = {form: new for one, new in substitutes.items() for form in written_forms(one)}
        every = _either(self._written)
        #: an order that was counted, as the monitor remembers it: stage, store, order
        self._order_key = (
            re.compile(f'(\\b[a-z] {re.escape(store_id)} )({every})(?=[\\\\"])') if substitutes else None
        )
        long = _either(one for one in self._written if len(one) >= SHORTEST_IN_TEXT)
        short = _either(one for one in self._written if len(one) < SHORTEST_IN_TEXT)
        self._in_text = re.compile(f"{_BEGINS}{long}(?![{_EDGE}])") if long else None
        fields = "|".join(ID_FIELDS)
        self._in_field = re.compile(f'("(?:{fields})":\\s*")({short})(?=")') if short else None

    @property
    def ids(self) -> Collection[str]:
        """What is replaced."""
        return self._substitutes.keys()

    @property
    def long_ids(self) -> list[str]:
        """Those that are looked for inside of texts, too, in every way in which they may be written."""
        return [one for one in self._written if len(one) >= SHORTEST_IN_TEXT]

    def in_text(self, text: str) -> str:
        """``text`` with every id replaced: long ones wherever they are whole, short ones as a field's whole value."""
        if self._in_text is not None:
            text = self._in_text.sub(lambda found: self._written[found[0]], text)
        if self._in_field is not None:
            text = self._in_field.sub(lambda found: found[1] + self._written[found[2]], text)
        return text

    def in_bytes(self, content: bytes) -> bytes:
        """The same for bytes, whatever they are: those that are not text stay."""
        return self.in_text(content.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")

    def in_record(self, content: bytes) -> bytes:
        """The same for a record's value, unless it names other stores only."""
        stores = _STORE.findall(content)
        if self.store_id and stores and self.store_id.encode() not in stores:
            return content
        return self.in_bytes(content)

    def in_order_keys(self, content: bytes) -> bytes:
        """The same for what the monitor remembers of counted orders, where every key names its store."""
        if self._order_key is None:
            return content
        text = content.decode("utf-8", "surrogateescape")
        text = self._order_key.sub(lambda found: found[1] + self._written[found[2]], text)
        return text.encode("utf-8", "surrogateescape")

    def in_value(self, field: str, value: Any) -> Any:
        """A field's value with every id replaced; of another kind than text, and in what holds texts."""
        if isinstance(value, str):
            whole = self._substitutes.get(value) if field in ID_FIELDS else None
            return self.in_text(value) if whole is None else whole
        if isinstance(value, Mapping):
            return {self.in_text(str(key)): self.in_value("", one) for key, one in value.items()}
        if isinstance(value, list | tuple):
            return type(value)(self.in_value("", one) for one in value)
        return value

    def cut_to_own(self, value: Any) -> Any:
        """What was sent, without the entries of its lists that hold no id: a page of orders has other people's, too."""
        if isinstance(value, Mapping):
            return {key: self.cut_to_own(one) for key, one in value.items()}
        if isinstance(value, list) and any(isinstance(one, Mapping | list) for one in value):
            return [
                self.cut_to_own(one) for one in value if self.in_value("", one) != one or self._holds(one)
            ]
        return value

    def _holds(self, value: Any) -> bool:
        """Whether an id is a field's whole value somewhere inside, however short it is."""
        if isinstance(value, Mapping):
            return any(self.in_value(key, one) != one or self._holds(one) for key, one in value.items())
        return isinstance(value, list) and any(map(self._holds, value))


class BuyerIds:
    """Collects the ids of buyers of one store from events and orders, in any order, but each pass over all before the next."""

    def __init__(self, store_id: str, pseudonyms: Iterable[str]) -> None:
        self.store_id = store_id
        #: pseudonyms of the buyers: as buyer, and as the visitor on each device that bought
        self.people = set(pseudonyms)
        self.sessions: set[str] = set()
        self.others: set[str] = set()

    @property
    def all(self) -> set[str]:
        """Every id found."""
        return self.people | self.sessions | self.others

    def take_devices(self, record: Mapping[str, Any]) -> None:
        """The first pass: learn from a record of a buyer by which visitor it came."""
        if record.get("store_id") == self.store_id and record.get("buyer") in self.people:
            self.people.update(one for one in (record.get("visitor"),) if one)

    def take(self, record: Mapping[str, Any]) -> bool:
        """The second: learn the ids in a record, if it is one of theirs and nobody else's, by its buyer or visitor."""
        if record.get("store_id") != self.store_id:
            return False
        buyer, visitor = record.get("buyer") or "", record.get("visitor") or ""
        if buyer not in self.people and (buyer or visitor not in self.people):
            return False
        self.sessions.update(one for one in (record.get("session"),) if one)
        self._take_ids(record)
        return True

    def take_nameless(self, record: Mapping[str, Any]) -> None:
        """The third: learn the ids in a record that has a session of theirs and names nobody."""
        is_nameless = not record.get("buyer") and not record.get("visitor")
        if record.get("store_id") == self.store_id and is_nameless and record.get("session") in self.sessions:
            self._take_ids(record)

    def take_letter(self, store_id: str, payload: str) -> None:
        """After the second: learn the ids in what was rejected, where people are marked pseudonyms."""
        try:
            sent = json.loads(payload)
        except UNDECODABLE:
            return
        if isinstance(sent, dict):
            texts = {name: text for name, text in sent.items() if isinstance(text, str)}
            people = {name: texts.get(name, "").removeprefix("~") for name in PERSON_FIELDS}
            things = {name: one[1:] for name, one in texts.items() if name in ID_FIELDS and is_marked(one)}
            self.take({**texts, **things, **people, "store_id": store_id})

    def _take_ids(self, record: Mapping[str, Any]) -> None:
        found = (record.get(field) for field in ("order_id", "event_id"))
        self.others.update(one for one in found if one)

"""Personal data out of records: what is kept of a rejected one, and what is masked in an event's own fields.

On the path of an event: called by ``scoring/events/canonical.py`` for free text, by ``streams/collector`` for dead letters.
Names are judged by ``personal_names.py``, values by ``personal_values.py``. A mask says what was there, so that a person who
reads a dead letter still sees its shape.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from scoring.errors import UNDECODABLE
from scoring.events.field_names import AMOUNTS, ID_WORDS, IDS, LABELS, TIME_WORDS, TIMES, is_id_name
from scoring.events.personal_names import is_label, is_personal, is_persons_id, is_write_key, name_words
from scoring.events.personal_values import DIGITS, REMOVED, mask_id, mask_label, mask_text
from scoring.events.pseudonyms import is_marked, kept_id

#: bytes of a rejected record that are kept; enough to see one event, too little to keep a body
LONGEST_PAYLOAD = 2048
#: bytes of a rejected record of a topic that are kept
TOPIC_PAYLOAD_BYTES = 2000
#: bytes of a record that is read as JSON; of a longer one the beginning is masked as text
_LONGEST_READ = 65_536

#: characters of one text of a document that are kept, and beyond them those that are looked at, so that no address is cut in two. A
#: pattern is searched in one piece, in which no other thread has its turn: some 30 ms (measured 2026-11); no field of a record is longer
LONGEST_TEXT, _BEYOND = 32_768, 1024
#: digits of a number; a longer one is none that anybody counts with
_LONGEST_NUMBER = 400
_AMOUNT = re.compile(r"[+-]?\d{1,13}(?:[.,]\d{1,9})?")

_PAIR = re.compile(
    r"""(["'])((?:[^"'\\]|\\.){1,80})\1\s*:\s*("(?:[^"\\]|\\.){0,9000}(?:"|$)|'(?:[^'\\]|\\.){0,9000}(?:'|$)|-?\d[\d.eE+\-]*)"""
)
#: an object or array that holds no other
_NESTED = re.compile(r'"((?:[^"\\]|\\.){1,80})"\s*:\s*[\[{][^\[\]{}]*(?:[\]}]|$)')
#: a pair of a form's body or of an address's query
_FORM = re.compile(r"(?:(?<=[?&;])|(?<![^\s\"']))([^=&?\s\"';]{1,64})=([^&\s\"';]{0,2000})")
#: JSON's escapes of letters beyond quote, backslash and control characters, which hide what is there from the masks
_ESCAPED = re.compile(
    r"(?<!\\)((?:\\\\)*)(\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4})"
)
_LONE = re.compile("[\ud800-\udfff]")


class _Number(str):
    """A JSON number as it was written: reading it would lose its last digits."""

    __slots__ = ()


class _Pairs(list[tuple[str, Any]]):
    """A JSON object with its keys in order, repeated ones too."""


class StoreField(NamedTuple):
    """Where an object names its store: the keys that lead there, and what some of the sender's names stand for."""

    keys: tuple[str, ...]
    values: Mapping[str, str] = {}


class _Masks(NamedTuple):
    """What is put in place of ids of people, and names of fields that decide before the general rules.

    A name may be ``parent.child``: then the object ``parent``, though its name is personal, is kept as far as such children go.
    Where there are names in ``only``, a field that is not one of them is removed, whatever it holds. A name in ``ids`` is
    ``parent.child`` with the last object around it, of the outermost ``.child``.
    """

    pseudonym: Callable[[str], str]
    #: of people, if it is another
    person: Callable[[str], str]
    personal: frozenset[str] = frozenset()
    people: frozenset[str] = frozenset()
    kept: frozenset[str] = frozenset()
    only: frozenset[str] = frozenset()
    ids: frozenset[str] = frozenset()
    stores: tuple[StoreField, ...] = ()
    of_store: Callable[[str], Callable[[str], str] | None] | None = None

    def opens(self, field: str) -> bool:
        """Whether something of an object of that name is kept, whatever the general rules say."""
        return any(name.startswith(f"{field}.") for name in (*self.people, *self.kept))


_REMOVING = _Masks(lambda raw: REMOVED, lambda raw: REMOVED)


def mask_field(field: str, text: str) -> str:
    """``text`` without personal data, as it may be kept under the name ``field``."""
    if field in IDS or field in TIMES:
        return mask_id(text)
    return _by_name(field)(text)


@lru_cache(maxsize=4096)
def mask_attribute(field: str, text: str) -> str:
    """The value of an attribute as it is kept; its name decides before its shape does."""
    if is_persons_id(field) or (is_personal(field) and not is_label(field, text)):
        return REMOVED
    if '":' in text or "':" in text:
        return _masked_loosely(text, _REMOVING)
    return mask_field(field, text)


def kept_attribute(field: str, text: str, pseudonym: Callable[[str], str]) -> str:
    """``mask_attribute``, but an id (of a line, a refund, a parcel) becomes its pseudonym where it would be masked."""
    masked = mask_attribute(field, text)
    if masked == REMOVED or not is_id_name(field):
        return masked
    return pseudonym(text.strip()) if masked != text or is_marked(text) else text


def mask_free(text: str) -> str:
    """``text`` without personal data, whatever it is: prose, a form's body, an address with a query."""
    if "=" not in text:
        return mask_text(text)
    parts: list[str] = []
    at = 0
    for match in _FORM.finditer(text):
        parts += (mask_text(text[at : match.start()]), _masked_form(match))
        at = match.end()
    return "".join(parts) + mask_text(text[at:])


@lru_cache(maxsize=4096)
def _by_name(field: str) -> Callable[[str], str]:
    words = name_words(field) or [field.lower()]
    if words[-1] in AMOUNTS:
        return _mask_amount
    if words[-1] in LABELS:
        return mask_label
    return mask_id if words[-1] in ID_WORDS or words[-1] in TIME_WORDS else mask_free


def _mask_amount(text: str) -> str:
    return text if _AMOUNT.fullmatch(text.strip()) else mask_free(text)


def _unquoted(text: str) -> str:
    """A part of a query without its percent-encoding (RFC 3986, 2.1)."""
    raw = re.sub(
        rb"%([0-9A-Fa-f]{2})",
        lambda code: bytes([int(code.group(1), 16)]),
        text.replace("+", " ").encode("utf-8", "replace"),
    )
    return raw.decode("utf-8", "replace")


def _masked_form(match: re.Match[str]) -> str:
    field, value = _unquoted(match.group(1)), match.group(2)
    if not value:
        return match.group(0)
    if is_personal(field) or is_persons_id(field) or is_write_key(field):
        return f"{match.group(1)}={REMOVED}"
    plain = _unquoted(value)
    masked = mask_text(plain) if "=" in plain else mask_field(field, plain)
    return match.group(0) if masked == plain else f"{match.group(1)}={masked}"


def mask_payload(
    raw: bytes,
    pseudonym: Callable[[str], str],
    longest: int = LONGEST_PAYLOAD,
    person: Callable[[str], str] | None = None,
) -> tuple[str, bool]:
    """What is kept of a rejected record, and whether it was cut.

    Args:
        raw: the record as it came, any bytes.
        pseudonym: gives the pseudonym of a raw id.
        longest: bytes of UTF-8 kept at most.
        person: gives what is kept of a raw visitor, buyer or session id, if that is something else.

    Returns:
        Readable text without personal data, and True if it is not the whole record.
    """
    cut = len(raw) > longest
    masks = _Masks(pseudonym, person or pseudonym)
    text = _masked_json(raw, masks) if len(raw) <= _LONGEST_READ else None
    if text is None:
        # masked before the cut, with room beyond it: a cut through an address would hide it from the masks
        head = raw[: 4 * longest].decode("utf-8", "replace")
        text = _masked_loosely(head, masks)
    kept = text.encode("utf-8", "replace")
    if len(kept) > longest:
        cut = True
        text = kept[: longest - 3].decode("utf-8", "ignore") + "…"
    return text, cut


def mask_document(
    raw: bytes,
    pseudonym: Callable[[str], str],
    personal: Collection[str] = (),
    people: Collection[str] = (),
    kept: Collection[str] = (),
    only: Collection[str] = (),
    ids: Collection[str] = (),
    stores: Sequence[StoreField] = (),
    of_store: Callable[[str], Callable[[str], str] | None] | None = None,
) -> str:
    """A whole document without personal data, for what is kept to be read again.

    Args:
        raw: the document as it came; read as JSON where it is, whatever its size.
        pseudonym: gives the pseudonym of a raw id, of a person or of a thing.
        personal: names of fields whose values are removed, besides those that the general rules know.
        people: names of fields whose values are ids of people, besides those that the general rules know.
        kept: ``parent.child`` that is kept though the parent's name is personal, such as ``shipping_address.country``.
        only: where the sender's fields are known, the names of those that are kept: of all others the values are removed.
        ids: ``parent.child`` of ids of things, whatever their names are.
        stores: where objects name a store of their own.
        of_store: gives ``pseudonym`` for such a store; None for one that is none.
    """
    masks = _Masks(
        pseudonym, pseudonym, frozenset(personal), frozenset(people), frozenset(kept), frozenset(only),
        frozenset(ids), tuple(stores), of_store,
    )  # fmt: skip
    text = _masked_json(raw, masks)
    if text is None and only:
        return REMOVED  # a list of fields says nothing of what has none
    if text is None:
        text = _masked_loosely(raw[: 4 * LONGEST_TEXT].decode("utf-8", "replace"), masks)
    return text


def masked(payload: bytes) -> str:
    """What is kept of a rejected record that did not come through the collector: an id in it may be a raw one."""
    return mask_payload(payload, lambda identifier: REMOVED, TOPIC_PAYLOAD_BYTES)[0]


def _masked_json(raw: bytes, masks: _Masks) -> str | None:
    """The record as JSON without personal data; None if it is not a JSON object or array."""
    if raw.lstrip()[:1] not in (b"{", b"["):
        return None
    try:
        value = json.loads(
            raw.decode("utf-8"),
            parse_int=_Number,
            parse_float=_Number,
            parse_constant=_Number,
            object_pairs_hook=_Pairs,
        )
        return _LONE.sub(lambda lone: f"\\u{ord(lone.group()):04x}", _written("", value, masks))
    except UNDECODABLE:
        return None


def _written(field: str, value: Any, masks: _Masks) -> str:
    """``value``, which was under ``field``, as JSON without personal data."""
    if isinstance(value, _Pairs):
        masks = _of_own_store(value, masks)
        label = next((text for name, text in value if name in ("name", "key") and isinstance(text, str)), "")
        hides = bool(label) and len(value) > 1 and (is_personal(label) or is_persons_id(label))
        parts = [
            f"{_text(_cut(name, mask_text))}:{_text(REMOVED) if hides else _kept(name, one, masks, field)}"
            for name, one in value
        ]
        return "{" + ",".join(parts) + "}"
    if isinstance(value, list):
        return "[" + ",".join(_written(field, one, masks) for one in value) + "]"
    if isinstance(value, str):
        if isinstance(value, _Number) and len(value) > _LONGEST_NUMBER:
            return _text(DIGITS)
        if '":' in value:
            kept = _masked_loosely(value, masks)
        elif is_id_name(field):
            kept = _id(value, masks)
        else:
            kept = _cut(value, lambda text: mask_field(field, text))
        return _again(value, kept)
    return json.dumps(value)


def _again(value: str, kept: str) -> str:
    """What is kept of a value, as JSON: of a number that is kept whole its own digits."""
    return value if isinstance(value, _Number) and kept == value else _text(kept)


def _id(value: str, masks: _Masks) -> str:
    return kept_id(value, masks.pseudonym) if len(value) <= LONGEST_TEXT else REMOVED


def _of_own_store(value: _Pairs, masks: _Masks) -> _Masks:
    """The masks for an object: its ids are of the store that it names."""
    for field in masks.stores:
        named: Any = value
        for key in field.keys:
            named = (
                next((one for name, one in named if name == key), None) if isinstance(named, _Pairs) else None
            )
        own = (
            masks.of_store(field.values.get(named, named))
            if masks.of_store and isinstance(named, str)
            else None
        )
        if own is not None:
            return masks._replace(pseudonym=own, person=own)
    return masks


def _kept(field: str, value: Any, masks: _Masks, parent: str) -> str:
    """The value of ``field`` of the object ``parent``, judged by the field's name first."""
    if value is None or value == "" or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, _Pairs) and masks.opens(field):
        return _opened(field, value, masks)
    if (
        f"{parent}.{field}" in masks.ids
        and isinstance(value, str)
        and field not in (masks.people | masks.personal)
    ):
        return _again(value, _id(value, masks))
    if (field in masks.people or is_persons_id(field)) and field not in masks.personal:
        if value == "0":  # nobody: guests would be one person otherwise
            return value if isinstance(value, _Number) else _text(value)
        return _text(masks.person(str(value)) if isinstance(value, str) else REMOVED)
    if field in masks.personal or is_personal(field) or is_write_key(field):
        return _text(REMOVED)
    if masks.only and field not in masks.only:
        return _text(REMOVED)
    return _written(field, value, masks)


def _opened(field: str, value: _Pairs, masks: _Masks) -> str:
    """An object of which only the named children are kept."""
    parts = []
    for name, one in value:
        place = f"{field}.{name}"
        if place in masks.people and isinstance(one, str) and one:
            parts.append(f"{_text(name)}:{_text(masks.person(one))}")
        elif place in masks.kept:
            parts.append(f"{_text(name)}:{_kept(name, one, masks, field)}")
    return "{" + ",".join(parts) + "}"


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def _cut(text: str, mask: Callable[[str], str]) -> str:
    """``text`` masked, and cut if it is too long for it."""
    if len(text) <= LONGEST_TEXT:
        return mask(text)
    masked = mask(text[: LONGEST_TEXT + _BEYOND])
    return masked[: min(LONGEST_TEXT, len(masked) - _BEYOND)] + "…"


def _masked_loosely(text: str, masks: _Masks) -> str:
    """``text`` without personal data where it cannot be read as JSON: half a record, a form, a line of a table."""
    return _cut(text, lambda part: _loosely(part, masks))


def _loosely(text: str, masks: _Masks) -> str:
    text = _ESCAPED.sub(_unescaped, text)
    for _ in range(8):
        before, text = text, _NESTED.sub(_without_nested, text)
        if text == before:
            break
    parts: list[str] = []
    at = 0
    for match in _PAIR.finditer(text):
        parts += (mask_free(text[at : match.start()]), _masked_pair(match, masks))
        at = match.end()
    # a NUL ends the text for some of who reads it later; the masks resolve escapes, one of which may have been it
    return ("".join(parts) + mask_free(text[at:])).replace("\x00", "\N{REPLACEMENT CHARACTER}")


def _unescaped(match: re.Match[str]) -> str:
    units = [int(unit, 16) for unit in match.group(2).split("\\u")[1:]]
    letter = b"".join(unit.to_bytes(2, "big") for unit in units).decode("utf-16-be", "surrogatepass")
    is_hidden = letter in '"\\' or ord(letter) < 0x20 or 0x7F <= ord(letter) < 0xA0 or _LONE.match(letter)
    return match.group(0) if is_hidden else match.group(1) + letter


def _without_nested(match: re.Match[str]) -> str:
    field = match.group(1)
    return f'"{field}":"{REMOVED}"' if is_personal(field) or is_persons_id(field) else match.group(0)


def _masked_pair(match: re.Match[str], masks: _Masks) -> str:
    field, value = match.group(2), match.group(3)
    plain = value.strip("\"'")
    if is_persons_id(field):
        return f'"{field}":"{masks.person(plain)}"' if plain else match.group(0)
    if is_personal(field) or is_write_key(field):
        return f'"{field}":"{REMOVED}"'
    masked = kept_id(plain, masks.pseudonym) if is_id_name(field) else mask_field(field, plain)
    return mask_text(match.group(0)[: match.start(3) - match.start(0)]) + (
        value if masked == plain else f'"{masked}"'
    )

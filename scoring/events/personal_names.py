"""Whether a key or a column's header names personal data: names are split into words, whatever script, case and accents.

Called by ``scoring/events/redaction.py`` and ``scoring/events/canonical.py``. The words are in ``personal_words.py``.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from itertools import pairwise

from scoring.events.personal_words import (
    INSIDE,
    INSIDE_THINGS,
    JOINTS,
    NAME_WORDS,
    NOUNS,
    PERSONS,
    PHRASES,
    THINGS,
    WHOLE,
    WHOLE_INSIDE,
)

#: raw ids of people, also under names that other tools use, compared without signs: pseudonymised in what is kept
_ID_NAMES = frozenset(
    re.findall(
        r"\w+",
        """visitor visitorid buyer buyerid session sessionid customer customerid user userid client clientid anonymousid
    openid unionid deviceid userpseudoid memberid accountid guestid shopperid""",
    )
)
#: the write key of a page's beacon
_KEY_NAMES = frozenset({"k", "writekey"})
#: letters that no decomposition folds
_FOLDED = str.maketrans({"đ": "d", "ß": "ss", "ı": "i", "ł": "l", "ø": "o", "æ": "ae", "œ": "oe"})
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_WORD = re.compile(r"[^\W\d_]+")
#: characters of a name that are looked at; longer ones are cut by the limits of events
_LONGEST = 128
#: compatibility forms as ``is_personal`` compares them
_INSIDE = tuple(unicodedata.normalize("NFKC", word) for word in INSIDE)
_LONGEST_PHRASE = max(map(len, PHRASES))
#: a label of a thing under the bare key ``name``: ``LCP``, ``hero-banner``
_LABEL = re.compile(r"[A-Za-z0-9_.:/\-]{0,64}")


@lru_cache(maxsize=4096)
def is_personal(field: str) -> bool:
    """True if a field of this name holds personal data by its name alone."""
    folded = unicodedata.normalize("NFKC", field[:_LONGEST])
    if not folded.isascii() and _is_inside(folded):
        return True
    words = name_words(folded)
    whole = "".join(words)
    return (
        whole in WHOLE or whole in NOUNS or _has_noun(words) or _is_persons_name(words) or _has_phrase(words)
    )


@lru_cache(maxsize=4096)
def is_persons_id(field: str) -> bool:
    """True if a field of this name holds the raw id of a visitor, a buyer or a session."""
    return plain_name(field) in _ID_NAMES


def is_write_key(field: str) -> bool:
    """True if a field of this name holds the write key of a page's beacon."""
    return plain_name(field) in _KEY_NAMES


def is_label(field: str, value: str) -> bool:
    """True if ``value`` under the bare key ``name`` is the label of a thing, as measurements have it, and no person's name."""
    return field.lower() == "name" and _LABEL.fullmatch(value) is not None


def plain_name(field: str) -> str:
    """``field`` in small letters without ``_``, ``-`` and spaces."""
    return field.replace("_", "").replace("-", "").replace(" ", "").lower()


def name_words(field: str) -> list[str]:
    """The words of a name, in small letters and without accents: ``addressLine1`` is ``address line``."""
    parts = _CAMEL.sub(" ", unicodedata.normalize("NFC", field))
    letters = unicodedata.normalize("NFD", parts.casefold().translate(_FOLDED))
    return _WORD.findall("".join(one for one in letters if not unicodedata.combining(one)))


def _is_inside(folded: str) -> bool:
    compact = "".join(folded.split())
    if compact.strip(":*#.()1234567890") in WHOLE_INSIDE:
        return True
    return any(
        word in compact and not compact.partition(word)[2].startswith(INSIDE_THINGS) for word in _INSIDE
    )


def _has_noun(words: list[str]) -> bool:
    return any(
        word in NOUNS and not (at + 1 < len(words) and words[at + 1] in THINGS)
        for at, word in enumerate(words)
    )


def _is_persons_name(words: list[str]) -> bool:
    """True if a word for a name and a word for who are next to each other, but for joints: ``nome do destinatario``."""
    kept = [word for word in words if word not in JOINTS]
    return any(
        (one in NAME_WORDS and other in PERSONS) or (one in PERSONS and other in NAME_WORDS)
        for one, other in pairwise(kept)
    )


def _has_phrase(words: list[str]) -> bool:
    return any(
        tuple(words[start : start + length]) in PHRASES
        for start in range(len(words))
        for length in range(2, _LONGEST_PHRASE + 1)
    )

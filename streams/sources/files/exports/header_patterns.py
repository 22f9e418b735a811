"""How the words of a header are compared: patterns of words in any script, and a header without what is not a word."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import cache

from scoring.events.incoming import CURRENCIES

#: a word in capitals after one that is not only capitals
_LAST_WORD = re.compile(r"[^\W\dA-Z_]\W*[\s_]([A-Z]{3})$")
#: codes of currencies that are words, too
_WORDS_LIKE_CURRENCIES = frozenset({"ALL", "TOP", "TRY", "CUP", "MOP", "PEN", "SOS"})
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_BRACKETED = re.compile(r"[(（\[【][^)）\]】]*[)）\]】]")
_BRACKETS = re.compile(r"[()（）\[\]【】]")
#: letters of scripts that put spaces between words
_LETTERS = "A-Za-zÀ-ɏͰ-ӿḀ-ỿ"
#: a bar that is in no brackets
_BETWEEN = re.compile(r"\|(?![^()]*\))")
_JOINTS = re.compile(r"[\s_./:,'’\-–—|*]+")


def last_currency(text: str) -> str:
    """The code of a currency with which a header ends, as in ``Price USD``; empty where it ends in anything else."""
    found = _LAST_WORD.search(text)
    return found[1] if found and found[1] in CURRENCIES - _WORDS_LIKE_CURRENCIES else ""


@cache
def one_of(words: str) -> re.Pattern[str]:
    """One of ``words`` (between them ``|``): Latin and Cyrillic ones from the beginning of a word, others anywhere."""
    alternatives = []
    for word in _BETWEEN.split(unicodedata.normalize("NFKC", words)):
        script = unicodedata.name(word.lstrip("^\\(?:!<=")[0])
        alternatives.append(rf"(?<![{_LETTERS}]){word}" if script.startswith(("LATIN", "CYRILLIC")) else word)
    return re.compile("|".join(alternatives))


def consists_of(words: str, needed: Sequence[re.Pattern[str]], others: Sequence[re.Pattern[str]]) -> bool:
    """Whether a header has each of ``needed`` and is nothing but them and ``others``."""
    rest = words
    for pattern in needed:
        if not pattern.search(rest):
            return False
        rest = pattern.sub(" ", rest, count=1)
    for pattern in others:
        rest = pattern.sub(" ", rest)
    return not rest.strip()


def plain_words(text: str, *, with_brackets: bool = False) -> str:
    """The words of a header in small letters; what is in brackets is left out unless it is wanted, a currency at its end always."""
    plain = unicodedata.normalize("NFKC", text).replace("İ", "i")
    plain = plain.removesuffix(last_currency(plain)).rstrip()
    plain = (_BRACKETS if with_brackets else _BRACKETED).sub(" ", _CAMEL.sub(" ", plain))
    return _JOINTS.sub(" ", plain).strip().casefold()

"""Every compiled pattern of the program, on what is slow for it, as long as its door lets such a text be.

What is slow for a pattern is made of it: pieces of texts that it matches, each again and again, with another one at the end or in
front. A pattern that goes back over such a text takes the square of its length, and the event loop waits.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
import random
import re
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

import scoring
import streams
from scoring.events.redaction import LONGEST_TEXT
from streams.sources.files.exports.cells import LONGEST_HEADER
from tests.fuzz.running import BYTE_S, HOLD_S, JUDGES_TIME, SEED, Figures, cost_s

#: signs of the longest text, by the part of the program; a field of an event has at most that many where nothing else is said
_FIELD = 512
_SIGNS = {
    "scoring.events": LONGEST_TEXT,
    "streams.sources.files.exports": LONGEST_HEADER,
    "streams.sources.pixel": 100_000,
    "streams.printable": 100_000,
}
_SEARCHES = ("search", "sub", "findall", "finditer", "split")
_CATEGORIES = {
    sre.CATEGORY_DIGIT: "1", sre.CATEGORY_NOT_DIGIT: "a", sre.CATEGORY_SPACE: " ",
    sre.CATEGORY_NOT_SPACE: "a", sre.CATEGORY_WORD: "a", sre.CATEGORY_NOT_WORD: "-",
}  # fmt: skip
_REPEATS = (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT)
_TEXTS = 40


def _patterns() -> Iterator[tuple[str, str, re.Pattern[Any]]]:
    """Module, name and pattern of all that are names of a module."""
    for package in (scoring, streams):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if found.name.endswith("__main__"):
                continue
            for name, value in vars(importlib.import_module(found.name)).items():
                if isinstance(value, re.Pattern):
                    yield found.name, name, value


@functools.cache
def _source(module: str) -> str:
    path = importlib.import_module(module).__file__
    return Path(path or "").read_text()


def _is_matched_only(module: str, name: str) -> bool:
    """True if the module asks of it only whether a text begins with it, or is it."""
    used = set(re.findall(rf"\b{name}\.(\w+)\(", _source(module)))
    return bool(used) and not used & set(_SEARCHES)


def _one_of(items: list[tuple[Any, Any]], chance: random.Random) -> str:
    if items[0][0] is sre.NEGATE:
        text = "".join(chr(a) if op is sre.LITERAL else "" for op, a in items)
        return next((sign for sign in chance.sample("a1 -.<@\n乡Z", 10) if sign not in text), "~")
    op, given = chance.choice(items)
    if op is sre.RANGE:
        return chr(chance.choice(given))
    return chr(given) if op is sre.LITERAL else _CATEGORIES.get(given, "a")


def _text(tree: Any, groups: dict[Any, str], chance: random.Random) -> str:
    """A text that the pattern is likely to match."""
    made = ""
    for op, given in tree:
        match op:
            case sre.LITERAL:
                made += chr(given)
            case sre.IN:
                made += _one_of(given, chance)
            case sre.ANY | sre.NOT_LITERAL:
                made += "a"
            case sre.BRANCH:
                made += _text(chance.choice(given[1]), groups, chance)
            case sre.SUBPATTERN:
                groups[given[0]] = _text(given[3], groups, chance)
                made += groups[given[0]]
            case sre.ATOMIC_GROUP:
                made += _text(given, groups, chance)
            case sre.GROUPREF:
                made += groups.get(given, "")
            case _ if op in _REPEATS:
                least, most, repeated = given
                times = min(int(most), least + chance.choice([0, 1, 5]))
                made += "".join(_text(repeated, groups, chance) for _ in range(times))
    return made


def _slow_texts(pattern: re.Pattern[Any], signs: int, chance: random.Random) -> Iterator[str]:
    """Pieces of texts that ``pattern`` matches, repeated up to ``signs``."""
    is_bytes = isinstance(pattern.pattern, bytes)
    tree = parser.parse(pattern.pattern, pattern.flags & ~re.UNICODE if is_bytes else pattern.flags)
    whole = [text for _ in range(20) if (text := _text(tree, {}, chance))]
    for text in whole * (_TEXTS // 20):
        begins = chance.randrange(len(text))
        piece = text[begins : begins + chance.choice([1, 2, 3, 8, 40])]
        front = chance.choice(["", chance.choice(whole)])[: signs // 2]
        end = chance.choice(["", "\n!", chance.choice(whole)])
        yield (front + piece * (max(signs - len(front) - len(end), 0) // len(piece)) + end)[:signs]


class _HeldError(Exception):
    """A pattern does not come to an end; raised and handled here."""


@contextmanager
def _ended_after(seconds: float) -> Iterator[None]:
    """Ends a search that takes more processor time: one that tries all ways would take years."""

    def end(*_: object) -> None:
        raise _HeldError

    before = signal.signal(signal.SIGVTALRM, end)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def _cost_s(ask: Callable[[], object]) -> float:
    if not JUDGES_TIME:  # then only whether it can be asked at all
        ask()
        return 0.0
    try:
        with _ended_after(10 * HOLD_S):
            return cost_s(ask)
    except _HeldError:
        return 10 * HOLD_S


def test_no_pattern_goes_back_over_a_text_from_outside() -> None:
    chance, slow, found = random.Random(SEED), {}, list(_patterns())
    chance.shuffle(found)
    figures = Figures.begun("patterns")
    for module, name, pattern in found:
        signs = next((most for part, most in _SIGNS.items() if module.startswith(part)), _FIELD)
        for text in _slow_texts(pattern, signs if JUDGES_TIME else min(signs, 100), chance):
            if time.monotonic() > figures.until:
                break
            given = (
                text.encode("utf-8", "surrogatepass")[:signs] if isinstance(pattern.pattern, bytes) else text
            )
            ask = pattern.fullmatch if _is_matched_only(module, name) else pattern.findall
            figures.example, figures.examples = (f"{module}.{name}", text[:60]), figures.examples + 1
            taken = _cost_s(functools.partial(ask, given))
            if taken > figures.longest_s:
                figures.longest_s, figures.longest = taken, repr(figures.example)
            if taken > HOLD_S + BYTE_S * len(text):
                slow[f"{module}.{name}"] = (round(taken, 3), text[:40])
                break
    figures.report()
    assert slow == {}, str(slow)
    assert len(found) > 100

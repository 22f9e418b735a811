"""Personal data in values: mail and network addresses, user agents, telephone, card and identity numbers, by their shape.

Called by ``scoring/events/redaction.py`` and ``scoring/events/canonical.py``. A number is masked where its shape proves what it is
(a check digit, a country code, a way of grouping) or where the word before it says so. How much proof is asked for
depends on what may rightly be there: much in an id (``mask_id``), some in a label such as a campaign, which often is an advertising
platform's number (``mask_label``), little in words (``mask_text``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from html import unescape
from itertools import pairwise
from typing import NamedTuple
from urllib.parse import unquote

from scoring.events import personal_numbers as numbers
from scoring.events.personal_places import LABELLED, LABELLED_NAME, address_spans
from scoring.events.personal_words import CUES

EMAIL, ADDRESS, AGENT, PHONE, DIGITS, REMOVED = (
    "[email]",
    "[address]",
    "[user agent]",
    "[phone]",
    "[digits]",
    "[removed]",
)
_MASK = re.compile(r"\[(?:email|address|user agent|phone|digits|removed)\]")

#: where the ten digits of a script begin in Unicode
_ZEROS = (
    0x660, 0x6F0, 0x7C0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xBE6, 0xC66, 0xCE6, 0xD66, 0xDE6, 0xE50, 0xED0, 0xF20, 0x1040,
    0x17E0, 0x1810, 0xFF10, 0x1D7CE, 0x1D7D8, 0x1D7E2, 0x1D7EC, 0x1D7F6,
)  # fmt: skip
#: digits and signs of other scripts, each replaced by one ASCII character, so that places in a text stay the same
_PLAIN = {
    **{zero + digit: str(digit) for zero in _ZEROS for digit in range(10)},
    **dict.fromkeys(map(ord, "\u00a0\u2002\u2003\u2007\u2009\u202f\u3000"), " "),
    **dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2212\uff0d\u30fc"), "-"),
    **{
        ord(sign): plain
        for sign, plain in zip(
            "\uff20\ufe6b\uff0b\uff0e\u3002\uff61\uff08\uff09\uff0f\uff1a\uff1d\uff0c\uff1b",
            "@@+...()/:=,;",
            strict=True,
        )
    },
}
#: invisible characters that would hide a number from its mask
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")

#: signs that end a mail address; its first part is read once, however long it is
_ENDS = r"\s\"'<>@,;:\\&?()\[\]{}|"
_EMAIL = re.compile(
    rf"(?:\"[^\"\n@]{{1,64}}\"|(?<![^{_ENDS}=])[^{_ENDS}=]++)(?:@|\s?[\[(]at[\])]\s?)(?:\[[\d.:a-f]{{3,40}}\]|[^{_ENDS}/]{{1,190}})"
    r"|[\w.+\-]{1,64} at [\w\-]{1,63}(?: dot [\w\-]{2,63}){1,4}",
    re.IGNORECASE,
)
_IPV4 = re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?!\.?\d)")
_IPV6 = re.compile(
    r"(?<![0-9A-Za-z:.])(?=[0-9A-Fa-f:]*::|(?:[0-9A-Fa-f]{1,4}:){4})[0-9A-Fa-f:]{4,39}(?![0-9A-Za-z])"
)
#: ``name/version (system …`` is how RFC 9110, 10.1.5 writes a user agent
_BROWSER = re.compile(
    r"Mozilla/\d[^\"\n]{0,400}|(?<![\w/.])[A-Za-z][\w.\-]{1,40}/\d[\w.]{0,20} \([^\"\n]{2,400}|"
    r"\((?:iPhone|iPad|iPod|Linux|Windows NT|Macintosh|X11|Android)[; ][^)\"\n]{2,300}\)[^\"\n]{0,60}"
)
#: a way of writing a sign in an address, in HTML or in JSON, which would hide what is written so
_CODED_SIGN = re.compile(
    r"%[0-9A-Fa-f]{2}|&(?:#\d{2,5}|#x[0-9A-Fa-f]{2,4}|commat|period|colon|plus|lpar|rpar);|\\u00[0-9A-Fa-f]{2}"
)
#: a sign may be written so several times over: ``%252540``
_MAX_LAYERS = 4
_ESCAPED = re.compile(r"\\u00([0-9A-Fa-f]{2})")

#: seven digits with no more than three other signs between two of them, as every telephone number has
_SEVEN = re.compile(r"\d(?:\D{0,3}\d){6}")
_HASH = re.compile(r"[0-9a-f]{32}|[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")


def _alternatives(cues: Iterable[str]) -> str:
    plain = (cue.lower().translate(_PLAIN) for cue in sorted(cues, key=len, reverse=True))
    return "|".join(re.escape(cue).replace("\\-", "[ -]?") for cue in plain)


#: a word that says what the number or code behind it is; for texts in small letters
_CUED = re.compile(
    rf"(?<![a-z])(?:{_alternatives(CUES)})(?:\s?(?:no|nr|number|num|#|号码?|番号|번호))?"
    r"[\s.:=#是]{0,4}((?=[a-z0-9 \-.()/]{0,8}\d{2})[a-z0-9(](?:[a-z0-9]|[ \-.()/](?=[\d(]))*\d[a-z]?)"
)
#: the same word behind a number
_CUED_BEFORE = re.compile(
    rf"(?<![\w.\-])([a-z]?\d{{8,13}}[a-z]?|\d{{3,4}}-\d{{3,4}}-\d{{3,4}}|\d{{4}}-\d{{4}})\s?\(?\s?(?:[a-z]{{2}} )?(?:{_alternatives(CUES)})(?![a-z])"
)


class _Step(NamedTuple):
    """What is looked for, its mask, and the proof it needs; ``group`` is the part that is masked.

    ``is_small``: the pattern is for texts in small letters.
    """

    pattern: re.Pattern[str]
    mask: str
    proves: Callable[[str], bool] = numbers.always
    group: int = 0
    is_small: bool = False


class _Group(NamedTuple):
    """Steps that are taken one after another, and what a text has where one of them finds anything: all else is not searched.

    ``signs``: one of them is in it, if there are any; ``digits``: it has so many, seven near each other; ``gate``: this pattern is found.
    """

    steps: tuple[_Step, ...]
    signs: tuple[str, ...] = ()
    digits: int = 0
    gate: re.Pattern[str] | None = None


def _together(*steps: _Step, digits: int = 7) -> _Group:
    """A group whose gate is all patterns in one, which costs as much as two of them."""
    front = numbers.FRONT
    fronted: list[str] = []
    others: list[str] = []
    for step in steps:
        # a place that a pattern refers back to is any sign that may be there
        text = re.sub(r"\\[1-3]", r"[ \\-./_]", step.pattern.pattern)
        (fronted if text.startswith(front) else others).append(text.removeprefix(front))
    gate = re.compile("|".join([f"{front}(?:{'|'.join(fronted)})", *others]))
    return _Group(steps, digits=digits, gate=gate)


def _shapes(shapes: Iterable[tuple[re.Pattern[str], Callable[[str], bool]]]) -> tuple[_Step, ...]:
    return tuple(_Step(pattern, DIGITS, proves) for pattern, proves in shapes)


def _phones(*patterns: re.Pattern[str]) -> tuple[_Step, ...]:
    return tuple(_Step(pattern, PHONE, numbers.has_seven_digits) for pattern in patterns)


_MAIL = _Group((_Step(_EMAIL, EMAIL),), ("@", "at)", "at]", "AT)", "AT]", " dot ", " DOT "))
_NETWORK = (
    _Group((_Step(_IPV4, ADDRESS), _Step(numbers.PLACE, ADDRESS, numbers.is_place)), (".",)),
    _Group((_Step(_IPV6, ADDRESS),), (":",)),
)
_SURE = (
    _together(*_shapes(numbers.PROVED), digits=5),
    _Group(_phones(numbers.PLUS), ("+",), digits=7),
    _together(*_phones(numbers.BARE_MOBILE, numbers.GROUPED_MOBILE, numbers.DASHED)),
)
_IN_ID = (_MAIL, *_NETWORK, *_SURE)
_IN_LABEL = (
    _MAIL,
    _Group((_Step(_BROWSER, AGENT),), ("/", "(")),
    *_NETWORK,
    *_SURE,
    _together(*_shapes(numbers.SHAPED), digits=5),
    _Group((_Step(_CUED, PHONE, numbers.is_number, 1, is_small=True),), digits=5),
    _Group((_Step(_CUED_BEFORE, PHONE, numbers.is_number, 1, is_small=True),), digits=7),
    _together(*_phones(numbers.CODED, numbers.GROUPED)),
)
_IN_TEXT = (
    *_IN_LABEL,
    _together(*_shapes(numbers.LIKELY), *_phones(numbers.PLAIN_NUMBER), _Step(numbers.LONG_RUN, DIGITS)),
)
_IN_LOG = (_MAIL, *_SURE)
#: behind a label; searched last, so that numbers and addresses keep masks of their own
_BEHIND_LABEL = _Group((_Step(LABELLED, REMOVED, group=1, is_small=True),), (":", "="))
_BEHIND_ANY_LABEL = _Group((*_BEHIND_LABEL.steps, _Step(LABELLED_NAME, REMOVED, group=1)), (":", "="))

#: without one of these nothing personal has a shape
_ANY = re.compile(r"[0-9@:=]|[\[(]at[\])]| dot ", re.IGNORECASE)
#: a number alone that ``_IN_ID`` may mask
_NUMBER = re.compile(
    rf"(?:(?:00)?86)?(?:{numbers.MOBILE})|89\d{{9}}|[1-8]\d{{5}}(?:19|20)\d{{10}}|{numbers.ISSUER.pattern}"
)
#: what every step of ``_IN_ID`` needs in a word of ASCII
_SUSPECT = re.compile(
    r"(?<![0-9A-Za-z.])(?:\+\d|0(?:\d{9}|086|[1-9][\d\-.]{0,3}[\-.]\d\d|\d{1,3}-\d{3,4}-\d{4}|\d{2,4}[/\-]\d{7})|86-?0\d{8}|89\d{5}-?\d\d-?\d\d|(?:86-?)?1[3-9]\d{1,2}[\-.]?\d{3,4}[\-.]?\d{4}(?![0-9A-Za-z])|(?:1-)?[2-9]\d\d[\-.]\d{3}[\-.]\d{4}|"
    r"\d{4}[\-._]\d{4}[\-._]\d{4}|3\d{3}-\d{6}|\d{6}-\d{7}|\d-\d{4}-\d{5}|\d{3}-\d\d-\d{4}|\d{3}\.\d{3}\.\d)|"
    r"\d{14}|[A-Z]{4}\d{6}[HMX]|[A-Z]{6}\d\d[A-Z]\d\d|[A-Z]{2}\d\d[A-Z0-9]{11}|"
    r"[a-z]{2}\d\d[a-z0-9]{11}|\.\d{4,},"
)


#: without which nothing is a mail or network address, or a pseudonym that is marked, and no word becomes another
_SIGNS = frozenset(" ()[]:@%&\\+/~")
#: what no word has
_PROSE = frozenset(" (/%")


def is_masked(text: str) -> bool:
    """True if there is a mask in ``text``, so that it is not what was sent."""
    return _MASK.search(text) is not None


def is_plain_id(text: str) -> bool:
    """True if ``text`` is an id that ``mask_id`` would certainly leave alone. Fast: called for every event."""
    if not text.isascii():
        return False
    length = len(text)
    if text.isalnum():
        if length < 9:
            return True
        if text.isdigit():
            return not _NUMBER.fullmatch(text)
    elif _is_hash(text):
        return True
    elif not _SIGNS.isdisjoint(text) or text.count(".") > 2:
        return False
    return length < 9 or _is_hash(text) or not _SUSPECT.search(text)


def mask_id(text: str) -> str:
    """``text`` with what proves to be personal masked: for ids, whose long digits are their nature.

    An id is a word; words with blanks between them are taken as prose.
    """
    is_word = text.isascii() and _PROSE.isdisjoint(text)
    return _masked(text, _IN_ID) if is_word else _masked(text, _IN_LABEL, _BEHIND_LABEL)


def mask_label(text: str) -> str:
    """``text`` with personal data masked, where an advertising platform's number may be: a campaign, a category."""
    return _masked(text, _IN_ID) if text.isdigit() else _masked(text, _IN_LABEL, _BEHIND_LABEL)


def mask_text(text: str) -> str:
    """``text`` without mail, network and postal addresses, user agents, telephone, card, identity and long numbers, and what a label names."""
    return _masked(text, _IN_TEXT, _BEHIND_ANY_LABEL)


def mask_log(text: str) -> str:
    """``text`` of a log without people's mail addresses and numbers; network addresses there are the machines' own."""
    return _masked(text, _IN_LOG)


def _masked(text: str, groups: tuple[_Group, ...], behind: _Group | None = None) -> str:
    """``text`` masked by ``groups``; with ``behind`` also by postal addresses and labels."""
    if not text.isascii():
        text = _INVISIBLE.sub("", text)
    if _CODED_SIGN.search(text) and (uncoded := _uncoded(text)) != text:
        masked = _masked(uncoded, groups, behind)
        return text if masked == uncoded else masked
    seen = text if text.isascii() else text.translate(_PLAIN)
    if not _ANY.search(seen) or _is_hash(seen):
        return text
    most = _digits_together(seen)
    for group in groups:
        if most >= group.digits:
            text, seen = _stepped(text, seen, group)
    if behind is None:
        return text
    if spans := address_spans(seen):
        text, seen = _replaced(text, spans, ADDRESS), _replaced(seen, spans, ADDRESS)
    return _stepped(text, seen, behind)[0]


def _digits_together(seen: str) -> int:
    """7 if so many digits are near each other, else how many there are, up to 6."""
    written = seen.encode("utf-8", "surrogatepass")
    count = len(written) - len(written.translate(None, b"0123456789"))
    return 7 if count > 6 and _SEVEN.search(seen) else min(count, 6)


def _is_hash(text: str) -> bool:
    """True for a UUID, and for 16 bytes in hexadecimal: what is random has any digits."""
    return len(text) in (32, 36) and _HASH.fullmatch(text) is not None


def _stepped(text: str, seen: str, group: _Group) -> tuple[str, str]:
    for sign in group.signs:
        if sign in seen:
            break
    else:
        if group.signs:
            return text, seen
    if group.gate and not group.gate.search(seen):
        return text, seen
    for pattern, mask, proves, part, is_small in group.steps:
        looked_at = _small(seen) if is_small else seen
        found = [match.span(part) for match in pattern.finditer(looked_at) if proves(match.group(part))]
        if found:
            text, seen = _replaced(text, found, mask), _replaced(seen, found, mask)
    return text, seen


def _small(text: str) -> str:
    """``text`` in small letters, each at its place."""
    small = text.lower()
    return small if len(small) == len(text) else "".join(one.lower()[:1] or one for one in text)


def _uncoded(text: str) -> str:
    """``text`` with signs as they are meant: ``%40``, ``&#64;`` and ``\\u0040`` are ``@``."""
    for _ in range(_MAX_LAYERS):
        before = text
        if "%" in text:
            text = unquote(text)
        if "&" in text:
            text = unescape(text)
        if "\\u00" in text:
            text = _ESCAPED.sub(lambda code: chr(int(code.group(1), 16)), text)
        if text == before:
            break
    return text


def _replaced(text: str, places: Sequence[tuple[int, int]], mask: str) -> str:
    """``text`` with ``mask`` at each of ``places``, in time that is linear in its length."""
    kept = [text[end:begin] for (_, end), (begin, _) in pairwise([(0, 0), *places, (len(text), 0)])]
    return mask.join(kept)

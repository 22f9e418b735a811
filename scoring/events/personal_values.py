"""Personal data in values: mail and network addresses, user agents, telephone, card and identity numbers, by their shape.

Called by ``scoring/events/redaction.py`` and ``scoring/events/canonical.py``. A number is masked where its shape proves what it is
(a check digit, a country code, a way of grouping) or where the word before it says so. How much proof is asked for
depends on what may rightly be there: much in an id (``mask_id``), some in a label such as a campaign, which often is an advertising
platform's number (``mask_label``), little in words (``mask_text``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from itertools import pairwise
from typing import NamedTuple

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
        for sign, plain in zip("\uff20\ufe6b\uff0b\uff0e\uff08\uff09\uff0f\uff1a", "@@+.()/:", strict=True)
    },
}
#: invisible characters that would hide a number from its mask
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")

#: no digit, letter or point before and no digit or letter after: letters of other scripts may touch a number
_FRONT, _BACK = r"(?<![0-9A-Za-z.])", r"(?![0-9A-Za-z])"
_AT = r"(?:@|%40|%2540|\s?[\[(]at[\])]\s?)"
_EMAIL = re.compile(
    rf"[^\s\"'<>@,;:\\=&?()\[\]{{}}|]{{1,64}}{_AT}[^\s\"'<>@,;:\\&/?()\[\]{{}}|]{{1,190}}", re.IGNORECASE
)
_IPV4 = re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?!\.?\d)")
_IPV6 = re.compile(
    r"(?<![0-9A-Za-z:.])(?=[0-9A-Fa-f:]*::|(?:[0-9A-Fa-f]{1,4}:){4})[0-9A-Fa-f:]{4,39}(?![0-9A-Za-z])"
)
#: ``name/version (system …`` is how RFC 9110, 10.1.5 writes a user agent
_BROWSER = re.compile(
    r"Mozilla/\d[^\"\n]{0,400}|(?<![\w/.])[A-Za-z][\w.\-]{1,40}/\d[\w.]{0,20} \([^\"\n]{2,400}"
)

#: with a plus (ITU-T E.164), however grouped
_PLUS = re.compile(r"(?<![0-9A-Za-z.])(?:\+|%2B)\s?\(?[1-9](?:[\s().\-/]{0,3}\d){7,14}(?!\d)", re.IGNORECASE)
#: mobile numbers that a country's plan marks by their beginning and length, in one piece
_MOBILE = (
    r"1[3-9]\d{9}|"  # CN
    r"0(?:[35789]\d{8}|[689]\d{8}|8\d{9,11}|[789]0\d{8}|1[567]\d{8,9}|[67]\d{8}|7\d{9}|10\d{8}|9\d{8,9})"
    # VN, TH, ID, JP, DE, FR, UK, KR, PH and TW
)
_BARE_MOBILE = re.compile(rf"{_FRONT}(?:(?:00)?86[ \-]?)?(?:{_MOBILE}){_BACK}")
#: in groups that no order number and no date has: blanks, brackets, a mobile prefix
_GROUPED_MOBILE = re.compile(
    rf"{_FRONT}(?:1[3-9]\d[ \-.]\d{{4}}[ \-.]\d{{4}}|1[3-9]\d{{2}}[ \-]\d{{3}}[ \-]\d{{4}}|0[5-9]\d{{0,2}}[ \-.]\d{{2,4}}[ \-.]\d{{3,4}}(?:[ \-.]\d{{2,4}})?|"
    rf"0[1-9](?:[ .]\d{{2}}){{4}}|\(\d{{2,5}}\) ?\d{{3,5}}[ \-]?\d{{4}}|\d{{2}} 9?\d{{4}}[ \-]\d{{4}}){_BACK}"
)
#: with dashes, a slash or dots: a leading zero, or North America's three, three and four
_DASHED = re.compile(
    rf"{_FRONT}(?:0\d{{1,3}}-\d{{3,4}}-\d{{4}}|0\d{{2,4}}[/\-]\d{{7,8}}|(?:1-)?[2-9]\d{{2}}([\-.])[2-9]\d{{2}}\1\d{{4}}){_BACK}"
)
#: landlines, and other groups of telephone numbers
_GROUPED = re.compile(
    r"(?<![\w.:\-/])(?!(?:19|20)\d\d[ \-])(?!\d{1,2}([ \-./])\d{1,2}\1\d{4})(?:\(?0\d{1,4}\)?[ \-/]\d{2,4}[ \-]?\d{2,4}(?:[ \-]\d{2,4})?|0\d{2,4}[ \-/]?\d{7,8}|"
    r"[2-9]\d{2}([ \-.])\d{3}\2\d{4}|[5-9]\d{2}([ \-])\d{3}\3(?!000)\d{3}|[2-9]\d{2,3}[ \-]\d{4}[ \-]\d{4}|[68-9]\d{3} \d{4})(?![\w\-:/])"
)
#: a country's code without a plus, or with two zeros
_CODED = re.compile(
    rf"(?<![0-9A-Za-z.\-_])(?:00[1-9](?:[ \-]?\d){{8,13}}|62[ \-]?8\d{{8,11}}|84[35789]\d{{8}}|66[689]\d{{8}}|55[1-9]\d9\d{{8}}|521?[2-9]\d{{9}}|49[ \-]?1[567]\d{{8,9}}|"
    rf"81[789]0\d{{8}}|447\d{{9}}|33[67]\d{{8}}|34[67]\d{{8}}|393\d{{8,9}}|91[6-9]\d{{9}}|1[ \-]?[2-9]\d{{2}}[ \-]?[2-9]\d{{2}}[ \-]?\d{{4}}|861[3-9]\d{{9}}|9665\d{{8}}|9715\d{{8}}|905\d{{9}}|639\d{{9}}|601\d{{8,9}}|8210\d{{8}}){_BACK}"
)
#: US, CA, MX and IN in ten digits, BR in eleven: as common as ids of that length
_PLAIN_NUMBER = re.compile(
    rf"{_FRONT}(?:[2-9][0-8]\d[2-9]\d{{6}}|[6-9]\d{{9}}|(?:33|55|56|81)\d{{8}}|[1-9]{{2}}9[6-9]\d{{7}}){_BACK}"
)
#: a run this long may be an account or an identity number; a moment written as digits is none
_LONG_RUN = re.compile(
    r"(?<!\d)(?!20\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{6}(?:\d{3})?(?!\d))\d{14,}"
)

_CARD = re.compile(
    r"(?<![0-9.])(?:\d{14,19}|\d{4}([ \-.])\d{4}\1\d{4}\1\d{1,7}|3\d{3}([ \-])\d{6}\2\d{4,5})(?!\d)"
)
#: issuers' ranges (ISO/IEC 7812): Visa, Mastercard, American Express, Discover, JCB, Diners, UnionPay, Maestro, Mir, Elo
_ISSUER = re.compile(
    r"4\d{15}|5[1-5]\d{14}|(?:222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}|3[47]\d{13}|6(?:011|5\d\d)\d{12}|35(?:2[89]|[3-8]\d)\d{12}|"
    r"3(?:0[0-5]|[68]\d)\d{11}|62\d{14,17}|(?:50|5[6-8]|6[37])\d{14}|220[0-4]\d{12}"
)


def _digits(text: str) -> list[int]:
    return [int(one) for one in text if one.isdigit()]


def _luhn(digits: list[int]) -> bool:
    """The check digit of ISO/IEC 7812-1, annex B."""
    doubled = (2 * one - 9 * (one > 4) if at % 2 else one for at, one in enumerate(reversed(digits)))
    return sum(doubled) % 10 == 0


def _is_card(text: str) -> bool:
    plain = "".join(one for one in text if one.isdigit())
    return _ISSUER.fullmatch(plain) is not None and len(set(plain)) > 1 and _luhn(_digits(plain))


def _is_day(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return 1900 <= year <= 2100


def _is_chinese_id(text: str) -> bool:
    """GB 11643-1999: region, day of birth, sequence, and a check digit modulo 11."""
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(int(one) * weight for one, weight in zip(text, weights, strict=False))
    return (
        _is_day(int(text[6:10]), int(text[10:12]), int(text[12:14]))
        and "10X98765432"[total % 11] == text[17].upper()
    )


def _is_cpf(text: str) -> bool:
    """Receita Federal: two check digits modulo 11."""
    digits = _digits(text)
    if len(set(digits)) == 1:
        return False
    return all(
        sum(digit * weight for digit, weight in zip(digits, range(length + 1, 1, -1), strict=False))
        * 10
        % 11
        % 10
        == digits[length]
        for length in (9, 10)
    )


def _is_iban(text: str) -> bool:
    """ISO 13616: modulo 97."""
    plain = "".join(text.split()).upper()
    moved = "".join(str(int(one, 36)) for one in plain[4:] + plain[:4])
    return 15 <= len(plain) <= 34 and int(moved) % 97 == 1


def _is_dni(text: str) -> bool:
    """Spain: the letter is the number modulo 23."""
    number = text[:-1].replace("-", "").upper().translate(str.maketrans("XYZ", "012"))
    return "TRWAGMYFPDXBNJZSQVHLCKE"[int(number) % 23] == text[-1].upper()


def _is_thai_id(text: str) -> bool:
    digits = _digits(text)
    return (11 - sum(digit * (13 - at) for at, digit in enumerate(digits[:12])) % 11) % 10 == digits[12]


def _is_nik(text: str) -> bool:
    """Indonesia: region, day of birth (plus 40 for women), sequence."""
    day, month = int(text[6:8]), int(text[8:10])
    return (
        11 <= int(text[:2]) <= 96
        and day not in (32,)
        and (1 <= day <= 31 or 41 <= day <= 71)
        and 1 <= month <= 12
    )


def _is_korean_id(text: str) -> bool:
    return _is_day(1900 + int(text[:2]), int(text[2:4]), max(1, int(text[4:6]) - (text[2:6] == "0229")))


def _is_number(text: str) -> bool:
    """Five digits or more that are not a day."""
    plain = "".join(one for one in text if one.isdigit())
    return len(plain) > 4 and not re.fullmatch(r"20\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])", plain)


def _always(text: str) -> bool:
    return True


#: need no other proof: masked in ids, too
_PROVED = (
    (re.compile(r"(?<![0-9A-Za-z.])[1-8]\d{5}(?:19|20)\d{9}[0-9Xx](?![0-9A-Za-z])"), _is_chinese_id),
    (_CARD, _is_card),
    (re.compile(rf"{_FRONT}\d{{3}}\.\d{{3}}\.\d{{3}}-\d{{2}}{_BACK}"), _always),  # CPF
    (re.compile(rf"{_FRONT}(?!000|666|9)\d{{3}}-(?!00)\d{{2}}-(?!0000)\d{{4}}{_BACK}"), _always),  # US SSN
    (
        re.compile(rf"{_FRONT}[A-Z][AEIOUX][A-Z]{{2}}\d{{2}}[01]\d[0-3]\d[HMX][A-Z]{{5}}[A-Z0-9]\d{_BACK}"),
        _always,
    ),  # MX CURP
    (re.compile(rf"{_FRONT}[A-Z]{{6}}\d{{2}}[A-EHLMPRST]\d{{2}}[A-Z]\d{{3}}[A-Z]{_BACK}"), _always),  # IT
    (re.compile(rf"{_FRONT}[1-8]-\d{{4}}-\d{{5}}-\d{{2}}-\d{_BACK}"), _always),  # TH
    (re.compile(rf"{_FRONT}\d{{6}}-[1-8]\d{{6}}{_BACK}"), _is_korean_id),
    (re.compile(rf"{_FRONT}[A-Z]{{2}}\d{{2}} ?(?:[A-Z0-9]{{4}} ?){{2,7}}[A-Z0-9]{{1,4}}{_BACK}"), _is_iban),
)
#: by their shape alone: in labels and words
_SHAPED = (
    (re.compile(rf"{_FRONT}\d{{2}}\.\d{{3}}\.\d{{3}}/\d{{4}}-\d{{2}}{_BACK}"), _always),  # BR CNPJ
    (re.compile(rf"{_FRONT}[A-CEGHJ-PR-TW-Z]{{2}} ?\d{{2}} \d{{2}} \d{{2}} ?[A-D]{_BACK}"), _always),  # UK
    (re.compile(rf"{_FRONT}(?:\d{{8}}|[XYZ]\d{{7}})-?[A-HJ-NP-TV-Z]{_BACK}"), _is_dni),
    (re.compile(rf"{_FRONT}(?!20)[2-9]\d{{3}}[ \-]\d{{4}}[ \-]\d{{4}}{_BACK}"), _always),  # IN Aadhaar
    (re.compile(rf"{_FRONT}\d{{3}}\.?\d{{3}}\.?\d{{3}}-?\d{{2}}{_BACK}"), _is_cpf),
)
#: in words only: too many ids look like that
_LIKELY = (
    (re.compile(rf"{_FRONT}[2-8]\d{{12}}{_BACK}"), _is_thai_id),
    (re.compile(rf"{_FRONT}[1-9]\d{{15}}{_BACK}"), _is_nik),
    (re.compile(rf"{_FRONT}0(?:0[1-9]|[1-8]\d|9[0-6])\d{{9}}{_BACK}"), _always),  # VN CCCD
    (re.compile(rf"{_FRONT}62\d{{14,17}}{_BACK}"), _always),  # UnionPay accounts without a check digit
)
#: a word that says what follows, and the number or code
_CUED = re.compile(
    rf"(?<![A-Za-z])(?:{'|'.join(re.escape(cue).replace('-', '[ -]?') for cue in sorted(CUES, key=len, reverse=True))})(?:\s?(?:no|nr|number|num|#|号码?|番号|번호))?"
    r"[\s.:：=#是]{0,4}((?=[A-Za-z0-9 \-.()/]{0,8}\d{2})[A-Za-z0-9(](?:[A-Za-z0-9]|[ \-.()/](?=[\d(]))*\d[A-Za-z]?)",
    re.IGNORECASE,
)  # fmt: skip


class _Step(NamedTuple):
    """What is looked for, its mask, and the proof it needs; ``group`` is the part that is masked.

    ``signs``: a text with none of them is not searched at all, which spares most texts the slow searches.
    """

    pattern: re.Pattern[str]
    mask: str
    proves: Callable[[str], bool] = _always
    group: int = 0
    signs: tuple[str, ...] = ("",)


def _numbers(shapes: Iterable[tuple[re.Pattern[str], Callable[[str], bool]]]) -> tuple[_Step, ...]:
    return tuple(_Step(pattern, DIGITS, proves) for pattern, proves in shapes)


_MAIL = _Step(_EMAIL, EMAIL, signs=("@", "%40", "%2540", "at)", "at]", "AT)", "AT]"))
_NETWORK = (_Step(_IPV4, ADDRESS, signs=(".",)), _Step(_IPV6, ADDRESS, signs=(":",)))
_SURE = (
    *_numbers(_PROVED),
    _Step(_PLUS, PHONE, signs=("+", "%2B", "%2b")),
    _Step(_BARE_MOBILE, PHONE),
    _Step(_GROUPED_MOBILE, PHONE),
    _Step(_DASHED, PHONE),
)
_IN_ID = (_MAIL, *_NETWORK, *_SURE)
_IN_LABEL = (
    _MAIL, _Step(_BROWSER, AGENT, signs=("/",)), *_NETWORK, *_SURE, *_numbers(_SHAPED), _Step(_CUED, PHONE, _is_number, group=1),
    _Step(_CODED, PHONE), _Step(_GROUPED, PHONE),
)  # fmt: skip
_IN_TEXT = (*_IN_LABEL, *_numbers(_LIKELY), _Step(_PLAIN_NUMBER, PHONE), _Step(_LONG_RUN, DIGITS))
_IN_LOG = (_MAIL, *_SURE)

#: without one of these nothing personal has a shape
_ANY = re.compile(r"[0-9@]|::|[\[(]at[\])]", re.IGNORECASE)
#: a number alone that ``_IN_ID`` may mask
_NUMBER = re.compile(rf"(?:(?:00)?86)?(?:{_MOBILE})|[1-8]\d{{5}}(?:19|20)\d{{10}}|{_ISSUER.pattern}")
#: what every step of ``_IN_ID`` needs in a word of ASCII
_SUSPECT = re.compile(
    r"(?<![0-9A-Za-z.])(?:\+\d|0\d[\d\-/.]{6}|(?:86-?)?1[3-9]\d{1,2}[\-.]?\d{3,4}[\-.]?\d{4}(?![0-9A-Za-z])|(?:1-)?[2-9]\d\d[\-.]\d{3}[\-.]\d{4}|"
    r"\d{4}[\-.]\d{4}[\-.]\d{4}|3\d{3}-\d{6}|\d{6}-\d{7}|\d-\d{4}-\d{5}|\d{3}-\d\d-\d{4}|\d{3}\.\d{3}\.\d)|"
    r"\d{14}|[A-Z]{4}\d{6}[HMX]|[A-Z]{6}\d\d[A-Z]\d\d|[A-Z]{2}\d\d[A-Z0-9]{11}"
)


def is_masked(text: str) -> bool:
    """True if there is a mask in ``text``, so that it is not what was sent."""
    return _MASK.search(text) is not None


def is_plain_id(text: str) -> bool:
    """True if ``text`` is an id that ``mask_id`` would certainly leave alone. Fast: called for every event."""
    length = len(text)
    if length < 9:
        return text.isascii() and "::" not in text and "@" not in text and text.count(".") < 3
    if text.isdigit():
        return text.isascii() and not _NUMBER.fullmatch(text)
    if length == 36 and text[8] == "-" and text.count("-") == 4:
        return text.isascii()  # a UUID
    if length == 32 and text.isalnum():
        return text.isascii() and (text[:2].islower() or text[0].isdigit())  # a hash in hexadecimal
    if not text.isascii() or _SUSPECT.search(text):
        return False
    return not any(sign in text for sign in " ()[]:@%+/") and text.count(".") < 3


def mask_id(text: str) -> str:
    """``text`` with what proves to be personal masked: for ids, whose long digits are their nature.

    An id is a word; words with blanks between them are taken as prose.
    """
    is_word = text.isascii() and not any(sign in text for sign in " (/")
    return _masked(text, _IN_ID if is_word else _IN_LABEL)


def mask_label(text: str) -> str:
    """``text`` with personal data masked, where an advertising platform's number may be: a campaign, a category."""
    return _masked(text, _IN_ID if text.isdigit() else _IN_LABEL)


def mask_text(text: str) -> str:
    """``text`` with mail and network addresses, user agents, telephone, card and identity numbers and long digit runs masked."""
    return _masked(text, _IN_TEXT)


def mask_log(text: str) -> str:
    """``text`` of a log without people's mail addresses and numbers; network addresses there are the machines' own."""
    return _masked(text, _IN_LOG)


def _masked(text: str, steps: tuple[_Step, ...]) -> str:
    if not text.isascii():
        text = _INVISIBLE.sub("", text)
    seen = text if text.isascii() else text.translate(_PLAIN)
    if not _ANY.search(seen):
        return text
    for pattern, mask, proves, group, signs in steps:
        if not any(sign in seen for sign in signs):
            continue
        found = [match.span(group) for match in pattern.finditer(seen) if proves(match.group(group))]
        if found:
            text, seen = _replaced(text, found, mask), _replaced(seen, found, mask)
    return text


def _replaced(text: str, places: Sequence[tuple[int, int]], mask: str) -> str:
    """``text`` with ``mask`` at each of ``places``, in time that is linear in its length."""
    kept = [text[end:begin] for (_, end), (begin, _) in pairwise([(0, 0), *places, (len(text), 0)])]
    return mask.join(kept)

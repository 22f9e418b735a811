"""Shapes of telephone, card and identity numbers, and what proves that a number of such a shape is one.

Called by ``scoring/events/personal_values.py``. Texts are in plain form there: digits and signs of other scripts are ASCII.
"""

from __future__ import annotations

import re
from datetime import date

#: no digit, letter or point before and no digit or letter after: letters of other scripts may touch a number
FRONT, _BACK = r"(?<![0-9A-Za-z.])", r"(?![0-9A-Za-z])"

#: with a plus (ITU-T E.164), however grouped
PLUS = re.compile(r"(?<![0-9A-Za-z.])(?:\+|%2B)\s?\(?[1-9](?:[\s().\-/]{0,3}\d){7,14}(?!\d)", re.IGNORECASE)
#: mobile numbers that a country's plan marks by their beginning and length, in one piece
MOBILE = (
    r"1[3-9]\d{9}|"  # CN
    r"0(?:[35789]\d{8}|[689]\d{8}|8\d{9,11}|[789]0\d{8}|1[567]\d{8,9}|[67]\d{8}|[57]\d{9}|10\d{8}|9\d{8,9})"
    # VN, TH, ID, JP, DE, FR, UK, KR, PH, TW and TR
)
BARE_MOBILE = re.compile(rf"{FRONT}(?:(?:00)?86[ \-]?)?(?:{MOBILE}){_BACK}")
#: in groups that no order number and no date has: blanks, brackets, a mobile prefix
GROUPED_MOBILE = re.compile(
    rf"{FRONT}(?:1[3-9]\d[ \-.]\d{{4}}[ \-.]?\d{{4}}|1[3-9]\d{{5}}[ \-]\d{{4}}|1[3-9]\d{{2}}[ \-]\d{{3}}[ \-]\d{{4}}|0[5-9]\d{{0,2}}[ \-.]\d{{2,4}}[ \-.]\d{{3,4}}(?:[ \-.]\d{{2,4}})?|"
    rf"0[1-9](?:[ .\-]\d{{2}}){{4}}|8 ?\(?9\d{{2}}\)? ?\d{{3}}[ \-]?\d{{2}}[ \-]?\d{{2}}|\(\d{{2,5}}\) ?\d{{3,5}}[ \-]?\d{{4}}|\d{{2}} 9?\d{{4}}[ \-]\d{{4}}|[67]\d{{2}}(?: \d{{2}}){{3}}){_BACK}"
)
#: with dashes, a slash or dots: a leading zero, or North America's three, three and four
DASHED = re.compile(
    rf"{FRONT}(?:0\d{{1,3}}-\d{{3,4}}-\d{{4}}|0\d{{2,4}}[/\-]\d{{7,8}}|(?:1-)?[2-9]\d{{2}}([\-.])[2-9]\d{{2}}\1\d{{4}}){_BACK}"
)
#: landlines, and other groups of telephone numbers
GROUPED = re.compile(
    r"(?<![\w.:\-/])(?!(?:19|20)\d\d[ \-])(?!\d{1,2}([ \-./])\d{1,2}\1\d{4})(?:\(?0\d{1,4}\)?[ \-/]\d{2,4}[ \-]?\d{2,4}(?:[ \-]\d{2,4})?|0\d{2,4}[ \-/]?\d{7,8}|"
    r"[2-9]\d{2}([ \-.])\d{3}\2\d{4}|[5-9]\d{2}([ \-])\d{3}\3(?!000)\d{3}|[2-9]\d{1,3}[ \-]\d{4}[ \-]\d{4}|[6-9]\d{4} \d{5}|[68-9]\d{3} \d{4})(?![\w\-:/])"
)
#: countries' codes that are written before a number without a plus
_CODES = r"(?:7|20|27|3[0-4]|39|4[0-9]|5[1-8]|6[0-6]|8[1246]|9[0-5]|9[67]\d|8[58]\d)"
#: a country's code without a plus, or with two zeros
CODED = re.compile(
    rf"(?<![0-9A-Za-z.\-_])(?:{_CODES}[ \-]\d{{2,3}}[ \-]\d{{3,4}}[ \-]\d{{3,4}}|(?:852|853|65)[ \-][2-9]\d{{3}}[ \-]?\d{{4}}|886[ \-]?9\d{{2}}[ \-]?\d{{3}}[ \-]?\d{{3}}|[78]9\d{{9}}|00[1-9](?:[ \-]?\d){{8,13}}|62[ \-]?8\d{{8,11}}|84[35789]\d{{8}}|66[689]\d{{8}}|55[1-9]\d9\d{{8}}|521?[2-9]\d{{9}}|49[ \-]?1[567]\d{{8,9}}|"
    rf"81[789]0\d{{8}}|447\d{{9}}|33[67]\d{{8}}|34[67]\d{{8}}|393\d{{8,9}}|91[6-9]\d{{9}}|1[ \-]?[2-9]\d{{2}}[ \-]?[2-9]\d{{2}}[ \-]?\d{{4}}|861[3-9]\d{{9}}|9665\d{{8}}|9715\d{{8}}|905\d{{9}}|639\d{{9}}|601\d{{8,9}}|8210\d{{8}}){_BACK}"
)
#: US, CA, MX and IN in ten digits, BR in eleven: as common as ids of that length
PLAIN_NUMBER = re.compile(
    rf"{FRONT}(?:[2-9][0-8]\d[2-9]\d{{6}}|[6-9]\d{{9}}|(?:33|55|56|81)\d{{8}}|[1-9]{{2}}9[6-9]\d{{7}}){_BACK}"
)
#: a run this long may be an account or an identity number; a moment written as digits is none
LONG_RUN = re.compile(
    r"(?<!\d)(?!20\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{6}(?:\d{3})?(?!\d))\d{14,}"
)

CARD = re.compile(
    r"(?<![0-9.])(?:\d{14,19}|\d{4}([ \-._])\d{4}\1\d{4}\1\d{1,7}|3\d{3}([ \-])\d{6}\2\d{4,5})(?!\d)"
)
#: issuers' ranges (ISO/IEC 7812): Visa, Mastercard, American Express, Discover, JCB, Diners, UnionPay, Maestro, Mir, Elo
ISSUER = re.compile(
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
    return ISSUER.fullmatch(plain) is not None and len(set(plain)) > 1 and _luhn(_digits(plain))


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


#: characters of an account's number by country (the registry of ISO 13616), where shops sell
_IBAN_LENGTHS = {
    "ad": 24, "ae": 23, "at": 20, "be": 16, "bg": 22, "br": 29, "ch": 21, "cy": 28, "cz": 24, "de": 22, "dk": 18, "ee": 20, "eg": 29,
    "es": 24, "fi": 18, "fr": 27, "gb": 22, "gr": 27, "hr": 21, "hu": 28, "ie": 22, "il": 23, "it": 27, "jo": 30, "kw": 30, "lb": 28,
    "li": 21, "lt": 20, "lu": 20, "lv": 21, "mt": 31, "nl": 18, "no": 15, "pl": 28, "pt": 25, "qa": 29, "ro": 24, "rs": 22, "sa": 24,
    "se": 24, "si": 19, "sk": 24, "tr": 26, "ua": 29,
}  # fmt: skip


def _is_small_iban(text: str) -> bool:
    """In small letters, as many ids are: its country's length besides the check digits."""
    return len(text) == _IBAN_LENGTHS.get(text[:2]) and _is_iban(text)


def _is_hong_kong_id(text: str) -> bool:
    """One or two letters, six digits, and a check digit modulo 11 in brackets."""
    letters = text[:-9].rjust(2)
    values = [36 if one == " " else int(one, 36) for one in letters]
    digits = [*values, *_digits(text[-9:-3])]
    total = sum(value * weight for value, weight in zip(digits, range(9, 1, -1), strict=True))
    return (total + int(text[-2], 36)) % 11 == 0


def is_place(text: str) -> bool:
    """A latitude and a longitude."""
    latitude, _, longitude = text.partition(",")
    return abs(float(latitude)) <= 90 and abs(float(longitude)) <= 180


def _is_dni(text: str) -> bool:
    """Spain: the letter is the number modulo 23."""
    number = text[:-1].replace("-", "").upper().translate(str.maketrans("XYZ", "012"))
    return "TRWAGMYFPDXBNJZSQVHLCKE"[int(number) % 23] == text[-1].upper()


def _is_thai_id(text: str) -> bool:
    digits = _digits(text)
    return (11 - sum(digit * (13 - at) for at, digit in enumerate(digits[:12])) % 11) % 10 == digits[12]


def _is_pesel(text: str) -> bool:
    """Poland: a check digit modulo 10 over a day of birth, whose month says the century."""
    weights = (1, 3, 7, 9, 1, 3, 7, 9, 1, 3)
    total = sum(digit * weight for digit, weight in zip(_digits(text), weights, strict=False))
    month = int(text[2:4]) % 20
    return (10 - total % 10) % 10 == int(text[10]) and 1 <= month <= 12 and 1 <= int(text[4:6]) <= 31


def _is_turkish_id(text: str) -> bool:
    """Turkey: two check digits."""
    digits = _digits(text)
    first = (7 * sum(digits[0:9:2]) - sum(digits[1:8:2])) % 10
    return digits[9] == first and digits[10] == sum(digits[:10]) % 10


def _is_taiwanese_id(text: str) -> bool:
    """ROC: the letter stands for two digits; weights 1, 9, 8 … 1, 1."""
    number = "ABCDEFGHJKLMNPQRSTUVXYWZIO".index(text[0]) + 10
    digits = [number // 10, number % 10, *_digits(text)]
    weights = (1, 9, 8, 7, 6, 5, 4, 3, 2, 1, 1)
    return sum(digit * weight for digit, weight in zip(digits, weights, strict=True)) % 10 == 0


def _is_nric(text: str) -> bool:
    """Singapore: the last letter is a weighted sum modulo 11, by the first letter."""
    total = sum(digit * weight for digit, weight in zip(_digits(text), (2, 7, 6, 5, 4, 3, 2), strict=True))
    shift, letters = {
        "S": (0, "JZIHGFEDCBA"), "T": (4, "JZIHGFEDCBA"), "F": (0, "XWUTRQPNMLK"), "G": (4, "XWUTRQPNMLK"),
        "M": (3, "XWUTRQPNJLK"),
    }[text[0]]  # fmt: skip
    return letters[(total + shift) % 11] == text[-1]


def _is_nik(text: str) -> bool:
    """Indonesia: region, day of birth (plus 40 for women), sequence."""
    day, month = int(text[6:8]), int(text[8:10])
    return 11 <= int(text[:2]) <= 96 and (1 <= day <= 31 or 41 <= day <= 71) and 1 <= month <= 12


def _begins_with_birthday(text: str) -> bool:
    """Malaysia, Korea: two digits each of year, month and day."""
    return _is_day(1900 + int(text[:2]), int(text[2:4]), max(1, int(text[4:6]) - (text[2:6] == "0229")))


def is_number(text: str) -> bool:
    """Five digits or more that are not a day."""
    plain = "".join(one for one in text if one.isdigit())
    return len(plain) > 4 and not re.fullmatch(r"20\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])", plain)


def has_seven_digits(text: str) -> bool:
    """As many as the shortest telephone number that is not a service's."""
    return sum(one.isdigit() for one in text) > 6


def always(text: str) -> bool:
    return True


#: where somebody is, to some ten metres: latitude and longitude with four decimals or more
PLACE = re.compile(r"(?<![0-9A-Za-z.\-])-?\d{1,2}\.\d{4,},\s?-?\d{1,3}\.\d{4,}(?![0-9A-Za-z])")

#: need no other proof: masked in ids, too
PROVED = (
    (re.compile(r"(?<![0-9A-Za-z.])[1-8]\d{5}(?:19|20)\d{9}[0-9Xx](?![0-9A-Za-z])"), _is_chinese_id),
    (
        re.compile(rf"{FRONT}[1-8]\d{{5}} (?:19|20)\d{{6}} \d{{3}}[0-9Xx]{_BACK}"),
        lambda text: _is_chinese_id(text.replace(" ", "")),
    ),
    (CARD, _is_card),
    (re.compile(rf"{FRONT}\d{{3}}\.\d{{3}}\.\d{{3}}-\d{{2}}{_BACK}"), always),  # CPF
    (re.compile(rf"{FRONT}(?!000|666|9)\d{{3}}-(?!00)\d{{2}}-(?!0000)\d{{4}}{_BACK}"), always),  # US SSN
    (
        re.compile(rf"{FRONT}[A-Z][AEIOUX][A-Z]{{2}}\d{{2}}[01]\d[0-3]\d[HMX][A-Z]{{5}}[A-Z0-9]\d{_BACK}"),
        always,
    ),  # MX CURP
    (re.compile(rf"{FRONT}[A-Z]{{6}}\d{{2}}[A-EHLMPRST]\d{{2}}[A-Z]\d{{3}}[A-Z]{_BACK}"), always),  # IT
    (re.compile(rf"{FRONT}[1-8]-\d{{4}}-\d{{5}}-\d{{2}}-\d{_BACK}"), always),  # TH
    (re.compile(rf"{FRONT}\d{{6}}-[1-8]\d{{6}}{_BACK}"), _begins_with_birthday),
    (re.compile(rf"{FRONT}\d{{3}}-\d{{3}}-\d{{3}} \d{{2}}{_BACK}"), always),  # RU SNILS
    (re.compile(rf"{FRONT}[A-Z]{{2}}\d{{2}} ?(?:[A-Z0-9]{{4}} ?){{2,7}}[A-Z0-9]{{1,4}}{_BACK}"), _is_iban),
    (re.compile(rf"{FRONT}[a-z]{{2}}\d{{2}}[a-z0-9]{{11,28}}{_BACK}"), _is_small_iban),
)
#: by their shape alone: in labels and words
SHAPED = (
    (re.compile(rf"{FRONT}\d{{2}}\.\d{{3}}\.\d{{3}}/\d{{4}}-\d{{2}}{_BACK}"), always),  # BR CNPJ
    (re.compile(rf"{FRONT}[A-CEGHJ-PR-TW-Z]{{2}} ?\d{{2}} \d{{2}} \d{{2}} ?[A-D]{_BACK}"), always),  # UK
    (re.compile(rf"{FRONT}(?:\d{{8}}|[XYZ]-?\d{{7}})-?[A-HJ-NP-TV-Z]{_BACK}"), _is_dni),
    (re.compile(rf"{FRONT}(?!20)[2-9]\d{{3}}[ \-]\d{{4}}[ \-]\d{{4}}{_BACK}"), always),  # IN Aadhaar
    (re.compile(rf"{FRONT}\d{{3}}\.?\d{{3}}\.?\d{{3}}-?\d{{2}}{_BACK}"), _is_cpf),
    (re.compile(rf"{FRONT}[A-Z][12]\d{{8}}{_BACK}"), _is_taiwanese_id),
    (re.compile(rf"{FRONT}[STFGM]\d{{7}}[A-Z]{_BACK}"), _is_nric),
    (re.compile(rf"{FRONT}[A-Z]{{1,2}}\d{{6}}\([0-9A]\)"), _is_hong_kong_id),
    (re.compile(rf"{FRONT}\d{{6}}-\d{{2}}-\d{{4}}{_BACK}"), _begins_with_birthday),
    # a card in any grouping
    (re.compile(r"(?<![0-9.])\(?\d(?:[ .\-_()]{0,2}\d){12,18}(?!\d)"), _is_card),
)
#: in words only: too many ids look like that
LIKELY = (
    (re.compile(rf"{FRONT}[2-8]\d{{12}}{_BACK}"), _is_thai_id),
    (re.compile(rf"{FRONT}\d{{11}}{_BACK}"), _is_pesel),
    (re.compile(rf"{FRONT}[1-9]\d{{10}}{_BACK}"), _is_turkish_id),
    (re.compile(rf"{FRONT}[1-9]\d{{15}}{_BACK}"), _is_nik),
    (re.compile(rf"{FRONT}0(?:0[1-9]|[1-8]\d|9[0-6])\d{{9}}{_BACK}"), always),  # VN CCCD
    (re.compile(rf"{FRONT}62\d{{14,17}}{_BACK}"), always),  # UnionPay accounts without a check digit
)

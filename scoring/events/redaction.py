"""Personal data out of text: what is kept of a rejected record, and what is masked in an event's free fields.

On the path of an event: called by ``scoring/events/parsing.py`` for free text, by ``streams/collector`` for dead letters.
A mask says what stood there, so that a person who reads a dead letter still sees its shape.
"""

from __future__ import annotations

import re
from collections.abc import Callable

#: bytes of a rejected record that are kept; enough to see one event, too little to keep a body
LONGEST_PAYLOAD = 2048

#: names of fields that hold personal data, compared without case, `_` and `-`
PERSONAL_FIELDS = frozenset(
    re.findall(
        r"\w+",
        """email mail emailaddress phone phonenumber mobile mobilephone tel telephone fax name firstname lastname fullname
    givenname familyname surname username nickname address address1 address2 street streetaddress addressline1
    addressline2 zip zipcode postcode postalcode ip ipaddress clientip browserip remoteaddr useragent ua birthday
    birthdate dateofbirth passport idcard idnumber ssn taxid password passwd token accesstoken apikey key secret
    authorization cookie cardnumber creditcard cvv iban receiver recipient consignee contact wechat whatsapp
    receivername receiverphone receiveraddress buyername buyeremail buyerphone customeremail customername""",
    )
)
#: raw ids of people, also under names that other tools use, compared as above: pseudonymised in what is kept
_ID_NAMES = frozenset(
    re.findall(
        r"\w+",
        """visitor visitorid buyer buyerid session sessionid customer customerid user userid client clientid anonymousid
    openid unionid deviceid""",
    )
)
#: the write key of a page's beacon
_KEY_NAMES = frozenset({"k", "writekey"})
#: ids of things, not of people, and times: long digits are their nature
_PLAIN_FIELDS = frozenset(
    {"event_id", "order_id", "product", "store_id", "event_time", "event_time_ms", "type"}
)

_EMAIL = re.compile(r"[^\s\"'<>@,;:\\]{1,64}@[^\s\"'<>@,;:\\]{1,190}")
_IPV4 = re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])")
_IPV6 = re.compile(
    r"(?<![0-9A-Za-z:.])(?=[0-9A-Fa-f:]*::|(?:[0-9A-Fa-f]{1,4}:){4})[0-9A-Fa-f:]{4,39}(?![0-9A-Za-z])"
)
_PHONE = re.compile(r"(?<![\w.])\+\d[\d ()\-]{6,20}\d|(?<![\w.])1[3-9]\d{9}(?!\d)")
_GROUPED = re.compile(r"(?<![\w.:\-])(?:\(\d{2,4}\)|\d{2,4})[ -]\d{3,4}[ -]\d{3,4}(?![\w\-:])")
#: a run this long may be a card, an account or an identity number; times in milliseconds have thirteen digits
_DIGITS = re.compile(r"\d{14,}")
_MASK = re.compile(r"\[(?:email|address|user agent|phone|digits|removed)\]")
_PAIR = re.compile(r'"([^"\\]{1,40})"\s*:\s*("(?:[^"\\]|\\.){0,9000}(?:"|$)|-?\d[\d.eE+\-]*)')
#: an object or array that holds no other
_NESTED = re.compile(r'"([^"\\]{1,40})"\s*:\s*[\[{][^\[\]{}]*(?:[\]}]|$)')
#: ``name/version (system …`` is how RFC 9110, 10.1.5 writes a user agent
_BROWSER = re.compile(
    r"Mozilla/\d[^\"\n]{0,400}|(?<![\w/.])[A-Za-z][\w.\-]{1,40}/\d[\w.]{0,20} \([^\"\n]{2,400}"
)
#: an id in a form's body or a query
_FORM_ID = re.compile(
    r"(?<![A-Za-z])((?:visitor|buyer|session|customer|user)(?:_?id)?=)[^&\s\"]{1,256}", re.IGNORECASE
)
#: JSON's escape of a printable ASCII character (but quote and backslash), which hides what is there from the masks
_ESCAPED = re.compile(
    r"(?<!\\)((?:\\\\)*)\\u00(2[013-9a-f]|[346][0-9a-f]|5[0-9abd-f]|7[0-9a-e])", re.IGNORECASE
)


def is_personal(field: str) -> bool:
    """True if a field of this name holds personal data by its name alone."""
    return _plain_name(field) in PERSONAL_FIELDS


def is_persons_id(field: str) -> bool:
    """True if a field of this name holds the raw id of a visitor, a buyer or a session."""
    return _plain_name(field) in _ID_NAMES


def mask_addresses(text: str) -> str:
    """``text`` with e-mail and network addresses masked, and nothing else: for ids, whose long digits are their nature."""
    if "@" in text:
        text = _EMAIL.sub("[email]", text)
    return _IPV6.sub("[address]", _IPV4.sub("[address]", text))


def _plain_name(field: str) -> str:
    return field.replace("_", "").replace("-", "").lower()


def mask_text(text: str) -> str:
    """``text`` with e-mail addresses, telephone numbers, network addresses, user agents and long digit runs masked."""
    if "@" in text:
        text = _EMAIL.sub("[email]", text)
    text = _BROWSER.sub("[user agent]", text)
    text = _IPV4.sub("[address]", text)
    text = _IPV6.sub("[address]", text)
    text = _PHONE.sub("[phone]", text)
    text = _GROUPED.sub("[phone]", text)
    return _DIGITS.sub("[digits]", text)


def mask_payload(
    raw: bytes, pseudonym: Callable[[str], str], longest: int = LONGEST_PAYLOAD
) -> tuple[str, bool]:
    """What is kept of a rejected record, and whether it was cut.

    Args:
        raw: the record as it came, any bytes.
        pseudonym: gives the pseudonym of a raw visitor, buyer or session id.
        longest: bytes of UTF-8 kept at most.

    Returns:
        Readable text without personal data, and True if it is not the whole record.
    """
    cut = len(raw) > longest
    # masked before the cut, with room beyond it: a cut through an address would hide it from the masks
    text = raw[: 4 * longest].decode("utf-8", "replace").replace("\x00", "\N{REPLACEMENT CHARACTER}")

    text = _ESCAPED.sub(_unescaped, text)
    text = _NESTED.sub(_without_nested, text)
    parts: list[str] = []
    at = 0
    for match in _PAIR.finditer(text):
        parts += (_masked_rest(text[at : match.start()]), _masked_pair(match, pseudonym))
        at = match.end()
    text = "".join(parts) + _masked_rest(text[at:])
    kept = text.encode("utf-8", "replace")
    if len(kept) > longest:
        cut = True
        text = kept[: longest - 3].decode("utf-8", "ignore") + "…"
    return text, cut


def is_masked(text: str) -> bool:
    """True if a mask is in ``text``, so that it is not what was sent."""
    return _MASK.search(text) is not None


def _unescaped(match: re.Match[str]) -> str:
    return match.group(1) + chr(int(match.group(2), 16))


def _masked_rest(text: str) -> str:
    return mask_text(_FORM_ID.sub(r"\1[removed]", text))


def _without_nested(match: re.Match[str]) -> str:
    field = match.group(1)
    return f'"{field}":"[removed]"' if is_personal(field) or is_persons_id(field) else match.group(0)


def _masked_pair(match: re.Match[str], pseudonym: Callable[[str], str]) -> str:
    field, value = match.group(1), match.group(2)
    if is_personal(field) or _plain_name(field) in _KEY_NAMES:
        return f'"{field}":"[removed]"'
    if is_persons_id(field):
        plain = value.strip('"')
        return f'"{field}":"{pseudonym(plain)}"' if plain else match.group(0)
    if field in _PLAIN_FIELDS:
        return mask_addresses(match.group(0))
    return mask_text(match.group(0))


#: bytes of a rejected record of a topic that are kept
TOPIC_PAYLOAD_BYTES = 2000


def masked(payload: bytes) -> str:
    """What is kept of a rejected record that did not come through the collector: an id in it may be a raw one."""
    return mask_payload(payload, lambda identifier: "[removed]", TOPIC_PAYLOAD_BYTES)[0]

"""What a column of an unknown platform probably holds, by the words of its header: which event, and a time, a state, an amount or a number.

Headers differ from platform to platform, the words do not: ``Paid On Date``, ``付款确认时间`` and ``Data de pagamento`` are each a word for
paying and one for a time. What has a word that changes the meaning (promised, expected, shipping costs, refunds, …), or could be two
things, is left out: a guess is shown to a person, and a gap is easier seen than a wrong column. The words are in ``order_words``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from streams.sources.files.exports import order_words as says
from streams.sources.files.exports.cells import Cell, is_blank, text_of
from streams.sources.files.exports.column_evidence import can_hold, disproved
from streams.sources.files.exports.dates import parts_of, read_moment
from streams.sources.files.exports.header_meanings import is_other_time, meanings
from streams.sources.files.exports.header_patterns import plain_words
from streams.sources.files.exports.layout import FieldOfExport

#: what is said of each thing that was bought
_OF_A_LINE = frozenset({"item_name", "quantity", "unit_price", "line"})
_FACTS = frozenset({"placed", "paid", "shipped", "delivered", "cancelled", "completed", "status"})
_SAID_ENOUGH = 2
#: from this rank on the number of an order is that of its invoice or receipt
_IS_RECEIPT = 4
_MAIL = frozenset(["email", "e mail", "mail", "email address", "correo", "correo electrónico", "邮箱", "メールアドレス", "이메일"])  # fmt: skip
_STATE_OF_ORDER = re.compile(r"^(?:order|payment) state$")
_STATE_OF_DELIVERY = re.compile(r"^(?:delivery|shipping) state$")


def guessed_fields(shown: Sequence[str], rows: Sequence[Sequence[Cell]] = ()) -> dict[FieldOfExport, int]:
    """Field → column, for what the words of the headers say without doubt, and what their columns hold does not contradict.

    Args:
        shown: the headers.
        rows: some rows below them.
    """
    found: dict[FieldOfExport, list[tuple[int, int]]] = {}
    has_address = any(says.ADDRESS.search(plain_words(text)) for text in shown)
    for place, text in enumerate(shown):
        cells = _cells(rows, place)
        for field, rank in meanings(text) or _of_participle(text, cells):
            if can_hold(field, cells) and not (has_address and plain_words(text) == "state"):
                found.setdefault(field, []).append((rank, place))
    if "order" in found:
        found["order"] = [one for one in found["order"] if not _counts_rows(_cells(rows, one[1]))]
    if not found.get("order"):
        found.pop("order", None)
        found |= _numbers_of_orders(shown, rows)
    _settle(found, shown, rows)
    fields: dict[FieldOfExport, int] = {}
    for field, places in found.items():
        best = min(rank for rank, _ in places)
        alike = [place for rank, place in places if rank == best]
        if field in says.TIMES:
            alike = _with_clock(alike, rows) or alike
        plainest = _plainest(alike, shown) if not _are_same(alike, rows) else alike[0]
        if plainest is not None:  # else nobody knows which
            fields[field] = plainest
    for one in disproved(fields, rows):
        del fields[one]
    return fields


def _settle(
    found: dict[FieldOfExport, list[tuple[int, int]]], shown: Sequence[str], rows: Sequence[Sequence[Cell]]
) -> None:
    """What a header means only next to the others of its table."""
    words = list(map(plain_words, shown))
    if "product" in found and not found.keys() & _OF_A_LINE:  # a reference of the order itself
        bare = [(3, place) for _, place in found["product"] if words[place] in says.BARE_NUMBER]
        found["product"] = [one for one in found["product"] if words[one[1]] not in says.BARE_NUMBER]
        if not found["product"]:
            del found["product"]
        if bare:
            found.setdefault("order", []).extend(bare)
    if "order" in found and "placed" not in found:
        rank, place = min(found["order"])
        if rank >= _IS_RECEIPT and says.INVOICE.search(words[place]):
            dates = [
                (0, at)
                for at, text in enumerate(words)
                if says.INVOICE.search(text)
                and says.TIME.search(text)
                and not says.EXPECTED.search(text)
                and can_hold("placed", _cells(rows, at))
            ]
            found |= {"placed": dates} if dates else {}
    if "order" not in found and len(found.keys() & _FACTS) >= _SAID_ENOUGH:
        found |= _only_numbers(words, rows)
    if "buyer" not in found:
        mails = [(0, at) for at, text in enumerate(words) if text in _MAIL]
        found |= {"buyer": mails} if mails else {}
    if any(_STATE_OF_ORDER.search(text) for text in words):
        states = [(0, at) for at, text in enumerate(words) if _STATE_OF_DELIVERY.match(text)]
        found |= {"fulfilment": states} if states and "fulfilment" not in found else {}


def _only_numbers(
    words: Sequence[str], rows: Sequence[Sequence[Cell]]
) -> dict[FieldOfExport, list[tuple[int, int]]]:
    """The one column of numbers that are another one in each row, where nothing is called after the order."""
    places = []
    for place, text in enumerate(words):
        texts = [text_of(cell) for cell in _cells(rows, place)]
        is_number = len(texts) > 1 and all(
            " " not in one and says.LONG_NUMBER.search(one) and parts_of(one) is None for one in texts
        )
        if is_number and len(set(texts)) == len(texts) and says.NUMBER.search(text):
            places.append((0, place))
    return {"order": places} if len(places) == 1 else {}


def _cells(rows: Sequence[Sequence[Cell]], place: int) -> list[Cell]:
    """What a column holds, without the cells that hold nothing."""
    return [row[place] for row in rows if place < len(row) and not is_blank(row[place])]


def _numbers_of_orders(
    shown: Sequence[str], rows: Sequence[Sequence[Cell]]
) -> dict[FieldOfExport, list[tuple[int, int]]]:
    """Columns that are called after the order and hold long numbers: ``N. ordine``."""
    places = []
    for place, text in enumerate(shown):
        words, cells = plain_words(text), _cells(rows, place)
        is_number = cells and all(
            says.LONG_NUMBER.search(text_of(cell)) and parts_of(cell) is None for cell in cells
        )
        if is_number and says.ORDER.search(words) and not says.OTHER_NUMBER.search(words):
            places.append((0, place))
    return {"order": places} if places else {}


def _of_participle(text: str, cells: Sequence[Cell]) -> list[tuple[FieldOfExport, int]]:
    """``Dispatched``, ``Оплачен``: the time at which that was so, if the column holds times."""
    words = plain_words(text)
    if not cells or len(words.split()) > 2 or not can_hold("placed", cells) or is_other_time(words):
        return []
    found: tuple[tuple[FieldOfExport, re.Pattern[str]], ...] = (*says.EVENTS, ("placed", says.PLACED))
    return next(([(field, 1)] for field, pattern in found if pattern.search(words)), [])


def _counts_rows(cells: Sequence[Cell]) -> bool:
    """Whether a column only numbers the rows: 1, 2, 3."""
    texts = [text_of(cell) for cell in cells]
    return len(texts) > 1 and texts == [str(at) for at in range(1, len(texts) + 1)]


def _with_clock(places: Sequence[int], rows: Sequence[Sequence[Cell]]) -> list[int]:
    """The columns whose times have a time of day."""
    found = []
    for place in places:
        moments = [read_moment(cell, True) or read_moment(cell, False) for cell in _cells(rows, place)]
        if any(one is not None and one.has_time for one in moments):
            found.append(place)
    return found


def _are_same(places: Sequence[int], rows: Sequence[Sequence[Cell]]) -> bool:
    """Whether columns hold the same in each row, so that it is one which of them is read."""
    columns = [[text_of(row[place]) if place < len(row) else "" for row in rows] for place in places]
    return len(places) > 1 and any(columns[0]) and all(one == columns[0] for one in columns)


def _plainest(places: Sequence[int], shown: Sequence[str]) -> int | None:
    """Of headers with one meaning the one whose words the others have, too, and more: ``PO Date``, ``PO Date & Time``; ``상세주문상태``, ``주문상태``."""
    words = {place: plain_words(shown[place]) for place in places}
    found = [
        one for one in places if all(_has_more(words[other], words[one]) for other in places if other != one)
    ]
    return found[0] if len(found) == 1 else None


def _has_more(longer: str, shorter: str) -> bool:
    if not shorter.isascii() and " " not in shorter + longer:
        return shorter in longer and shorter != longer
    return set(shorter.split()) < set(longer.split())


def takes_fees(shown: Sequence[str]) -> bool:
    """Whether some header is a fee of the platform: a plain total may then be what is left to the shop."""
    return any(says.FEE.search(unicodedata.normalize("NFKC", text).casefold()) for text in shown)

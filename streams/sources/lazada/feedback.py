"""What buyers say to a seller of Lazada, without a word of it: stars of reviews, and how long a person took to answer a question.

A conversation is one from a buyer's message on until a person answers, and counts once that is known: an answer, or three days without
one. Automatic answers are none. Ids of sessions hold the buyer's number, so only a hash of them is kept.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from scoring.funnel.units import DAY_MS
from scoring.sources.cursors import PollWindow
from scoring.sources.json_values import UnreadableValueError, answer_of, moment_of, text_of, whole_of
from streams.sources.asking import AnswerGarbledError, HttpAnswer, HttpRequest, PlatformApi
from streams.sources.lazada.config import LazadaConnection
from streams.sources.market_asking import part_of, row_of
from streams.sources.source import PolledRow, PollPage

#: days that Lazada lists reviews of at once, reviews whose details are asked for at once, and its rows of a page
REVIEW_DAYS, _DETAILS, _PAGE = 7, 10, 10
#: a question is not answered if nobody has for so long: the same as in `support_reply` events that others send
_UNANSWERED_MS = 3 * DAY_MS
_PAGES_OF_CHAT, _ROWS_OF_CHAT = 100, 50
_BUYER, _SELLER, _BY_PERSON = 1, 2, 1
_LETTERS = str.maketrans("0123456789", "ghijklmnop")


def _get(config: LazadaConnection, country: str, path: str, query: Mapping[str, object]) -> HttpRequest:
    return HttpRequest(
        config.base(country) + path, query=tuple((name, str(one)) for name, one in query.items() if one != "")
    )


# ---------------------------------------------------------------- reviews


async def reviews(
    config: LazadaConnection, country: str, api: PlatformApi, window: PollWindow, mark: str
) -> PollPage:
    """One page of one product after another; the mark is the product's place and the page."""
    at, _, page = (mark or "0 1").partition(" ")
    place, number = int(at), int(page)
    query = {
        "item_id": config.products[place],
        "start_time": window.from_ms,
        "end_time": window.to_ms,
        "current": number,
    }
    answer = await api.ask(_get(config, country, "/review/seller/history/list", query))
    part = part_of(answer, answer.json(), "data")
    numbers = part_of(answer, part, "id_list", kind=list)
    try:
        total = whole_of(part.get("total"), "total")
        size = whole_of(part.get("page_size"), "page_size") or _PAGE
    except UnreadableValueError as error:
        raise AnswerGarbledError(f"{answer.host}: {error}") from error
    rows = []
    for first in range(0, len(numbers), _DETAILS):
        rows += await _details(config, country, api, numbers[first : first + _DETAILS])
    if numbers and number * size < total:
        return PollPage(rows=rows, next_mark=f"{place} {number + 1}")
    return PollPage(rows=rows, next_mark=f"{place + 1} 1" if place + 1 < len(config.products) else "")


async def _details(
    config: LazadaConnection, country: str, api: PlatformApi, numbers: list[Any]
) -> list[PolledRow]:
    query = {"id_list": json.dumps(numbers, separators=(",", ":"))}
    answer = await api.ask(_get(config, country, "/review/seller/list/v2", query))
    part = part_of(answer, answer.json(), "data")
    listed = part_of(answer, part, "review_list", kind=list)
    store = config.stores_of_shops[country]
    found = [row_of(answer, row, "id", store=store) for row in listed]
    withdrawn = {str(one) for one in part.get("outdated_reviews") or ()}
    missing = {str(one) for one in numbers} - {row.row_id for row in found} - withdrawn
    if missing:
        raise AnswerGarbledError(f"{answer.host} gave no details of {len(missing)} of {len(numbers)} reviews")
    return found


# ---------------------------------------------------------------- chat


async def chats(
    config: LazadaConnection, country: str, api: PlatformApi, window: PollWindow, mark: str
) -> PollPage:
    """One page of sessions, the newest first, each with the questions in it whose answer is known."""
    start, _, last = (mark or f"{window.to_ms} ").partition(" ")
    query = {"start_time": start, "page_size": _ROWS_OF_CHAT, "last_session_id": last}
    answer = await api.ask(_get(config, country, "/im/session/list", query))
    part = part_of(answer, answer.json(), "data")
    rows: list[PolledRow] = []
    is_old = False
    for session in part_of(answer, part, "session_list", kind=list):
        number, at_ms = _said(answer, session, "session_id"), _moment(answer, session, "last_message_time")
        is_old = is_old or at_ms < window.from_ms
        if at_ms >= window.from_ms:
            messages = await _messages(config, country, api, number, window)
            known = _questions(messages, window.from_ms, api.now_ms)
            rows += [_question(answer, config.stores_of_shops[country], number, *one) for one in known]
    follows = "" if is_old or not _has_more(answer, part) else _next(answer, part, "last_session_id")
    return PollPage(rows=rows, next_mark=follows)


async def _messages(
    config: LazadaConnection, country: str, api: PlatformApi, session: str, window: PollWindow
) -> list[tuple[int, int, bool]]:
    """When messages of a session were sent, by whom, and whether a person did; the oldest first.

    They begin three days before the window: a buyer's message may only follow an earlier question.
    """
    begin_ms = window.from_ms - _UNANSWERED_MS
    found: dict[str, tuple[int, int, bool]] = {}
    start, last = str(window.to_ms), ""
    for _ in range(_PAGES_OF_CHAT):
        query = {
            "session_id": session,
            "start_time": start,
            "page_size": _ROWS_OF_CHAT,
            "last_message_id": last,
        }
        answer = await api.ask(_get(config, country, "/im/message/list", query))
        part = part_of(answer, answer.json(), "data")
        listed = part_of(answer, part, "message_list", kind=list)
        sent = [_message(answer, one) for one in listed]
        found.update({_said(answer, one, "message_id"): way for one, way in zip(listed, sent, strict=True)})
        is_old = any(at_ms < begin_ms for at_ms, _, _ in sent)
        if is_old or not listed or not _has_more(answer, part):
            return sorted(one for one in found.values() if one[0] >= begin_ms)
        start, _, last = _next(answer, part, "last_message_id").partition(" ")
    raise AnswerGarbledError("the messages of a session do not end")


def _message(answer: HttpAnswer, one: Any) -> tuple[int, int, bool]:
    try:
        who = whole_of(one.get("from_account_type"), "from_account_type") if isinstance(one, dict) else 0
        by_person = whole_of(one.get("type"), "type") == _BY_PERSON if who else False
        is_automatic = answer_of(one.get("auto_reply"), "auto_reply") if who else None
    except UnreadableValueError as error:
        raise AnswerGarbledError(f"{answer.host}: {error}") from error
    return _moment(answer, one, "send_time"), who, by_person and not is_automatic


def _questions(messages: Iterable[tuple[int, int, bool]], from_ms: int, now_ms: int) -> list[tuple[int, int]]:
    """When each question was asked and answered by a person of the seller, of those that are known by now; 0: nobody has."""
    asked_ms, known = 0, list[tuple[int, int]]()
    for at_ms, who, is_person in messages:
        if asked_ms and at_ms - asked_ms >= _UNANSWERED_MS:
            known.append((asked_ms, 0))
            asked_ms = 0
        if who == _BUYER and not asked_ms:
            asked_ms = at_ms
        elif who == _SELLER and is_person and asked_ms:
            known.append((asked_ms, at_ms))
            asked_ms = 0
    if asked_ms and now_ms - asked_ms >= _UNANSWERED_MS:
        known.append((asked_ms, 0))
    return [one for one in known if one[0] >= from_ms]


def _question(answer: HttpAnswer, store: str, session: str, asked_ms: int, answered_ms: int) -> PolledRow:
    """A question as a row. The hash has letters alone: digits in it could be taken for a telephone number."""
    digest = hashlib.blake2b(f"{session} {asked_ms}".encode(), digest_size=16).hexdigest()
    row = {"chat": digest.translate(_LETTERS), "asked": asked_ms, "answered": answered_ms}
    return row_of(answer, row, "chat", store=store)


def _said(answer: HttpAnswer, row: Any, name: str) -> str:
    try:
        text = text_of(row.get(name), name) if isinstance(row, dict) else ""
    except UnreadableValueError as error:
        raise AnswerGarbledError(f"{answer.host}: {error}") from error
    if not text:
        raise AnswerGarbledError(f"{answer.host} answered with a row without `{name}`")
    return text


def _moment(answer: HttpAnswer, row: Any, name: str) -> int:
    try:
        return moment_of(_said(answer, row, name), name, "UTC")
    except UnreadableValueError as error:
        raise AnswerGarbledError(f"{answer.host}: {error}") from error


def _has_more(answer: HttpAnswer, part: Mapping[str, Any]) -> bool:
    try:
        return bool(answer_of(part.get("has_more"), "has_more"))
    except UnreadableValueError as error:
        raise AnswerGarbledError(f"{answer.host}: {error}") from error


def _next(answer: HttpAnswer, part: Mapping[str, Any], last: str) -> str:
    return f"{_said(answer, part, 'next_start_time')} {_said(answer, part, last)}"

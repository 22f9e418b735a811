"""Lazada: stars of reviews and minutes to an answer, without a word of either."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from pydantic import ValidationError

from scoring.events.redaction import mask_document
from scoring.sources.cursors import PollWindow
from scoring.sources.translated import Translated
from streams.sources.asking import AnswerGarbledError, PlatformThrottledError, ScopeMissingError
from streams.sources.lazada.asking import judge
from streams.sources.lazada.source import SOURCE
from tests.fakes.lying_lazada import lazada_connection
from tests.fakes.workbench import connection_from
from tests.streams.sources.market_bench import NOW_MS, Answers, Market

MARKET = Market(
    SOURCE, connection_from(lazada_connection(reads=["reviews", "chat"], products=["2419854443", "77"]))
)
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
WINDOW = PollWindow(NOW_MS - 4 * DAY, NOW_MS)
SESSION = "100094063_2_1011822749_1_103"


def read(resource: str, *answers: Any) -> tuple[list[Translated], str]:
    """What a poll comes to, and all that is kept of it."""
    api = Answers(
        judge,
        *[
            one if isinstance(one, tuple) else (200, {"code": "0", "success": True, "data": one})
            for one in answers
        ],
    )

    async def work() -> list[str]:
        rows, mark = list[str](), ""
        while True:
            page = await MARKET.polls[resource].fetch(api, WINDOW, mark)
            rows += [row.body for row in page.rows]
            mark = page.next_mark
            if not mark:
                return rows

    bodies = asyncio.run(work())
    only = MARKET.polls[resource].only
    kept = " ".join(mask_document(body.encode(), lambda raw: f"~{raw}", only=only) for body in bodies)
    return [MARKET.polled(resource, json.loads(body)) for body in bodies], kept


# ---------------------------------------------------------------- chat


def session(at_ms: int, number: str = SESSION) -> dict[str, Any]:
    return {"session_id": number, "last_message_time": at_ms, "title": "bruce liu", "summary": "call 13812345678", "buyer_id": 1011822749}  # fmt: skip


def said(at_ms: int, who: int, *, auto: bool = False, kind: int = 1) -> dict[str, Any]:
    return {
        "message_id": f"m{at_ms}{who}", "send_time": at_ms, "from_account_type": who, "auto_reply": auto, "type": kind,
        "from_account_id": "1011822749", "content": '{"txt": "I am bruce liu, 13812345678"}',
    }  # fmt: skip


def chat(*messages: dict[str, Any]) -> tuple[list[dict[str, Any]], str]:
    last_ms = max(one["send_time"] for one in messages)
    found, kept = read(
        "chats",
        {"session_list": [session(last_ms)], "has_more": False},
        {"message_list": sorted(messages, key=lambda one: -one["send_time"]), "has_more": False},
    )
    return [event for one in found for event in one.events], kept


def test_an_answer_by_a_person_counts_and_automatic_ones_do_not() -> None:
    asked = NOW_MS - 5 * HOUR
    events, kept = chat(
        said(asked, 1), said(asked + 1000, 2, auto=True), said(asked + 2 * MINUTE, 1), said(asked + 30 * MINUTE, 2, kind=2),
        said(asked + 90 * MINUTE, 2), said(asked + 100 * MINUTE, 2),
    )  # fmt: skip
    assert [(one["type"], one["event_time_ms"], one["attributes"]) for one in events] == [
        ("support_reply", asked, {"answered_min": "90.000"})
    ]
    for text in ("bruce", "13812345678", "1011822749", "100094063"):
        assert text not in kept
        assert text not in json.dumps(events)


def test_a_question_counts_once_its_answer_is_known_and_after_three_days_without_one() -> None:
    assert chat(said(NOW_MS - 2 * DAY, 1))[0] == []
    (never,) = chat(said(NOW_MS - 3 * DAY - HOUR, 1))[0]
    assert never.get("attributes", {}) == {}
    both, _ = chat(said(NOW_MS - 3 * DAY - 3 * HOUR, 1), said(NOW_MS - 2 * HOUR, 1), said(NOW_MS - HOUR, 2))
    assert [one["attributes"] for one in both] == [{}, {"answered_min": "60.000"}]


def test_the_same_question_read_again_is_the_same_event_and_one_from_before_the_window_is_none() -> None:
    asked = NOW_MS - 5 * HOUR
    first, again = (chat(said(asked, 1), said(asked + MINUTE, 2))[0] for _ in range(2))
    assert first[0]["event_id"] == again[0]["event_id"]
    before = WINDOW.from_ms - HOUR
    assert chat(said(before, 1), said(WINDOW.from_ms + MINUTE, 1), said(WINDOW.from_ms + HOUR, 2))[0] == []


def test_sessions_are_read_page_by_page_until_they_are_older_than_the_window() -> None:
    more = {"has_more": True, "next_start_time": NOW_MS - HOUR, "last_session_id": SESSION}
    messages = {"message_list": [said(NOW_MS - HOUR, 2), said(NOW_MS - 2 * HOUR, 1)], "has_more": False}
    old = session(WINDOW.from_ms - DAY, "100094063_2_7_1_103")
    found, _ = read(
        "chats",
        {"session_list": [session(NOW_MS - HOUR)], **more},
        messages,
        {"session_list": [old], **more},
    )
    assert len(found) == 1


# ---------------------------------------------------------------- reviews


def review(number: int, stars: int | None, kind: str = "PRODUCT_REVIEW") -> dict[str, Any]:
    return {
        "id": number, "submit_time": NOW_MS - HOUR, "product_id": 2419854443, "order_id": 83314300176414, "review_type": kind,
        "review_content": "bruce liu, 13812345678, likes it", "ratings": {"overall_rating": stars} if stars else None,
    }  # fmt: skip


def test_reviews_are_their_stars_alone() -> None:
    found, kept = read(
        "reviews",
        {"current": 1, "total": 3, "page_size": 10, "id_list": [11, 12, 13]},
        {"review_list": [review(11, 2), review(12, None, "FOLLOW_UP_REVIEW")], "outdated_reviews": [13]},
        {"current": 1, "total": 0, "page_size": 10, "id_list": []},
    )
    events = [event for one in found for event in one.events]
    assert [(one["type"], one["product"], one["attributes"]) for one in events] == [
        ("review", "2419854443", {"rating": "2"})
    ]
    assert found[1].left_out == ["reviews follow_up_review"]
    assert "bruce" not in kept
    assert "13812345678" not in kept


@pytest.mark.parametrize(
    ("answers", "error"),
    [
        ([{"current": 1, "total": 1}], AnswerGarbledError),
        (
            [{"total": 2, "id_list": [11, 12]}, {"review_list": [review(11, 5)], "outdated_reviews": []}],
            AnswerGarbledError,
        ),
        ([(200, {"success": False, "error_code": "TRAFFIC_CONTROL"})], PlatformThrottledError),
        ([(200, {"code": "InsufficientPermission", "type": "ISV"})], ScopeMissingError),
    ],
)
def test_an_answer_that_is_none_is_not_a_product_without_reviews(
    answers: list[Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        read("reviews", *answers)


def test_reviews_and_their_products_go_together() -> None:
    for more in ({"reads": ["reviews"]}, {"reads": ["orders"], "products": ["1"]}):
        with pytest.raises(ValidationError):
            connection_from(lazada_connection(**more))

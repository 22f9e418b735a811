"""The page of sources: what it shows of a connection, and what people do about it, on the real broker."""

from __future__ import annotations

import re
import time
from typing import Any

import httpx
import pytest

from scoring.sources.doubts import Doubt, DoubtCheck, DoubtKind, Witness
from scoring.sources.health import ConnectionHealth, ConnectionState, DeliveryHealth
from scoring.wording.troubles import Trouble
from streams.sources.definitions import definition_of
from streams.sources.source_log import (
    ConnectionControl,
    StoredConnection,
    StoredTrial,
    TrialLine,
    log_key,
    publish_records,
    read_book,
)
from streams.web.frame.forms import COOKIE
from tests.deadlines import within
from tests.fixtures.action_page import ActionPage, in_a_thread

DOUBT = Doubt(DoubtKind.VALUE, Witness.PAST, "USD", "4990.00", "49.90", 40)
HERE = {"Sec-Fetch-Site": "same-origin", "Accept-Language": "en"}
NAME = "page-api"
SETTINGS: dict[str, Any] = {
    "name": NAME,
    "source": "json_api",
    "store": "us-own",
    "url": "http://127.0.0.1:9/api",
    "owner": "ops",
    "resources": [
        {
            "from_parameter": "from",
            "mapping": [{"kind": "order", "fields": {"order_id": "id", "placed": "at", "paid": "paid_at"}}],
        }
    ],
}


@pytest.fixture(scope="module")
def connected(action_page: ActionPage) -> ActionPage:
    """A page with one connection, to which its platform denies access."""
    at_ms = time.time_ns() // 1_000_000
    health = ConnectionHealth(
        NAME,
        "json_api",
        ("us-own",),
        at_ms + 3_600_000,
        ConnectionState.BROKEN,
        since_ms=at_ms - 60_000,
        trouble=Trouble.ACCESS_DENIED,
        detail="401 from the platform",
        deliveries=DeliveryHealth(hooks=3, polls=7, usual=(1.0,) * 168),
        doubts=DoubtCheck(at_ms, at_ms, (DOUBT,)),
    )
    records = {
        log_key("connection", NAME): StoredConnection(SETTINGS, at_ms),
        log_key("health", NAME): health,
        log_key("trial", NAME): StoredTrial(1, at_ms, (TrialLine("orders", False, "401"),)),
    }
    in_a_thread(publish_records(action_page.settings, records))
    deadline = time.monotonic() + within(30)
    while states(action_page) in ([], ["unknown"]) and time.monotonic() < deadline:
        time.sleep(0.1)
    return action_page


def listed(page: ActionPage) -> list[dict[str, Any]]:
    return [one for one in page.json("/sources")["connections"] if one["status"]["name"] == NAME]


def states(page: ActionPage) -> list[str]:
    """The state of each connection: the records of one come to the page one after another."""
    return [one["status"]["state"] for one in listed(page)]


def control(page: ActionPage) -> ConnectionControl:
    return in_a_thread(read_book(page.settings.kafka)).control(NAME)


def press(page: ActionPage, name: str = NAME, **fields: str) -> httpx.Response:
    answer = page.get("/sources", headers={"Accept-Language": "en"})
    token = re.findall(r'name="form_token" value="([^"]*)"', answer.text)[0]
    return httpx.post(
        f"{page.url}/sources/{name}/actions",
        data={"form_token": token, **fields},
        cookies={COOKIE: answer.cookies[COOKIE]},
        headers=HERE,
        timeout=within(30),
    )


def test_a_connection_says_why_it_is_broken_what_to_do_and_what_it_supplies(connected: ActionPage) -> None:
    (one,) = listed(connected)
    assert one["status"]["state"] == "broken"
    assert one["trouble_text"]
    assert "funnelwatch sources add" in one["advice"]
    assert {s["stage"]: s["supply"] for s in one["stages"] if s["supply"] != "never"} == {
        "order": "status",
        "payment": "status",
    }
    for language, words in (("en", "Access is denied"), ("zh", "授权被拒绝")):
        shown = connected.get("/sources", headers={"Accept-Language": language}).text
        assert words in shown
        assert definition_of("json_api", language)[1][0] in shown


def test_a_wish_of_the_page_is_what_the_owner_of_the_connection_reads(connected: ActionPage) -> None:
    assert press(connected, kind="pause", who="Li Lei", why="maintenance").status_code == 303
    assert (control(connected).paused, control(connected).who) == (True, "Li Lei")
    assert press(connected, kind="test", who="Li Lei").status_code == 303
    assert control(connected).tested_ms > 0
    assert (
        press(connected, kind="backfill", who="Li Lei", first="2026-01-02", last="2026-01-03").status_code
        == 303
    )
    (wish,) = control(connected).backfills
    assert (
        press(connected, kind="backfill_cancel", who="Li Lei", backfill_id=wish.backfill_id).status_code
        == 303
    )
    assert press(connected, kind="resume", who="Li Lei").status_code == 303
    assert (control(connected).paused, control(connected).backfills) == (False, ())


def test_figures_that_cannot_be_true_are_said_in_words_and_a_person_may_say_that_they_are_right(
    connected: ActionPage,
) -> None:
    for language, words in (("en", "about 100 times the usual"), ("zh", "约为平时的 100 倍")):
        shown = connected.get("/sources", headers={"Accept-Language": language}).text
        assert words in shown
        assert 'value="accept"' in shown
    assert press(connected, kind="accept", who="Li Lei").status_code == 303
    assert control(connected).accepted == (DOUBT.key,)
    assert control(connected).accepted_ms > 0


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"kind": "backfill", "who": "L", "first": "", "last": ""}, "is not a day"),
        ({"kind": "backfill", "who": "L", "first": "2126-01-01", "last": ""}, "has not begun"),
        ({"kind": "backfill_pause", "who": "L", "backfill_id": "nope"}, "nope"),
        ({"kind": "destroy", "who": "L"}, "Invalid enum value"),
        ({"kind": "pause", "who": " "}, "Enter your name"),
    ],
)
def test_what_makes_no_sense_is_answered_on_the_page(
    connected: ActionPage, fields: dict[str, str], said: str
) -> None:
    before = control(connected)
    answer = press(connected, **fields)
    assert answer.status_code == 422
    assert said in answer.text
    assert control(connected) == before


def test_a_connection_that_does_not_exist_takes_no_wish(connected: ActionPage) -> None:
    assert press(connected, "nobody", kind="pause", who="L").status_code == 404
    answer = httpx.post(
        f"{connected.url}/api/v1/sources/nobody/actions",
        json={"kind": "pause", "who": "L"},
        timeout=within(30),
    )
    assert answer.status_code == 404


def test_the_api_takes_the_same_wishes(connected: ActionPage) -> None:
    answer = httpx.post(
        f"{connected.url}/api/v1/sources/{NAME}/actions",
        json={"kind": "backfill", "who": "script", "first": "2026-02-01"},
        timeout=within(30),
    )
    assert answer.status_code == 201, answer.text
    assert answer.json()["backfills"] == [one.backfill_id for one in control(connected).backfills]


def test_a_form_of_another_site_changes_nothing(connected: ActionPage) -> None:
    before = control(connected)
    answer = httpx.post(
        f"{connected.url}/sources/{NAME}/actions", data={"kind": "pause", "who": "L"}, timeout=within(30)
    )
    assert answer.status_code == 403
    assert control(connected) == before


def test_what_a_connection_uses_is_shown_with_its_end(connected: ActionPage) -> None:
    settings = {
        "name": "page-ends", "source": "shopify", "store": "us-own", "shop": "my-shop.myshopify.com", "secret": "env:NONE",
        "access": "none", "version": "2025-10",
    }  # fmt: skip
    in_a_thread(
        publish_records(
            connected.settings, {log_key("connection", "page-ends"): StoredConnection(settings, 1)}
        )
    )
    deadline = time.monotonic() + within(30)
    found: list[dict[str, Any]] = []
    while not found and time.monotonic() < deadline:
        found = [
            one for one in connected.json("/sources")["connections"] if one["status"]["name"] == "page-ends"
        ]
        time.sleep(0.1)
    (ending,) = found[0]["status"]["endings"]
    assert (ending["what"], ending["day"]) == ("Shopify Admin API 2025-10", "2026-10-01")
    assert ending["days"] < 0
    for language, words in (("en", "has ended"), ("zh", "已停用")):
        shown = connected.get("/sources", headers={"Accept-Language": language}).text
        assert f"Shopify Admin API 2025-10 · 2026-10-01 · {words}" in shown
        assert "https://shopify.dev/docs/api/usage/versioning" in shown

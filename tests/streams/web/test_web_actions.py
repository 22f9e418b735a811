"""Acting on alerts by page, API and links: on the real broker and the real engine."""

from __future__ import annotations

import asyncio
import html
import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from pydantic import SecretStr

from scoring.baselines import BaselineSource, Kernel, StepBaseline, StoreBaseline, encode_baseline
from streams.incidents.links import Link, sign
from streams.settings import Settings
from streams.web.frame.forms import COOKIE
from tests.deadlines import within
from tests.fixtures.action_page import LINK_KEY, ActionPage
from tests.fixtures.clickhouse import Store
from tests.fixtures.page import RunningPage, page_settings
from tests.fixtures.web_seed import ALERT, CONFIG, OLD_ALERT, moment

HERE = {"Sec-Fetch-Site": "same-origin"}
DAY_MS = 86_400_000


def visit(page: RunningPage, path: str) -> tuple[dict[str, str], dict[str, str]]:
    """The hidden fields of the page's form, and the cookie they belong to."""
    answer = page.get(path, headers={"Accept-Language": "en"})
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', answer.text))
    return fields, {COOKIE: answer.cookies[COOKIE]}


def press(page: RunningPage, alert: str, **fields: str) -> httpx.Response:
    hidden, cookies = visit(page, f"/alerts/{alert}")
    headers = {**HERE, "Accept-Language": "en"}
    return httpx.post(
        f"{page.url}/alerts/{alert}/actions", data={**hidden, **fields}, cookies=cookies, headers=headers, timeout=within(20)
    )  # fmt: skip


def link(page: ActionPage, kind: str, alert: str = ALERT, ends_ms: int = 0) -> str:
    return "/do/" + sign(Link(alert, kind, "ops", ends_ms or page.now_ms + DAY_MS), LINK_KEY)


def test_a_press_is_shown_at_once_and_the_same_after_it_has_landed(action_page: ActionPage) -> None:
    answer = press(action_page, ALERT, kind="acknowledge", who="Li Lei")
    assert answer.status_code == 303
    assert answer.cookies["funnelwatch_who"] == "Li%20Lei"
    shown = action_page.get(answer.headers["Location"], headers={"Accept-Language": "en"}).text
    assert "Recorded: Li Lei acknowledged" in shown
    assert "being stored" in shown
    before = action_page.detail(ALERT)["alert"]["people"]
    assert (before["acknowledged_by"], before["pending"]) == ("Li Lei", True)
    action_page.land()
    after = action_page.detail(ALERT)
    assert after["alert"]["people"] == {**before, "pending": False}
    assert [(a["kind"], a["via"]) for a in after["actions"]] == [("acknowledge", "page")]
    responses = action_page.json("/alerts/responses")
    assert (responses["alerts"], responses["acknowledged"]) == (2, 1)
    assert responses["median_to_acknowledge"] == pytest.approx(before["minutes_to_acknowledge"], abs=0.1)


def test_a_past_list_revealed_what_was_done_later(action_page: ActionPage) -> None:
    press(action_page, ALERT, kind="acknowledge", who="Li Lei")
    then = {a["alert_id"]: a for a in action_page.json(f"/alerts?at={action_page.now_ms}")["alerts"]}
    assert (then[ALERT]["state"], then[ALERT]["people"]["acknowledged_by"]) == ("firing", "")
    now = {a["alert_id"]: a for a in action_page.json("/alerts")["alerts"]}
    assert now[ALERT]["people"]["acknowledged_by"] == "Li Lei"


def test_a_double_click_does_one_thing(action_page: ActionPage) -> None:
    hidden, cookies = visit(action_page, f"/alerts/{OLD_ALERT}")
    for _ in range(2):
        httpx.post(
            f"{action_page.url}/alerts/{OLD_ALERT}/actions",
            data={**hidden, "kind": "comment", "who": "Mei", "comment": "只有一次"},
            cookies=cookies,
            headers=HERE,
            timeout=within(20),
        )
    assert action_page.detail(OLD_ALERT)["alert"]["people"]["comments"] == 1
    action_page.land()
    assert action_page.detail(OLD_ALERT)["alert"]["people"]["comments"] == 1


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"kind": "acknowledge", "who": " "}, "Enter your name."),
        ({"kind": "comment", "who": "Mei", "comment": " "}, "Write the comment first."),
        ({"kind": "close", "who": "Mei"}, "Choose what it was before closing."),
        ({"kind": "assign", "who": "Mei", "assignee": ""}, "Enter who takes it over."),
        ({"kind": "silence", "who": "Mei", "length": "until", "until": "2020-01-01T08:00", "silence_text": "kept words"}, "Choose how long"),
    ],
)  # fmt: skip
def test_a_rejected_press_says_why_and_keeps_what_was_typed(
    action_page: ActionPage, fields: dict[str, str], said: str
) -> None:
    answer = press(action_page, OLD_ALERT, **fields)
    assert answer.status_code == 422
    assert said in answer.text
    assert fields.get("silence_text", "") in answer.text
    assert "data-live" not in answer.text  # an update would fetch the address of the press
    assert (
        action_page.get(f"/alerts/{OLD_ALERT}/actions?lang=zh").headers["Location"]
        == f"/alerts/{OLD_ALERT}?lang=zh"
    )


def test_a_form_of_another_site_is_rejected(action_page: ActionPage) -> None:
    hidden, cookies = visit(action_page, f"/alerts/{ALERT}")
    url, data = (
        f"{action_page.url}/alerts/{ALERT}/actions",
        {**hidden, "kind": "close", "reason": "real", "who": "x"},
    )
    rejected = [
        httpx.post(
            url, data=data, cookies=cookies, headers={"Sec-Fetch-Site": "cross-site"}, timeout=within(5)
        ),
        httpx.post(
            url, data=data, cookies=cookies, headers={"Origin": "https://evil.example"}, timeout=within(5)
        ),
        httpx.post(url, data=data, headers=HERE, timeout=within(5)),
        httpx.post(
            url, data={**data, "form_token": "0" * 64}, cookies=cookies, headers=HERE, timeout=within(5)
        ),
        httpx.post(
            f"{action_page.url}/silences/end",
            data={"silence_id": "x", "who": "x"},
            headers=HERE,
            timeout=within(5),
        ),
    ]
    assert [answer.status_code for answer in rejected] == [403] * 5
    form = httpx.post(
        f"{action_page.url}/api/v1/alerts/{ALERT}/actions",
        data={"kind": "acknowledge", "who": "x"},
        timeout=within(5),
    )
    assert form.status_code == 400
    assert action_page.detail(ALERT)["alert"]["people"]["closed_as"] == ""


def test_a_silence_is_listed_and_can_be_ended(action_page: ActionPage) -> None:
    answer = press(
        action_page, ALERT, kind="silence", who="Mei", length="30", silence_text="provider works on it"
    )
    assert answer.status_code == 303
    (silence,) = [s for s in action_page.json("/silences")["silences"] if s["author"] == "Mei"]
    assert (silence["alert_id"], silence["reason"]) == (ALERT, "provider works on it")
    assert 29 * 60_000 < silence["ends_at_ms"] - silence["starts_at_ms"] <= 30 * 60_000
    hidden, cookies = visit(action_page, "/settings")
    data = {**hidden, "silence_id": silence["silence_id"], "who": "Mei"}
    for code in (303, 409):
        ended = httpx.post(
            f"{action_page.url}/silences/end", data=data, cookies=cookies, headers=HERE, timeout=within(20)
        )
        assert ended.status_code == code
    assert action_page.detail(ALERT)["alert"]["people"]["silenced_until_ms"] is None


def test_the_api_performs_an_action_id_once_and_says_what_it_understood(action_page: ActionPage) -> None:
    url = f"{action_page.url}/api/v1/alerts/{OLD_ALERT}/actions"
    asked = {"kind": "close", "who": "bot", "reason": "false_alarm", "text": "sale", "action_id": "retry-1"}
    answers = [httpx.post(url, json=asked, timeout=within(20)) for _ in range(2)]
    assert [a.status_code for a in answers] == [201, 201]
    assert answers[0].json()["action_id"] == answers[1].json()["action_id"] == "api-retry-1"
    written = [a for _, a in asyncio.run(action_page.actions()) if a.action_id == "api-retry-1"]
    assert len(written) == 1
    rejected: list[tuple[str, Any, int, str]] = [
        (url, {"kind": "close", "who": "bot"}, 400, "reason"),
        (url, {"kind": "silence", "who": "bot", "minutes": 0}, 400, "future"),
        (url, {"kind": "silence", "who": "bot", "minutes": 1e308}, 400, "minutes"),
        (url, {**asked, "text": "another"}, 409, "another action"),
        (url, {**asked, "kind": "comment"}, 409, "another action"),
        (url.replace(OLD_ALERT, ALERT), asked, 409, "another action"),
        (url, {"kind": "dance", "who": "bot"}, 400, "dance"),
        (url, {"kind": "unsubscribe", "who": "bot", "assignee": "boss"}, 400, "acknowledge"),
        (url.replace(OLD_ALERT, "nothing"), {"kind": "acknowledge", "who": "bot"}, 404, "no such alert"),
    ]
    for where, body, code, word in rejected:
        answer = httpx.post(where, json=body, timeout=within(20))
        assert (answer.status_code, word in answer.json()["detail"]) == (code, True), answer.text
    not_utf8 = httpx.post(
        url, content=b'{"kind": "\xff"}', headers={"Content-Type": "application/json"}, timeout=within(20)
    )
    assert not_utf8.status_code == 400
    described = action_page.json("/openapi.json")
    assert "post" in described["paths"]["/api/v1/alerts/{alert}/actions"]
    assert "ActionRequest" in described["components"]["schemas"]


def test_opening_a_link_does_nothing_and_pressing_it_works_once(action_page: ActionPage) -> None:
    path, headers = link(action_page, "expected"), {"Accept-Language": "en"}
    for _ in range(2):
        assert "Mark this alert as expected?" in action_page.get(path, headers=headers).text
    assert action_page.detail(ALERT)["alert"]["people"]["closed_as"] == ""
    first = httpx.post(
        action_page.url + path, data={"who": "Han"}, headers={**headers, **HERE}, timeout=within(20)
    )
    second = httpx.post(
        action_page.url + path, data={"who": "Somebody else"}, headers={**headers, **HERE}, timeout=within(20)
    )
    assert "Han closed it: Expected" in first.text
    assert "Already done" in second.text
    assert "Han closed it" in second.text
    action_page.land()
    assert "Already done" in action_page.get(path, headers=headers).text
    closed = [a for a in action_page.detail(ALERT)["actions"] if a["kind"] == "close"]
    assert [(a["who"], a["reason"], a["via"]) for a in closed] == [("Han", "expected", "link:ops")]
    alert = action_page.detail(ALERT)["alert"]
    took = (alert["people"]["closed_at_ms"] - alert["fired_at_ms"]) / 60_000
    assert (alert["state"], alert["people"]["minutes_to_resolve"]) == ("firing", pytest.approx(took))


def test_an_ended_or_forged_link_says_so(action_page: ActionPage) -> None:
    headers = {"Accept-Language": "en"}
    ended = action_page.get(link(action_page, "silence", ends_ms=action_page.now_ms - 1), headers=headers)
    assert (ended.status_code, "This link has expired" in ended.text) == (410, True)
    good = link(action_page, "silence")
    for bad in (
        # not its last character, of which not every bit counts
        good[:-5] + ("A" if good[-5] != "A" else "B") + good[-4:],
        "/do/x",
        "/do/%00.%00",
        link(action_page, "details"),
    ):
        answer = httpx.post(action_page.url + bad, headers={**headers, **HERE}, timeout=within(5))
        assert (answer.status_code, "This link is not valid" in answer.text) == (404, True)
    assert action_page.detail(ALERT)["alert"]["people"]["silenced_until_ms"] is None


def test_a_reader_leaves_a_digest_by_one_press_of_the_mail_program(action_page: ActionPage) -> None:
    path = "/unsubscribe/" + sign(Link("", "unsubscribe", "boss", action_page.now_ms + DAY_MS), LINK_KEY)
    assert "Stop this digest?" in action_page.get(path, headers={"Accept-Language": "en"}).text
    assert (
        httpx.post(
            action_page.url + path, data={"List-Unsubscribe": "One-Click"}, timeout=within(20)
        ).status_code
        == 200
    )
    assert (
        httpx.post(
            action_page.url + path, data={"kind": "subscribe"}, headers=HERE, timeout=within(20)
        ).status_code
        == 200
    )
    assert action_page.get(link(action_page, "silence").replace("/do/", "/unsubscribe/")).status_code == 404
    done = [a.kind.value for _, a in asyncio.run(action_page.actions()) if a.assignee == "boss"]
    assert done == ["unsubscribe", "subscribe"]


def test_routing_is_explained_by_the_notifiers_own_rules(action_page: ActionPage) -> None:
    routing = action_page.json(f"/alerts/{ALERT}/routing")
    assert {d["receiver"] for d in routing["decisions"]} <= {r.name for r in CONFIG.alerting.receivers}
    assert next(d["receiver"] for d in routing["decisions"]) == "payments-team"
    assert action_page.get(f"/api/v1/alerts/{OLD_ALERT}/routing").status_code == 404


@pytest.fixture
def no_broker(
    clickhouse: Store, action_page: ActionPage, tmp_path: Path, serve_page: Callable[[Settings], RunningPage]
) -> RunningPage:
    settings = page_settings(
        clickhouse, tmp_path, clickhouse_database=action_page.settings.clickhouse_database, kafka="127.0.0.1:9", link_key=LINK_KEY, page_token=SecretStr("t")
    )  # fmt: skip
    return serve_page(settings)


def test_with_the_broker_unreachable_nothing_is_recorded_and_it_is_said(
    no_broker: RunningPage, action_page: ActionPage
) -> None:
    token = {"Authorization": "Bearer t"}
    answers: dict[str, httpx.Response] = {}

    def ask(name: str, *request: Any, **more: Any) -> None:
        answers[name] = httpx.request(*request, timeout=within(30), **more)

    api = no_broker.url + f"/api/v1/alerts/{ALERT}/"
    headers = {"Accept-Language": "en", **HERE}
    threads = [
        threading.Thread(target=ask, args=("act", "POST", api + "actions"), kwargs={"json": {"kind": "comment", "who": "x", "text": "y"}, "headers": token}),
        threading.Thread(target=ask, args=("routing", "GET", api + "routing"), kwargs={"headers": token}),
        threading.Thread(target=ask, args=("link", "POST", no_broker.url + link(action_page, "acknowledge")), kwargs={"headers": headers}),
    ]  # fmt: skip
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answers[name].status_code for name in ("act", "routing", "link")] == [503, 503, 503]
    assert answers["act"].json()["error"] == "kafka_unreachable"
    assert "Not recorded, nothing has changed" in answers["link"].text


def test_a_link_needs_no_sign_in_and_shows_nothing_else(
    no_broker: RunningPage, action_page: ActionPage
) -> None:
    answer = no_broker.get(link(action_page, "silence"), headers={"Accept-Language": "en"})
    assert answer.status_code == 200
    assert "Silence this alert for 2 hours?" in answer.text
    assert "<nav" not in answer.text
    assert no_broker.get(f"/alerts/{ALERT}").status_code == 303
    assert (
        httpx.post(
            f"{no_broker.url}/alerts/{ALERT}/actions", data={"kind": "acknowledge"}, timeout=within(5)
        ).status_code
        == 303
    )


def test_the_settings_in_force_show_no_secret(action_page: ActionPage) -> None:
    text = action_page.get("/settings", headers={"Accept-Language": "en"}).text
    assert LINK_KEY not in text
    assert "password-of-tests" not in text
    assert "FEISHU" not in text
    assert "13800000001" not in text
    assert "FUNNELWATCH_LINK_KEY" in text
    assert "If step = Orders → Payments" in text
    assert "quiet: nights" in text


def test_alerts_are_chosen_by_store_step_state_and_days(action_page: ActionPage) -> None:
    def ids(query: str) -> list[str]:
        return [a["alert_id"] for a in action_page.json(f"/alerts?{query}")["alerts"]]

    assert ids("step=order_to_payment") == [ALERT]
    assert ids("store=de-shopify&state=resolved") == [OLD_ALERT]
    assert ids("days=0.1") == [ALERT]
    assert action_page.get("/alerts?step=order_to_payment&days=7").text.count('class="a-title"') == 1
    assert action_page.get("/api/v1/alerts?step=nonsense").status_code == 400


@pytest.mark.parametrize(
    ("path", "zh", "en"),
    [
        ("/?store=nope", "没有店铺 nope", "unknown store 'nope'"),
        ("/stores/nope", "没有店铺 nope", "unknown store 'nope'"),
        ("/alerts/nope", "没有这个告警", "no such alert"),
    ],
)
def test_what_is_not_there_is_said_in_the_reader_s_language(
    action_page: ActionPage, path: str, zh: str, en: str
) -> None:
    between = "&" if "?" in path else "?"
    chinese = action_page.get(f"{path}{between}lang=zh")
    assert chinese.status_code in (400, 404)
    assert zh in chinese.text
    assert "nknown store" not in chinese.text
    assert en in html.unescape(action_page.get(f"{path}{between}lang=en").text).casefold()


def test_stores_are_compared_with_themselves_within_their_platform(page: RunningPage) -> None:
    comparison = page.json("/comparison?hours=1")
    by_id = {s["store_id"]: (g, s) for g in comparison["groups"] for s in g["stores"]}
    assert set(by_id) == {store.id for store in CONFIG.stores}
    assert by_id["us-own"][0]["comparable"] == "own"
    assert by_id["de-shopify"][0]["comparable"] == "alone"
    payment = by_id["us-own"][1]["steps"][3]
    assert payment["state"] == "breach"
    assert payment["observed"] < 0.8 * payment["expected"]
    assert by_id["jp-amazon"][1]["steps"][0] == {
        "step": "impression_to_click", "state": "missing_stage", "observed": None, "expected": None,
        "conversion_rate": None, "drop_known": False, "smallest_drop": None, "covered_minutes": 0, "source": "", "lenders": 0,
    }  # fmt: skip
    assert by_id["new-store"][1]["steps"][0]["state"] == "no_data"


LENT = {"us-own": BaselineSource.PEERS, "th-lazada": BaselineSource.BENCHMARK}


def test_the_comparison_says_the_smallest_drop_that_an_hour_could_show(action_page: ActionPage) -> None:
    flat = (0.0,) * 168
    hourly = {"us-own": 1300.0, "th-lazada": 2.0}
    names = ["store_id", "published_at", "baseline", "version", "is_deleted"]
    rows = []
    for store, arrivals in hourly.items():
        step = StepBaseline(
            "order_to_payment", "order", "payment", 0.86, 0.0001, Kernel((0.5, 0.3, 0.2)), flat, flat, 1e5, 1e5, 0.05, 60.0,
            1.2, arrivals,
        )  # fmt: skip
        stages = ("order", "payment")
        lent = msgspec.structs.replace(step, source=LENT[store])
        baseline = StoreBaseline(
            store, "UTC", 1, 0, 1, 30.0, stages, {step.step: lent}, borrowed_from=("a", "b", "c", "d", "e")
        )
        rows.append([store, moment(action_page.now_ms), encode_baseline(baseline).decode(), 1, 0])
    action_page.client.insert("baselines_raw", rows, column_names=names)
    groups = action_page.json("/comparison")["groups"]
    steps = {s["store_id"]: s["steps"][3] for g in groups for s in g["stores"]}
    assert steps["us-own"]["drop_known"] is True
    assert 0.05 < steps["us-own"]["smallest_drop"] < 0.5
    assert (steps["th-lazada"]["drop_known"], steps["th-lazada"]["smallest_drop"]) == (True, None)
    text = action_page.get("/compare", headers={"Accept-Language": "en"}).text
    assert "drops of " in text
    assert (steps["us-own"]["source"], steps["th-lazada"]["source"]) == ("peers", "benchmark")
    assert "expectation from 5 peer stores" in text
    assert "expectation from the uploaded benchmark" in text


def test_text_of_strangers_stays_text_on_every_page(action_page: ActionPage) -> None:
    bad = "<img src=x onerror=alert(1)>"
    names = ["letter_id", "received_at", "reason", "source", "store_id", "payload", "detail", "version"]
    letter = [bad, moment(action_page.now_ms), "broken_json", "api", bad, bad, bad, 1]
    action_page.client.insert("dead_letters_raw", [letter], column_names=names)
    action_page.client.command(
        f"INSERT INTO alert_transitions_raw SELECT * REPLACE ('{bad}' AS store_id, '{bad}' AS segment, 'al-odd' AS alert_id) "
        f"FROM (SELECT * FROM alert_transitions_raw WHERE alert_id = '{ALERT}')"
    )
    said = {"kind": "comment", "who": bad, "text": bad}
    assert (
        httpx.post(
            f"{action_page.url}/api/v1/alerts/al-odd/actions", json=said, timeout=within(20)
        ).status_code
        == 201
    )
    paths = ("/", "/alerts", "/alerts/al-odd", "/alerts/al-odd/rows", "/dead-letters", "/compare")
    answers = {path: action_page.get(path).text for path in paths}
    assert {path for path, text in answers.items() if "&lt;img" in text} == set(paths) - {"/compare"}
    assert {path for path, text in answers.items() if "<img" in text} == set()


def test_many_alerts_are_acknowledged_at_once_and_the_list_shows_those_of_nobody_and_mine(
    action_page: ActionPage,
) -> None:
    def listed(handling: str, **cookies: str) -> list[str]:
        page = action_page.get(f"/alerts?lang=en&handling={handling}", cookies=cookies)
        return re.findall(r'data-key="(al-[^"]+)"', page.text)

    new = ("al-new-one", "al-new-two")
    known = action_page.client.query(f"SELECT * FROM alert_transitions_raw WHERE alert_id = '{ALERT}'")
    place = known.column_names.index("alert_id")
    rows = [[*row[:place], alert, *row[place + 1 :]] for alert in new for row in known.result_rows]
    action_page.client.insert("alert_transitions_raw", rows, column_names=known.column_names)
    assert set(listed("unclaimed")) >= set(new)
    assert listed("mine") == []
    hidden, cookies = visit(action_page, "/alerts?lang=en")

    def post(**fields: str) -> httpx.Response:
        return httpx.post(
            f"{action_page.url}/alerts/acknowledge",
            data={**hidden, **fields},
            cookies=cookies,
            headers=HERE,
            timeout=within(20),
        )

    chosen = {f"alert-{alert}": "1" for alert in (*new, OLD_ALERT, "nobody")}
    assert post(who=" ", **chosen).status_code == 422
    done = post(who="Li Lei", handling="unclaimed", **chosen)
    assert done.status_code == 303
    assert "handling=unclaimed" in done.headers["Location"]
    assert "acknowledged=2" in done.headers["Location"]  # what is over, and what is not there, is nobody's
    assert post(who="Li Lei", **chosen).headers["Location"].endswith("acknowledged=0")
    assert action_page.detail(new[0])["alert"]["people"]["acknowledged_by"] == "Li Lei"
    assert set(listed("unclaimed")) & set(new) == set()
    assert set(listed("mine", funnelwatch_who="Li%20Lei")) >= set(new)
    assert listed("mine", funnelwatch_who="Nobody") == []
    elsewhere = httpx.post(f"{action_page.url}/alerts/acknowledge", data=chosen, timeout=within(20))
    assert elsewhere.status_code == 403

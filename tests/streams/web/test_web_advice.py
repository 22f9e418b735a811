"""Advice is accepted, declined and done by people, kept for good, and judged on its date."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from scoring.alerts.actions import HumanAction, HumanActionKind
from scoring.evaluation.evaluating import StoreFigures
from scoring.evaluation.figure import Figure, rate_figure
from scoring.evaluation.judging import AdviceOutcome
from scoring.evaluation.spans import SpanLength, last_spans, span_name
from scoring.evaluation.steps import StepFigure
from streams.cli import report_advice
from streams.cli.main import app
from streams.evaluation.advised import hit_rates, judged, lives_of
from tests.deadlines import within
from tests.fixtures.action_page import ActionPage
from tests.fixtures.evaluation import rows
from tests.fixtures.evaluation_seed import STORE, insert_year
from tests.fixtures.web_seed import CONFIG

API = f"/stores/{STORE}/evaluation/advice?period=month"


@pytest.fixture(scope="module")
def given(action_page: ActionPage) -> dict[str, Any]:
    insert_year(action_page.client, action_page.now_ms)
    found = action_page.json(API)
    assert found, "the seeded month pays badly: something is advised"
    first: dict[str, Any] = found[0]
    return first


def post(page: ActionPage, **body: Any) -> httpx.Response:
    return httpx.post(f"{page.url}/api/v1{API}", json=body, timeout=within(30))


def test_advice_is_taken_on_by_name_and_stays_with_its_history(
    action_page: ActionPage, given: dict[str, Any]
) -> None:
    assert (given["state"], given["at_ms"]) == ("open", None)
    assert re.fullmatch(rf"advice\|{STORE}\|[\w:.]+\|[\d/-]+\|[\w:.]+", given["advice"])
    answer = post(action_page, kind="accept", who="Li", advice=given["advice"])
    assert (answer.status_code, answer.json()["state"], answer.json()["who"]) == (200, "accept", "Li")
    action_page.land()
    assert (
        post(action_page, kind="done", who="Wang", advice=given["advice"], text="both devices").status_code
        == 200
    )
    landed = action_page.land()
    assert [(one.kind, one.who, one.about) for one in landed[-2:]] == [
        ("accept", "Li", given["advice"]),
        ("done", "Wang", given["advice"]),
    ]
    again = next(one for one in action_page.json(API) if one["advice"] == given["advice"])
    assert (again["state"], again["who"], again["reason"], again["outcome"]) == (
        "done",
        "Wang",
        "both devices",
        "",
    )
    for language, said in (("zh", "Wang 于"), ("en", "done by Wang on")):
        text = action_page.get(f"/stores/{STORE}/evaluation?period=month&lang={language}").text
        assert said in text


@pytest.mark.parametrize(
    ("change", "status", "says"),
    [
        ({"kind": "decline"}, 400, "say why it is declined"),
        ({"kind": "close"}, 400, "unknown action"),
        ({"kind": "accept", "who": "  "}, 400, "who"),
        ({"kind": "accept", "advice": "advice|x|y|z|w"}, 404, "no such advice"),
        ({"kind": "accept", "extra": 1}, 400, "extra"),
    ],
)
def test_what_makes_no_sense_is_not_recorded(
    action_page: ActionPage, given: dict[str, Any], change: dict[str, Any], status: int, says: str
) -> None:
    answer = post(action_page, **{"who": "Li", "advice": given["advice"], **change})
    assert (answer.status_code, says in answer.text) == (status, True), answer.text


def test_a_button_on_the_page_needs_the_page_s_own_form(
    action_page: ActionPage, given: dict[str, Any]
) -> None:
    form = {"kind": "accept", "who": "Li", "advice": given["advice"]}
    path = f"{action_page.url}/stores/{STORE}/evaluation/advice?period=month"
    assert httpx.post(path, data=form, timeout=within(30)).status_code == 403
    with httpx.Client(timeout=within(30)) as browser:
        text = browser.get(f"{action_page.url}/stores/{STORE}/evaluation?period=month").text
        token = re.search(r'name="form_token" value="([^"]+)"', text)
        assert token is not None
        answer = browser.post(path, data={**form, "form_token": token[1]})
    assert (answer.status_code, answer.headers["Location"]) == (
        303,
        f"/stores/{STORE}/evaluation?period=month#h-actions",
    )


def test_the_command_lists_it_and_says_what_is_wrong(
    action_page: ActionPage, given: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_advice, "running_instance", lambda _: action_page.settings)
    monkeypatch.setattr(report_advice, "configuration", lambda _: CONFIG)
    done = CliRunner().invoke(app, ["report", "advice", STORE])
    assert (done.exit_code, given["advice"] in done.output) == (0, True), done.output
    done = CliRunner().invoke(
        app, ["report", "advice", STORE, given["advice"], "--decline", "no time", "--who", "Li"]
    )
    assert (done.exit_code, "decline: " in done.output) == (0, True), done.output
    assert action_page.land()[-1].text == "no time"
    for words, says in (
        ((given["advice"],), "give the key"),
        (("--done",), "give the key"),
        (("advice|no", "--done"), "no such advice"),
    ):
        done = CliRunner().invoke(app, ["report", "advice", STORE, *words])
        assert (done.exit_code, says in done.output) == (1, True), done.output


SPANS = last_spans(1_790_000_000_000, "UTC", SpanLength.WEEK, 13)


def action(kind: HumanActionKind, at_ms: int, number: int = 0, check_ms: int = 0) -> HumanAction:
    about = f"advice|s1|walk_checkout|{span_name(SPANS[2])}|step:order_to_payment"
    return HumanAction(f"a{number}-{kind}", kind, at_ms, "Li", about=about, until_ms=check_ms)


def figures_of(now: float) -> StoreFigures:
    """Twelve quiet weeks of which the third newest was bad, and ``now`` as the newest."""
    wobble = (0.80, 0.82, 0.78, 0.81, 0.79, 0.83, 0.77, 0.80, 0.82, 0.78)
    shares = [now, 0.80, 0.74, *wobble]
    line: dict[str, Figure] = {
        span_name(span): rate_figure(round(share * 40_000), 40_000, rows())
        for span, share in zip(SPANS, shares, strict=True)
    }
    newest = line.pop(span_name(SPANS[0]))
    step = StepFigure("order_to_payment", 40_000, round(now * 40_000), newest)
    return StoreFigures("s1", SPANS[0], steps=(step,), own_steps={"order_to_payment": line})


def test_the_last_word_holds_and_an_action_that_is_there_twice_counts_once() -> None:
    accepted, declined = action(HumanActionKind.ACCEPT, 1), action(HumanActionKind.DECLINE, 2)
    (life,) = lives_of([accepted, accepted, declined]).values()
    assert (life.kind, len(life.actions), life.done_ms) == (HumanActionKind.DECLINE, 2, 0)


@pytest.mark.parametrize(
    ("now", "outcome"),
    [(0.87, AdviceOutcome.HELPED), (0.73, AdviceOutcome.DID_NOT), (0.80, AdviceOutcome.CANNOT_SAY)],
)
def test_what_was_done_is_judged_on_its_date_by_a_whole_period_after_it(
    now: float, outcome: AdviceOutcome
) -> None:
    done = action(HumanActionKind.DONE, SPANS[0].start_ms - 1000, check_ms=SPANS[0].end_ms)
    lives = lives_of([done])
    (waiting,) = judged(lives, figures_of(now), SPANS, SPANS[0].end_ms - 1).values()
    assert waiting.verdict is None  # its date has not come
    found = judged(lives, figures_of(now), SPANS, SPANS[0].end_ms)
    (life,) = found.values()
    assert life.verdict is not None
    assert life.verdict.outcome is outcome
    rate = hit_rates(found.values())["walk_checkout"]
    assert (rate.helped, rate.judged + rate.unclear) == (int(outcome is AdviceOutcome.HELPED), 1)


def test_what_was_done_after_the_last_whole_period_waits() -> None:
    late = action(HumanActionKind.DONE, SPANS[0].start_ms + 1000)
    (life,) = judged(lives_of([late]), figures_of(0.99), SPANS, SPANS[0].end_ms).values()
    assert life.verdict is None

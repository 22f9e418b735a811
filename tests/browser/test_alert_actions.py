"""Acting on an alert in a real browser: with the mouse, with the keyboard, on a phone, from a message's link."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from streams.incidents.links import Link, sign
from tests.browser.chromium import CONTRAST, axe, browser
from tests.deadlines import within_ms
from tests.fixtures.action_page import LINK_KEY, ActionPage
from tests.fixtures.web_seed import ALERT

__all__ = ["browser"]
PATHS = ("/alerts", f"/alerts/{ALERT}", f"/alerts/{ALERT}/routing", "/compare", "/settings")
OPEN_ALL = "for (const closed of document.querySelectorAll('details')) closed.open = true;"


@pytest.fixture
def visit(browser: Any, action_page: ActionPage) -> Iterator[Any]:
    """Open a path as a reader; at the end the console must have stayed silent."""
    contexts, complaints = [], []

    def open_path(path: str, language: str = "en-US", width: int = 1440, **more: Any) -> Any:
        context = browser.new_context(
            viewport={"width": width, "height": 900}, locale=language, timezone_id="Asia/Shanghai", **more
        )
        context.add_cookies([{"name": "funnelwatch_zone", "value": "Asia/Shanghai", "url": action_page.url}])
        context.set_default_timeout(within_ms(30))
        contexts.append(context)
        tab = context.new_page()
        tab.on("console", lambda m: complaints.append(m.text) if m.type in ("error", "warning") else None)
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        tab.goto(action_page.url + path)
        return tab

    yield open_path
    for context in contexts:
        context.close()
    assert complaints == []


def test_an_alert_is_assigned_silenced_and_commented_and_the_list_says_by_whom(visit: Any) -> None:
    tab = visit(f"/alerts/{ALERT}")
    tab.get_by_label("Your name").fill("Wang Fang")
    tab.get_by_label("Comment").fill("Asked the payment provider.")
    tab.get_by_role("button", name="Add comment").click()
    tab.get_by_text("Recorded: Wang Fang commented").wait_for()
    assert tab.get_by_label("Your name").input_value() == "Wang Fang"
    assert "Asked the payment provider." in tab.locator(".life").inner_text()
    tab.locator("summary", has_text="Assign").click()
    tab.get_by_label("Assign to").fill("Zhao")
    tab.get_by_role("button", name="Assign").click()
    tab.get_by_text("Recorded: Wang Fang assigned it to Zhao").wait_for()
    tab.locator("summary", has_text="Silence").click()
    tab.get_by_label("Until…").check()
    until = tab.get_by_label("Until (Asia/Shanghai)")
    until.fill(
        tab.evaluate("new Date(Date.now() + 36e5 * 11).toISOString().slice(0, 16)")
    )  # 3 h on this clock
    tab.get_by_label("Reason (visible to others)").fill("provider maintenance")
    tab.get_by_role("button", name="Silence", exact=True).click()
    tab.get_by_text("Recorded: Wang Fang silenced it until").wait_for()
    tab.get_by_role("link", name="Alerts", exact=True).first.click()
    chips = tab.locator(".alert").first.locator(".chipline").inner_text()
    assert "Assigned to Zhao" in chips
    assert "Silenced until" in chips
    tab.get_by_role("link", name="Settings").click()
    row = tab.locator(".silence", has_text="provider maintenance")
    row.get_by_role("button", name=f"End the silence for {ALERT}").click()
    row.wait_for(state="detached")


def test_enter_in_a_field_presses_no_button_and_typing_survives_an_update(visit: Any) -> None:
    tab = visit(f"/alerts/{ALERT}")
    tab.get_by_label("Your name").fill("Wang Fang")
    tab.get_by_label("Comment").fill("half a sentence")
    tab.locator("summary", has_text="Close").click()
    tab.get_by_label("False alarm").check()
    tab.get_by_label("Your name").press("Enter")
    press = tab.locator("input[name=press]").get_attribute("value")
    tab.evaluate(
        "document.dispatchEvent(new Event('visibilitychange'))"
    )  # what makes an open page update now
    tab.wait_for_function("old => document.querySelector('input[name=press]').value !== old", arg=press)
    assert "done=" not in tab.url
    assert tab.get_by_label("Comment").input_value() == "half a sentence"
    assert tab.get_by_label("False alarm").is_checked()


def test_an_alert_is_acted_on_with_the_keyboard_alone(visit: Any) -> None:
    tab = visit(f"/alerts/{ALERT}", language="zh-CN")
    tab.get_by_label("你的名字").focus()
    tab.keyboard.type("赵敏")
    for _ in range(12):
        tab.keyboard.press("Tab")
        if tab.evaluate("document.activeElement.textContent") == "静默":
            break
    tab.keyboard.press("Enter")
    tab.keyboard.press("Tab")
    tab.keyboard.press("ArrowRight")
    tab.keyboard.press("Tab")
    tab.keyboard.type("大促")
    tab.keyboard.press("Tab")
    tab.keyboard.press("Space")
    tab.get_by_text("已记录：赵敏 静默至").wait_for()
    assert "大促" in tab.locator(".life").inner_text()


def test_a_link_of_a_message_asks_and_is_done_with_one_press_on_a_phone(
    visit: Any, action_page: ActionPage
) -> None:
    token = sign(Link(ALERT, "silence", "on-call", action_page.now_ms + 86_400_000), LINK_KEY)
    tab = visit(f"/do/{token}", language="zh-CN", width=390)
    tab.get_by_role("heading", name="静默这条告警 2 小时？").wait_for()
    tab.get_by_role("button", name="静默 2 小时").click()
    tab.get_by_role("heading", name="完成").wait_for()
    tab.goto(tab.url)
    tab.get_by_role("heading", name="已经做过了").wait_for()
    assert "on-call 静默至" in tab.get_by_role("status").inner_text()


@pytest.mark.parametrize(("width", "language"), [(390, "en-US"), (820, "zh-CN")])
def test_nothing_of_it_runs_over_the_edge(visit: Any, width: int, language: str) -> None:
    tab = visit(PATHS[0], language=language, width=width)
    over = {}
    for path in PATHS:
        tab.goto(tab.evaluate("location.origin") + path)
        tab.evaluate(OPEN_ALL)
        over[path] = tab.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert over == dict.fromkeys(PATHS, 0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_of_it_has_contrast_and_every_field_has_a_name(visit: Any, scheme: str) -> None:
    tab = visit(PATHS[0], color_scheme=scheme, bypass_csp=True)
    for path in PATHS:
        tab.goto(tab.evaluate("location.origin") + path)
        tab.evaluate(OPEN_ALL)
        assert tab.evaluate(CONTRAST)["weak"] == []
        assert [(v["id"], v["nodes"][0]["html"]) for v in axe.Axe().run(tab).response["violations"]] == []
        nameless = (
            "[...document.querySelectorAll('input:not([type=hidden]), select, textarea, button:not([hidden])')]"
            ".filter(node => !(node.labels?.length || node.getAttribute('aria-label') || node.textContent.trim()))"
            ".map(node => node.outerHTML)"
        )
        assert tab.evaluate(nameless) == []

"""Signing out ends the session itself, not only this browser's cookie; an action id belongs to the first that used it."""

from __future__ import annotations

import asyncio

import pytest

from scoring.alerts.actions import HumanAction, HumanActionKind
from streams.incidents.action_log import new_action
from streams.settings import Settings, load_settings
from streams.web.frame import actions
from streams.web.frame.access import Access
from streams.web.frame.actions import ActionSender


def test_a_copied_cookie_outlived_signing_out() -> None:
    access = Access(load_settings(page_token="t" * 20))
    mine, elsewhere = access.session(), access.session()
    assert mine != elsewhere
    access.end_session(mine)
    assert not access.is_session(mine)
    assert access.is_session(elsewhere)


def test_what_we_did_not_sign_opens_nothing_and_ends_no_session() -> None:
    access, other = Access(load_settings(page_token="t" * 20)), Access(load_settings(page_token="o" * 20))
    mine = access.session()
    content, _, signature = mine.partition(".")
    for forged in (
        other.session(),
        f"9{content}.{signature}",
        f"{content}.",
        "",
        "1.2",
        content,
        f"x-{mine}",
    ):
        access.end_session(forged)
        assert not access.is_session(forged)
    access.end_session(f"{content}.{signature[:-1]}")
    assert access.is_session(mine)


async def test_two_actions_at_once_with_one_id_were_both_done(monkeypatch: pytest.MonkeyPatch) -> None:
    published: list[HumanAction] = []

    async def publish(_: Settings, action: HumanAction) -> None:
        await asyncio.sleep(0)
        published.append(action)

    monkeypatch.setattr(actions, "publish_action", publish)
    sender = ActionSender(load_settings())
    first, second = (
        new_action(HumanActionKind.ACKNOWLEDGE, 1, "Ann", "api", alert_id=alert, action_id="api-1")
        for alert in "ab"
    )
    assert await asyncio.gather(sender.send(first), sender.send(second)) == [first, first]
    assert published == [first]

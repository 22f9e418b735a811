"""Signing out ends the session itself, not only this browser's cookie; an action id belongs to the first that used it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from scoring.alerts.actions import HumanAction, HumanActionKind
from streams.incidents.action_log import new_action
from streams.instance.ended_sessions import EndedSessions
from streams.settings import Settings, load_settings
from streams.web.frame import actions
from streams.web.frame.actions import ActionSender
from streams.web.frame.sessions import Account, PageSessions


def sessions(data: Path, token: str = "t" * 20) -> PageSessions:
    return PageSessions(load_settings(data=data, page_token=token))


def test_a_copied_cookie_outlived_signing_out_and_a_restart(tmp_path: Path) -> None:
    before = sessions(tmp_path)
    mine, elsewhere = before.begin(), before.begin()
    assert mine != elsewhere
    before.end(mine)
    assert before.read(mine) is None
    after = sessions(tmp_path)
    assert after.read(mine) is None
    assert after.read(elsewhere) is not None


def test_what_we_did_not_sign_opens_nothing_and_ends_no_session(tmp_path: Path) -> None:
    own, other = sessions(tmp_path), sessions(tmp_path, "o" * 20)
    mine = own.begin()
    content, _, signature = mine.partition(".")
    for forged in (
        other.begin(),
        f"9{content}.{signature}",
        f"{content}.",
        "",
        "1.2",
        content,
        f"x-{mine}",
        "é.é",
    ):
        own.end(forged)
        assert own.read(forged) is None
    own.end(f"{content}.{signature[:-1]}")
    assert own.read(mine) is not None


def test_a_person_is_signed_out_everywhere_and_others_are_not(tmp_path: Path) -> None:
    own = sessions(tmp_path)
    of_ann, of_ben = (own.begin(account=Account(name.lower(), name)) for name in ("Ann", "Ben"))
    EndedSessions(tmp_path).end_of("ann", 3600)
    assert own.read(of_ann) is None
    assert own.read(of_ben) is not None
    EndedSessions(tmp_path).end_of("", 3600)
    assert own.read(of_ben) is None


def test_ended_sessions_that_cannot_be_read_end_every_session(tmp_path: Path) -> None:
    own = sessions(tmp_path)
    mine = own.begin()
    assert own.read(mine) is not None
    path = tmp_path / "secrets" / "ended_sessions"
    path.parent.mkdir(exist_ok=True)
    path.write_text("half a li")
    assert own.read(mine) is None


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

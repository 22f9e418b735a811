"""An app's robot in DingTalk keeps one card an incident up to date."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import aiohttp
import pytest

from scoring.wording.cards import build_card
from streams.channels.dingtalk import DingTalkReceiver
from streams.channels.dingtalk_app import DingTalkAppChannel
from streams.channels.message import Message, MessageKind, SendRejectedError, SendRetryableError
from streams.config.model import Config
from streams.incidents.reader import ReaderWording
from tests.fixtures.alert_card import ALERT, AROUND, CURVE
from tests.streams.channels.hook import Hook

CARD = build_card(ALERT, AROUND, ReaderWording("zh"), "Asia/Shanghai")
TOKEN = (200, {"accessToken": "t-1", "expireIn": 7200}, {})
DONE = (200, {"processQueryKey": "q"}, {})


def message(kind: MessageKind = MessageKind.FIRING, parent: str = "", note: str = "") -> Message:
    return Message("key-1", "thread-1", parent, kind, "zh", (CARD,), note)


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    made = Hook()
    runner = await made.serve()
    yield made
    await runner.cleanup()


@pytest.fixture
async def channel(hook: Hook) -> AsyncIterator[DingTalkAppChannel]:
    async with aiohttp.ClientSession() as session:
        address = hook.url.removesuffix("/hook")
        yield DingTalkAppChannel(session, address, ("ding1", "s"), "cid1", ("u1", "all"), lambda: 0)


def shown(payload: dict[str, Any]) -> str:
    return json.dumps(json.loads(payload["cardData"]), ensure_ascii=False)


async def test_the_first_card_goes_to_the_group_with_buttons_and_calls_people(
    channel: DingTalkAppChannel, hook: Hook
) -> None:
    hook.answers = [TOKEN, DONE]
    assert await channel.send(message()) == "key-1"
    asked, sent = hook.payloads
    assert asked == {"appKey": "ding1", "appSecret": "s"}
    assert hook.paths == ["/v1.0/oauth2/accessToken", "/v1.0/im/v1.0/robot/interactiveCards/send"]
    assert hook.headers[1]["x-acs-dingtalk-access-token"] == "t-1"
    assert (sent["openConversationId"], sent["robotCode"], sent["cardBizId"]) == ("cid1", "ding1", "key-1")
    assert sent["sendOptions"] == {"atAll": True, "atUserListJson": '[{"userId":"u1","nickName":"u1"}]'}
    data = json.loads(sent["cardData"])
    assert data["header"]["title"]["text"] == f"🔴 {CARD.headline}"
    (buttons,) = [one["actions"] for one in data["contents"] if one["type"] == "action"]
    assert [one["url"]["all"] for one in buttons] == [action.url for action in CARD.actions]


async def test_that_somebody_has_it_changes_the_card_and_sends_nothing(
    channel: DingTalkAppChannel, hook: Hook
) -> None:
    hook.answers = [TOKEN, DONE]
    assert await channel.send(message(MessageKind.ACKNOWLEDGED, "key-0", "李娜 已认领")) == "key-0"
    assert (hook.methods[1], hook.paths[1]) == ("PUT", "/v1.0/im/robots/interactiveCards")
    assert hook.payloads[1]["cardBizId"] == "key-0"
    assert "李娜 已认领" in shown(hook.payloads[1])
    assert len(hook.paths) == 2


async def test_the_end_is_a_short_message_and_the_card_turns_green(
    channel: DingTalkAppChannel, hook: Hook
) -> None:
    hook.answers = [TOKEN, DONE]
    over = replace(
        message(MessageKind.RESOLVED, "key-0"), cards=(replace(CARD, is_firing=False, headline="已恢复"),)
    )
    await channel.send(over)
    _, news, changed = hook.payloads
    assert hook.paths[1:] == ["/v1.0/robot/groupMessages/send", "/v1.0/im/robots/interactiveCards"]
    assert json.loads(news["msgParam"]) == {"title": "已恢复", "text": "已恢复"}
    assert "🟢 已恢复" in shown(changed)


async def test_what_is_only_brought_up_to_date_calls_nobody(channel: DingTalkAppChannel, hook: Hook) -> None:
    hook.answers = [TOKEN, DONE]
    assert await channel.send(replace(message(parent="key-0"), is_quiet=True)) == "key-0"
    assert hook.paths[1:] == ["/v1.0/im/robots/interactiveCards"]


async def test_a_picture_is_uploaded_and_one_that_fails_costs_nothing_else(
    channel: DingTalkAppChannel, hook: Hook
) -> None:
    drawn = build_card(ALERT, replace(AROUND, curve=CURVE), ReaderWording("zh"), "UTC")
    hook.answers = [TOKEN, (200, {"errcode": 0, "media_id": "@m1"}, {}), DONE]
    await channel.send(replace(message(), cards=(drawn,)))
    assert hook.queries[1] == {"type": "image", "access_token": "t-1"}
    assert "@m1" in shown(json.loads(hook.bodies[2]))
    hook.answers = [(200, {"errcode": 40004}, {}), DONE]
    await channel.send(replace(message(), cards=(drawn,)))
    assert '"image"' not in shown(json.loads(hook.bodies[-1]))


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (401, "InvalidAuthentication", SendRetryableError),
        (403, "Forbidden.AccessDenied.QpsLimitForApi", SendRetryableError),
        (403, "Forbidden.AccessDenied.AccessTokenPermissionDenied", SendRejectedError),
    ],
)
async def test_the_service_s_code_distinguishes_a_stale_token_and_busy_from_never(
    channel: DingTalkAppChannel, hook: Hook, status: int, code: str, error: type[Exception]
) -> None:
    hook.answers = [TOKEN, (status, {"code": code, "message": "no"}, {})]
    with pytest.raises(error):
        await channel.send(message())


def test_an_app_s_robot_needs_a_secret_and_one_group() -> None:
    app = {"name": "d", "channel": "dingtalk", "url": "env:U", "app_id": "ding1", "secret": "env:S"}
    assert DingTalkReceiver.model_validate({**app, "to": ["cid1"]}).app_id == "ding1"
    with pytest.raises(ValueError, match="needs `secret` and one group"):
        DingTalkReceiver.model_validate(app)
    with pytest.raises(ValueError, match="`to` is for an app's robot"):
        Config.model_validate({"alerting": {"receivers": [{**app, "app_id": "", "to": ["c"]}]}})

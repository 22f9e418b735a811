"""An app's bot in Feishu keeps one card an incident up to date."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import aiohttp
import pytest

from scoring.wording.cards import build_card
from streams.channels.feishu import FeishuReceiver, feishu_payload
from streams.channels.feishu_app import FeishuAppChannel
from streams.channels.message import Message, MessageKind, SendRejectedError, SendRetryableError
from streams.config.model import Config
from streams.incidents.reader import ReaderWording
from tests.fixtures.alert_card import ALERT, AROUND
from tests.streams.channels.hook import Hook

CARD = build_card(ALERT, AROUND, ReaderWording("zh"), "Asia/Shanghai")
TOKEN = (200, {"code": 0, "tenant_access_token": "t-1", "expire": 7200}, {})
SENT = (200, {"code": 0, "data": {"message_id": "om_1"}}, {})
CHANGED = (200, {"code": 0}, {})


def message(kind: MessageKind = MessageKind.FIRING, parent: str = "", note: str = "") -> Message:
    return Message("key-1", "thread-1", parent, kind, "zh", (CARD,), note)


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    made = Hook()
    runner = await made.serve()
    yield made
    await runner.cleanup()


class Bot:
    """The channel, and a clock to set."""

    def __init__(self, session: aiohttp.ClientSession, hook: Hook) -> None:
        self.now_ms = 0
        address = hook.url.removesuffix("/hook")
        self.channel = FeishuAppChannel(
            session,
            address,
            ("cli_1", "s"),
            "oc_1",
            lambda m, p: feishu_payload(m, (), p),
            lambda: self.now_ms,
        )


@pytest.fixture
async def bot(hook: Hook) -> AsyncIterator[Bot]:
    async with aiohttp.ClientSession() as session:
        yield Bot(session, hook)


def card(payload: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(payload["content"])
    return made


async def test_the_first_card_is_sent_to_the_group_and_can_be_changed(bot: Bot, hook: Hook) -> None:
    hook.answers = [TOKEN, SENT]
    assert await bot.channel.send(message()) == "om_1"
    asked, sent = hook.payloads
    assert asked == {"app_id": "cli_1", "app_secret": "s"}
    assert hook.headers[1]["Authorization"] == "Bearer t-1"
    assert hook.queries[1] == {"receive_id_type": "chat_id"}
    assert (sent["receive_id"], sent["uuid"]) == ("oc_1", "key-1")
    assert card(sent)["config"]["update_multi"] is True
    assert card(sent)["header"]["title"]["content"] == CARD.headline


async def test_that_somebody_has_it_changes_the_card_and_sends_nothing(bot: Bot, hook: Hook) -> None:
    hook.answers = [TOKEN, CHANGED]
    known = message(MessageKind.ACKNOWLEDGED, "om_1", "李娜 已认领")
    assert await bot.channel.send(known) == "om_1"
    assert (hook.methods[1], hook.paths[1]) == ("PATCH", "/open-apis/im/v1/messages/om_1")
    assert "李娜 已认领" in hook.payloads[1]["content"]


async def test_the_end_is_a_reply_and_turns_the_card_green(bot: Bot, hook: Hook) -> None:
    hook.answers = [TOKEN, CHANGED, CHANGED]
    over = build_card(ALERT, AROUND, ReaderWording("zh"), "Asia/Shanghai")
    await bot.channel.send(Message("k", "t", "om_1", MessageKind.RESOLVED, "zh", (over,), "已恢复"))
    assert hook.methods[1:] == ["POST", "PATCH"]
    assert hook.paths[1:] == ["/open-apis/im/v1/messages/om_1/reply", "/open-apis/im/v1/messages/om_1"]
    assert card(hook.payloads[1]) == card(hook.payloads[2])


async def test_the_card_of_a_storm_was_replaced_by_one_of_its_stores(bot: Bot, hook: Hook) -> None:
    hook.answers = [TOKEN, CHANGED, CHANGED]
    for kind in (MessageKind.ACKNOWLEDGED, MessageKind.RESOLVED):
        news = replace(message(kind, "om_1", "李娜 已认领"), is_shared=True)
        assert await bot.channel.send(news) == "om_1"
    assert hook.paths[1:] == 2 * ["/open-apis/im/v1/messages/om_1/reply"]


async def test_a_card_that_cannot_be_changed_does_not_send_the_reply_again(bot: Bot, hook: Hook) -> None:
    hook.answers = [TOKEN, CHANGED, (200, {"code": 230031, "msg": "older than 14 days"}, {})]
    assert await bot.channel.send(message(parent="om_1")) == "om_1"
    assert len(hook.payloads) == 3


async def test_a_token_is_kept_until_shortly_before_its_end_and_replaced_when_it_is_rejected(
    bot: Bot, hook: Hook
) -> None:
    hook.answers = [TOKEN, SENT, SENT, TOKEN, (200, {"code": 99991663, "msg": "invalid"}, {}), TOKEN, SENT]
    await bot.channel.send(message())
    bot.now_ms = 6_800_000
    await bot.channel.send(message())
    bot.now_ms = 6_900_001
    with pytest.raises(SendRetryableError):
        await bot.channel.send(message())
    await bot.channel.send(message())
    asked = [path for path in hook.paths if "tenant_access_token" in path]
    assert len(asked) == 3


async def test_a_group_without_the_bot_is_rejected_for_good(bot: Bot, hook: Hook) -> None:
    hook.answers = [TOKEN, (200, {"code": 230002, "msg": "Bot is not in the chat"}, {})]
    with pytest.raises(SendRejectedError, match="230002"):
        await bot.channel.send(message())


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ({"app_id": "cli_1"}, "needs `secret` and one group"),
        ({"app_id": "cli_1", "secret": "env:S", "to": ["a", "b"]}, "one group"),
        ({"to": ["oc_1"]}, "add `app_id`"),
    ],
)
def test_half_an_app_is_an_error_of_the_configuration(more: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        FeishuReceiver.model_validate({"name": "ops", "channel": "feishu", "url": "env:U", **more})


def test_a_receiver_by_an_app_is_one_of_the_configuration() -> None:
    receiver = {
        "name": "ops",
        "channel": "feishu",
        "url": "env:U",
        "secret": "env:S",
        "app_id": "cli_1",
        "to": ["oc_1"],
    }
    assert Config.model_validate({"alerting": {"receivers": [receiver]}}).alerting.receiver("ops") is not None


async def test_what_is_only_brought_up_to_date_calls_nobody(bot: Bot, hook: Hook) -> None:
    """The message of a storm had a reply for each store that joined it."""
    hook.answers = [TOKEN, CHANGED]
    assert await bot.channel.send(replace(message(parent="om_1"), is_quiet=True)) == "om_1"
    assert list(zip(hook.methods, hook.paths, strict=True))[1:] == [
        ("PATCH", "/open-apis/im/v1/messages/om_1")
    ]

"""That somebody has an alert is seen in the chat where it was reported: one line, which calls nobody."""

from __future__ import annotations

import re
from dataclasses import replace

import msgspec
import pytest

from scoring.alerts.deciding import AcknowledgementNews
from scoring.wording.cards import build_card
from streams.channels.dingtalk import dingtalk_payload
from streams.channels.feishu import feishu_payload
from streams.channels.message import Message, MessageKind
from streams.channels.registry import channel_spec
from streams.channels.slack import slack_payload
from streams.channels.wecom import wecom_payload
from streams.incidents.reader import ReaderWording
from streams.notifier.notes import note_of_acknowledged
from tests.fixtures.alert_card import ALERT, AROUND

CARD = build_card(ALERT, AROUND, ReaderWording("zh"), "Asia/Shanghai")
LINE = "李娜 已认领：官网 美国站 · 转化下降 · 下单 → 支付"
TAKEN = Message("k", "t", "p", MessageKind.ACKNOWLEDGED, "zh", (CARD,), note=LINE)
PAYLOADS = {
    "feishu": feishu_payload,
    "dingtalk": dingtalk_payload,
    "wecom": wecom_payload,
    "slack": slack_payload,
}


@pytest.mark.parametrize("channel", PAYLOADS)
def test_an_acknowledgement_was_invisible_in_the_chat(channel: str) -> None:
    assert channel_spec(channel).acknowledgements is AcknowledgementNews.ALERT
    body = msgspec.json.encode(PAYLOADS[channel](TAKEN, ("all", "13800000000"))).decode()
    assert LINE in body
    assert CARD.headline not in body
    assert "13800000000" not in body
    firing = msgspec.json.encode(PAYLOADS[channel](replace(TAKEN, kind=MessageKind.FIRING), ())).decode()
    assert CARD.headline in firing


@pytest.mark.parametrize("channel", PAYLOADS)
def test_a_store_s_name_in_that_line_calls_nobody(channel: str) -> None:
    evil = replace(TAKEN, note='Li acknowledged: <at user_id="all"></at><!channel><@all> *x*')
    body = msgspec.json.decode(msgspec.json.encode(PAYLOADS[channel](evil, ())))
    text = str(body.get("content") or body.get("text"))
    if channel != "dingtalk":  # which calls nobody who is not listed next to the text
        assert not re.search(r"<at|<!|<@", text)
    assert body.get("msgtype", body.get("msg_type", "text")) == "text"


def test_several_at_once_are_one_line_for_each_person() -> None:
    assert note_of_acknowledged("en", [("Li", "a"), ("Wang", "b"), ("Li", "c")]) == (
        "Li acknowledged 2 alerts: a, …; Wang acknowledged: b"
    )
    assert note_of_acknowledged("zh", [("李娜", "甲"), ("李娜", "乙")]) == "李娜 已认领 2 条告警：甲 等"

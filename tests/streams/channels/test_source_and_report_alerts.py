"""Alerts of a connection and of a report reach people: by webhook and by mail, in both languages, with what each is about."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import aiohttp
import msgspec
import pytest

from scoring.alerts.alert import AlertTransition
from scoring.funnel.money import Worth
from scoring.funnel.period_notes import PeriodNote
from scoring.sources.health import ConnectionHealth, ConnectionState
from scoring.sources.source_alerts import SourceAlert, followed
from scoring.wording.card import CardStore
from scoring.wording.cards import build_card
from scoring.wording.text import Language
from scoring.wording.troubles import Trouble
from streams.channels import Message, MessageKind
from streams.channels.mail import MailChannel, SmtpPost
from streams.channels.webhook import WebhookChannel
from streams.incidents.reader import ReaderWording
from tests.fixtures.alert_card import ALERT, AROUND, OPENED
from tests.fixtures.mailbox import Inbox
from tests.streams.channels.hook import Hook

HEALTH = ConnectionHealth(
    "shop-api", "shopee", ("us-shop",), OPENED, ConnectionState.BROKEN, trouble=Trouble.ACCESS_DENIED,
    detail="invalid_access_token", owner="ops",
)  # fmt: skip
ON_REPORT = msgspec.structs.replace(
    ALERT,
    step="amazon:sessions_to_order_items",
    note=PeriodNote(date(2026, 3, 2), date(2026, 3, 3), "America/Los_Angeles").text(),
    contributions=(),
)


def on_source() -> AlertTransition:
    waiting, _ = followed(SourceAlert(), HEALTH)
    later = msgspec.structs.replace(HEALTH, at_ms=OPENED + 3_600_000)
    _, alert = followed(waiting, later)
    assert alert is not None
    return alert


async def sent(alert: AlertTransition, language: Language, hook: Hook, smtp: tuple[Inbox, str]) -> str:
    """What a webhook and a mailbox got."""
    inbox, url = smtp
    worth = Worth({}, {"order_items": 20.0}, "USD")
    store = CardStore("US-独立站", "America/Los_Angeles", "USD", worth)
    around = replace(AROUND, store=store)
    card = build_card(alert, around, ReaderWording(language), "Asia/Shanghai")
    message = Message("key-1", "thread-1", "", MessageKind.FIRING, language, (card,), "")
    runner = await hook.serve()
    try:
        async with aiohttp.ClientSession() as session:
            await WebhookChannel(session, hook.url, "k", lambda: OPENED).send(message)
    finally:
        await runner.cleanup()
    await MailChannel(SmtpPost(url), "fw@shop.example", ["ops@shop.example"], lambda: OPENED).send(message)
    plain = inbox.mails[0].get_body(("plain",))
    assert plain is not None
    text = f"{inbox.mails[0]['Subject']}\n{plain.get_content()}"
    (payload,) = hook.payloads[0]["alerts"]
    assert all(line["text"] in text for line in payload["lines"])
    assert payload["alert_id"] == alert.alert_id
    return text


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("zh", ("shop-api：授权被拒绝", "invalid_access_token", "缺少数据不等于销售下降", "重新授权")),
        ("en", ("shop-api: Access is denied", "missing data is not a drop in sales", "authorise again")),
    ],
)
async def test_an_alert_of_a_connection_says_what_is_wrong_and_what_to_do(
    language: Language, words: tuple[str, ...], smtp: tuple[Inbox, str]
) -> None:
    text = await sent(on_source(), language, Hook(), smtp)
    assert [one for one in words if one not in text] == []
    assert "%" not in text  # it is about no rate


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "zh",
            (
                "亚马逊报表：会话 → 订单商品行",
                "报表日 2026-03-02 至 2026-03-03",
                "约损失 US$1,200",
                "平台给出的完整数",
            ),
        ),
        (
            "en",
            (
                "Amazon's report: sessions → order items",
                "reports of 2026-03-02 to 2026-03-03",
                "about $1,200",
            ),
        ),
    ],
)
async def test_an_alert_of_a_report_says_which_days_and_what_they_cost(
    language: Language, words: tuple[str, ...], smtp: tuple[Inbox, str]
) -> None:
    text = await sent(ON_REPORT, language, Hook(), smtp)
    assert [one for one in words if one not in text] == []

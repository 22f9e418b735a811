"""Cards show what came against what was expected where a channel takes pictures, and set their figures in bold."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date

import aiohttp
import msgspec
import pytest
from PIL import Image

from scoring.funnel.period_notes import PeriodNote
from scoring.wording.card import CardCurve, CurvePoint
from scoring.wording.cards import build_card
from scoring.wording.text import Language
from streams.channels.dingtalk import dingtalk_payload
from streams.channels.feishu import feishu_payload
from streams.channels.feishu_app import FeishuAppChannel
from streams.channels.mail import alert_mail
from streams.channels.message import Message, MessageKind
from streams.channels.picture import HEIGHT, WIDTH, picture_of
from streams.channels.slack import SlackBotChannel, slack_payload
from streams.channels.wecom import wecom_payload
from streams.incidents.reader import ReaderWording
from tests.fixtures.alert_card import ALERT, AROUND, CURVE, OPENED
from tests.streams.channels.hook import Hook

CARD = build_card(ALERT, replace(AROUND, curve=CURVE), ReaderWording("zh"), "Asia/Shanghai")
MESSAGE = Message("key-1", "thread-1", "", MessageKind.FIRING, "zh", (CARD,))
PNG = b"\x89PNG"


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    made = Hook()
    runner = await made.serve()
    yield made
    await runner.cleanup()


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as made:
        yield made


def test_the_line_falls_where_less_came_and_gaps_of_the_expectation_stay_gaps() -> None:
    assert CARD.curve is not None
    drawn = Image.open(io.BytesIO(picture_of(CARD.curve)))
    assert drawn.size == (WIDTH, HEIGHT)
    red = [
        x for x in range(WIDTH) for y in range(0, HEIGHT, 2) if is_red(drawn.convert("RGB").getpixel((x, y)))
    ]
    assert min(red) > WIDTH / 2  # only the last ten of seventy minutes are below their range
    unknown = tuple(CurvePoint(p.at_ms, p.observed) for p in CURVE)
    assert picture_of(CardCurve(unknown, "UTC", "")).startswith(PNG)


def is_red(pixel: object) -> bool:
    assert isinstance(pixel, tuple)
    red, green, blue = pixel
    return red > 150 and green < 90 and blue < 90


def test_a_card_without_a_known_expectation_has_no_picture() -> None:
    few = (*CURVE[:4], *(CurvePoint(p.at_ms, p.observed) for p in CURVE[4:]))
    assert build_card(ALERT, replace(AROUND, curve=few), ReaderWording("en"), "UTC").curve is None


async def test_feishu_s_app_uploads_the_picture_and_sends_the_card_without_one_that_fails(
    session: aiohttp.ClientSession, hook: Hook
) -> None:
    address = hook.url.removesuffix("/hook")
    channel = FeishuAppChannel(
        session, address, ("cli_1", "s"), "oc_1", lambda m, p: feishu_payload(m, (), p), lambda: 0
    )
    token = (200, {"code": 0, "tenant_access_token": "t-1", "expire": 7200}, {})
    sent = (200, {"code": 0, "data": {"message_id": "om_1"}}, {})
    hook.answers = [token, (200, {"code": 0, "data": {"image_key": "img_1"}}, {}), sent]
    await channel.send(MESSAGE)
    assert hook.paths[1] == "/open-apis/im/v1/images"
    assert PNG in hook.bodies[1]
    assert "img_1" in json.loads(hook.bodies[2])["content"]
    hook.answers = [(200, {"code": 99991672, "msg": "no permission im:resource"}, {}), sent]
    await channel.send(MESSAGE)
    assert '"img"' not in json.loads(hook.bodies[-1])["content"]


async def test_slack_s_bot_puts_the_picture_into_the_thread_once_for_each_piece_of_news(
    session: aiohttp.ClientSession, hook: Hook
) -> None:
    url = hook.url.replace("/hook", "/api/chat.postMessage")
    posted = (200, {"ok": True, "ts": "17.001", "channel": "C0AB"}, {})
    place = (200, {"ok": True, "upload_url": hook.url.replace("/hook", "/files/upload"), "file_id": "F1"}, {})
    hook.answers = [posted, place, (200, {}, {}), (200, {"ok": True}, {})]
    channel = SlackBotChannel(session, url, "xoxb-1", "#ops", ())
    assert await channel.send(MESSAGE) == "C0AB/17.001"
    assert hook.paths[1:] == [
        "/api/files.getUploadURLExternal",
        "/files/upload",
        "/api/files.completeUploadExternal",
    ]
    assert PNG in hook.bodies[2]
    shared = json.loads(hook.bodies[3])
    assert (shared["channel_id"], shared["thread_ts"], shared["files"][0]["id"]) == ("C0AB", "17.001", "F1")
    hook.answers = [posted]
    await channel.send(replace(MESSAGE, kind=MessageKind.ACKNOWLEDGED, parent="17.001", note="李娜 已认领"))
    assert hook.paths[4:] == ["/api/chat.postMessage", "/api/chat.update"]


def test_a_mail_carries_its_picture_and_says_it_in_words() -> None:
    mail = alert_mail(MESSAGE, "Funnelwatch <fw@s.example>", ("li@s.example",), 0)
    (picture,) = [part for part in mail.walk() if part.get_content_type() == "image/png"]
    (page,) = [part for part in mail.walk() if part.get_content_type() == "text/html"]
    assert CARD.curve is not None
    assert f"cid:{picture['Content-ID'].strip('<>')}" in page.get_content()
    assert f'alt="{CARD.curve.words}"' in page.get_content()
    plain = alert_mail(
        replace(MESSAGE, cards=(replace(CARD, curve=None),)), "fw@s.example", ("li@s.example",), 0
    )
    assert [part.get_content_type() for part in plain.walk()] == [
        "multipart/alternative",
        "text/plain",
        "text/html",
    ]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_is_missing_and_what_it_costs_is_bold_and_nothing_else(language: str) -> None:
    wording = ReaderWording("zh" if language == "zh" else "en")
    card = build_card(ALERT, AROUND, wording, "UTC")
    strong = [text for line in card.lines for text, is_strong in line.parts if is_strong]
    assert (
        strong
        == {
            "zh": ["支付 294 笔", "61 笔支付", "US$2,900"],
            "en": ["294 payments", "61 fewer payments", "$2,900"],
        }[language]
    )
    assert all("".join(text for text, _ in line.parts) == line.text for line in card.lines)
    shown = replace(MESSAGE, cards=(card,))
    for payload in (dingtalk_payload(shown, ()), wecom_payload(shown, ()), feishu_payload(shown, ())):
        assert f"**{strong[1]}**" in json.dumps(payload, ensure_ascii=False)
    assert f"*{strong[1]}*" in json.dumps(slack_payload(shown, ()), ensure_ascii=False)


@pytest.mark.parametrize("render", [dingtalk_payload, wecom_payload, feishu_payload])
def test_a_storm_s_summary_and_its_first_card_are_both_in_the_message(render: object) -> None:
    assert callable(render)
    body = json.dumps(render(replace(MESSAGE, summary="30 家店同时异常"), ()), ensure_ascii=False)
    assert "30 家店同时异常" in body
    assert CARD.headline.split(" · ")[2][:10] in body


def test_the_words_of_a_curve_name_its_beginning_on_the_reader_s_clock() -> None:
    assert CARD.curve is not None
    assert ReaderWording("zh").clock(OPENED - 3_600_000, "Asia/Shanghai") in CARD.curve.words


# ---------------------------------------------------------------- alerts on a report's days

DAY_MS = 86_400_000
FIRST = 1_772_438_400_000  # 2026-03-02 00:00 in Los Angeles is eight hours later
ON_DAY = msgspec.structs.replace(
    ALERT,
    step="amazon:sessions_to_order_items",
    note=PeriodNote(date(2026, 3, 3), date(2026, 3, 3), "America/Los_Angeles").text(),
    window_minutes=1440,
    contributions=(),
)
DAYS = tuple(
    CurvePoint(FIRST + 8 * 3_600_000 + (day - 26) * DAY_MS, 30.0 if day == 27 else 100.0, 100.0, 78.0, 124.0, is_marked=day == 27)
    for day in range(28)
    if day != 20
)  # fmt: skip


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("zh", ("2026-02-04 至 2026-03-03 逐日订单商品行", "2026-03-03：订单商品行 30 条（预期 100）")),
        ("en", ("Report by day (order items), 2026-02-04 to 2026-03-03", "2026-03-03: 30 order items (100 expected)")),
    ],
)  # fmt: skip
def test_a_card_and_a_mail_about_a_report_s_day_had_no_picture(
    language: Language, words: tuple[str, ...]
) -> None:
    card = build_card(ON_DAY, replace(AROUND, curve=DAYS), ReaderWording(language), "Asia/Shanghai")
    assert card.curve is not None
    assert [word for word in words if word not in card.curve.words] == []
    mail = alert_mail(replace(MESSAGE, cards=(card,)), "fw@s.example", ("li@s.example",), 0)
    (png,) = [part for part in mail.walk() if part.get_content_type() == "image/png"]
    drawn = Image.open(io.BytesIO(png.get_payload(decode=True))).convert("RGB")
    rose = [x for x in range(WIDTH) if is_rose(drawn.getpixel((x, HEIGHT // 2 + 20)))]
    assert min(rose) > WIDTH * 0.9  # the column of the last day, and no other
    red = [x for x in range(WIDTH) for y in range(HEIGHT) if is_red(drawn.getpixel((x, y)))]
    assert min(red) > WIDTH * 0.9


def is_rose(pixel: object) -> bool:
    assert isinstance(pixel, tuple)
    red, green, blue = pixel
    return red > 240 and 200 < green < 230 and 200 < blue < 230


def test_a_report_s_card_without_an_expectation_has_no_picture() -> None:
    unknown = tuple(CurvePoint(p.at_ms, p.observed, is_marked=p.is_marked) for p in DAYS)
    assert build_card(ON_DAY, replace(AROUND, curve=unknown), ReaderWording("en"), "UTC").curve is None

"""Each channel against a real HTTP or SMTP server: payload, signature, limits and kinds of failure."""

import base64
import hashlib
import hmac
import json
import re
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from email import message_from_bytes, policy
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import aiohttp
import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from scoring.wording.card import Card, Line, LineKind
from scoring.wording.cards import build_card
from streams.channels import Message, MessageKind, SendRejectedError, SendRetryableError
from streams.channels.apprise import AppriseChannel
from streams.channels.console import ConsoleChannel
from streams.channels.dingtalk import DingTalkChannel
from streams.channels.feishu import FeishuChannel
from streams.channels.mail import FolderPost, MailChannel, SmtpPost
from streams.channels.pagerduty import PagerDutyChannel
from streams.channels.slack import SlackBotChannel, SlackHookChannel
from streams.channels.webhook import WebhookChannel
from streams.channels.wecom import WeComChannel
from streams.incidents.reader import ReaderWording
from streams.metrics import NOTIFIER_RECIPIENTS_REJECTED
from tests.fixtures.alert_card import ALERT, AROUND
from tests.fixtures.mailbox import Inbox
from tests.streams.channels.hook import Hook

NOW_MS = 1_772_600_000_000
CARD = build_card(ALERT, AROUND, ReaderWording("zh"), "Asia/Shanghai")


def message(*cards: Card, parent: str = "", note: str = "") -> Message:
    return Message("key-1", "thread-1", parent, MessageKind.FIRING, "zh", cards or (CARD,), note)


def now_ms() -> int:
    return NOW_MS


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as made:
        yield made


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    made = Hook()
    runner = await made.serve()
    yield made
    await runner.cleanup()


async def test_feishu_gets_a_signed_card_with_buttons(session: aiohttp.ClientSession, hook: Hook) -> None:
    hook.answers = [(200, {"code": 0}, {})]
    await FeishuChannel(session, hook.url, "s3cret", ("ou_1",), now_ms).send(message())
    (payload,) = hook.payloads
    expected = hmac.new(f"{NOW_MS // 1000}\ns3cret".encode(), b"", hashlib.sha256).digest()
    assert payload["sign"] == base64.b64encode(expected).decode()
    assert payload["timestamp"] == str(NOW_MS // 1000)
    assert payload["card"]["header"]["title"]["content"] == CARD.headline
    buttons = payload["card"]["elements"][1]["actions"]
    assert [b["text"]["content"] for b in buttons] == [
        "认领",
        "静默 2 小时",
        "误报",
        "活动所致",
        "查看详情",
        "店铺页面",
    ]
    assert "<at id=ou_1></at>" in json.dumps(payload["card"], ensure_ascii=False)


async def test_dingtalk_signs_its_address_and_calls_people_in_text_and_list(
    session: aiohttp.ClientSession, hook: Hook
) -> None:
    hook.answers = [(200, {"errcode": 0}, {})]
    channel = DingTalkChannel(session, f"{hook.url}?access_token=t", "SEC1", ("13800000000", "u1"), now_ms)
    await channel.send(message())
    expected = base64.b64encode(
        hmac.new(b"SEC1", f"{NOW_MS}\nSEC1".encode(), hashlib.sha256).digest()
    ).decode()
    assert hook.queries == [{"access_token": "t", "timestamp": str(NOW_MS), "sign": expected}]
    (payload,) = hook.payloads
    assert payload["at"] == {"atMobiles": ["13800000000"], "atUserIds": ["u1"], "isAtAll": False}
    assert "@13800000000 @u1" in payload["markdown"]["text"]
    assert quote_plus(expected)


async def test_wecom_stays_under_its_limit_and_keeps_the_first_card(
    session: aiohttp.ClientSession, hook: Hook
) -> None:
    hook.answers = [(200, {"errcode": 0}, {})]
    await WeComChannel(session, hook.url, ("zhang",)).send(message(*[CARD] * 9))
    content = hook.payloads[0]["markdown"]["content"]
    assert len(content.encode()) <= 4096
    assert CARD.headline in content
    assert content.endswith("<@zhang>")


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({"errcode": 45009, "errmsg": "api freq out of limit"}, SendRetryableError),
        ({"errcode": 93000}, SendRejectedError),
    ],
)
async def test_a_chat_s_own_error_code_distinguishes_busy_from_never(
    session: aiohttp.ClientSession, hook: Hook, answer: dict[str, Any], error: type[Exception]
) -> None:
    hook.answers = [(200, answer, {})]
    with pytest.raises(error):
        await WeComChannel(session, hook.url, ()).send(message())


async def test_slack_s_bot_replies_in_the_thread_of_the_first_message(
    session: aiohttp.ClientSession, hook: Hook
) -> None:
    hook.answers = [(200, {"ok": True, "ts": "17.001"}, {})]
    channel = SlackBotChannel(session, hook.url, "xoxb-1", "C1", ())
    receipt = await channel.send(message())
    await channel.send(message(parent=receipt))
    first, second, _ = hook.payloads
    assert "thread_ts" not in first
    assert second["thread_ts"] == "17.001"
    assert hook.headers[0]["Authorization"] == "Bearer xoxb-1"


async def test_slack_s_first_message_is_brought_up_to_date_with_each_reply(
    session: aiohttp.ClientSession, hook: Hook
) -> None:
    url = hook.url.replace("/hook", "/api/chat.postMessage")
    hook.answers = [
        (200, {"ok": True, "ts": "17.001", "channel": "C0AB"}, {}),
        (200, {"ok": True, "ts": "17.002", "channel": "C0AB"}, {}),
        (200, {"ok": True, "ts": "17.001", "channel": "C0AB"}, {}),
    ]
    channel = SlackBotChannel(session, url, "xoxb-1", "#ops", ("U1",))
    receipt = await channel.send(message())
    assert await channel.send(message(parent=receipt, note="recovered")) == "C0AB/17.002"
    assert hook.paths == ["/api/chat.postMessage", "/api/chat.postMessage", "/api/chat.update"]
    update = hook.payloads[-1]
    assert (update["ts"], update["channel"]) == ("17.001", "C0AB")
    assert "recovered" in update["blocks"][0]["text"]["text"]
    assert "thread_ts" not in update


async def test_what_is_only_brought_up_to_date_in_slack_is_not_posted(
    session: aiohttp.ClientSession, hook: Hook
) -> None:
    """After a restart nothing but the receipt knows the channel's id, which Slack wants for a change."""
    url = hook.url.replace("/hook", "/api/chat.postMessage")
    hook.answers = [(200, {"ok": True, "ts": "17.001", "channel": "C0AB"}, {})]
    quiet = replace(message(parent="C0AB/17.001"), is_quiet=True)
    assert await SlackBotChannel(session, url, "xoxb-1", "#ops", ()).send(quiet) == "C0AB/17.001"
    assert hook.paths == ["/api/chat.update"]
    assert (hook.payloads[0]["channel"], hook.payloads[0]["ts"]) == ("C0AB", "17.001")


async def test_a_first_message_that_slack_will_not_change_does_not_send_the_reply_again(
    session: aiohttp.ClientSession, hook: Hook
) -> None:
    hook.answers = [
        (200, {"ok": True, "ts": "17.002", "channel": "C0AB"}, {}),
        (200, {"ok": False, "error": "cant_update_message"}, {}),
    ]
    channel = SlackBotChannel(session, hook.url, "xoxb-1", "#ops", ())
    assert await channel.send(message(parent="C0AB/17.001")) == "C0AB/17.002"
    assert len(hook.payloads) == 2


async def test_slack_text_cannot_be_taken_for_markup(session: aiohttp.ClientSession, hook: Hook) -> None:
    await SlackHookChannel(session, hook.url, ()).send(message(note="<!channel> & co"))
    assert "&lt;!channel&gt; &amp; co" in hook.payloads[0]["blocks"][0]["text"]["text"]


async def test_pagerduty_opens_and_resolves_one_incident(session: aiohttp.ClientSession, hook: Hook) -> None:
    channel = PagerDutyChannel(session, "routing", hook.url)
    await channel.send(message())
    over = Card(CARD.alert_id, "zh", CARD.severity, False, "已恢复", CARD.lines, ())
    await channel.send(message(over))
    first, second = hook.payloads
    assert (first["event_action"], second["event_action"]) == ("trigger", "resolve")
    assert first["dedup_key"] == second["dedup_key"] == "thread-1"
    assert first["payload"]["severity"] == "critical"


async def test_pagerduty_s_incident_lasts_while_another_alert_of_it_fires(
    session: aiohttp.ClientSession, hook: Hook
) -> None:
    channel = PagerDutyChannel(session, "routing", hook.url)
    over = message(Card(CARD.alert_id, "zh", CARD.severity, False, "已恢复", CARD.lines, ()))
    assert await channel.send(replace(over, parent="thread-1", others_firing=1)) == "thread-1"
    assert hook.payloads == []
    await channel.send(over)
    assert hook.payloads[0]["event_action"] == "resolve"


EVIL = replace(
    CARD, headline="严重 · <@all> *x* [a](http://evil) <at id=all></at> · <!channel> _y_", lines=(Line(LineKind.SIZE, "a*b_c <@all>"),)
)  # fmt: skip


async def test_a_store_s_name_calls_nobody_and_links_nowhere(
    session: aiohttp.ClientSession, hook: Hook
) -> None:
    hook.answers = [(200, {"errcode": 0, "code": 0}, {})]
    for channel in (
        WeComChannel(session, hook.url, ()),
        FeishuChannel(session, hook.url, "", (), now_ms),
        SlackHookChannel(session, hook.url, ()),
        DingTalkChannel(session, hook.url, "", (), now_ms),
    ):
        await channel.send(message(CARD, EVIL))
    wecom, feishu, slack, ding = hook.payloads
    assert not re.search(r"<@|\]\(http://evil", wecom["markdown"]["content"])
    shown = [e["content"] for e in feishu["card"]["elements"] if e["tag"] == "markdown"]
    assert all("<at" not in text and "](" not in text for text in shown)
    assert "a&#42;b&#95;c &#60;@all&#62;" in shown[-1]
    marked = [b["text"] for b in slack["blocks"] if b.get("text", {}).get("type") == "mrkdwn"]
    assert all("<!" not in text["text"] and "_y_" not in text["text"] for text in marked)
    assert all(
        text["verbatim"] for text in marked
    )  # else Slack looks for mentions that are not written as such
    assert r"\[a\](http://evil)" in ding["markdown"]["text"]
    assert ding["at"] == {"atMobiles": [], "atUserIds": [], "isAtAll": False}


async def test_what_does_not_fit_is_counted_and_no_link_is_cut(
    session: aiohttp.ClientSession, hook: Hook
) -> None:
    hook.answers = [(200, {"errcode": 0, "code": 0}, {})]
    long = replace(
        CARD, actions=tuple(replace(a, url="https://fw.example/do/" + "x" * 900) for a in CARD.actions)
    )
    await WeComChannel(session, hook.url, ()).send(message(long, CARD, CARD))
    await FeishuChannel(session, hook.url, "", (), now_ms).send(message(*[long] * 5))
    content = hook.payloads[0]["markdown"]["content"]
    assert len(content.encode()) <= 4096
    assert "另 2 条写不下" in content
    assert content.count("](https://fw.example/do/") == content.count("x" * 900 + ")") > 0
    assert len(hook.bodies[1]) <= 20_000
    assert "条写不下" in hook.bodies[1].decode()


async def test_a_wait_is_asked_for_in_seconds_or_by_date(session: aiohttp.ClientSession, hook: Hook) -> None:
    date = {"Date": "Wed, 04 Mar 2026 05:00:00 GMT", "Retry-After": "Wed, 04 Mar 2026 05:01:30 GMT"}
    hook.answers = [(429, {}, {"Retry-After": "17"}), (503, {}, date), (503, {}, {"Retry-After": "soon"})]
    waits = []
    for _ in range(3):
        with pytest.raises(SendRetryableError) as caught:
            await SlackHookChannel(session, hook.url, ()).send(message())
        waits.append(caught.value.retry_after_s)
    assert waits == [17.0, 90.0, None]


async def test_an_answer_that_is_not_the_service_s_own_is_not_a_delivery(
    session: aiohttp.ClientSession, hook: Hook
) -> None:
    """A proxy's 200 says nothing of the message: it is tried again."""
    for channel in (DingTalkChannel(session, hook.url, "", (), now_ms), WeComChannel(session, hook.url, ())):
        with pytest.raises(SendRetryableError, match="without errcode"):
            await channel.send(message())


async def test_a_webhook_s_signature_covers_time_and_body(session: aiohttp.ClientSession, hook: Hook) -> None:
    await WebhookChannel(session, hook.url, "k", now_ms).send(message())
    headers, body = hook.headers[0], hook.bodies[0]
    signed = headers["X-Funnelwatch-Timestamp"].encode() + b"." + body
    assert (
        headers["X-Funnelwatch-Signature"] == "sha256=" + hmac.new(b"k", signed, hashlib.sha256).hexdigest()
    )
    assert headers["Idempotency-Key"] == "key-1"
    assert hook.payloads[0]["alerts"][0]["alert_id"] == "a1"


@pytest.mark.parametrize(
    ("status", "error"), [(429, SendRetryableError), (503, SendRetryableError), (404, SendRejectedError)]
)
async def test_a_status_distinguishes_later_from_never_and_no_error_names_the_address(
    session: aiohttp.ClientSession, hook: Hook, status: int, error: type[Exception]
) -> None:
    hook.answers = [(status, {}, {"Retry-After": "7"})]
    with pytest.raises(error) as raised:
        await WebhookChannel(session, hook.url + "?token=hidden", "k", now_ms).send(message())
    assert "hidden" not in str(raised.value)
    assert getattr(raised.value, "retry_after_s", None) == (7.0 if status in (429, 503) else None)


async def test_nobody_at_the_other_end_is_worth_another_try(session: aiohttp.ClientSession) -> None:
    with pytest.raises(SendRetryableError):
        await WebhookChannel(session, "http://127.0.0.1:9/x", "k", now_ms).send(message())


async def test_a_mail_has_both_parts_and_the_next_one_replies_to_it(smtp: tuple[Inbox, str]) -> None:
    inbox, url = smtp
    channel = MailChannel(SmtpPost(url), "Funnelwatch <fw@shop.example>", ["ops@shop.example"], now_ms)
    receipt = await channel.send(message())
    await channel.send(message(parent=receipt))
    first, second = inbox.mails
    assert first["Subject"] == CARD.headline
    assert first["Auto-Submitted"] == "auto-generated"
    plain = first.get_body(("plain",))
    html = first.get_body(("html",))
    assert plain is not None and html is not None  # noqa: PT018
    assert all(line.text in plain.get_content() for line in CARD.lines)
    assert "<strong" in html.get_content()
    assert all(text in html.get_content() for line in CARD.lines for text, _ in line.parts)
    assert 'style="' in html.get_content()
    assert "prefers-color-scheme: dark" in html.get_content()
    assert second["In-Reply-To"] == first["Message-ID"]


async def test_a_mailbox_that_is_gone_is_never_tried_again(smtp: tuple[Inbox, str]) -> None:
    _, url = smtp
    channel = MailChannel(SmtpPost(url), "fw@shop.example", ["gone@shop.example"], now_ms)
    with pytest.raises(SendRejectedError, match="550"):
        await channel.send(message())


async def test_a_recipient_whom_the_mail_server_rejects_is_counted_and_the_others_have_the_mail(
    smtp: tuple[Inbox, str],
) -> None:
    inbox, url = smtp
    before = NOTIFIER_RECIPIENTS_REJECTED.labels("email")._value.get()
    channel = MailChannel(SmtpPost(url), "fw@shop.example", ["ops@shop.example", "gone@shop.example"], now_ms)
    await channel.send(message())
    assert len(inbox.mails) == 1
    assert NOTIFIER_RECIPIENTS_REJECTED.labels("email")._value.get() == before + 1


@pytest.fixture
def tls_smtp(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[tuple[Inbox, str]]:
    """A mail server that takes nothing before STARTTLS, with a certificate whose authority is trusted once configured."""
    monkeypatch.setattr("streams.channels.mail.LOOPBACK_HOSTS", ())
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    inbox = Inbox()

    def take(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        inbox.logins.append((data.login, data.password, session.ssl is not None))
        return AuthResult(success=True)

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(
        inbox, hostname="127.0.0.1", port=port, tls_context=context, require_starttls=True, authenticator=take
    )
    controller.start()
    yield inbox, f"smtp://user:secret@127.0.0.1:{port}"
    controller.stop()


async def test_a_mail_and_its_password_go_over_starttls(
    tls_smtp: tuple[Inbox, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    inbox, url = tls_smtp
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    await MailChannel(SmtpPost(url), "fw@shop.example", ["ops@shop.example"], now_ms).send(message())
    assert len(inbox.mails) == 1
    assert inbox.logins == [(b"user", b"secret", True)]


async def test_a_mail_server_with_an_unknown_certificate_gets_neither_password_nor_mail(
    tls_smtp: tuple[Inbox, str],
) -> None:
    inbox, url = tls_smtp
    with pytest.raises(SendRetryableError):
        await MailChannel(SmtpPost(url), "fw@shop.example", ["ops@shop.example"], now_ms).send(message())
    assert (inbox.mails, inbox.logins) == ([], [])


async def test_a_password_goes_to_another_machine_only_over_tls(
    smtp: tuple[Inbox, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server offers no STARTTLS, or somebody hides it: nothing is sent."""
    inbox, url = smtp
    monkeypatch.setattr("streams.channels.mail.LOOPBACK_HOSTS", ())
    address = url.replace("smtp://", "smtp://user:secret@")
    channel = MailChannel(SmtpPost(address), "fw@shop.example", ["ops@shop.example"], now_ms)
    with pytest.raises((SendRetryableError, SendRejectedError)):
        await channel.send(message())
    assert inbox.mails == []


async def test_without_a_mail_server_the_mail_is_a_file(tmp_path: Path) -> None:
    channel = MailChannel(FolderPost(tmp_path), "fw@shop.example", ["ops@shop.example"], now_ms)
    await channel.send(message())
    await channel.send(message())
    (path,) = tmp_path.glob("*.eml")
    assert message_from_bytes(path.read_bytes(), policy=policy.default)["Subject"] == CARD.headline


async def test_a_subject_cannot_smuggle_a_header_in(smtp: tuple[Inbox, str]) -> None:
    inbox, url = smtp
    evil = Card("a", "zh", CARD.severity, True, "x\r\nBcc: thief@evil.example", CARD.lines, ())
    await MailChannel(SmtpPost(url), "fw@shop.example", ["ops@shop.example"], now_ms).send(message(evil))
    assert inbox.mails[0]["Bcc"] is None


async def test_the_console_gets_the_whole_card() -> None:
    written: list[str] = []
    await ConsoleChannel(written.append).send(message(note="note"))
    assert written == [f"note\n{CARD.letter}"]


async def test_apprise_sends_by_its_own_kinds_of_address(hook: Hook) -> None:
    await AppriseChannel(hook.url.replace("http://", "json://")).send(message())
    assert CARD.headline in hook.payloads[0]["title"]
    with pytest.raises(SendRejectedError):
        AppriseChannel("nonsense://x")


@pytest.mark.parametrize("form", ["html", "text", "markdown"])
async def test_a_stranger_s_word_was_a_link_and_called_everybody_by_apprise(
    smtp: tuple[Inbox, str], form: str
) -> None:
    inbox, url = smtp
    where = f"{url.replace('smtp://', 'mailto://')}/ops@shop.example?from=fw@shop.example&format={form}"
    evil = replace(
        EVIL,
        headline=EVIL.headline + ' <b><a href="http://evil">pay</a> @everyone',
        actions=CARD.actions,
    )
    sent = replace(message(evil), note="<!channel> @here", summary="[all](http://evil) @all")
    await AppriseChannel(where).send(sent)
    (mail,) = inbox.mails
    parts = [part.get_content() for part in mail.walk() if part.get_content_maintype() == "text"]
    for text in (*parts, mail["Subject"]):
        assert not re.search(r"<a |<b>|@(everyone|here|all)|<!channel|<@|\]\(http://evil", text)
    assert all("＠everyone" in text for text in parts)
    assert any(CARD.actions[0].url in unescape(text) for text in parts)

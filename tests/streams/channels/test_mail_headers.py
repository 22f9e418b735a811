"""The raw bytes of mails: headers that carry addresses in angle brackets are never encoded words."""

from __future__ import annotations

import copy
import email.policy
from email import message_from_bytes
from email.message import EmailMessage

import pytest

from scoring.wording.cards import build_card
from streams.channels.mail import alert_mail, new_mail
from streams.channels.message import Message, MessageKind
from streams.digests.layout import Addresses, LaidOut, digest_mail
from streams.incidents.reader import ReaderWording
from tests.fixtures.alert_card import ALERT, AROUND

LONG = "https://funnelwatch.example.com:8711/unsubscribe/" + "WyJ1bnN1YiIsImxpIl0" * 12 + ".sig-_~?lang=zh"
SENDER = "Funnelwatch <funnelwatch@a-rather-long-host-name.mail.eu-central-1.shop.example.com>"


def laid_out(unsubscribe: str, unsubscribe_mail: str) -> LaidOut:
    class Said:
        subject = "上周漏斗日报:转化率下降,请查看" * 4

    addresses = Addresses("https://x.example", unsubscribe, unsubscribe_mail)
    html = '<p>a</p><img src="cid:funnel-light">'
    return LaidOut(Said(), html, "a\n", {"funnel-light": b"\x89PNG"}, addresses)  # type: ignore[arg-type]


def header(raw: bytes, name: str) -> bytes:
    """The header as it is written, its line ends included."""
    head = b"\r\n" + raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    begins = head.lower().index(f"\r\n{name.lower()}:".encode()) + 2
    ends = begins
    while True:
        ends = head.index(b"\r\n", ends) + 2
        if head[ends : ends + 1] not in (b" ", b"\t"):
            return head[begins : ends - 2]


def as_sent(mail: EmailMessage) -> list[bytes]:
    """As a file, and as an SMTP client writes it: a copy, by a policy of its own."""
    return [mail.as_bytes(), copy.deepcopy(mail).as_bytes(policy=email.policy.SMTP.clone(cte_type="7bit"))]


def test_list_unsubscribe_was_an_encoded_word_so_no_mail_program_found_the_link() -> None:
    mail = digest_mail(
        laid_out(LONG, "mailto:funnelwatch@localhost?subject=unsubscribe%20wk"),
        SENDER,
        ("li@s.example",),
        "k",
        0,
    )
    for raw in as_sent(mail):
        assert header(raw, "List-Unsubscribe") == (
            f"List-Unsubscribe: <{LONG}>,\r\n <mailto:funnelwatch@localhost?subject=unsubscribe%20wk>".encode()
        )
        assert header(raw, "List-Unsubscribe-Post") == b"List-Unsubscribe-Post: List-Unsubscribe=One-Click"
        assert b"=?" in header(raw, "Subject")
        assert all(len(line) <= 78 for line in header(raw, "Subject").split(b"\r\n"))


@pytest.mark.parametrize("name", ["Message-ID", "In-Reply-To", "References", "Content-ID"])
def test_ids_with_a_long_host_name_were_encoded_words_so_mails_lost_their_thread(name: str) -> None:
    first = f"<{'5' * 32}@{'a' * 60}.example.com>"
    card = build_card(ALERT, AROUND, ReaderWording("zh"), "Asia/Shanghai")
    message = Message("key-1", "thread-1", first, MessageKind.FIRING, "zh", (card,), "")
    alert = alert_mail(message, SENDER, ("li@s.example",), 0)
    digest = digest_mail(laid_out(LONG, ""), SENDER, ("li@s.example",), "k", 0)
    for raw in as_sent(digest if name == "Content-ID" else alert):
        written = header(raw, name)
        assert written.startswith(f"{name}: <".encode())
        assert written.endswith(b">")
        assert b"=?" not in written
        assert b"\r\n" not in written


def test_the_parsed_mail_says_the_same_as_the_one_that_was_made() -> None:
    mail = digest_mail(laid_out(LONG, "mailto:a@b.example"), SENDER, ("li@s.example",), "k", 0)
    read = message_from_bytes(mail.as_bytes(), policy=email.policy.default)
    for name in ("List-Unsubscribe", "Message-ID", "Subject", "From", "To"):
        assert read[name] == mail[name]


def test_letters_beyond_ascii_in_such_a_header_are_percent_encoded() -> None:
    mail = new_mail("s", SENDER, ("li@s.example",), "k", 0)
    mail["List-Help"] = "<https://x.example/帮助>"
    assert header(mail.as_bytes(), "List-Help") == b"List-Help: <https://x.example/%E5%B8%AE%E5%8A%A9>"


def test_a_line_break_cannot_be_smuggled_into_such_a_header() -> None:
    mail = new_mail("s", SENDER, ("li@s.example",), "k", 0)
    with pytest.raises(ValueError, match="linefeed"):
        mail["List-Help"] = "<https://x.example/>\r\nBcc: eve@x.example"

"""Mail: HTML and plain text, threaded by incident, through any SMTP server or into a folder."""

from __future__ import annotations

import asyncio
import hashlib
import ssl
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid, parseaddr
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Protocol
from urllib.parse import unquote, urlsplit

import structlog
from pydantic import Field

from scoring.wording.text import Text
from streams import metrics
from streams.channels.mail_headers import MAIL_POLICY
from streams.channels.message import Message, SendRejectedError, SendRetryableError, message_text
from streams.channels.picture import picture_of
from streams.channels.receiver import ChannelContext, ChannelSpec, ReceiverConfig
from streams.instance.files import write_atomically
from streams.schema import MailAddress
from streams.settings import LOOPBACK_HOSTS, Settings

if TYPE_CHECKING:
    import css_inline
    import jinja2

_log = structlog.get_logger()


class MailReceiver(ReceiverConfig):
    """Readers by mail, through the instance's mail server."""

    needs = ("to",)

    channel: Literal["email"]
    to: Annotated[
        tuple[MailAddress, ...], Field(description="Mail addresses; one mail goes to all of them.")
    ] = ()


@cache
def _template() -> jinja2.Template:
    import jinja2  # as all imports of this kind here: only processes that write mails load it

    templates = jinja2.Environment(
        loader=jinja2.PackageLoader("streams.channels", "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return templates.get_template("alert.html.j2")


@cache
def _inliner() -> css_inline.CSSInliner:
    import css_inline

    # keeps the rules for dark readers, which no inline style can say
    return css_inline.CSSInliner(keep_at_rules=True)


class Post(Protocol):
    """Takes a finished mail to its readers."""

    async def deliver(self, mail: EmailMessage, recipients: Sequence[str]) -> None:
        """Deliver ``mail``. Raises SendRetryableError or SendRejectedError."""


class SmtpPost:
    """Delivers by SMTP: ``smtp://``, ``smtps://`` (TLS from the start), STARTTLS wherever the server offers it.

    A password goes to another machine only over TLS, also if somebody in between hides the server's STARTTLS.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
            raise SendRejectedError(
                "invalid mail server; expected smtp://user:password@host:port or smtps://…"
            )
        self._host = parts.hostname
        self._tls = parts.scheme == "smtps"
        self._port = parts.port or (465 if self._tls else 587)
        self._user = unquote(parts.username) if parts.username else None
        self._password = unquote(parts.password) if parts.password else None
        must_hide = bool(self._password) and not self._tls and self._host not in LOOPBACK_HOSTS
        self._start_tls = True if must_hide else None

    def _connection(self) -> dict[str, Any]:
        """How aiosmtplib reaches the server and signs in."""
        return {
            "hostname": self._host,
            "port": self._port,
            "username": self._user,
            "password": self._password,
            "use_tls": self._tls,
            "start_tls": None if self._tls else self._start_tls,
        }

    async def greet(self) -> None:
        """Connect, sign in and leave, without a mail. Raises SendRetryableError or SendRejectedError."""
        import aiosmtplib

        server = aiosmtplib.SMTP(**self._connection(), timeout=10)
        try:
            async with server:
                await server.noop()
        except aiosmtplib.SMTPAuthenticationError as error:
            raise SendRejectedError(f"{self._host} rejected the user or password: {error.code}") from error
        except (aiosmtplib.SMTPException, OSError, TimeoutError, ssl.SSLError) as error:
            raise SendRetryableError(
                f"{self._host}:{self._port} is unreachable: {type(error).__name__}"
            ) from error

    async def deliver(self, mail: EmailMessage, recipients: Sequence[str]) -> None:
        """Deliver to all recipients in one transaction."""
        import aiosmtplib

        try:
            rejected, _ = await aiosmtplib.send(
                mail, recipients=list(recipients), **self._connection(), timeout=20
            )
        except aiosmtplib.SMTPAuthenticationError as error:
            kind = SendRejectedError if error.code >= 500 else SendRetryableError
            raise kind(f"{self._host} rejected the user or password: {error.code}") from error
        except aiosmtplib.SMTPRecipientsRefused as error:
            codes = [answer.code for answer in error.recipients]
            kind = SendRejectedError if all(code >= 500 for code in codes) else SendRetryableError
            raise kind(f"{self._host} rejected the recipients: {codes}") from error
        except aiosmtplib.SMTPResponseException as error:
            kind = SendRejectedError if error.code >= 500 else SendRetryableError
            raise kind(f"{self._host} answered {error.code} {error.message}") from error
        except (aiosmtplib.SMTPException, OSError, TimeoutError, ssl.SSLError) as error:
            raise SendRetryableError(
                f"{self._host}:{self._port} is unreachable: {type(error).__name__}"
            ) from error
        for recipient, answer in rejected.items():
            # the others have it; sending again would be a second mail to them
            metrics.NOTIFIER_RECIPIENTS_REJECTED.labels(CHANNEL.name).inc()
            _log.error("mail_recipient_rejected", recipient=recipient, answer=str(answer))


class FolderPost:
    """Writes mails as ``.eml`` files into a folder: for machines without a mail server, and to look at them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def deliver(self, mail: EmailMessage, recipients: Sequence[str]) -> None:
        """Write the mail under a name made from its Message-ID, so the same mail twice is one file."""
        name = hashlib.sha256(str(mail["Message-ID"]).encode()).hexdigest()[:20]
        try:
            write_atomically(self._folder / f"{name}.eml", mail.as_bytes(), 0o600)
        except OSError as error:
            raise SendRetryableError(f"cannot write to {self._folder}: {error.strerror}") from error


def message_id(key: str, sender: str) -> str:
    """A Message-ID made from ``key`` alone: the same message sent twice is recognised as one by mail programs."""
    domain = parseaddr(sender)[1].rpartition("@")[2] or "funnelwatch.invalid"
    return f"<{hashlib.sha256(key.encode()).hexdigest()[:32]}@{domain}>"


def new_mail(subject: str, sender: str, to: Sequence[str], key: str, sent_ms: int) -> EmailMessage:
    """A mail with its headers; an automatic one, so nobody's absence note answers it."""
    mail = EmailMessage(policy=MAIL_POLICY)
    name, address = parseaddr(sender)
    mail["From"] = Address(name, addr_spec=address)
    mail["To"] = ", ".join(to)
    mail["Subject"] = " ".join(subject.split())
    mail["Date"] = format_datetime(datetime.fromtimestamp(sent_ms / 1000, UTC))
    mail["Message-ID"] = message_id(key, sender) if key else make_msgid()
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    return mail


def alert_mail(message: Message, sender: str, to: Sequence[str], sent_ms: int) -> EmailMessage:
    """The mail of a message: complete plain text, and HTML with its styles inlined."""
    mail = new_mail(message.title, sender, to, message.key, sent_ms)
    if message.parent:
        mail["In-Reply-To"] = message.parent
        mail["References"] = message.parent
    mail.set_content(message_text(message))
    drawn = {card.alert_id: picture_of(card.curve) for card in message.cards if card.curve is not None}
    domain = parseaddr(sender)[1].rpartition("@")[2] or "funnelwatch.invalid"
    names = {alert_id: f"{alert_id}@{domain}" for alert_id in drawn}
    html = _inliner().inline(_template().render(message=message, pictures=names))
    mail.add_alternative(html, subtype="html")
    _, page = mail.iter_parts()
    for alert_id, picture in drawn.items():
        page.add_related(picture, "image", "png", cid=f"<{names[alert_id]}>", disposition="inline")
    return mail


class MailChannel:
    """Readers by mail. The receipt is the Message-ID, so later mails of the incident are replies to the first."""

    def __init__(self, post: Post, sender: str, to: Sequence[str], now_ms: Callable[[], int]) -> None:
        self._post, self._sender, self._to, self._now_ms = post, sender, tuple(to), now_ms

    async def send(self, message: Message) -> str:
        """Send the mail."""
        mail = await asyncio.to_thread(alert_mail, message, self._sender, self._to, self._now_ms())
        await self._post.deliver(mail, self._to)
        return message.parent or str(mail["Message-ID"])


def open_post(settings: Settings) -> Post:
    """Where mails go: the SMTP server of the settings, else the folder ``outbox`` of the instance."""
    url = settings.smtp_url.get_secret_value()
    return SmtpPost(url) if url else FolderPost(Path(settings.data) / "outbox")


def _build(receiver: MailReceiver, context: ChannelContext) -> MailChannel:
    settings = context.settings
    return MailChannel(open_post(settings), settings.mail_from, receiver.to, context.now_ms)


CHANNEL = ChannelSpec(
    config=MailReceiver,
    words=Text("邮件", "Mail"),
    per_minute=30,
    per_second=10,
    build=_build,
    has_pictures=True,
)

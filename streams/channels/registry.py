"""Makes a channel from a receiver's configuration: the only place that knows all channels and resolves their secrets."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import aiohttp

from streams.channels.dingtalk import DingTalkChannel
from streams.channels.feishu import FeishuChannel
from streams.channels.mail import FolderPost, MailChannel, Post, SmtpPost
from streams.channels.message import Channel
from streams.channels.others import AppriseChannel, ConsoleChannel
from streams.channels.pagerduty import EVENTS_URL, PagerDutyChannel
from streams.channels.slack import SlackBotChannel, SlackHookChannel
from streams.channels.webhook import WebhookChannel
from streams.channels.wecom import WeComChannel
from streams.config.alerting import ReceiverConfig
from streams.config.loading import resolve_secret
from streams.settings import Settings

#: messages a minute that a service takes (its own documented limit, or our restraint where it names none)
PER_MINUTE = {
    "email": 30.0,
    "feishu": 100.0,
    "dingtalk": 20.0,
    "wecom": 20.0,
    "slack": 60.0,
    "pagerduty": 120.0,
    "webhook": 120.0,
    "apprise": 20.0,
    "console": 6000.0,
}
#: messages a second: Feishu's bots take five, Slack's hooks one with short bursts; elsewhere our restraint
PER_SECOND = {**dict.fromkeys(PER_MINUTE, 10), "feishu": 4, "slack": 2, "console": 1000}


def open_post(settings: Settings) -> Post:
    """Where mails go: the SMTP server of the settings, else the folder ``outbox`` of the instance."""
    url = settings.smtp_url.get_secret_value()
    return SmtpPost(url) if url else FolderPost(Path(settings.data) / "outbox")


def build_channel(
    receiver: ReceiverConfig,
    settings: Settings,
    session: aiohttp.ClientSession,
    now_ms: Callable[[], int],
    write: Callable[[str], None],
) -> Channel:
    """The channel of ``receiver``.

    Raises:
        ConfigError: a secret it names is not there.
        SendRefused: an address has a form that cannot work.
    """
    url = resolve_secret(receiver.url) if receiver.url else ""
    secret = resolve_secret(receiver.secret) if receiver.secret else ""
    match receiver.channel:
        case "email":
            return MailChannel(open_post(settings), settings.mail_from, receiver.to, now_ms)
        case "feishu":
            return FeishuChannel(session, url, secret, receiver.mention, now_ms)
        case "dingtalk":
            return DingTalkChannel(session, url, secret, receiver.mention, now_ms)
        case "wecom":
            return WeComChannel(session, url, receiver.mention)
        case "slack" if secret:
            return SlackBotChannel(
                session, url, secret, receiver.to[0] if receiver.to else "", receiver.mention
            )
        case "slack":
            return SlackHookChannel(session, url, receiver.mention)
        case "pagerduty":
            return PagerDutyChannel(session, secret, url or EVENTS_URL)
        case "webhook":
            return WebhookChannel(session, url, secret, now_ms)
        case "apprise":
            return AppriseChannel(url)
        case "console":
            return ConsoleChannel(write)

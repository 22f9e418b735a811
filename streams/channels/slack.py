"""Slack: blocks by an incoming webhook, or by a bot, whose messages of one incident form a thread."""

from __future__ import annotations

from typing import Any

import aiohttp
import structlog

from scoring.wording.cards import ActionKind, Card
from streams.channels.message import Message, SendRefused, SendRetryable
from streams.channels.posting import post_json

log = structlog.get_logger(__name__)
_MOST_BLOCKS = 50
_MOST_TEXT = 3000
#: a star or an underscore in a name would end the bold or begin another
_STYLE = str.maketrans({"*": "∗", "_": "＿", "~": "∼", "`": "'"})


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _headline(card: Card) -> str:
    return _escaped(card.headline.translate(_STYLE)[:600])


def _blocks(card: Card) -> list[dict[str, Any]]:
    mark = ":red_circle:" if card.is_firing else ":large_green_circle:"
    lines = "\n".join(line.text for line in card.lines)
    blocks: list[dict[str, Any]] = [
        {"type": "section", "text": {"type": "mrkdwn", "text": f"{mark} *{_headline(card)}*"}},
        {"type": "section", "text": {"type": "plain_text", "text": lines[:_MOST_TEXT], "emoji": False}},
    ]
    if card.actions:
        buttons: list[dict[str, Any]] = []
        for action in card.actions:
            button: dict[str, Any] = {
                "type": "button",
                "text": {"type": "plain_text", "text": action.text},
                "url": action.url,
                "action_id": f"{action.kind}-{card.alert_id}"[:255],
            }
            if action.kind is ActionKind.ACKNOWLEDGE:
                button["style"] = "primary"
            buttons.append(button)
        blocks.append({"type": "actions", "elements": buttons})
    return blocks


def slack_payload(message: Message, mention: tuple[str, ...]) -> dict[str, Any]:
    """The message's blocks, with a plain text for notifications and screen readers."""
    blocks: list[dict[str, Any]] = []
    people = " ".join(f"<@{person}>" for person in mention) if message.cards[0].is_firing else ""
    note = " ".join(part for part in (_escaped(message.note), people) if part)
    if note:
        blocks.append({"type": "section", "text": {"type": "mrkdwn", "text": note}})
    for index, card in enumerate(message.cards):
        blocks += ([{"type": "divider"}] if index else []) + _blocks(card)
    return {
        "text": _escaped(message.title)[:_MOST_TEXT],
        "blocks": blocks[:_MOST_BLOCKS],
        "unfurl_links": False,
    }


class SlackHookChannel:
    """A Slack channel by an incoming webhook. A webhook gives no receipt, so it cannot thread."""

    def __init__(self, session: aiohttp.ClientSession, url: str, mention: tuple[str, ...]) -> None:
        self._session, self._url, self._mention = session, url, mention

    async def send(self, message: Message) -> str:
        """Send the blocks."""
        await post_json(self._session, self._url, slack_payload(message, self._mention))
        return ""


class SlackBotChannel:
    """A Slack channel by a bot token: the first message of an incident starts a thread, the others reply in it.

    The first message is then brought up to date as well (``chat.update``), so that whoever scrolls by sees how things stand.
    """

    def __init__(
        self, session: aiohttp.ClientSession, url: str, token: str, channel: str, mention: tuple[str, ...]
    ) -> None:
        self._session, self._url, self._token, self._channel = session, url, token, channel
        self._mention = mention

    async def send(self, message: Message) -> str:
        """Send the blocks; the receipt is the message's timestamp, which is its name in Slack."""
        payload = slack_payload(message, self._mention) | {"channel": self._channel}
        if message.parent:
            payload |= {"thread_ts": message.parent, "reply_broadcast": True}
        answer = await self._call(self._url, payload)
        if message.parent:
            # Slack wants the channel's id here, which the configuration need not name; the answer does
            await self._bring_up_to_date(message, str(answer.get("channel") or self._channel))
        return str(answer.get("ts", ""))

    async def _bring_up_to_date(self, message: Message, channel: str) -> None:
        """Put the news into the thread's first message. The reply has been sent, so trouble here must not send it again."""
        payload = slack_payload(message, ()) | {"channel": channel, "ts": message.parent}
        try:
            await self._call(self._url.replace("chat.postMessage", "chat.update"), payload)
        except (SendRefused, SendRetryable) as error:
            log.warning("the first message of a thread was not brought up to date", reason=str(error))

    async def _call(self, url: str, payload: dict[str, Any]) -> dict[str, Any]:
        answer = await post_json(self._session, url, payload, {"Authorization": f"Bearer {self._token}"})
        if not answer.get("ok"):
            error = str(answer.get("error", "no reason"))
            kind = SendRetryable if error in ("ratelimited", "internal_error", "fatal_error") else SendRefused
            raise kind(f"Slack answered {error}")
        return answer

"""Slack: blocks by an incoming webhook, or by a bot, whose messages of one incident form a thread."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, Literal

import structlog
from pydantic import Field

from scoring.alerts.deciding import AcknowledgementNews
from scoring.wording.card import ActionKind, Card
from scoring.wording.text import Text
from streams.channels.markdown import emphasised
from streams.channels.message import Channel, Message, MessageKind, SendRejectedError, SendRetryableError
from streams.channels.picture import pictures_of
from streams.channels.posting import post_json
from streams.channels.receiver import ChannelContext, ChannelSpec, Mention, ReceiverConfig, Url
from streams.schema import SecretRef

if TYPE_CHECKING:
    import aiohttp

_log = structlog.get_logger()
_MAX_BLOCKS = 50
_MAX_TEXT = 3000
#: a star or an underscore in a name would end the bold or begin another
_BOLD = ("\u200b*", "*\u200b")  # Slack wants the edge of a word, which Chinese text does not have
_STYLE = str.maketrans({"*": "∗", "_": "＿", "~": "∼", "`": "'"})


class SlackReceiver(ReceiverConfig):
    """A Slack channel by an incoming webhook, or by a bot where ``secret`` is its token (``url`` is then ``chat.postMessage``)."""

    needs = ("url",)

    channel: Literal["slack"]
    url: Url = ""
    secret: Annotated[SecretRef, Field(description="Reference to the bot's token; none: a webhook.")] = ""
    to: Annotated[tuple[str, ...], Field(description="The channel that the bot writes to.")] = ()
    mention: Mention = ()


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _plain(text: str) -> str:
    return _escaped(text.translate(_STYLE))


def _marked(text: str) -> dict[str, Any]:
    """A section of marked-up text in which Slack looks for no mention and no link that is not written as one."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def _headline(card: Card) -> str:
    return _plain(card.headline[:600])


def _blocks(card: Card) -> list[dict[str, Any]]:
    mark = ":red_circle:" if card.is_firing else ":large_green_circle:"
    lines = "\n".join(emphasised(line, _plain, _BOLD) for line in card.lines)
    blocks: list[dict[str, Any]] = [
        _marked(f"{mark} *{_headline(card)}*"),
        _marked(lines[:_MAX_TEXT]),
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
    """The message's blocks (one line for an acknowledgement), with a plain text for notifications and screen readers."""
    if message.kind is MessageKind.ACKNOWLEDGED:
        return {"text": _plain(message.note)[:_MAX_TEXT], "unfurl_links": False}
    blocks: list[dict[str, Any]] = []
    people = " ".join(f"<@{person}>" for person in mention) if message.cards[0].is_firing else ""
    storm = f"*{_plain(message.summary)}*" if message.summary else ""
    note = " ".join(part for part in (storm, _plain(message.note), people) if part)
    if note:
        blocks.append(_marked(note))
    for index, card in enumerate(message.cards):
        blocks += ([{"type": "divider"}] if index else []) + _blocks(card)
    return {
        "text": _escaped(message.title)[:_MAX_TEXT],
        "blocks": blocks[:_MAX_BLOCKS],
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

    The first message is then brought up to date as well (``chat.update``), so that whoever scrolls by sees how things are.
    """

    def __init__(
        self, session: aiohttp.ClientSession, url: str, token: str, channel: str, mention: tuple[str, ...]
    ) -> None:
        self._session, self._url, self._token, self._channel = session, url, token, channel
        self._mention = mention

    async def send(self, message: Message) -> str:
        """Send the blocks; the receipt is the channel's id and the message's timestamp, which together are its name in Slack."""
        known, _, parent = message.parent.rpartition("/")
        if message.is_quiet:
            await self._bring_up_to_date(message, known or self._channel, parent)
            return message.parent
        payload = slack_payload(message, self._mention) | {"channel": self._channel}
        is_news = message.kind is not MessageKind.ACKNOWLEDGED
        if parent:
            # that somebody has it is read where it is looked for: in the thread, and on its first message
            payload |= {"thread_ts": parent, "reply_broadcast": is_news}
        answer = await self._call(self._url, payload)
        # Slack wants the channel's id here, which the configuration need not name; the answer does
        channel = str(answer.get("channel") or self._channel)
        if parent and not message.is_shared:
            await self._bring_up_to_date(message, channel, parent)
        if is_news:
            await self._show_pictures(message, channel, parent or str(answer.get("ts", "")))
        return f"{channel}/{answer.get('ts', '')}"

    async def _show_pictures(self, message: Message, channel: str, thread: str) -> None:
        """Put the pictures into the thread. A block could show them only once Slack has looked at them, which takes its time."""
        files = await pictures_of(message, self._upload)
        if not files:
            return
        words = {card.alert_id: card.curve.words for card in message.cards if card.curve is not None}
        named = [{"id": file, "title": words[alert_id]} for alert_id, file in files.items()]
        try:
            await self._call(
                self._method("files.completeUploadExternal"),
                {"files": named, "channel_id": channel, "thread_ts": thread},
            )
        except (SendRejectedError, SendRetryableError) as error:
            _log.warning("picture_not_sent", reason=str(error))

    async def _upload(self, picture: bytes) -> str:
        import aiohttp  # already loaded where there is a session

        asked = aiohttp.FormData({"filename": "alert.png", "length": str(len(picture))})  # takes no JSON
        place = await self._call(self._method("files.getUploadURLExternal"), asked)
        form = aiohttp.FormData()
        form.add_field("file", picture, filename="alert.png", content_type="image/png")
        await post_json(self._session, str(place["upload_url"]), form)
        return str(place["file_id"])

    def _method(self, name: str) -> str:
        return self._url.replace("chat.postMessage", name)

    async def _bring_up_to_date(self, message: Message, channel: str, parent: str) -> None:
        """Put the news into the thread's first message. The reply has been sent, so trouble here must not send it again."""
        shown = (
            replace(message, kind=MessageKind.FIRING) if message.kind is MessageKind.ACKNOWLEDGED else message
        )
        payload = slack_payload(shown, ()) | {"channel": channel, "ts": parent}
        try:
            await self._call(self._method("chat.update"), payload)
        except (SendRejectedError, SendRetryableError) as error:
            _log.warning("slack_thread_not_updated", reason=str(error))

    async def _call(self, url: str, payload: object) -> dict[str, Any]:
        answer = await post_json(self._session, url, payload, {"Authorization": f"Bearer {self._token}"})
        if not answer.get("ok"):
            error = str(answer.get("error", "no reason"))
            kind = (
                SendRetryableError
                if error in ("ratelimited", "internal_error", "fatal_error")
                else SendRejectedError
            )
            raise kind(f"Slack answered {error}")
        return answer


def _build(receiver: SlackReceiver, context: ChannelContext) -> Channel:
    url, token = context.secret(receiver.url), context.secret(receiver.secret)
    if not token:
        return SlackHookChannel(context.session, url, receiver.mention)
    return SlackBotChannel(context.session, url, token, "".join(receiver.to[:1]), receiver.mention)


#: a hook takes one message a second with short bursts
CHANNEL = ChannelSpec(
    config=SlackReceiver,
    words=Text("Slack", "Slack"),
    per_minute=60,
    per_second=2,
    build=_build,
    can_change=lambda receiver: bool(receiver.secret),
    has_pictures=True,
    acknowledgements=AcknowledgementNews.ALERT,
)

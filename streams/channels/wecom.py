"""WeCom (企业微信) group robots: Markdown of at most 4,096 bytes, with mentions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from scoring.alerts.deciding import AcknowledgementNews
from scoring.wording.card import ActionKind, CardAction
from scoring.wording.text import Text
from streams.channels.markdown import cut_bytes, emphasised, fitting, widened
from streams.channels.message import Message, MessageKind
from streams.channels.posting import check_code, post_json
from streams.channels.receiver import ChannelContext, ChannelSpec, Mention, ReceiverConfig, Url

if TYPE_CHECKING:
    import aiohttp

#: 45009 and 45033: more than 20 messages a minute; -1: the system is busy
_BUSY = frozenset({45009, 45033, -1})
_MAX_BYTES, _MAX_TEXT_BYTES = 4096, 2048


class WeComReceiver(ReceiverConfig):
    """A WeCom group by its robot."""

    needs = ("url",)

    channel: Literal["wecom"]
    url: Url = ""
    mention: Mention = ()


def _markdown(message: Message) -> str:
    blocks = [f"**{widened(message.summary)}**"] if message.summary else []
    blocks += [widened(message.note)] if message.note else []
    for card in message.cards:
        colour = "warning" if card.is_firing else "info"
        rows = [
            f'<font color="{colour}">**{widened(card.headline)}**</font>',
            *(f"> {emphasised(line, widened)}" for line in card.lines),
        ]
        if card.actions:
            rows.append(" · ".join(f"[{widened(action.text)}]({action.url})" for action in card.actions))
        blocks.append("\n".join(rows))
    return "\n\n".join(blocks)


def _shorter(message: Message, most: int) -> Message:
    """The first card with fewer actions, then fewer lines, until it fits: half a link is worse than none."""
    (card,) = message.cards[:1]
    while len(_markdown(replace(message, cards=(card,))).encode()) > most and (card.actions or card.lines):
        if len(card.actions) > 1:
            card = replace(card, actions=_fewer(card.actions))
        elif card.lines:
            card = replace(card, lines=card.lines[:-1])
        else:
            card = replace(card, actions=())
    return replace(message, cards=(card,))


def _fewer(actions: tuple[CardAction, ...]) -> tuple[CardAction, ...]:
    """One action less: the link to the store gives way first, the one to the details never."""
    kinds = [action.kind for action in actions]
    given_up = next(
        kind
        for kind in (ActionKind.STORE, *reversed(kinds))
        if kind in kinds and kind is not ActionKind.DETAILS
    )
    return tuple(action for action in actions if action.kind is not given_up)


def wecom_payload(message: Message, mention: tuple[str, ...]) -> dict[str, Any]:
    """The body of the robot's request: later cards give way first when the text is too long; one line for an acknowledgement."""
    if message.kind is MessageKind.ACKNOWLEDGED:
        return {"msgtype": "text", "text": {"content": cut_bytes(widened(message.note), _MAX_TEXT_BYTES)}}
    calls = "".join(f"\n<@{person}>" for person in mention) if message.cards[0].is_firing else ""
    most = _MAX_BYTES - len(calls.encode())
    shown = fitting(message, _markdown, most)
    if len(shown.cards) == 1:
        shown = _shorter(shown, most)
    return {"msgtype": "markdown", "markdown": {"content": cut_bytes(_markdown(shown), most) + calls}}


class WeComChannel:
    """A WeCom group by its robot; the key is in the address, nothing is signed."""

    def __init__(self, session: aiohttp.ClientSession, url: str, mention: tuple[str, ...]) -> None:
        self._session, self._url, self._mention = session, url, mention

    async def send(self, message: Message) -> str:
        """Send the Markdown; a robot gives no receipt."""
        answer = await post_json(self._session, self._url, wecom_payload(message, self._mention))
        check_code(answer, "WeCom", "errcode", _BUSY)
        return ""


def _build(receiver: WeComReceiver, context: ChannelContext) -> WeComChannel:
    return WeComChannel(context.session, context.secret(receiver.url), receiver.mention)


CHANNEL = ChannelSpec(
    config=WeComReceiver,
    words=Text("企业微信", "WeCom"),
    per_minute=20,
    per_second=10,
    build=_build,
    acknowledgements=AcknowledgementNews.ALERT,
)

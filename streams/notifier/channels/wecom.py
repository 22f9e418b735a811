"""WeCom (企业微信) group robots: Markdown of at most 4,096 bytes, with mentions."""

from __future__ import annotations

from typing import Any

import aiohttp

from streams.notifier.channels.markdown import cut_bytes
from streams.notifier.channels.message import Message
from streams.notifier.channels.posting import check_code, post_json

#: 45009: more than 20 messages a minute
_BUSY = frozenset({45009, 45033})
_MOST_BYTES = 4096


def wecom_payload(message: Message, mention: tuple[str, ...]) -> dict[str, Any]:
    """The body of the robot's request: later cards give way first when the text is too long."""
    first = message.cards[0]
    calls = "".join(f"\n<@{person}>" for person in mention) if first.is_firing else ""
    blocks = [message.note] if message.note else []
    for card in message.cards:
        colour = "warning" if card.is_firing else "info"
        rows = [
            f'<font color="{colour}">**{card.headline}**</font>',
            *(f"> {line.text}" for line in card.lines),
        ]
        if card.actions:
            rows.append(" · ".join(f"[{action.text}]({action.url})" for action in card.actions))
        blocks.append("\n".join(rows))
    while len(blocks) > 1 and len("\n\n".join(blocks).encode()) > _MOST_BYTES - len(calls.encode()) - 10:
        blocks.pop()
    content = cut_bytes("\n\n".join(blocks), _MOST_BYTES - len(calls.encode())) + calls
    return {"msgtype": "markdown", "markdown": {"content": content}}


class WeComChannel:
    """A WeCom group by its robot; the key stands in the address, nothing is signed."""

    def __init__(self, session: aiohttp.ClientSession, url: str, mention: tuple[str, ...]) -> None:
        self._session, self._url, self._mention = session, url, mention

    async def send(self, message: Message) -> str:
        """Send the Markdown; a robot gives no receipt."""
        answer = await post_json(self._session, self._url, wecom_payload(message, self._mention))
        check_code(answer, "WeCom", "errcode", _BUSY)
        return ""

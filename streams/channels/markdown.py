"""Cards as the small Markdown that chat hooks understand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from scoring.wording.card import Card, Line
from scoring.wording.text import Text
from streams.channels.message import Message

_SPECIAL = str.maketrans({c: "\\" + c for c in "\\`*_[]<>~"})
_WIDE = str.maketrans({"<": "＜", ">": "＞", "[": "［", "]": "］", "*": "＊", "`": "｀", "@": "＠"})


def escape(text: str) -> str:
    """``text`` so that no character of it is taken for markup."""
    return text.translate(_SPECIAL)


def widened(text: str) -> str:
    """``text`` with the wide form of what could be markup or a mention: for places that know no escapes."""
    return text.translate(_WIDE)


def emphasised(line: Line, plain: Callable[[str], str], marks: tuple[str, str] = ("**", "**")) -> str:
    """A line with its strongest figures between marks; ``plain`` hides what the channel takes for markup."""
    begin, end = marks
    return "".join(
        f"{begin}{plain(text)}{end}" if is_strong else plain(text) for text, is_strong in line.parts
    )


def card_markdown(card: Card, newline: str = "\n\n") -> str:
    """One card: bold verdict, its lines, its actions as links."""
    rows = [f"**{escape(card.headline)}**", *(emphasised(line, escape) for line in card.lines)]
    if card.actions:
        rows.append(" · ".join(f"[{escape(action.text)}]({action.url})" for action in card.actions))
    return newline.join(rows)


def message_markdown(message: Message, newline: str = "\n\n") -> str:
    """All cards of a message, with the summary of a storm and its note in front."""
    lead = f"**{escape(message.summary)}**{newline}" if message.summary else ""
    lead += f"{escape(message.note)}{newline}" if message.note else ""
    return lead + f"{newline}---{newline}".join(card_markdown(card, newline) for card in message.cards)


def cut_bytes(text: str, most: int) -> str:
    """``text`` cut to at most ``most`` UTF-8 bytes, at a character, with an ellipsis where it was cut."""
    raw = text.encode()
    return text if len(raw) <= most else raw[: most - 3].decode("utf-8", "ignore") + "…"


LEFT_OUT = Text("（另 {n} 条写不下，见页面）", "({n} more did not fit: see the page)")


def fitting(message: Message, render: Callable[[Message], str], most: int) -> Message:
    """``message`` with as many of its cards as fit into ``most`` UTF-8 bytes, the first ones first; its note counts the rest."""
    shown = message
    for kept in range(len(message.cards), 0, -1):
        left = len(message.cards) - kept
        note = f"{message.note} {LEFT_OUT(message.language, n=left)}".strip() if left else message.note
        shown = replace(message, cards=message.cards[:kept], note=note)
        if len(render(shown).encode()) <= most:
            return shown
    return shown

"""The words of unsubscribing, zh and en."""

from __future__ import annotations

from collections.abc import Mapping

from scoring.wording.text import Text

UNSUBSCRIBE_WORDS: Mapping[str, Text] = {
    "unsubscribe_title": Text("退订日报？", "Stop this digest?"),
    "unsubscribe_detail": Text("{name} 将不再收到日报邮件。告警通知不受影响。", "{name} gets no more digest mails. Alerts are not affected."),
    "unsubscribe_press": Text("退订", "Unsubscribe"),
    "unsubscribe_left": Text("已退订", "Unsubscribed"),
    "unsubscribe_left_detail": Text("{name} 不再收到日报。", "{name} gets no more digests."),
    "unsubscribe_return": Text("恢复订阅", "Subscribe again"),
    "unsubscribe_back": Text("已恢复订阅", "Subscribed again"),
    "unsubscribe_back_detail": Text("{name} 会照常收到日报。", "{name} gets digests as before."),
    "unsubscribe_broken": Text("请使用最新一封日报里的退订链接。", "Use the unsubscribe link of the newest digest."),
}  # fmt: skip

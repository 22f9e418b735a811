"""The words of dead letters, zh and en."""

from __future__ import annotations

from collections.abc import Mapping

from scoring.wording.text import Text

DEAD_LETTER_WORDS: Mapping[str, Text] = {
    "no_letters_week": Text("近 7 天没有被拒的记录。", "No records were rejected in the last 7 days."),
    "letters_note": Text(
        "被拒的记录连同原因保留在此，个人信息已去除；修正后可用 funnelwatch deadletters replay 重放。",
        "Rejected records are kept here with the reason, personal data removed. Once fixed, resend them with funnelwatch deadletters replay.",
    ),
    "payload": Text("内容", "Payload"),
    "no_store": Text("店铺不明", "No store"),
    "last_week": Text("近 7 天", "Last 7 days"),
    "dead_letters": Text("被拒数据", "Rejected events"),
}  # fmt: skip

"""The words of what was left out, zh and en."""

from __future__ import annotations

from collections.abc import Mapping

from scoring.records.brushing import SIGN_NAMES
from scoring.records.cleaning import reason_texts
from scoring.wording.text import Language, Text

CLEANING_WORDS: Mapping[str, Text] = {
    "cleaning": Text("数据清洗", "Left out"),
    "cleaning_note": Text(
        "近 {n} 天哪些数据没有计入、为什么，按店铺时区分天。打开一行可看具体记录。",
        "What was not counted in the last {n} days, and why, by days of the store's zone. Open a line to see its rows.",
    ),
    "cleaning_none": Text("近 {n} 天没有剔除任何数据。", "Nothing was left out in the last {n} days."),
    "cleaning_counted": Text("仅标记，仍计入", "marked, still counted"),
    "cleaning_out": Text("不计入", "not counted"),
    "cleaning_when": Text("时间", "When"),
    "cleaning_what": Text("类型", "What"),
    "cleaning_id": Text("编号", "Id"),
    "cleaning_detail": Text("说明", "Detail"),
    "cleaning_more": Text("仅显示最新 {n} 条，其余见 API 或视图 cleaned_rows。", "The newest {n}; the API and the view cleaned_rows have all."),
    "cleaning_picture": Text("{reason}，近 {n} 天", "{reason}, last {n} days"),
    "cleaning_day": Text("{day}：{count}", "{day}: {count}"),
    "what_event": Text("事件", "Event"),
    "what_dead_letter": Text("被拒数据", "Rejected event"),
}  # fmt: skip


def cleaning_reason(reason: str, language: Language) -> str:
    """Why something was left out; the id for a reason of another release."""
    known = reason_texts().get(reason)
    return known(language) if known else reason


def sign_names(signs: str, language: Language) -> str:
    """The signs of an order, as the view lists them, in words."""
    words = {sign.value: text(language) for sign, text in SIGN_NAMES.items()}
    return ("、" if language == "zh" else ", ").join(words.get(one, one) for one in signs.split(", "))

"""Why something was left out of the counts, or is marked: the reasons of the view ``cleaned`` with their words.

Three lists meet there: what the collector and landing set apart or drop, what the life of an order leaves out, and why a record was
rejected. The names are those of the column ``reason``.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from scoring.funnel.segment_names import PAGELESS_MARK
from scoring.records.order_life import LEFT_OUT_NAMES
from scoring.wording.catalogue import REASON_NAMES
from scoring.wording.text import Text


class CleaningReason(StrEnum):
    """What is cleaned away between the door and the counts. Closed: a new reason is a new member with its words."""

    BOTS = "bots"
    FEW_SOURCES = "few_sources"
    TOO_FAST = "too_fast"
    EXCLUDED = "excluded"
    REPEAT = "repeat"
    ORDER_REPORTED_AGAIN = "order_reported_again"
    BRUSHING = "brushing"
    WITHOUT_PAGE = PAGELESS_MARK


CLEANING_NAMES: Mapping[CleaningReason, Text] = {
    CleaningReason.BOTS: Text("已知爬虫", "Known bots"),
    CleaningReason.FEW_SOURCES: Text("突然集中于少数来源", "Suddenly from few sources"),
    CleaningReason.TOO_FAST: Text("一个访客快得不像人", "A visitor faster than people are"),
    CleaningReason.EXCLUDED: Text("人工排除", "Excluded by hand"),
    CleaningReason.REPEAT: Text("重复送达的事件", "Events delivered again"),
    CleaningReason.ORDER_REPORTED_AGAIN: Text("同一订单再次上报", "Orders reported again"),
    CleaningReason.BRUSHING: Text("疑似刷单", "Suspected brushing"),
    CleaningReason.WITHOUT_PAGE: Text(
        "不经过页面的订单（智能体、平台 App、门店收银、人工建单、订阅、平台）",
        "Orders without a page (agents, apps, point of sale, staff, subscriptions, marketplaces)",
    ),
}
_NAMES: Mapping[str, Text] = {
    **{reason.value: text for reason, text in REASON_NAMES.items()},
    **{reason.value: text for reason, text in LEFT_OUT_NAMES.items()},
    **{reason.value: text for reason, text in CLEANING_NAMES.items()},
}


def reason_texts() -> Mapping[str, Text]:
    """Every reason of ``cleaned`` with its words."""
    return _NAMES

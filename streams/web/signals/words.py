"""The words of a store's signals, zh and en; their names are in ``scoring/records/signal.py``."""

from __future__ import annotations

from collections.abc import Mapping

from scoring.wording.text import Text

SIGNAL_WORDS: Mapping[str, Text] = {
    "signals": Text("信号", "Signals"),
    "signals_note": Text("平台和来源在这段时间里报来的情况，放在受影响的环节旁边。它们同时发生，不等于原因。",
                         "What platforms and sources reported of these hours, next to the step where it is felt. They happened at the same time; that makes none of them the cause."),
    "signals_none": Text("这段时间没有来源报来信号。", "No source reported any signal of these hours."),
    "signal_kind": Text("信号", "Signal"),
    "signal_count": Text("次数", "Times"),
    "signal_objects": Text("对象", "Objects"),
    "signal_lasting": Text("未结束", "Not over"),
    "signal_most": Text("最多的", "Most often"),
    "signal_newest": Text("最近", "Newest"),
    "signal_no_step": Text("不在本店漏斗的环节上", "at none of the store's steps"),
    "signal_whole": Text("全店", "whole store"),
    "signal_chip": Text("{name} {n}", "{name}: {n}"),
}  # fmt: skip

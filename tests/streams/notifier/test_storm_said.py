"""Which stores a storm counts, and what is said of it."""

from __future__ import annotations

import pytest

from scoring.alerts.alert import AlertContribution, most_of
from scoring.alerts.deciding import Candidate
from scoring.wording.text import Language
from streams.channels.registry import CHANNELS
from streams.notifier.notes import StormSeen, note_of_storm, summary_of_storm
from streams.notifier.storm import stores_of


def test_a_storm_counted_the_stores_of_a_pool_that_were_as_usual() -> None:
    """Twenty stores were off, and thirty were said to be: one payment method is that of all."""
    shares = [("b", 0.3), ("a", 0.4), ("c", 0.15), ("d", 0.1), ("e", 0.05)]
    worst = most_of(AlertContribution(*share) for share in shares)
    assert worst == ("a", "b", "c")
    pool = {"store_id": "pool:payment_method=card"}
    candidate = Candidate("p", pool, True, 0, members=frozenset("abcdefgh"), missing_in=frozenset(worst))
    assert stores_of([candidate, Candidate("s", {"store_id": "s0"}, True, 0)]) == {*"abc", "s0"}


def seen(off: int, over: int, *, is_ended: bool = False) -> StormSeen:
    return StormSeen(tuple(f"s{n}" for n in range(off)), over, 25, is_ended, False, False)


@pytest.mark.parametrize(
    ("language", "storm", "names", "said"),
    [
        ("zh", seen(30, 0), [], "至少 30 家店同时异常，至今共约损失 ¥9"),
        ("zh", seen(12, 18), [], "30 家店同时异常，已恢复 18 家，12 家仍异常，至今共约损失 ¥9"),
        ("zh", seen(0, 30, is_ended=True), [], "30 家店已恢复，历时 25 分钟，共约损失 ¥9"),
        ("zh", seen(2, 28, is_ended=True), ["甲", "乙"], "28 家店已恢复，历时 25 分钟，共约损失 ¥9；仍异常：甲、乙"),
        ("zh", seen(5, 0, is_ended=True), ["甲", "乙"], "仍异常，此后逐店通知：甲、乙，至今共约损失 ¥9"),
        ("en", seen(9, 2), [], "11 stores were off at the same time: 2 recovered, 9 still off, about ¥9 lost so far"),
        ("en", seen(0, 1, is_ended=True), [], "1 store has recovered after 25 min, about ¥9 lost in all"),
        ("en", seen(2, 28, is_ended=True), ["A", "B"], "28 stores have recovered after 25 min, about ¥9 lost in all; still off: A, B"),
    ],
)  # fmt: skip
def test_a_storm_in_one_line(language: Language, storm: StormSeen, names: list[str], said: str) -> None:
    assert summary_of_storm(language, storm, names, "¥9") == said


def test_what_becomes_of_later_stores_is_said_where_the_message_cannot_show_it() -> None:
    assert "半小时" in note_of_storm("zh", seen(9, 0))
    assert note_of_storm("zh", seen(0, 9, is_ended=True)) == ""


@pytest.mark.parametrize("name", ["feishu", "dingtalk", "slack"])
def test_only_apps_bots_can_change_what_they_sent(name: str) -> None:
    spec = next(one for one in CHANNELS if one.name == name)
    hook = spec.config.model_construct(name="a", channel=name, app_id="", secret="")
    bot = spec.config.model_construct(name="a", channel=name, app_id="app", secret="s")
    assert (spec.can_change(hook), spec.can_change(bot)) == (False, True)

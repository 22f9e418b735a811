"""The lines of a card that differ for an alert on ad spend: what an hour burns, what it runs into, and what to do. It touches no budget."""

from __future__ import annotations

from scoring.alerts.alert import AlertTransition
from scoring.alerts.spend_note import SpendInto, SpendNote
from scoring.funnel.money import Worth, price
from scoring.wording.card import Line, LineKind, Wording
from scoring.wording.catalogue import step_name
from scoring.wording.figures import say_loss
from scoring.wording.text import Text

_AN_HOUR = Text("每小时约 {burning}", "about {burning} an hour")
_RESULT = Text("广告费在空烧：每小时约 {burning}", "Ad spend is burning: about {burning} an hour")
_INTO_STEP = Text("“{step}”只剩平常的 {left}，广告还在按每小时 {spend} 投",
                  "{step} is at {left} of its usual, while ads go on at {spend} an hour")  # fmt: skip
_INTO_STOCK_OUT = Text("{count} 个缺货商品占近两周商品浏览的 {share}，广告还在按每小时 {spend} 投",
                       "Products out of stock ({count}) had {share} of the product views of two weeks, while ads go on at {spend} an hour")  # fmt: skip
_INTO_CLOSED = Text("店铺在打烊或休假，广告还在按每小时 {spend} 投", "The shop is closed, while ads go on at {spend} an hour")  # fmt: skip
_ABOUT = Text("花费按天上报，“每小时”是最近一个完整日的平均；今天改过预算的话会不准",
              "Spend is reported by day: an hour is its part of the newest complete day, and wrong if the budget changed since")  # fmt: skip
_BY_HOUR = Text("花费按平台最近几小时的上报", "Spend as the platform reported it for the last hours")
_BURNT = Text("已约烧掉 {money}", "about {money} so far")


def spend_in_words(note: SpendNote, wording: Wording) -> str:
    """What an hour burns: ``Ad spend is burning: about $40 an hour``."""
    burning = wording.money(note.per_hour * note.share, note.currency)
    return _RESULT(wording.language, burning=burning)


def spend_an_hour(note: SpendNote, wording: Wording) -> str:
    """The same where the kind of the alert was just named: ``about $40 an hour``."""
    return _AN_HOUR(wording.language, burning=wording.money(note.per_hour * note.share, note.currency))


def spend_into(note: SpendNote, wording: Wording) -> str:
    """What the money runs into."""
    language, spend = wording.language, wording.money(note.per_hour, note.currency)
    if note.into is SpendInto.STEP:
        left = wording.percent(round(1 - note.share, 2))
        return _INTO_STEP(language, step=step_name(note.of, language), left=left, spend=spend)
    if note.into is SpendInto.STOCK_OUT:
        share = wording.percent(round(note.share, 2))
        return _INTO_STOCK_OUT(language, count=note.of, share=share, spend=spend)
    return _INTO_CLOSED(language, spend=spend)


def spend_basis(note: SpendNote, wording: Wording) -> str:
    """What the spend of an hour rests on."""
    return (_ABOUT if note.is_about else _BY_HOUR)(wording.language)


def spend_lines(alert: AlertTransition, note: SpendNote, worth: Worth, wording: Wording) -> list[Line]:
    """What the money runs into and what has burnt so far, and what that rests on."""
    money = price(alert, worth)
    burnt = "" if money is None else _BURNT(wording.language) + say_loss(money, wording)
    between = "；" if wording.language == "zh" else "; "
    return [
        Line(LineKind.SIZE, spend_into(note, wording) + (between + burnt if burnt else "")),
        Line(LineKind.NOT_THE_CAUSE, spend_basis(note, wording)),
    ]

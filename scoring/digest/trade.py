"""The five numbers of a shop in a digest: sales, orders, visits, conversion and order value, each against the day and the week before.

A change has the colour of its own sign, whatever the verdict on the store; one that rounds to nothing has none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from scoring.digest import texts as texts
from scoring.digest.schedule import DigestForm
from scoring.digest.values import DigestFacts
from scoring.digest.worded import DigestContext, SaidChange, SaidFigure
from scoring.funnel.trade import TradeFigure, TradeFigures

#: a change smaller than this is none
_NOTHING = 0.005


def say_trade(trade: TradeFigures | None, currency: str, context: DigestContext) -> tuple[SaidFigure, ...]:
    """The figures that are known, in the order in which a shop is read; none without trade."""
    if trade is None:
        return ()
    wording = context.wording

    def money(value: float) -> str:
        return wording.money_exactly(value, currency)

    said: Mapping[str, tuple[TradeFigure, Callable[[float], str]]] = {
        "sales": (trade.sales, money),
        "orders": (trade.orders, wording.count),
        "visits": (trade.visits, wording.count),
        "conversion": (trade.conversion, wording.percent),
        "order_value": (trade.order_value, money),
    }
    return tuple(
        SaidFigure(
            name=texts.FIGURES[key](wording.language),
            value=texts.NO_FIGURE if figure.value is None else write(figure.value),
            changes=tuple(_change(ratio, context) for ratio in _ratios(figure, context.form)),
        )
        for key, (figure, write) in said.items()
    )


def _ratios(figure: TradeFigure, form: DigestForm) -> tuple[float | None, ...]:
    return (figure.day, figure.week) if form is DigestForm.DAILY else (figure.week,)


def _change(ratio: float | None, context: DigestContext) -> SaidChange:
    if ratio is None:
        return SaidChange(texts.NO_FIGURE, "dim")
    change = ratio - 1.0
    tone = "dim" if abs(change) < _NOTHING else "good" if change > 0 else "bad"
    return SaidChange(context.wording.signed_percent(change), tone)


def say_against(context: DigestContext) -> tuple[str, ...]:
    """What the changes are against, in their order."""
    names = ("day", "week") if context.form is DigestForm.DAILY else ("week_before",)
    return tuple(texts.AGAINST[name](context.wording.language) for name in names)


def say_trade_note(facts: DigestFacts, context: DigestContext) -> str:
    """What is not in the sum of all stores, and what is compared."""
    language = context.wording.language
    if facts.trade is None:
        return ""
    note = texts.TRADE_NOTE(language, against=" / ".join(say_against(context)))
    if facts.without_rate:
        note += texts.WITHOUT_RATE(language, names=", ".join(facts.without_rate))
    return note

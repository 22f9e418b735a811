"""What a card says of an alert's figures: the rate or the count of its verdict, how much is missing, what that is in money, and how
it is at its end.

Called by ``cards.py`` for a reader's ``Wording``.
"""

from __future__ import annotations

from scoring.alerts.alert import AGED, AlertKind, AlertTransition, WindowFigures
from scoring.funnel.money import MoneyLost, price
from scoring.funnel.period_notes import PeriodNote, parse_period_note
from scoring.funnel.stages import STEP_BY_ID, STEPS_OVER, is_fast
from scoring.wording.alert_words import IN_BASE, KIND_NAMES, RATE_OF
from scoring.wording.card import CardStore, Line, LineKind, Wording
from scoring.wording.catalogue import STAGE_NAMES, arrivals_of, step_name
from scoring.wording.period_words import PERIOD_STEP_WORDS, say_days
from scoring.wording.text import Language, Text

_VERDICT = Text("{kind}：{result}", "{kind}: {result}")
_RATE = Text("{stage}率 {rate}（预期 {low}–{high}）", "{step} {rate} (expected {low}–{high})")
#: of a step that passes over stages: the rate to its end could be that of another step
_RATE_OVER = Text("{step} 转化率 {rate}（预期 {low}–{high}）", "{step} {rate} (expected {low}–{high})")
_SIZE = Text(
    "近 {span}{count}（预期 {expected}，少约 {missing}）",
    "Last {span}: {count}, about {missing} fewer than the {expected} expected",
)
_BUSINESS = Text("{span}工作时间", "{span} of business time")
_SIZE_OF_REPORT = Text(
    "{span}：{count}（预期 {expected}，少约 {missing}）",
    "{span}: {count}, about {missing} fewer than the {expected} expected",
)
_SIZE_MORE = Text(
    "近 {span}{count}（预期 {expected}，多约 {missing}）",
    "Last {span}: {count}, about {missing} more than the {expected} expected",
)
_LOST = Text("异常以来累计少约 {lost}（{low}–{high}）", "about {lost} since it began ({low}–{high})")
_LOST_IN_DAYS = Text("可信范围 {low}–{high}", "between {low} and {high}")
_MONEY = Text("，约损失 {lost}（{low}–{high}）{base}", ", about {lost} ({low}–{high}{base})")


_BACK = Text("{stage}率回到 {rate}（预期 {low}–{high}）", "{step} back at {rate} (expected {low}–{high})")
_BACK_OVER = Text(
    "{step} 转化率回到 {rate}（预期 {low}–{high}）", "{step} back at {rate} (expected {low}–{high})"
)
_STILL = Text("{stage}率仍为 {rate}（预期 {low}–{high}）", "{step} still at {rate} (expected {low}–{high})")
_STILL_OVER = Text(
    "{step} 转化率仍为 {rate}（预期 {low}–{high}）", "{step} still at {rate} (expected {low}–{high})"
)
_NOW = Text("近 {span}{count}（预期 {low}–{high}）", "{count} in {span} (expected {low}–{high})")
_COUNT_OF_REPORT = Text("{span}：{count}（预期 {low}–{high}）", "{count} in {span} (expected {low}–{high})")
_IN_ALL = Text("共少约 {lost}（{low}–{high}）", "about {lost} in total ({low}–{high})")
_WHEN_IT_FIRED = Text(
    "告警时近 {span}{count}（预期 {expected}）", "when it fired: {count} in {span} ({expected} expected)"
)


#: by this share of what was expected, things differ from what a headline says of when it fired
_MOVED = 0.15


def period_note(alert: AlertTransition) -> PeriodNote | None:
    """Which days an alert on a report is about; None for every other alert."""
    return parse_period_note(alert.note) if alert.step in PERIOD_STEP_WORDS else None


def _downstream(alert: AlertTransition, language: Language) -> str:
    if alert.step in PERIOD_STEP_WORDS:
        return PERIOD_STEP_WORDS[alert.step].unit(language)
    step = STEP_BY_ID.get(alert.step)
    return STAGE_NAMES[step.downstream](language) if step else alert.step


def _rate(
    alert: AlertTransition, shown: WindowFigures, forms: tuple[Text, Text], wording: Wording
) -> str | None:
    """The rate in ``shown``, by the first form, or by the second for a step over stages; None where there is none."""
    if (
        alert.kind not in (AlertKind.CONVERSION, AlertKind.POOLED, AlertKind.DRIFT)
        or shown.sample <= 0
        or shown.high > shown.sample
    ):
        return None
    is_over = STEP_BY_ID.get(alert.step) in STEPS_OVER or alert.step in PERIOD_STEP_WORDS
    return forms[is_over](
        wording.language,
        stage=_downstream(alert, wording.language),
        step=step_name(alert.step, wording.language),
        rate=wording.percent(shown.observed / shown.sample),
        low=wording.percent(shown.low / shown.sample),
        high=wording.percent(shown.high / shown.sample),
    )


def has_aged(note: str) -> bool:
    """Whether an alert with this note ended by its age alone: things are as they were."""
    return note.startswith(AGED)


def end_of(alert: AlertTransition, at_end: WindowFigures, wording: Wording) -> str:
    """How it is now that the alert has ended: the rate, or the count where there is no rate, with what was expected."""
    forms = (_STILL, _STILL_OVER) if has_aged(alert.note) else (_BACK, _BACK_OVER)
    return _rate(alert, at_end, forms, wording) or _counted(alert, at_end, wording)


def _counted(alert: AlertTransition, shown: WindowFigures, wording: Wording) -> str:
    """So many in a window, or on the days of a report, with what was expected."""
    note, language = period_note(alert), wording.language
    return (_NOW if note is None else _COUNT_OF_REPORT)(
        language,
        span=_span(alert, shown, wording) if note is None else say_days(note, language),
        count=arrivals_of(alert.step).counted(wording.count(shown.observed), language),
        low=wording.count(shown.low),
        high=wording.count(shown.high),
    )


def size_in_all(alert: AlertTransition, store: CardStore, wording: Wording) -> Line:
    """What an alert that has ended has cost, and what it fired on, as of then."""
    language, arrivals = wording.language, arrivals_of(alert.step)
    parts, strong = [], []
    if alert.lost > 0:
        lost = arrivals.missing(wording.count(alert.lost), language)
        strong = [lost, *_lost_money(alert, store, wording)]
        in_all = _IN_ALL(
            language,
            lost=lost,
            low=wording.count(max(0.0, alert.lost_low)),
            high=wording.count(alert.lost_high),
        )
        parts.append(in_all + say_loss(price(alert, store.worth), wording))
    fired = _WHEN_IT_FIRED(
        language,
        span=_span(alert, alert, wording),
        count=arrivals.counted(wording.count(alert.observed), language),
        expected=wording.count(alert.expected),
    )
    parts.append(fired)
    text = ("；" if language == "zh" else "; ").join(parts)
    return Line(LineKind.SIZE, text[:1].upper() + text[1:], tuple(strong))


def _lost_money(alert: AlertTransition, store: CardStore, wording: Wording) -> list[str]:
    """What it has cost, as ``say_loss`` writes it; nothing where it is not known."""
    money = price(alert, store.worth)
    return [wording.money(money.lost, money.currency)] if money else []


def _span(alert: AlertTransition, shown: WindowFigures, wording: Wording) -> str:
    span = wording.span(shown.window_minutes)
    return span if is_fast(alert.step) else _BUSINESS(wording.language, span=span)


def say_loss(money: MoneyLost | None, wording: Wording) -> str:
    """What a loss is worth, as the end of a clause; empty where it is not known."""
    if money is None:
        return ""
    return _MONEY(
        wording.language,
        lost=wording.money(money.lost, money.currency),
        low=wording.money(money.low, money.currency),
        high=wording.money(money.high, money.currency),
        base=_in_base(money, wording),
    )


def _in_base(money: MoneyLost, wording: Wording) -> str:
    """A loss in the base currency, with the day of the rate; empty where it is the same currency, or there is no rate."""
    if money.base is None or money.base_currency in ("", money.currency):
        return ""
    said = IN_BASE(wording.language, base=wording.money(money.base, money.base_currency))
    day = money.base_day
    return said + (RATE_OF(wording.language, day=wording.day(day)) if day else "")


def _has_moved(then: WindowFigures | AlertTransition, now: WindowFigures) -> bool:
    """Whether more or less of what was expected comes now: the figures of then would be taken for the present."""
    if then.expected <= 0 or now.expected <= 0:
        return True
    return abs(now.observed / now.expected - then.observed / then.expected) >= _MOVED


def verdict_of(alert: AlertTransition, wording: Wording, present: WindowFigures | None = None) -> str:
    """What moved, and the rate that it fired on, or the count where there is no rate, with what was expected.

    Where things are no longer as they were then (``present``), the count of now.
    """
    if present is not None and period_note(alert) is None and _has_moved(alert, present):
        result = _counted(alert, present, wording)
    else:
        result = _rate(alert, alert, (_RATE, _RATE_OVER), wording) or _counted(alert, alert, wording)
    return _VERDICT(wording.language, kind=KIND_NAMES[alert.kind](wording.language), result=result)


def size_of(
    alert: AlertTransition, store: CardStore, wording: Wording, present: WindowFigures | None = None
) -> Line:
    """How much is missing now (where ``present`` is not known, in the window that it fired on) and since it began, and what that is worth."""
    language = wording.language
    note = period_note(alert)
    shown = alert if present is None or note is not None else present
    missing = shown.expected - shown.observed
    if note is not None:
        form, span = _SIZE_OF_REPORT, say_days(note, language)
    else:
        form, span = _SIZE if missing >= 0 else _SIZE_MORE, _span(alert, shown, wording)
    count = arrivals_of(alert.step).counted(wording.count(shown.observed), language)
    strong = [count]
    size = form(
        language,
        span=span,
        count=count,
        expected=wording.count(shown.expected),
        missing=wording.count(abs(missing)),
    )
    text = size[:1].upper() + size[1:]
    if alert.lost > 0:
        # the days of a slow change are all there is to it: nothing has added up since
        missed = arrivals_of(alert.step).missing(wording.count(alert.lost), language)
        strong += [missed, *_lost_money(alert, store, wording)]
        lost = (_LOST if alert.kind is not AlertKind.DRIFT else _LOST_IN_DAYS)(
            language,
            lost=missed,
            low=wording.count(max(0.0, alert.lost_low)),
            high=wording.count(alert.lost_high),
        )
        text = (
            f"{text}{'；' if language == 'zh' else '; '}{lost}{say_loss(price(alert, store.worth), wording)}"
        )
    return Line(LineKind.SIZE, text, tuple(strong))

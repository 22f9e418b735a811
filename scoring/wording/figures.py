"""What a card says of an alert's figures: the rate or the count of its verdict, how much is missing, and what that is in money.

Called by ``cards.py`` for a reader's ``Wording``.
"""

from __future__ import annotations

from scoring.alerts.alert import AlertKind, AlertTransition
from scoring.funnel.money import price
from scoring.funnel.period_notes import PeriodNote, parse_period_note
from scoring.funnel.stages import STEP_BY_ID, STEPS_OVER, is_fast
from scoring.wording.alert_words import IN_BASE
from scoring.wording.card import CardStore, Line, LineKind, Wording
from scoring.wording.catalogue import STAGE_NAMES, step_name
from scoring.wording.period_words import PERIOD_STEP_WORDS, say_days
from scoring.wording.text import Language, Text

_RATE = Text("{stage}率 {rate}（预期 {low}–{high}）", "{step} {rate} (expected {low}–{high})")
#: of a step that passes over stages: the rate to its end could be that of another step
_RATE_OVER = Text("{step} 转化率 {rate}（预期 {low}–{high}）", "{step} {rate} (expected {low}–{high})")
_COUNT = Text("{step}：{observed}（预期 {low}–{high}）", "{step}: {observed} (expected {low}–{high})")
_SIZE = Text(
    "近 {span} {stage} {observed}，预期 {expected}，少约 {missing}",
    "Last {span}: {stage} {observed}, about {missing} fewer than the {expected} expected",
)
_BUSINESS = Text("{span}工作时间", "{span} of business time")
_SIZE_OF_REPORT = Text(
    "{span}：{stage} {observed}，预期 {expected}，少约 {missing}",
    "{span}: {observed} {stage}, about {missing} fewer than the {expected} expected",
)
_SIZE_MORE = Text(
    "近 {span} {stage} {observed}，预期 {expected}，多约 {missing}",
    "Last {span}: {stage} {observed}, about {missing} more than the {expected} expected",
)
_LOST = Text("自开始累计约少 {lost}（{low}–{high}）", "since it began about {lost} lost ({low}–{high})")
_MONEY = Text("，约 {lost}（区间 {low}–{high}{base}）", ", about {lost} (range {low}–{high}{base})")


def period_note(alert: AlertTransition) -> PeriodNote | None:
    """Which days an alert on a report is about; None for every other alert."""
    return parse_period_note(alert.note) if alert.step in PERIOD_STEP_WORDS else None


def _downstream(alert: AlertTransition, language: Language) -> str:
    if alert.step in PERIOD_STEP_WORDS:
        return PERIOD_STEP_WORDS[alert.step].unit(language)
    step = STEP_BY_ID.get(alert.step)
    return STAGE_NAMES[step.downstream](language) if step else alert.step


def verdict_of(alert: AlertTransition, wording: Wording) -> str:
    """The rate that it fired on, or the count where there is no rate, with what was expected."""
    language = wording.language
    if alert.kind is AlertKind.CONVERSION and alert.sample > 0 and alert.high <= alert.sample:
        is_over = STEP_BY_ID.get(alert.step) in STEPS_OVER or alert.step in PERIOD_STEP_WORDS
        return (_RATE_OVER if is_over else _RATE)(
            language,
            stage=_downstream(alert, language),
            step=step_name(alert.step, language),
            rate=wording.percent(alert.observed / alert.sample),
            low=wording.percent(alert.low / alert.sample),
            high=wording.percent(alert.high / alert.sample),
        )
    return _COUNT(
        language,
        step=step_name(alert.step, language),
        observed=wording.count(alert.observed),
        low=wording.count(alert.low),
        high=wording.count(alert.high),
    )


def size_of(alert: AlertTransition, store: CardStore, wording: Wording) -> Line:
    """How much is missing in the window that it fired on and since it began, and what that is worth."""
    language = wording.language
    missing = alert.expected - alert.observed
    note = period_note(alert)
    span = wording.span(alert.window_minutes)
    if note is not None:
        form, span = _SIZE_OF_REPORT, say_days(note, language)
    else:
        form, span = (
            _SIZE if missing >= 0 else _SIZE_MORE,
            span if is_fast(alert.step) else _BUSINESS(language, span=span),
        )
    size = form(
        language,
        span=span,
        observed=wording.count(alert.observed),
        expected=wording.count(alert.expected),
        missing=wording.count(abs(missing)),
        stage=_downstream(alert, language),
    )
    text = size[:1].upper() + size[1:]
    if alert.lost > 0:
        lost = _LOST(
            language,
            lost=wording.count(alert.lost),
            low=wording.count(max(0.0, alert.lost_low)),
            high=wording.count(alert.lost_high),
        )
        text = f"{text}{'；' if language == 'zh' else '; '}{lost}"
        money = price(alert, store.worth)
        if money is not None:
            is_foreign = money.base is not None and money.base_currency not in ("", money.currency)
            base = (
                IN_BASE(language, base=wording.money(money.base or 0.0, money.base_currency))
                if is_foreign
                else ""
            )
            text += _MONEY(
                language,
                lost=wording.money(money.lost, money.currency),
                low=wording.money(money.low, money.currency),
                high=wording.money(money.high, money.currency),
                base=base,
            )
    return Line(LineKind.SIZE, text)

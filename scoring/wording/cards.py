"""What is said of an alert: one card, at most twelve lines, the same for every channel.

The order is fixed: verdict; size and money with a range; how sure; where; what it is not; since when; what to check and
whose it is; what can be done. A card names places to look and never a cause. Numbers become text through a
``Wording`` (dates, money and percent in the reader's language), so this file stays pure.

What a card is made of, and what it is: ``card.py``. The texts stay here, next to the lines that they fill.

On the path of an event: made for ``streams/notifier`` from a ``scoring.alerts.alert.AlertTransition``.
"""

from __future__ import annotations

from scoring.alerts.alert import AlertKind, AlertLabel, AlertState, AlertTransition
from scoring.alerts.spend_note import note_of_spend
from scoring.funnel.mix_notes import parse_mix_note
from scoring.funnel.period_notes import period_ms_of
from scoring.funnel.spread_notes import parse_spread_note
from scoring.wording.alert_words import (
    ACKNOWLEDGED,
    AGED_OUT,
    ALERT_STATE_NAMES,
    ASSIGNED,
    CLOSE_REASON_NAMES,
    LABEL_NAMES,
    OWNER_CHECK,
    SEVERITY_NAMES,
)
from scoring.wording.card import (
    ACTION_NAMES,
    ONCE_OVER,
    PLACES,
    WHILE_FIRING,
    ActionKind,
    Card,
    CardAction,
    CardContext,
    CardCurve,
    Line,
    LineKind,
    Wording,
)
from scoring.wording.catalogue import (
    OWNERS,
    arrivals_of,
    pool_name,
    segment_name,
)
from scoring.wording.checks import checks_for
from scoring.wording.drift_cards import drift_lines
from scoring.wording.figures import end_of, has_aged, period_note, size_in_all, size_of, verdict_of
from scoring.wording.period_cards import period_curve, report_lines
from scoring.wording.period_words import PERIOD_STEP_WORDS
from scoring.wording.source_note import SourceNote, advice_in_words, note_of_source, trouble_in_words
from scoring.wording.spend_cards import spend_in_words, spend_lines
from scoring.wording.text import Language, Text
from scoring.wording.troubles import FORESEEN, TROUBLES, Trouble

MAX_LINES = 12
#: a picture of fewer points with an expectation shows nothing
FEWEST_POINTS = 5
#: kinds of which a card says whether visitors or only their events are missing
_LABELLED = (AlertKind.CONVERSION, AlertKind.TRAFFIC, AlertKind.TRACKING)


#: data whose newest event is older than this may be as usual (a small store at night); a card does not say so
_LIVE_S = 600
RESOLVED = ALERT_STATE_NAMES[AlertState.RESOLVED]

_SURENESS = Text(
    "异常指数 {surprise}（≥{threshold} 告警{sample}）：正常波动约 {odds}次才出现一次",
    "Anomaly score {surprise} (alerts from {threshold}{sample}): chance if nothing were wrong about 1 in {odds}",
)
_SURENESS_BEYOND = Text(
    "异常指数 {surprise}（≥{threshold} 告警{sample}）：正常波动十亿次也难出现一次",
    "Anomaly score {surprise} (alerts from {threshold}{sample}): chance if nothing were wrong less than 1 in a billion",
)
_SAMPLE = Text("，样本 {sample}", ", sample {sample}")
_WHERE = Text("主要在 {where}", "Mainly in {where}")
_SHARE = Text("{segment}（占缺口 {share}）", "{segment} ({share} of the shortfall)")
_STORES = Text("涉及 {count} 家店：{stores}{more}", "{count} stores: {stores}{more}")
_EVERYWHERE = Text("各分群普遍偏低，未集中在某一处", "Down across all segments")
_NEWEST = Text("最近一条数据 {age}前", "Last event {age} ago")
_HEALTH = Text("数据正常，最近一条 {age}前", "Data is live (last event {age} ago)")
_CURVE = Text(
    "{begins} 起：{count}（预期 {expected}）。实线为实际，虚线为预期，阴影为 99% 区间",
    "Since {begins}: {count} ({expected} expected). Solid: observed; dashed: expected; shaded: its 99% range",
)
_SECONDS = Text("{seconds} 秒", "{seconds} s")
_PIXEL = Text("，像素单占比 {share}", ", the pixel sees {share} of orders")
_PIXEL_LOSES = Text(
    "（平时 {usual}，像素在丢单，更像埋点问题）",
    " (usually {usual}: the pixel is losing orders, which suggests tracking)",
)
_LATE = Text("数据延迟，结论可能变化", "Data is arriving late; the verdict may change")
_NO_PROMOTION = Text("；当天无大促、节假日", "; no sale or holiday that day")
_PROMOTION = Text("；日历：{names}", "; calendar: {names}")
_CAME = Text("，多在{segment}", ", most of them {segment}")
_SPREAD = Text("；之后也出现在{where}", "; later also in {where}")
_NOTHING_KNOWN = Text("暂时无法确认数据是否正常", "Whether the data is complete is not known right now")
_SINCE = Text("{reader} 开始", "Since {reader}")
_STORE_CLOCK = Text("（店铺：{store}）", " (store time {store})")
_LASTED = Text("，已持续 {span}", ", {span} so far")
_ENDED = Text("，{end} 恢复，历时 {span}", ", recovered {end} after {span}")
_CLOSED = Text("{who} 关闭：{reason}", "Closed by {who}: {reason}")
_NOBODY = Text("无人认领", "Nobody acknowledged it")
_CLOSE_IT = Text("请选择原因并关闭：", "Close it with the reason:")
CLOSED = Text("已关闭", "Closed")
_SOURCE_MEANS = Text(
    "这个来源的数据可能缺失或延迟；缺少数据不等于销售下降。",
    "Data of this source may be missing or late; missing data is not a drop in sales.",
)

_NOTICE_GIVEN = Text(
    "提醒到此为止；期限仍在，“数据源”页面上随时可看，临近时会再提醒。",
    "This notice is over and the date remains: the page Sources shows it, and the next notice comes closer to it.",
)


def build_card(alert: AlertTransition, around: CardContext, wording: Wording, reader_zone: str) -> Card:
    """The card of one alert for one reader.

    Args:
        alert: the alert as it is now.
        around: facts of its store, its data, the calendar and who deals with it.
        wording: the reader's language.
        reader_zone: IANA zone in which times are given first; the store's own follows where it differs.
    """
    is_firing = alert.state is not AlertState.RESOLVED and around.closed_as is None
    trouble = note_of_source(alert.kind, alert.note)
    spend, period = note_of_spend(alert.kind, alert.note), period_note(alert)
    if trouble is not None:
        lines = _of_source(trouble, wording.language, is_firing)
        lines.append(_since(alert, around, wording, reader_zone))
    elif spend is not None:
        lines = spend_lines(alert, spend, around.store.worth, wording)
        lines.append(_since(alert, around, wording, reader_zone))
    else:
        lines = _size_and_sureness(alert, around, wording)
        if period is not None:
            lines += report_lines(period, around.calendar, wording.language)
        elif alert.kind is AlertKind.DRIFT:
            lines += drift_lines(alert, around.calendar, wording)
            if alert.resolved_at_ms is not None:
                lines.append(_since(alert, around, wording, reader_zone))
        else:
            lines.append(_where(alert, around, wording))
            lines.append(_not_the_cause(alert, around, wording))
            lines.append(_since(alert, around, wording, reader_zone))
    offered = _offered(alert, around)
    people = _people(alert, around, wording.language)
    if people:
        lines.append(Line(LineKind.PEOPLE, people))
    if is_firing:
        lines += _checks(alert, wording)
    elif ActionKind.REAL in offered:
        lines.append(Line(LineKind.CHECK, _CLOSE_IT(wording.language)))
    actions = tuple(
        CardAction(kind, ACTION_NAMES[kind](wording.language), around.links[kind]) for kind in offered
    )
    return Card(
        alert_id=alert.alert_id,
        language=wording.language,
        severity=around.severity,
        is_firing=is_firing,
        headline=_headline(alert, around, wording, is_firing),
        lines=tuple(lines[: MAX_LINES - 1 - bool(actions)]),
        actions=actions,
        curve=_curve(alert, around, wording, reader_zone),
    )


def _curve(
    alert: AlertTransition, around: CardContext, wording: Wording, reader_zone: str
) -> CardCurve | None:
    """The picture, with words for those who do not see it: what came and what was expected where both are known."""
    points = [point for point in around.curve if point.expected is not None]
    note = period_note(alert)
    if note is not None:
        return period_curve(alert.step, note.zone, around.curve, period_ms_of(alert.window_minutes), wording)
    if len(points) < FEWEST_POINTS:
        return None
    arrivals, language = arrivals_of(alert.step), wording.language
    words = _CURVE(
        language,
        begins=wording.clock(around.curve[0].at_ms, reader_zone),
        count=arrivals.counted(wording.count(sum(point.observed for point in points)), language),
        expected=wording.count(sum(point.expected or 0.0 for point in points)),
    )
    return CardCurve(around.curve, reader_zone, words)


def _offered(alert: AlertTransition, around: CardContext) -> list[ActionKind]:
    """What a reader can do now: handle what fires, say why it happened once it is over; only look where somebody has closed it."""
    if around.closed_as is not None:
        kinds = PLACES
    elif alert.state is not AlertState.RESOLVED:
        kinds = WHILE_FIRING
    else:
        kinds = PLACES if alert.kind is AlertKind.SOURCE else ONCE_OVER
    done = {ActionKind.ACKNOWLEDGE} if around.acknowledged_by else set()
    return [kind for kind in kinds if kind in around.links and kind not in done]


def _size_and_sureness(alert: AlertTransition, around: CardContext, wording: Wording) -> list[Line]:
    """What it costs and how sure it is; once it is over, what it has cost: how it is now is in the headline."""
    if alert.at_end is not None:
        return [size_in_all(alert, around.store, wording)]
    return [
        size_of(alert, around.store, wording, around.present),
        _sureness(alert, around.threshold, wording),
    ]


def _of_source(note: SourceNote, language: Language, is_firing: bool) -> list[Line]:
    """What the platform or we said, what it means for the store's figures, and what to do."""
    said = [Line(LineKind.SIZE, note.detail)] if note.detail else []
    if note.over is Trouble.PAUSED_BY_PERSON:
        return [*said, Line(LineKind.WHERE, TROUBLES[note.over][0](language))]
    if note.over in FORESEEN:
        return [*said, Line(LineKind.WHERE, _NOTICE_GIVEN(language))]
    if not is_firing:
        return said
    advice = advice_in_words(note, language)
    return [
        *said,
        *([] if note.trouble in FORESEEN else [Line(LineKind.NOT_THE_CAUSE, _SOURCE_MEANS(language))]),
        *([Line(LineKind.CHECK, advice)] if advice else []),
    ]


def _people(alert: AlertTransition, around: CardContext, language: Language) -> str:
    """Who had it; of one that is over, also that nobody had."""
    parts = []
    if around.acknowledged_by:
        parts.append(ACKNOWLEDGED.begun()(language, who=around.acknowledged_by))
    if around.assignee:
        parts.append(ASSIGNED.begun()(language, who=around.assignee))
    if around.closed_as is not None:
        reason = CLOSE_REASON_NAMES[around.closed_as](language)
        parts.append(_CLOSED(language, who=around.closed_by, reason=reason))
    if not parts and alert.state is AlertState.RESOLVED and alert.kind is not AlertKind.SOURCE:
        parts.append(_NOBODY(language))
    return ("；" if language == "zh" else "; ").join(parts)


def _headline(alert: AlertTransition, around: CardContext, wording: Wording, is_firing: bool) -> str:
    language = wording.language
    over = (
        CLOSED if alert.state is not AlertState.RESOLVED else AGED_OUT if has_aged(alert.note) else RESOLVED
    )
    verdict = SEVERITY_NAMES[around.severity](language) if is_firing else over(language)
    note = note_of_source(alert.kind, alert.note)
    if note is not None:
        result = trouble_in_words(alert, note, language)
    elif (spend := note_of_spend(alert.kind, alert.note)) is not None:
        result = spend_in_words(spend, wording)
    elif alert.at_end is not None:
        result = end_of(alert, alert.at_end, wording)
    else:
        result = verdict_of(alert, wording, around.present)
    name = pool_name(alert.store_id, language) or around.store.name
    return f"{verdict} · {name} · {result}"


def _sureness(alert: AlertTransition, threshold: float, wording: Wording) -> Line:
    odds = 10.0 ** min(alert.surprise, 9.0)
    # people are not added over days: the window of a report of several has no sample
    has_sample = alert.sample > 0 or alert.step not in PERIOD_STEP_WORDS
    text = (_SURENESS if alert.surprise < 9.0 else _SURENESS_BEYOND)(
        wording.language,
        sample=_SAMPLE(wording.language, sample=wording.count(alert.sample)) if has_sample else "",
        surprise=f"{alert.surprise:.1f}",
        threshold=f"{threshold:g}",
        odds=wording.count(odds),
    )
    return Line(LineKind.SURENESS, text[:1].upper() + text[1:])


def _where(alert: AlertTransition, around: CardContext, wording: Wording) -> Line:
    language = wording.language
    if alert.kind is AlertKind.POOLED and alert.members:
        parts = {part.segment: part.share for part in alert.contributions}
        first = sorted(alert.members, key=lambda store: -parts.get(store, 0.0))[:5]
        shown = [
            f"{around.member_names.get(store, store)} {wording.percent(round(parts[store], 2))}"
            if store in parts
            else around.member_names.get(store, store)
            for store in first
        ]
        joined = ("、" if language == "zh" else ", ").join(shown)
        more = (" 等" if language == "zh" else ", …") if len(alert.members) > 5 else ""
        return Line(LineKind.WHERE, _STORES(language, count=len(alert.members), stores=joined, more=more))
    shares = [c for c in alert.contributions if c.share >= 0.2][:2]
    among = [c.segment for c in alert.contributions]
    also = _also_in(alert, language)
    if alert.segment and not shares:
        where = segment_name(alert.segment, language)
        return Line(LineKind.WHERE, _WHERE(language, where=where) + also)
    if not shares:
        return Line(LineKind.WHERE, _EVERYWHERE(language))
    places = [
        _SHARE(
            language,
            segment=segment_name(c.segment, language, among),
            share=wording.percent(round(c.share, 2)),
        )
        for c in shares
    ]
    where = ("、" if language == "zh" else ", ").join(places)
    return Line(LineKind.WHERE, _WHERE(language, where=where) + also)


def _also_in(alert: AlertTransition, language: Language) -> str:
    """The segments that failed after the first; empty if there are none."""
    names = [segment_name(name, language) for name in parse_spread_note(alert.note).segments]
    return _SPREAD(language, where=("、" if language == "zh" else ", ").join(names)) if names else ""


def _not_the_cause(alert: AlertTransition, around: CardContext, wording: Wording) -> Line:
    language, health = wording.language, around.health
    parts = []
    if health.is_late:
        parts.append(_LATE(language))
    elif health.age_s is not None:
        is_short = health.age_s < 90
        age = _SECONDS(language, seconds=round(health.age_s)) if is_short else wording.span(health.age_s / 60)
        parts.append((_HEALTH if health.age_s < _LIVE_S else _NEWEST)(language, age=age))
    if health.pixel_share is not None:
        parts.append(_PIXEL(language, share=wording.percent(health.pixel_share)))
    if health.pixel_is_losing:
        parts.append(_PIXEL_LOSES(language, usual=wording.percent(health.usual_pixel_share or 0.0)))
    if around.calendar:
        names = ("、" if language == "zh" else ", ").join(around.calendar)
        parts.append(_PROMOTION(language, names=names))
    elif around.calendar is not None:
        parts.append(_NO_PROMOTION(language))
    if alert.kind in _LABELLED and alert.label is not AlertLabel.UNKNOWN:
        parts.append(("；" if language == "zh" else "; ") + LABEL_NAMES[alert.label](language))
        came = parse_mix_note(alert.note).segment
        if came:
            parts.append(_CAME(language, segment=segment_name(came, language)))
    said = "".join(parts).lstrip("；;, ，") or _NOTHING_KNOWN(language)
    return Line(LineKind.NOT_THE_CAUSE, said[:1].upper() + said[1:])


def _since(alert: AlertTransition, around: CardContext, wording: Wording, reader_zone: str) -> Line:
    language, store, now_ms = wording.language, around.store, around.now_ms
    text = _SINCE(language, reader=wording.clock(alert.opened_at_ms, reader_zone))
    if store.zone != reader_zone and not alert.members:  # the stores of a pool have many clocks
        text += _STORE_CLOCK(language, store=wording.clock(alert.opened_at_ms, store.zone))
    if alert.resolved_at_ms is not None:
        span = wording.span((alert.resolved_at_ms - alert.opened_at_ms) / 60_000)
        text += _ENDED(language, end=wording.clock(alert.resolved_at_ms, reader_zone), span=span)
    else:
        lasted_ms = max(now_ms or alert.at_ms, alert.at_ms) - alert.opened_at_ms
        text += _LASTED(language, span=wording.span(lasted_ms / 60_000))
    return Line(LineKind.SINCE, text)


def _checks(alert: AlertTransition, wording: Wording) -> list[Line]:
    language = wording.language
    return [
        Line(
            LineKind.CHECK,
            OWNER_CHECK(language, owner=OWNERS[check.owner](language), check=check.text(language)),
        )
        for check in checks_for(alert.step, alert.kind, alert.label)[:3]
    ]

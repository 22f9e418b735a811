"""What the read API answers with: one frozen struct an answer. The page renders the same values.

Times are milliseconds since 1970 UTC (suffix ``_ms``), rates are in [0, 1], money is in the store's own currency.
None always means "not known" or "not supplied", never zero.
"""

from __future__ import annotations

from typing import Literal

import msgspec

#: worst first; the order of the store grid
TileState = Literal[
    "firing", "breach", "data_late", "normal", "not_enough_data", "no_baseline", "missing_stage", "no_data"
]


class Problem(msgspec.Struct, frozen=True):
    """An error: ``error`` is a stable word, ``detail`` says what happened and what to do."""

    error: str
    detail: str


class Money(msgspec.Struct, frozen=True):
    """An estimate of money, with the range that follows from the alert's 90 % interval of lost events."""

    amount: float
    low: float
    high: float
    currency: str


class StepScore(msgspec.Struct, frozen=True):
    """The newest score of one store-step (whole store). Arrivals are those of the window of ``window_minutes``."""

    step: str
    state: str
    surprise: float
    observed: float
    expected: float
    sample: float
    window_minutes: int
    minute_ms: int


class SparkPoint(msgspec.Struct, frozen=True):
    """Arrivals of a few minutes from ``at_ms``: as counted and, where there is a baseline, as expected."""

    at_ms: int
    observed: float
    expected: float | None


class AlertSize(msgspec.Struct, frozen=True):
    """What the worst firing alert of a store says: where, how sure, how far off, in the window it was found in."""

    step: str
    segment: str
    surprise: float
    observed: float
    expected: float
    window_minutes: int


class StoreRow(msgspec.Struct, frozen=True):
    """One store of the grid: its worst step and how old its data is."""

    store_id: str
    name: str
    platform: str
    zone: str
    currency: str
    state: TileState
    worst: StepScore | None
    steps: tuple[StepScore, ...]
    spark: tuple[SparkPoint, ...]
    last_event_ms: int | None
    scored_until_ms: int | None
    alert_id: str | None
    alert_level: str | None
    alert_count: int
    lost: float | None
    money: Money | None
    alert: AlertSize | None = None


class Stores(msgspec.Struct, frozen=True):
    """The store grid, worst first."""

    at_ms: int
    stores: tuple[StoreRow, ...]


class FunnelStage(msgspec.Struct, frozen=True):
    """One stage. ``count`` is None when no source supplies the stage; ``expected`` when the window has no full baseline."""

    stage: str
    count: int | None
    expected: float | None


class FunnelStep(msgspec.Struct, frozen=True):
    """One step: arrivals downstream over arrivals upstream in the same window. It is no cohort: the youngest may still go on."""

    step: str
    state: str
    conversion_rate: float | None
    drop_off_rate: float | None
    surprise: float | None


class Funnel(msgspec.Struct, frozen=True):
    """A store's funnel over the half-open window [from_ms, to_ms), which ends with the last scored minute."""

    store_id: str
    segment: str
    window_minutes: int
    from_ms: int
    to_ms: int
    covered_minutes: int
    stages: tuple[FunnelStage, ...]
    steps: tuple[FunnelStep, ...]


class SeriesPoint(msgspec.Struct, frozen=True):
    """Arrivals downstream of a step in [at_ms, at_ms + resolution): counted, expected and the 99 % band."""

    at_ms: int
    observed: int
    expected: float | None
    low: float | None
    high: float | None
    state: str


class Series(msgspec.Struct, frozen=True):
    """The last hours of one step. Past one minute of resolution the band is the root of the summed squares: approximate."""

    store_id: str
    step: str
    segment: str
    from_ms: int
    to_ms: int
    resolution_minutes: int
    band: Literal["exact", "approximate"]
    points: tuple[SeriesPoint, ...]


class Share(msgspec.Struct, frozen=True):
    """A segment's share of a shortfall, in [0, 1]."""

    segment: str
    share: float


class People(msgspec.Struct, frozen=True):
    """Where people stand with an alert, and how long they and the shop took, in minutes from firing.

    ``pending`` says that the newest action is on its way to the database.
    """

    acknowledged_by: str = ""
    acknowledged_at_ms: int | None = None
    assignee: str = ""
    comments: int = 0
    closed_as: str = ""
    closed_by: str = ""
    closed_at_ms: int | None = None
    silenced_until_ms: int | None = None
    silenced_by: str = ""
    minutes_to_acknowledge: float | None = None
    minutes_to_resolve: float | None = None
    pending: bool = False


class Act(msgspec.Struct, frozen=True):
    """Something somebody did. ``via`` is the door: page, api, command, or link:RECEIVER."""

    action_id: str
    kind: str
    at_ms: int
    who: str
    via: str
    alert_id: str = ""
    reason: str = ""
    text: str = ""
    assignee: str = ""
    until_ms: int | None = None
    pending: bool = False


class Alert(msgspec.Struct, frozen=True):
    """An alert as it stands now: its newest transition, and where people stand with it."""

    alert_id: str
    store_id: str
    step: str
    segment: str
    kind: str
    level: str
    state: str
    opened_at_ms: int
    fired_at_ms: int | None
    resolved_at_ms: int | None
    surprise: float
    observed: float
    expected: float
    low: float
    high: float
    window_minutes: int
    sample: float
    lost: float
    lost_low: float
    lost_high: float
    label: str
    #: each segment's share of the shortfall; of a pool (kind ``pooled``) each store's
    contributions: tuple[Share, ...] = ()
    #: of a pool: the stores in it
    members: tuple[str, ...] = ()
    money: Money | None = None
    people: People = People()


class Alerts(msgspec.Struct, frozen=True):
    """Alerts, open ones first, then the newest."""

    at_ms: int
    alerts: tuple[Alert, ...]


class Transition(msgspec.Struct, frozen=True):
    """One change in an alert's life."""

    at_ms: int
    state: str
    level: str
    surprise: float
    observed: float
    expected: float
    lost: float


class CheckAdvice(msgspec.Struct, frozen=True):
    """A place to look and the role that owns it. Advice, not a cause."""

    owner: str
    owner_name: str
    text: str


class AlertDetail(msgspec.Struct, frozen=True):
    """An alert with its life so far, what people did, what to check, and the SQL that gives the raw rows behind it."""

    alert: Alert
    transitions: tuple[Transition, ...]
    checks: tuple[CheckAdvice, ...]
    rows_sql: str
    actions: tuple[Act, ...] = ()


class RawEvent(msgspec.Struct, frozen=True):
    """One raw event as it was landed (pseudonyms only)."""

    event_id: str
    type: str
    event_time_ms: int
    received_at_ms: int
    device_class: str
    channel: str
    country: str
    payment_method: str
    order_id: str
    product: str
    amount: str
    currency: str
    source: str


class RawEvents(msgspec.Struct, frozen=True):
    """Raw events of one store in [from_ms, to_ms), newest first; ``truncated`` says that the limit cut them."""

    store_id: str
    from_ms: int
    to_ms: int
    truncated: bool
    sql: str
    events: tuple[RawEvent, ...]


class ReasonCount(msgspec.Struct, frozen=True):
    """How many records were refused for one reason, and when last."""

    reason: str
    count: int
    last_ms: int


class Letter(msgspec.Struct, frozen=True):
    """One refused record (cut, personal data removed)."""

    letter_id: str
    received_at_ms: int
    reason: str
    source: str
    store_id: str
    detail: str
    payload: str


class DeadLetterSummary(msgspec.Struct, frozen=True):
    """Refused records of the last hours by reason, most first."""

    from_ms: int
    to_ms: int
    total: int
    reasons: tuple[ReasonCount, ...]


class DeadLetters(msgspec.Struct, frozen=True):
    """Refused records, newest first."""

    letters: tuple[Letter, ...]


class SourceHealth(msgspec.Struct, frozen=True):
    """One door of one store: when its newest event happened, and how long events took from happening to arrival.

    Over the last quarter of an hour: ``repeats`` are events that came again, ``bot_share`` the part of bots; ``pixel_share``
    is the pixel's orders of the last hour over those of the store's other doors, None where that says nothing.
    """

    store_id: str
    source: str
    last_event_ms: int
    last_received_ms: int
    events: int
    delay_ms: int
    repeats: int = 0
    bot_share: float = 0.0
    pixel_share: float | None = None


class PartHealth(msgspec.Struct, frozen=True):
    """What a role on this machine last said of itself; ``state`` is "silent" when its heartbeat has stopped."""

    name: str
    state: str
    detail: str
    updated_at_ms: int


class Status(msgspec.Struct, frozen=True):
    """Data ages and parts. ``ready`` is whether ClickHouse answers; ``answered_at_ms`` is when it last did."""

    at_ms: int
    ready: bool
    detail: str
    answered_at_ms: int | None
    newest_event_ms: int | None
    newest_received_ms: int | None
    scored_until_ms: int | None
    late_by_ms: int | None
    dead_letters_hour: int | None
    firing: int | None
    parts: tuple[PartHealth, ...]
    sources: tuple[SourceHealth, ...]


class StoreWindow(msgspec.Struct, frozen=True):
    """A store's rolling counts over the ``window_minutes`` that end with the minute ``minute_ms``."""

    store_id: str
    window_minutes: int
    minute_ms: int
    counts: dict[str, int]


class Windows(msgspec.Struct, frozen=True):
    """Rolling counts by store and window."""

    windows: tuple[StoreWindow, ...]


class SilenceInForce(msgspec.Struct, frozen=True):
    """A silence that holds messages back now. ``alert_id`` is empty for one by matchers."""

    silence_id: str
    matchers: tuple[str, ...]
    alert_id: str
    author: str
    reason: str
    starts_at_ms: int
    ends_at_ms: int


class Silences(msgspec.Struct, frozen=True):
    """The silences in force, the one that ends first at the top."""

    at_ms: int
    silences: tuple[SilenceInForce, ...]


class Responses(msgspec.Struct, frozen=True):
    """How fast people and the shop were, over the alerts that fired: medians in minutes, None where none got that far."""

    alerts: int
    acknowledged: int
    resolved: int
    median_to_acknowledge: float | None
    median_to_resolve: float | None
    closed_as: dict[str, int]


class RouteDecision(msgspec.Struct, frozen=True):
    """What routing says of one alert on one route now. ``action`` is send, wait or nothing; ``reason`` is its word."""

    route: str
    receiver: str
    channel: str
    group: str
    action: str
    reason: str
    text: str
    until_ms: int | None


class Routing(msgspec.Struct, frozen=True):
    """Who is told of an alert and why, as of ``at_ms`` (at most ten seconds old)."""

    alert_id: str
    at_ms: int
    known: bool
    decisions: tuple[RouteDecision, ...]


class StepComparison(msgspec.Struct, frozen=True):
    """One step of one store over the span: arrivals against the store's own expectation.

    ``state`` is that of the newest minute; ``observed`` and ``expected`` sum the ``covered_minutes`` that have an
    expectation. ``smallest_drop`` is the smallest fall, in
    [0, 1], that an hour could show on average; None where not even a full stop would show, or where it is not known
    yet (``drop_known`` false). ``source`` says whose numbers the expectation is made of: ``own``, ``pooled``,
    ``peers`` (of so many ``lenders``) or ``benchmark``; empty where it is not known.
    """

    step: str
    state: str
    observed: float | None
    expected: float | None
    conversion_rate: float | None
    drop_known: bool = False
    smallest_drop: float | None = None
    source: str = ""
    lenders: int = 0
    covered_minutes: int = 0


class StoreComparison(msgspec.Struct, frozen=True):
    """One store: its steps, each against its own expectation."""

    store_id: str
    name: str
    steps: tuple[StepComparison, ...]


class PlatformGroup(msgspec.Struct, frozen=True):
    """Stores of one platform. ``comparable`` is whether their rates rest on the same definitions."""

    platform: str
    comparable: Literal["same", "alone", "own"]
    stores: tuple[StoreComparison, ...]


class Comparison(msgspec.Struct, frozen=True):
    """All stores by platform, over [from_ms, to_ms); platforms are not ranked against each other."""

    from_ms: int
    to_ms: int
    groups: tuple[PlatformGroup, ...]

"""What alerts, and what people did about them, are answered with.

Times are milliseconds since 1970 UTC (suffix ``_ms``), rates are in [0, 1], money is in the store's own currency. None always
means "not known" or "not supplied", never zero.
"""

from __future__ import annotations

import msgspec

from scoring.alerts.alert import AlertRecord
from streams.incidents.present import PresentFigures
from streams.web.grid.answers import MoneyEstimate


class ActionSummary(msgspec.Struct, frozen=True):
    """Who handles an alert, and how long the response and the recovery took, in minutes from firing.

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


class ActionEntry(msgspec.Struct, frozen=True):
    """One action of a person. ``via`` is where it came from: page, api, command, or link:RECEIVER."""

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


class Alert(AlertRecord, frozen=True, kw_only=True):
    """An alert as it is at the moment looked at: its newest transition, the largest share first, and who handles it.

    ``kind``, ``level`` and ``label`` may be those of another release. ``note`` is for machines: ``report FIRST/LAST ZONE CHANGE`` of an
    alert on a platform's report; of the kind ``source`` JSON (trouble, source, owner, detail), of ``ad_spend`` JSON
    (into, of, cause, per_hour, share, currency, is_about), with ``lost`` in money; else what held it back or ended it.
    """

    kind: str
    level: str
    state: str
    label: str
    note: str = ""
    money: MoneyEstimate | None = None
    #: when its newest transition was, and how it is at the moment looked at, while it fires; all other figures are that transition's
    at_ms: int = 0
    now: PresentFigures | None = None
    people: ActionSummary = ActionSummary()


class Alerts(msgspec.Struct, frozen=True):
    """Alerts, open ones first, then the newest."""

    at_ms: int
    alerts: tuple[Alert, ...]


class Transition(msgspec.Struct, frozen=True):
    """One change in an alert's life; ``observed`` and ``expected`` are what held then, so at its end not what it fired on."""

    at_ms: int
    state: str
    level: str
    surprise: float
    observed: float
    expected: float
    lost: float
    label: str = ""


class CheckAdvice(msgspec.Struct, frozen=True):
    """A place to look and the role that owns it. Advice, not a cause."""

    owner: str
    owner_name: str
    text: str


class SignalMeanwhile(msgspec.Struct, frozen=True):
    """What a platform said of a shop while an alert was open, ``times`` times; ``last_ms`` is None while it lasts. Not its cause."""

    store_id: str
    kind: str
    kind_name: str
    object: str
    times: int
    first_ms: int
    last_ms: int | None
    source: str
    details: dict[str, str]


class AlertDetail(msgspec.Struct, frozen=True):
    """An alert with its life so far, the actions of people, what to check, what platforms said meanwhile, and the SQL of its raw rows."""

    alert: Alert
    transitions: tuple[Transition, ...]
    checks: tuple[CheckAdvice, ...]
    rows_sql: str
    actions: tuple[ActionEntry, ...] = ()
    signals: tuple[SignalMeanwhile, ...] = ()


class Responses(msgspec.Struct, frozen=True):
    """How fast alerts that fired were acknowledged and resolved: medians in minutes, None where none got that far."""

    alerts: int
    acknowledged: int
    resolved: int
    median_to_acknowledge: float | None
    median_to_resolve: float | None
    closed_as: dict[str, int]


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

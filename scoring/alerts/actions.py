"""What people do with an alert: acknowledge, assign, comment, silence, close with a reason; and what follows from it.

Each action is a record on ``funnel.actions.v1`` and a row in ClickHouse. How an alert is handled is a function of its actions in
order; the same action received twice (by its ``action_id``) counts once, which makes signed links good for one use.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

import msgspec

from scoring.alerts.routing import RoutingError, Silence, parse_matcher


class HumanActionKind(StrEnum):
    """What somebody did."""

    ACKNOWLEDGE = "acknowledge"
    ASSIGN = "assign"
    COMMENT = "comment"
    SILENCE = "silence"
    UNSILENCE = "unsilence"
    CLOSE = "close"
    #: of digests, not of an alert: ``assignee`` names the subscriber
    UNSUBSCRIBE = "unsubscribe"
    SUBSCRIBE = "subscribe"
    #: of advice of an evaluation, not of an alert: ``about`` names it, ``until_ms`` is the day on which it is judged
    ACCEPT = "accept"
    DECLINE = "decline"
    DONE = "done"
    #: of the targets of evaluations: ``targets`` are set together, ``about`` names the set, which can be taken back whole
    SET_TARGETS = "set_targets"
    UNDO_TARGETS = "undo_targets"


#: what is done about advice
ADVICE_KINDS = (HumanActionKind.ACCEPT, HumanActionKind.DECLINE, HumanActionKind.DONE)


#: what is done about targets
TARGET_KINDS = (HumanActionKind.SET_TARGETS, HumanActionKind.UNDO_TARGETS)


class CloseReason(StrEnum):
    """Why an alert was closed. ``expected`` feeds the calendar, ``false_alarm`` the threshold report."""

    REAL = "real"
    EXPECTED = "expected"
    TRACKING = "tracking"
    FALSE_ALARM = "false_alarm"


class SetTarget(msgspec.Struct, frozen=True, omit_defaults=True):
    """A target that somebody set: of an indicator or ``step:ID``, its value, the store's id or a pattern (empty: all), and who wants it."""

    of: str
    value: float
    store: str = ""
    set_by: str = ""


class HumanAction(msgspec.Struct, frozen=True, omit_defaults=True):
    """One action, as it is on the topic.

    ``alert_id`` is empty for a silence by matchers alone. ``until_ms`` is the end of a silence; ``assignee`` is whom an
    alert was given to; ``about`` is the advice, or the set of ``targets``, that an action is of; ``receiver`` is whose message held the link, empty for page, API and command.
    """

    action_id: str
    kind: HumanActionKind
    at_ms: int
    who: str
    alert_id: str = ""
    reason: CloseReason | None = None
    text: str = ""
    assignee: str = ""
    matchers: tuple[str, ...] = ()
    until_ms: int = 0
    silence_id: str = ""
    via: str = ""
    about: str = ""
    targets: tuple[SetTarget, ...] = ()


@dataclass(frozen=True, slots=True)
class AlertHandling:
    """What people did about one alert. Times in ms since 1970 UTC."""

    acknowledged_by: str = ""
    acknowledged_at_ms: int | None = None
    assignee: str = ""
    comments: tuple[HumanAction, ...] = ()
    closed_as: CloseReason | None = None
    closed_at_ms: int | None = None
    closed_by: str = ""
    silenced_until_ms: int | None = None


UNHANDLED = AlertHandling()


def after_action(before: AlertHandling, action: HumanAction) -> AlertHandling:
    """The handling after ``action``. The first acknowledgement and the first closing count, later ones change nothing."""
    match action.kind:
        case HumanActionKind.ACKNOWLEDGE:
            if before.acknowledged_at_ms is not None:
                return before
            return replace(before, acknowledged_by=action.who, acknowledged_at_ms=action.at_ms)
        case HumanActionKind.ASSIGN:
            return replace(before, assignee=action.assignee)
        case HumanActionKind.COMMENT:
            return replace(before, comments=(*before.comments, action))
        case HumanActionKind.CLOSE:
            if before.closed_at_ms is not None:
                return before
            return replace(before, closed_as=action.reason, closed_at_ms=action.at_ms, closed_by=action.who)
        case HumanActionKind.SILENCE:
            return replace(before, silenced_until_ms=action.until_ms)
        case HumanActionKind.UNSILENCE:
            return replace(before, silenced_until_ms=None)
        case _:  # of digests, advice and targets
            return before


class ActionBook:
    """All actions so far: how each alert is handled, and silences by id. Feed it in the topic's order."""

    def __init__(self) -> None:
        self._seen: set[str] = set()
        self._handlings: dict[str, AlertHandling] = {}
        self._silences: dict[str, Silence] = {}

    def take(self, action: HumanAction) -> bool:
        """Note ``action``; False if its id was seen before."""
        if action.action_id in self._seen:
            return False
        self._seen.add(action.action_id)
        if action.kind is HumanActionKind.UNSILENCE:
            self._end_silence(action)
        if action.kind is HumanActionKind.SILENCE:
            self._silence(action)
        if action.alert_id:
            self._handlings[action.alert_id] = after_action(self.handling(action.alert_id), action)
        return True

    def _silence(self, action: HumanAction) -> None:
        texts = action.matchers or (f"alert_id={action.alert_id}",)
        try:
            matchers = tuple(parse_matcher(text) for text in texts)
        except RoutingError:  # kept before expressions were RE2's: it hides nothing any more
            return
        silence_id = action.silence_id or action.action_id
        self._silences[silence_id] = Silence(
            silence_id, matchers, action.at_ms, action.until_ms, action.text, action.who
        )

    def _end_silence(self, action: HumanAction) -> None:
        for silence_id, silence in list(self._silences.items()):
            aimed = f"alert_id={action.alert_id}" in map(str, silence.matchers)
            if silence_id == action.silence_id or (action.alert_id and aimed):
                self._silences[silence_id] = replace(silence, ends_ms=min(silence.ends_ms, action.at_ms))

    def handling(self, alert_id: str) -> AlertHandling:
        """What people did about an alert."""
        return self._handlings.get(alert_id, UNHANDLED)

    def silences(self, at_ms: int) -> tuple[Silence, ...]:
        """The silences in force at ``at_ms`` or later."""
        return tuple(silence for silence in self._silences.values() if silence.ends_ms > at_ms)

    def ended(self, at_ms: int) -> tuple[Silence, ...]:
        """The silences that are over at ``at_ms``."""
        return tuple(silence for silence in self._silences.values() if silence.ends_ms <= at_ms)

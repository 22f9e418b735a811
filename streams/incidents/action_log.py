"""How an action reaches ``funnel.actions.v1``, from page, API, link or command: one record, acknowledged by the broker."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence

import msgspec

from scoring.alerts.actions import (
    ADVICE_KINDS,
    TARGET_KINDS,
    CloseReason,
    HumanAction,
    HumanActionKind,
    SetTarget,
)
from scoring.alerts.routing import parse_matcher
from streams.errors import InputError
from streams.kafka import topics
from streams.kafka.one_record import publish_one
from streams.settings import Settings

#: longest comment or reason, in characters
MAX_TEXT = 2000
#: targets that are set together, at most: one record holds them
MAX_TARGETS = 2000
#: how the name of a set of targets begins
TARGETS_BEGIN = "targets|"
#: longest silence, in ms
MAX_SILENCE_MS = 30 * 86_400_000


class InvalidActionError(InputError):
    """An action makes no sense (an end in the past, a text too long); the text says why."""


def new_action(
    kind: HumanActionKind,
    at_ms: int,
    who: str,
    via: str,
    *,
    alert_id: str = "",
    action_id: str = "",
    reason: CloseReason | None = None,
    text: str = "",
    assignee: str = "",
    matchers: Sequence[str] = (),
    until_ms: int = 0,
    silence_id: str = "",
) -> HumanAction:
    """A checked action.

    Raises:
        InvalidActionError: it makes no sense; the text says why.
        RoutingError: a matcher cannot be understood.
    """
    who = _name_of(who)
    is_of_digests = kind in (HumanActionKind.UNSUBSCRIBE, HumanActionKind.SUBSCRIBE)
    if is_of_digests and not assignee.strip():
        raise InvalidActionError("expected a subscriber")
    if not alert_id and kind is not HumanActionKind.SILENCE and not silence_id and not is_of_digests:
        raise InvalidActionError("expected an alert")
    if kind is HumanActionKind.CLOSE and reason is None:
        raise InvalidActionError("closing needs a reason: real, expected, tracking or false_alarm")
    if kind is HumanActionKind.COMMENT and not text.strip():
        raise InvalidActionError("a comment needs a text")
    if kind is HumanActionKind.ASSIGN and not assignee.strip():
        raise InvalidActionError("say whom the alert is given to")
    if len(text) > MAX_TEXT:
        raise InvalidActionError(f"the text is longer than {MAX_TEXT} characters")
    for matcher in matchers:
        parse_matcher(matcher)
    if kind is HumanActionKind.SILENCE:
        if not at_ms < until_ms <= at_ms + MAX_SILENCE_MS:
            raise InvalidActionError("a silence ends in the future, at most 30 days from now")
        if not (alert_id or matchers):
            raise InvalidActionError("a silence is for an alert or for matchers, not for everything")
    return HumanAction(
        action_id=action_id or uuid.uuid4().hex,
        kind=kind,
        at_ms=at_ms,
        who=who,
        alert_id=alert_id,
        reason=reason,
        text=text.strip(),
        assignee=" ".join(assignee.split())[:100],
        matchers=tuple(matchers),
        until_ms=until_ms,
        silence_id=silence_id,
        via=via,
    )


def _name_of(who: str) -> str:
    """A person's name on one line, at most 100 characters of it."""
    if name := " ".join(who.split())[:100]:
        return name
    raise InvalidActionError("say who you are: an action has a name")


def _expect(kind: HumanActionKind, kinds: Collection[HumanActionKind]) -> None:
    if kind not in kinds:
        raise InvalidActionError(f"unknown action {kind.value!r}; expected one of {', '.join(kinds)}")


def advice_action(
    kind: HumanActionKind,
    at_ms: int,
    who: str,
    via: str,
    *,
    about: str,
    check_ms: int,
    text: str,
    action_id: str = "",
) -> HumanAction:
    """A checked action on a piece of advice.

    Raises:
        InvalidActionError: it makes no sense; the text says why.
    """
    who = _name_of(who)
    _expect(kind, ADVICE_KINDS)
    if kind is HumanActionKind.DECLINE and not text.strip():
        raise InvalidActionError("say why it is declined")
    if len(text) > MAX_TEXT:
        raise InvalidActionError(f"the text is longer than {MAX_TEXT} characters")
    return HumanAction(
        action_id=action_id or uuid.uuid4().hex,
        kind=kind,
        at_ms=at_ms,
        who=who,
        text=text.strip(),
        until_ms=check_ms,
        via=via,
        about=about,
    )


def target_action(
    kind: HumanActionKind,
    at_ms: int,
    who: str,
    via: str,
    *,
    about: str,
    name: str,
    targets: Sequence[SetTarget] = (),
) -> HumanAction:
    """A checked action on targets: ``about`` names the set, ``name`` says where it came from, a file's name or none.

    Raises:
        InvalidActionError: it makes no sense; the text says why.
    """
    who = _name_of(who)
    _expect(kind, TARGET_KINDS)
    if kind is HumanActionKind.SET_TARGETS and not 0 < len(targets) <= MAX_TARGETS:
        raise InvalidActionError(f"expected 1 to {MAX_TARGETS} targets, not {len(targets)}")
    action_id = uuid.uuid4().hex
    return HumanAction(
        action_id=action_id,
        kind=kind,
        at_ms=at_ms,
        who=who,
        text=name[:200],
        via=via,
        about=about or f"{TARGETS_BEGIN}{action_id}",
        targets=tuple(targets),
    )


async def publish_action(settings: Settings, action: HumanAction) -> None:
    """Write the action to its topic.

    Raises:
        KafkaUnreachableError: the broker did not acknowledge it.
    """
    value = msgspec.json.encode(action)
    await publish_one(settings, topics.ACTIONS, action.alert_id, value, action.at_ms, "the action")

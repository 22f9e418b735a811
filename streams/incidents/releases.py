"""How a release reaches ``funnel.signals.v1``: somebody changed the shop. Shown on the line of the step, and named next to what fell after it."""

from __future__ import annotations

import msgspec

from scoring.events.personal_values import mask_text
from scoring.records.report_row import BadRecordError
from scoring.records.signal import Signal, SignalKind, check_signal
from streams.errors import InputError
from streams.kafka import topics
from streams.kafka.one_record import publish_one
from streams.settings import Settings

#: longest name of a release, in characters
MOST_NAME = 100


class InvalidReleaseError(InputError):
    """Raised where a release makes no sense (no name, a time to come); the text says why. Page and command line answer with it."""


def release_of(store: str, name: str, at_ms: int, told_at_ms: int) -> Signal:
    """The signal of a release.

    Args:
        store: id of the store.
        name: what was released, such as a version or a theme.
        at_ms: when it went live.
        told_at_ms: now.

    Raises:
        InvalidReleaseError: it makes no sense; the text says why.
    """
    named = mask_text(" ".join(name.split()))
    if not named or len(named) > MOST_NAME:
        raise InvalidReleaseError(f"say what was released, in at most {MOST_NAME} characters")
    if at_ms > told_at_ms:
        raise InvalidReleaseError(
            "a release that is still to come is not a release; give the time when it went live"
        )
    made = Signal(
        store_id=store,
        kind=SignalKind.RELEASE,
        object=named,
        since_ms=at_ms,
        until_ms=at_ms,
        source="release",
        told_at_ms=told_at_ms,
    )
    try:
        check_signal(made)
    except BadRecordError as error:
        raise InvalidReleaseError(str(error)) from error
    return made


async def publish_release(settings: Settings, release: Signal) -> None:
    """Write a release to the topic of signals.

    Raises:
        KafkaUnreachableError: the broker did not acknowledge it.
    """
    value = msgspec.json.encode(release)
    await publish_one(settings, topics.SIGNALS, release.store_id, value, release.told_at_ms, "the release")

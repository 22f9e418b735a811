"""Drops under upstream events that rose: bots, repeated reports, a campaign whose visitors convert worse.

Where far more comes upstream, fewer of them convert although as many convert as before. Such a drop waits for its label before anybody is
notified (``is_risen``, ``label``). With the label ``inflated`` or ``mix`` it is one state as long as the rise lasts, reported once and as a
notice (``goes_on``), until fewer convert than without the rise (``is_worse``).
"""

from __future__ import annotations

import numpy as np

from scoring.alerts.alert import AlertLabel
from scoring.detection.book import Book, StepEntry
from scoring.detection.engine import RING
from scoring.detection.tracked_alert import TrackedAlert
from scoring.detection.tracking import (
    LATEST_MINUTES,
    MIN_MINUTES,
    RISEN,
    Rise,
    beyond_as_before,
    is_inflated,
    label_of_rise,
)

#: minutes before the window that opened an alert with which the upstream events since are compared: those just before, and
#: those of hours before, for what rises slowly
_BEFORE = ((0, 120), (240, 120))
#: the hours before a drop show its rise from this many times on
_RECENTLY_RISEN = 1.25
#: a slow rise still shows against the hours just before, in times, and opens in windows of this many minutes and more
_GOES_ON, _SLOW_WINDOW = 1.15, 30
#: a rise lasts while this share of the usual comes
_STILL_RISEN = 1.2
#: minutes over which conversions are compared with what they are without the rise: the longer ones for small stores; and their wobble
_RECENTLY, _WOBBLE = (20, 60, 120), 0.1
#: conversions due without a rise, below which it may yet explain a drop
_MIN_DUE = 20.0
#: a drop this many standard deviations below what converted before is one, however early; a milder one is from this many minutes on
_CLEAR_Z, _UNCLEAR_MINUTES = -3.0, 10
#: fewer than this share of them is worse
_WORSE = 0.6
#: a segment is named that is this share of what rose
_OF_RISE = 0.5


class Upstream:
    """Judges what came upstream of the steps in a book."""

    def __init__(self, book: Book) -> None:
        self._book = book

    def rises(self, entry: StepEntry, lead: int, window: int, minutes: int, minute: int) -> list[Rise]:
        """What is expected since ``window`` minutes before the alert opened, against hours before, where both are known.

        Args:
            entry: the step.
            lead: its series that is looked at.
            window: minutes of the window that opened the alert.
            minutes: how long the alert has been open.
            minute: the UTC minute just closed.
        """
        engine, since = self._book.engine, minutes + window
        now = engine.minutes - 1
        found: list[Rise] = []
        for apart, length in _BEFORE:
            if since + apart + length >= min(RING, int(engine.age[lead])):
                continue
            ring = engine.cum_expected
            here, then, last, first = (
                float(ring[(now - ago) % RING, lead])
                for ago in (0, since, since + apart, since + apart + length)
            )
            end = minute + 1
            surges = self._book.surges
            was = surges.usual_between(entry.index, end - since - apart - length, end - since - apart)
            usual = surges.usual_between(entry.index, end - since, end)
            if 0 < was < np.inf and last > first:
                rise = Rise(here - then, last - first, usual / was)
                if not apart or self._rises_slowly(rise, found, window):
                    found.append(rise)
        return found

    @staticmethod
    def _rises_slowly(rise: Rise, just_before: list[Rise], window: int) -> bool:
        """Whether a rise against hours before explains anything: traffic strays over hours, and a slow rise makes no sudden drop."""
        goes_on = all(recent.times >= _GOES_ON for recent in just_before)
        return rise.times >= RISEN and goes_on and window >= _SLOW_WINDOW

    def is_risen(self, entry: StepEntry, lead: int, window: int, minute: int) -> bool:
        """Whether far more came upstream than is usual, or than before, as an alert opens."""
        share = self._book.surges.excess(entry.index, window)
        rate = entry.baseline.rate
        return share is not None or any(
            rise.times >= RISEN and rise.is_beyond_chance(rate)
            for rise in self.rises(entry, lead, window, 0, minute)
        )

    def label(
        self, entry: StepEntry, incident: TrackedAlert, lead: int, minutes: int, minute: int
    ) -> AlertLabel | None:
        """``inflated`` or ``mix`` where a rise explains the drop, ``unknown`` where it does not, None while that is open."""
        window, rate = incident.evidence.window_minutes, entry.baseline.rate
        share = self._book.surges.excess(entry.index, minutes + window)
        verdict = None if share is None else is_inflated(incident.arrived, incident.expected, share, minutes)
        is_open = share is not None and verdict is None
        rises = self.rises(entry, lead, window, minutes, minute)
        # a sudden drop on a day that has been busy for hours is not explained by the visitors who came with it
        is_recent = window >= _SLOW_WINDOW or any(rise.times >= _RECENTLY_RISEN for rise in rises)
        verdict = verdict and is_recent
        for rise in rises:
            since = Rise(
                incident.expected, rise.before * incident.expected / max(rise.expected, 1e-9), rise.usual
            )
            found = label_of_rise(incident.arrived, rate, since, minutes)
            if found is not None:
                return found
            beyond = beyond_as_before(incident.arrived, rate, since, minutes)
            is_open |= beyond is not None and (
                since.expected < _MIN_DUE * since.times or (beyond > _CLEAR_Z and minutes <= _UNCLEAR_MINUTES)
            )
        if verdict:
            return AlertLabel.INFLATED
        return (
            None if minutes < MIN_MINUTES or (is_open and minutes <= LATEST_MINUTES) else AlertLabel.UNKNOWN
        )

    def segment_that_rose(self, entry: StepEntry, window: int, minutes: int, minute: int) -> str:
        """The segment that makes most of what rose; empty if none is most of it."""
        excess = {
            name: max((rise.expected - rise.before * rise.usual for rise in rises), default=0.0)
            for name, series in entry.series.items()
            if (rises := self.rises(entry, series, window, minutes, minute))
        }
        whole = excess.pop("", 0.0)
        name = max(excess, key=lambda name: excess[name], default="")
        return name if name and excess[name] >= _OF_RISE * max(whole, 1e-9) else ""

    def goes_on(self, entry: StepEntry) -> bool:
        """Whether a rise lasts."""
        share = self._book.surges.share_of_usual(entry.index)
        return share is not None and share >= _STILL_RISEN

    def worth(self, entry: StepEntry, minutes: int) -> float:
        """Conversions of the last minutes over what their upstream events would lead to."""
        arrived, expected = self._book.engine.since(entry.series[""], min(minutes, RING - 2))
        return arrived / max(expected, 1e-9)

    def is_worse(self, entry: StepEntry, worth: float) -> bool:
        """Whether fewer convert than would without the rise, and than did of those who came as it was recognised."""
        share = max(self._book.surges.share_of_usual(entry.index) or 1.0, 1.0)
        for minutes in _RECENTLY:
            arrived, expected = self._book.engine.since(entry.series[""], minutes)
            due = expected * min(1 / share, worth)
            missing, chance = due - arrived, np.sqrt(due + (_WOBBLE * due) ** 2)
            if arrived < _WORSE * due and missing > -_CLEAR_Z * chance:
                return True
        return False

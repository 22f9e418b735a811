"""Lengths of time and other figures without a home of their own, given once."""

from __future__ import annotations

SECOND_MS = 1_000
MINUTE_MS = 60_000
HOUR_MS = 3_600_000
DAY_MS = 86_400_000
WEEK_MS = 7 * DAY_MS
HOURS_A_WEEK = 168

#: half the width of a two-sided 90 % interval, in standard deviations
Z90 = 1.6448536269514722

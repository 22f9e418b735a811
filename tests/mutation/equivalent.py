"""Mutants that no test can kill, since they do the same as what they change: file, expression, changed expression, and why."""

from __future__ import annotations

_LATENESS, _CARDS = "scoring/counting/lateness.py", "scoring/wording/cards.py"

#: (file, before, after) → why it does the same
EQUIVALENT: dict[tuple[str, str, str], str] = {
    (
        "scoring/alerts/deciding.py",
        "min(flap.times - 1, 20)",
        "min(flap.times - 1, 40)",
    ): "the wait has its longest long before; it only keeps the power from overflowing",
    (
        "scoring/calendar/entries.py",
        "day > first",
        "day >= first",
    ): "no feast is on the day on which a Ramadan begins",
    (
        _LATENESS,
        "cut_minutes: int = 0",
        "cut_minutes: int = 1",
    ): "the first minute that is not late sets it, and until then the pace is nothing",
    (
        _LATENESS,
        "silent_minutes: int = 0",
        "silent_minutes: int = 1",
    ): "as long as the pace is nothing, nothing is overdue however long the silence",
    (
        _LATENESS,
        "max(pace / (1 - kept), 1.0)",
        "max(pace / (1 - kept), 2.0)",
    ): "so few events are overdue only after the longest silence that is looked at",
    (
        _LATENESS,
        "short > _CUT_Z * (store.pace + 1e-09) ** 0.5",
        "short >= _CUT_Z * (store.pace + 1e-09) ** 0.5",
    ): "the two sides are never equal: one has a billionth in it",
    (
        "scoring/digest/schedule.py",
        "patience // (24 * HOUR_MS) + 3",
        "patience // (24 * HOUR_MS) + 4",
    ): "what is due a day earlier is too late to be sent",
    (
        "scoring/funnel/algebra.py",
        "-1.0 if self.log_ratio < 0 else 1.0",
        "-1.0 if self.log_ratio < 0 else 2.0",
    ): "only the sign counts",
    (_CARDS, "MAX_LINES - 1", "MAX_LINES + 1"): "a card has nine lines at most besides its first",
    (_CARDS, "MAX_LINES - 1", "MAX_LINES - 2"): "a card has nine lines at most besides its first",
    (_CARDS, "money.base or 0.0", "money.base or 1.0"): "asked only where the base is known",
    (
        _CARDS,
        "health.usual_pixel_share or 0.0",
        "health.usual_pixel_share or 1.0",
    ): "asked only where the usual share is known",
}

"""What the questions about evaluations have in common: the length of the period, and how long an answer is good."""

from __future__ import annotations

from aiohttp import web

from scoring.evaluation.spans import SpanLength
from scoring.funnel.units import MINUTE_MS
from scoring.wording.text import LANGUAGES, Language
from streams.web.frame.arguments import one_of
from streams.web.frame.routes import Parameter

PERIODS = tuple(length.value for length in SpanLength)
#: an evaluation is of whole days: a few minutes old is as good as new
FRESH_S = 5 * MINUTE_MS / 1000
PERIOD = Parameter(
    "period",
    {"type": "string", "enum": list(PERIODS)},
    "Length of the period, the last complete one; defaults to the longest of month, week and day that has enough of a past.",
)
LANGUAGE = Parameter(
    "lang", {"type": "string", "enum": list(LANGUAGES), "default": "en"}, "Language of names and sentences."
)


def language_of(request: web.Request) -> Language:
    """The language that was asked for."""
    return "zh" if one_of(request.query, "lang", LANGUAGES, "en") == "zh" else "en"


def length_of(request: web.Request) -> SpanLength | None:
    """The length that was asked for; None: the longest that has enough of a past."""
    asked = one_of(request.query, "period", ("", *PERIODS), "")
    return SpanLength(asked) if asked else None

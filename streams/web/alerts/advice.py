"""What to check for an alert, in the reader's language."""

from __future__ import annotations

from scoring.wording.checks import checks_for
from streams.web.alerts.answers import Alert, CheckAdvice
from streams.web.frame.names import Names
from streams.web.frame.reader import PageReader


def advice(alert: Alert, reader: PageReader) -> tuple[CheckAdvice, ...]:
    """The checks for the alert's step and kind, each with who owns it."""
    names = Names(reader, None)
    checks = checks_for(alert.step, alert.kind, alert.label)
    return tuple(CheckAdvice(c.owner, names.owner(c.owner), c.text(reader.language)) for c in checks)

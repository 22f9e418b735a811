"""A time is typed in the same way in every command."""

from datetime import UTC, datetime, timedelta

import pytest
import typer

from streams.cli.moments import moment, moment_ms, span_ms

NOW = datetime(2025, 11, 23, 12, tzinfo=UTC)


def test_a_time_is_a_span_ago_or_an_iso_time_in_utc_unless_it_says_otherwise() -> None:
    assert moment("90m", "--since", NOW) == NOW - timedelta(minutes=90)
    assert moment("2025-11-23T20:00:00+08:00", "--at", NOW) == NOW
    assert moment("2025-11-23", "--from", NOW) == NOW.replace(hour=0)
    assert moment_ms("2025-11-23T12:00", "--at") == NOW.timestamp() * 1000


@pytest.mark.parametrize(("text", "hours"), [("2h ago", 2), (" 3 h  ago ", 3), ("now", 0)])
def test_the_form_that_the_help_writes_was_rejected(text: str, hours: int) -> None:
    assert moment(text, "--since", NOW) == NOW - timedelta(hours=hours)


@pytest.mark.parametrize("text", ["soon", "", "12", "999999w", "2025-13-01"])
def test_anything_else_is_rejected_with_what_is_expected(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="expected one such as 2h") as raised:
        moment(text, "--since", NOW)
    assert raised.value.param_hint == "--since"


def test_a_span_ends_after_it_begins() -> None:
    assert span_ms("2025-11-23", "2025-11-24") == (
        NOW.timestamp() * 1000 - 43_200_000,
        NOW.timestamp() * 1000 + 43_200_000,
    )
    with pytest.raises(typer.BadParameter, match="not after"):
        span_ms("2025-11-24", "2025-11-23")

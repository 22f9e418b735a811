"""The longest span that a platform takes at once: no question asks for more, after a long time away, of the past, or of days read again."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from scoring.sources.backfills import BackfillWish, begun, next_part
from scoring.sources.cursors import CursorState, PollWindow, next_window
from streams.sources.asking import HttpAnswer, HttpRequest, PlatformFailedError
from streams.sources.registry import source_named
from streams.sources.source import Poll
from tests.contracts.source_doubles import POLLS
from tests.fakes.workbench import connection_from

DAY_MS = 86_400_000
#: not at a whole second, as a clock never is
NOW_MS = 1_795_874_400_321


class Recorder:
    """Takes a question, and gives no answer."""

    def __init__(self) -> None:
        self.now_ms, self.asked = NOW_MS, list[HttpRequest]()

    async def ask(self, request: HttpRequest) -> HttpAnswer:
        self.asked.append(request)
        raise PlatformFailedError("no answer")


def windows(poll: Poll) -> Iterator[PollWindow]:
    """The longest of each kind."""
    away = CursorState(until_ms=NOW_MS - 60 * DAY_MS, first_ms=NOW_MS - 200 * DAY_MS)
    window = next_window(away, poll.plan, NOW_MS)
    assert window is not None
    yield window
    wish = BackfillWish("b", poll.resource, NOW_MS - 90 * DAY_MS, NOW_MS)
    part = next_part(wish, begun(wish, poll.resource, NOW_MS), poll.plan.window_s, poll.past_window_s)
    assert part is not None
    yield part
    yield PollWindow(NOW_MS - round(poll.plan.window_s * 1000), NOW_MS)


@pytest.mark.parametrize(
    ("source", "more", "resource", "first", "last", "longest"),
    [
        ("shopee", {}, "orders", "time_from", "time_to", 15 * 86_400),
        ("shopee", {}, "returns", "update_time_from", "update_time_to", 15 * 86_400),
        (
            "lazada",
            {"reads": ["reviews"], "products": ["1"]},
            "reviews",
            "start_time",
            "end_time",
            7 * DAY_MS,
        ),
    ],
)
def test_a_window_was_a_second_longer_than_the_platform_takes(
    source: str, more: dict[str, list[str]], resource: str, first: str, last: str, longest: int
) -> None:
    spec = source_named(source)
    assert spec is not None
    connection = connection_from({**POLLS[source].settings(), **more})
    (poll,) = [one for one in spec.polls(connection.config) if one.resource == resource]
    spans = []
    for window in windows(poll):
        api = Recorder()
        with pytest.raises(PlatformFailedError):
            asyncio.run(poll.fetch(api, window, ""))  # type: ignore[arg-type]
        query = dict(api.asked[0].query)
        spans.append(int(query[last]) - int(query[first]))
    assert max(spans) <= longest
    assert min(spans) > 0

"""Traces of what the collector sends: the requests whose records wait, and the spans of a flush."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from streams import tracing
from streams.collector.frames import Record


class TracedRequests:
    """The requests whose records wait for the next flush; none where this process does not trace."""

    def __init__(self) -> None:
        self._waiting: list[tracing.TracedRequest] = []

    def note(self) -> None:
        """Remember the request that this task answers."""
        request = tracing.REQUEST.get()
        if request is not None:
            self._waiting.append(request)

    def take(self) -> list[tracing.TracedRequest]:
        """Those that wait, once."""
        taken, self._waiting = self._waiting, []
        return taken


def trace_flush(
    acknowledged: Sequence[Any],
    begun_ns: int,
    requests: Sequence[tracing.TracedRequest],
    groups: Mapping[tuple[str, int], Sequence[Record]],
) -> None:
    """Spans of what was sent: its records follow the first offset that Kafka gave, unless another sender came in between."""
    if not tracing.is_on():
        return
    firsts: dict[tuple[str, int], int] = {}
    for one in acknowledged:
        place = (one.topic, one.partition)
        firsts[place] = min(firsts.get(place, one.offset), one.offset)
    for place, first in firsts.items():
        count = len(groups[place])
        offsets = (first, first + count - 1)
        tracing.of_records("publish", *place, offsets, begun_ns, requests, {"funnelwatch.records": count})

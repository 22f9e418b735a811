"""Notifications of the Selling Partner API, from the seller's own queue."""

from __future__ import annotations

from typing import Any

from scoring.sources.cursors import PollWindow
from scoring.sources.json_values import UnreadableValueError, read_json
from streams.sources.amazon.config import AmazonConnection
from streams.sources.asking import HttpAnswer, PlatformApi
from streams.sources.made_reports import MadeReports
from streams.sources.market_asking import row_of
from streams.sources.message_queue import received
from streams.sources.source import PolledRow, PollPage

#: where a notification says which report or query is made
_MADE = {
    "REPORT_PROCESSING_FINISHED": ("reportProcessingFinishedNotification", "reportId"),
    "DATA_KIOSK_QUERY_PROCESSING_FINISHED": ("queryId",),
}


async def notifications(
    config: AmazonConnection, made: MadeReports, api: PlatformApi, window: PollWindow, mark: str
) -> PollPage:
    """Some notifications. Whoever waits for a report that one of them names is woken."""

    def row(answer: HttpAnswer, text: str, number: str) -> PolledRow:
        return _row(answer, text, number, made)

    return await received(config, row, api, mark)


def _row(answer: HttpAnswer, text: str, number: str, made: MadeReports) -> PolledRow:
    """A message as a row. One that is not a notification is kept, too: it is set aside where it is translated."""
    try:
        content = lowered(read_json(text))
    except UnreadableValueError:
        content = {}
    row: dict[str, Any] = content if isinstance(content, dict) else {}
    metadata = row.get("notificationMetadata")
    given = metadata.get("notificationId") if isinstance(metadata, dict) else None
    finished: Any = row.get("payload")
    for name in _MADE.get(str(row.get("notificationType")), ("",)):
        finished = finished.get(name) if isinstance(finished, dict) else None
    if isinstance(finished, str):
        made.note(finished)
    found = row_of(answer, {**row, "id": str(given or number)}, "id")
    return PolledRow(found.row_id, "", found.body)


def lowered(value: Any) -> Any:
    """A document whose names begin with small letters: half of the notifications have capital ones."""
    if isinstance(value, dict):
        return {name[:1].lower() + name[1:]: lowered(one) for name, one in value.items()}
    return [lowered(one) for one in value] if isinstance(value, list) else value

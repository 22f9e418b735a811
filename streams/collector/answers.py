"""The collector's answers: what became of a delivery's events, or why the request is rejected as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from aiohttp import web
from multidict import CIMultiDict

from scoring.events.notes import DETAILS
from streams.collector.intake import IntakeResult
from streams.errors import InputError

#: rejections listed in an answer; all of them become dead letters
_LISTED = 1000
#: seconds after which a sender may try again while neither Kafka nor the spool takes events
RETRY_UNREACHABLE_S = "5"


class RequestRejectedError(InputError):
    """A request that is rejected as a whole: the server's middleware answers it."""

    def __init__(
        self, status: int, reason: str, detail: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.reason = reason
        self.headers = headers or {}


def json_response(status: int, content: object, headers: Mapping[str, str] | None = None) -> web.Response:
    """``content`` as a line of JSON."""
    return web.Response(
        status=status,
        body=msgspec.json.encode(content) + b"\n",
        content_type="application/json",
        headers=CIMultiDict(headers or {}),
    )


def answer_of(result: IntakeResult, headers: Mapping[str, str] | None = None) -> web.Response:
    """202 with what was accepted, rejected, and repaired or dropped in what was accepted; 400 if there was nothing but rejected records."""
    content: dict[str, Any] = {"accepted": result.accepted}
    if result.duplicates:
        content["duplicates"] = result.duplicates
    content["rejected"] = [
        {
            "index": one.index,
            "reason": one.rejection.reason,
            "field": one.rejection.field,
            "detail": one.rejection.detail,
        }
        for one in result.rejected[:_LISTED]
    ]
    if len(result.rejected) > _LISTED:
        content["rejected_total"] = len(result.rejected)
    if result.notes:
        content["notes"] = [
            {"index": one.index, "field": one.field, "note": one.note, "detail": DETAILS[one.note]}
            for one in result.notes[:_LISTED]
        ]
    if not result.rejected or result.accepted or result.duplicates:
        return json_response(202, content, headers)
    first = result.rejected[0]
    content["error"] = f"event {first.index}: {first.rejection.detail}"
    return json_response(400, content, headers)

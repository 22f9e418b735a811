"""An error as the API answers it."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from aiohttp import web


class ApiProblem(msgspec.Struct, frozen=True):
    """An error: ``error`` is a stable word, ``detail`` says what happened and what to do."""

    error: str
    detail: str


def problem(status: int, error: str, detail: str, headers: Mapping[str, str] | None = None) -> web.Response:
    """An error as JSON."""
    return web.Response(
        status=status,
        body=msgspec.json.encode(ApiProblem(error, detail)),
        content_type="application/json",
        headers=headers,
    )

"""The routes of a subject: pages for people, and questions of the API with all that the OpenAPI document says of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

import msgspec
from aiohttp import web

from scoring.wording.text import Bilingual, in_language
from streams.web.frame.arguments import EARLIEST_MS, LATEST_MS
from streams.web.frame.errors import BadQueryError

#: where the API begins
PREFIX = "/api/v1"
#: most rows of one answer
MAX_ROWS = 1000
PageHandler = Callable[[web.Request], Awaitable[web.StreamResponse]]
ApiHandler = Callable[[web.Request], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A query parameter, as the OpenAPI document describes it."""

    name: str
    schema: dict[str, Any]
    text: str
    required: bool = False


@dataclass(frozen=True, slots=True)
class ApiRoute:
    """One question of the API; its handler gives the value to answer with, and its name is the ``operationId``."""

    path: str
    summary: str
    answer: Any
    handler: ApiHandler
    parameters: tuple[Parameter, ...] = ()
    method: str = "GET"
    body: type | None = None
    code: int = 200


@dataclass(frozen=True, slots=True)
class PageRoute:
    """One address of the page."""

    path: str
    handler: PageHandler
    method: str = "GET"


@dataclass(frozen=True, slots=True)
class Routes:
    """The routes of a subject."""

    pages: tuple[PageRoute, ...] = ()
    api: tuple[ApiRoute, ...] = ()
    #: what runs while the page is served
    running: tuple[Callable[[], AbstractAsyncContextManager[Any]], ...] = ()

    def patterns(self) -> Iterator[str]:
        """The patterns of all paths."""
        yield from (page.path for page in self.pages)
        yield from (PREFIX + question.path for question in self.api)


MOMENT: dict[str, Any] = {
    "anyOf": [
        {"type": "integer", "minimum": EARLIEST_MS, "maximum": LATEST_MS},
        {"type": "string", "format": "date-time", "pattern": "^20[0-9][0-9]-"},
    ]
}
AT = Parameter("at", MOMENT, "The moment to look at: RFC 3339 text or integer ms; defaults to now.")
SEGMENT = Parameter("segment", {"type": "string", "default": ""}, "A segment; empty is the whole store.")
STORE = Parameter("store", {"type": "string"}, "Only this store.")


def choice(name: str, choices: tuple[Any, ...], default: Any, text: str) -> Parameter:
    """A parameter that is one of a few values."""
    kind = "integer" if isinstance(choices[0], int) else "string"
    return Parameter(name, {"type": kind, "enum": list(choices), "default": default}, text)


def limit_of_rows(default: int, most: int) -> Parameter:
    """How many rows an answer has at most."""
    schema = {"type": "integer", "default": default, "minimum": 1, "maximum": most}
    return Parameter("limit", schema, "Maximum number of rows in the answer.")


def hours_back(default: float, most: float) -> Parameter:
    """How far back an answer looks."""
    schema = {"type": "number", "default": default, "minimum": 0.25, "maximum": most}
    return Parameter("hours", schema, "How many hours back.")


def _may_be_empty(schema: dict[str, Any]) -> bool:
    return schema.get("type") == "string" and "" in schema.get("enum", [""]) and "pattern" not in schema


def _in_english(value: object) -> str:
    """A sentence that knows both languages, where the answer holds it as a text: an answer that depends on the reader asks ``in_language``."""
    if isinstance(value, Bilingual):
        return in_language(value, "en")
    raise NotImplementedError(type(value))


def as_json(route: ApiRoute) -> PageHandler:
    """A handler that answers with the value of the route's handler as JSON."""

    async def answer(request: web.Request) -> web.Response:
        for parameter in route.parameters:
            if request.query.get(parameter.name) == "" and not _may_be_empty(parameter.schema):
                raise BadQueryError(f"{parameter.name}: is empty; leave it out or give a value")
        value = await route.handler(request)
        body = msgspec.json.encode(value, enc_hook=_in_english)
        return web.Response(status=route.code, body=body, content_type="application/json")

    return answer

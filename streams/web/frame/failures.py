"""Turns what ends a request into an answer: a page where a person looks, JSON for the API and for the page's script."""

from __future__ import annotations

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from scoring.wording.text import in_language
from streams.clickhouse.errors import ClickHouseUnreachableError
from streams.kafka.errors import KafkaUnreachableError
from streams.web.frame.access import wants_page
from streams.web.frame.errors import BadQueryError, ConflictError, ForgedFormError, NotFoundError
from streams.web.frame.problems import problem
from streams.web.frame.render import Renderer

_log = structlog.get_logger()


def failures(renderer: Renderer) -> Middleware:
    """The middleware that answers for a handler that raised."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except web.HTTPNotFound:
            return renderer.missing(request, "no_such_page")
        except web.HTTPException:
            raise
        except Exception as error:
            return _answer(renderer, request, error)

    return middleware


def _said(error: Exception) -> str:
    """What an error says; in both languages where it knows both."""
    return error.args[0] if error.args and isinstance(error.args[0], str) else str(error)


def _answer(renderer: Renderer, request: web.Request, error: Exception) -> web.Response:
    is_page = wants_page(request) or "X-Funnelwatch-Fragment" in request.headers
    reader = renderer.reader(request)
    word = reader.word
    match error:
        case BadQueryError():
            status, name, detail, heading = 400, "bad_request", _said(error), "not_understood"
        case ConflictError():
            status, name, detail, heading = 409, "conflict", _said(error), "not_done"
        case ForgedFormError():
            status, name, detail, heading = 403, "forged", word("form_forged"), "not_done"
        case NotFoundError():
            status, name, detail, heading = 404, "not_found", _said(error), "no_such_page"
        case KafkaUnreachableError():
            detail = word("not_recorded", detail=str(error)) if is_page else str(error)
            status, name, heading = 503, "kafka_unreachable", "not_done"
        case ClickHouseUnreachableError():
            status, name, detail, heading = 503, "clickhouse_unreachable", str(error), "unreadable_title"
        case _:
            _log.exception("page_failed", path=request.path)
            status, name, detail, heading = 500, "bug", word("broken_detail"), "broken"
    if is_page:
        return renderer.failed(request, status, heading, in_language(detail, reader.language))
    return problem(status, name, in_language(detail, "en"))

"""The role ``page``: builds the HTTP application from the registry of subjects, serves it and reports its state."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager
from itertools import chain
from typing import Any

import msgspec
import structlog
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from streams.clickhouse.reader import Database
from streams.config.model import Config
from streams.connections import Connections, LimitedSite
from streams.incidents.present import PresentReader
from streams.incidents.worth import WorthReader
from streams.instance.files import HEARTBEAT_S, StateReport, secret
from streams.instance.processes import open_files
from streams.metrics import PAGE_REQUESTS, PAGE_SECONDS
from streams.settings import Settings
from streams.web.frame.access import SECURITY_HEADERS, Access, guard, wants_page
from streams.web.frame.actions import ActionSender
from streams.web.frame.failures import failures
from streams.web.frame.forms import YEAR_S, Forms
from streams.web.frame.openapi import openapi
from streams.web.frame.problems import problem
from streams.web.frame.reader import LANGUAGE_COOKIE
from streams.web.frame.render import STATIC, Renderer
from streams.web.frame.routes import PREFIX, Routes, as_json
from streams.web.frame.seen_config import seen_config
from streams.web.frame.source_state import SourceState
from streams.web.frame.subject import PageServices, Subject, load_subjects, page_words
from streams.web.subjects import SUBJECTS

ROLE = "page"
#: seconds that an answer to a request with a body may take, the body's arrival included
BODY_S = 60.0
_STATIC_FILES = frozenset(STATIC.iterdir())
_log = structlog.get_logger()


def make_app(settings: Settings, config: Config, packages: Iterable[str] = SUBJECTS) -> web.Application:
    """The application, made of the subjects in ``packages``.

    Raises:
        PageNotSafeError: it would be open to strangers.
    """
    access = Access(settings, config)
    subjects = load_subjects(packages)
    services = _services(settings, seen_config(config), access, subjects)
    all_routes = [subject.build(services) for subject in subjects]
    about_all = frozenset(
        chain.from_iterable(
            routes.patterns()
            for subject, routes in zip(subjects, all_routes, strict=True)
            if subject.is_about_all
        )
    )
    app = web.Application(
        middlewares=[
            _measured,
            _addressed,
            guard(
                access,
                services.renderer.not_allowed,
                tuple(chain.from_iterable(one.open_paths for one in subjects)),
                about_all,
            ),
            services.forms.middleware(),
            failures(services.renderer),
            _keep_language(settings),
        ],
        client_max_size=65_536,
    )
    _add_routes(app, all_routes, access.needs_sign_in)
    for start in (services.sources.followed, *chain.from_iterable(routes.running for routes in all_routes)):
        app.cleanup_ctx.append(_running(start))

    async def close(_: web.Application) -> None:
        await services.database.close()

    app.on_cleanup.append(close)
    return app


def _running(
    start: Callable[[], AbstractAsyncContextManager[Any]],
) -> Callable[[web.Application], AsyncIterator[None]]:
    """What runs from the start of the application to its end."""

    async def context(_: web.Application) -> AsyncIterator[None]:
        async with start():
            yield

    return context


def _services(
    settings: Settings, config: Config, access: Access, subjects: tuple[Subject, ...]
) -> PageServices:
    link_key = settings.link_key.get_secret_value() or secret(settings.data, "link_key")
    forms = Forms(link_key, settings.public_url.startswith("https:"))
    renderer = Renderer(
        settings,
        config,
        forms,
        page_words(subjects),
        {subject.name: subject.templates for subject in subjects},
        tuple((s.name, s.navigation.path, s.navigation.word) for s in subjects if s.navigation),
        frozenset(s.name for s in subjects if s.is_about_all),
    )
    database, actions = Database(settings), ActionSender(settings)
    sources = SourceState(settings, config)
    worth, present = WorthReader(database.rows, config), PresentReader(database.rows)
    return PageServices(
        settings, config, database, access, forms, renderer, actions, sources, link_key, worth, present
    )  # fmt: skip


def _add_routes(app: web.Application, all_routes: list[Routes], needs_token: bool) -> None:
    for page in chain.from_iterable(routes.pages for routes in all_routes):
        if page.method == "GET":
            app.router.add_get(page.path, page.handler)  # and HEAD
        else:
            app.router.add_route(page.method, page.path, page.handler)
    questions = tuple(chain.from_iterable(routes.api for routes in all_routes))
    for question in questions:
        app.router.add_route(question.method, PREFIX + question.path, as_json(question))
    document = msgspec.json.encode(openapi(questions, needs_token))

    async def describe(_: web.Request) -> web.Response:
        return web.Response(body=document, content_type="application/json")

    app.router.add_get(f"{PREFIX}/openapi.json", describe)
    app.router.add_route("*", "/api/{rest:.*}", _no_such_question)
    app.router.add_get("/healthz", _healthz)
    app.router.add_get("/static/{name}", _static)


async def run(settings: Settings, config: Config, report: StateReport) -> None:
    """Serve page and API until cancelled.

    Raises:
        PageNotSafeError: it would be open to strangers.
        OSError: the port is taken.
    """
    report.say("starting")
    app = make_app(settings, config)
    slow = chain.from_iterable(subject.slow_paths for subject in load_subjects(SUBJECTS))
    connections = Connections.within(
        open_files(), settings.trusted_proxies, body_s=BODY_S, slow_paths=frozenset(slow)
    )
    app.middlewares.insert(0, connections.middleware)
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=2.0)
    await runner.setup()
    try:
        site = LimitedSite(runner, settings.page_host, settings.page_port, connections)
        await site.start()
        host, port = runner.addresses[0][:2]
        address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        _log.info("server_started", url=address)
        while True:
            report.ready(addresses={"http": address})
            await asyncio.sleep(HEARTBEAT_S)
    finally:
        report.say("stopping")
        await runner.cleanup()
        report.clear()


@web.middleware
async def _measured(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Count answers and their time under the route's own pattern, of which there are few."""
    resource = request.match_info.route.resource
    route = resource.canonical if resource else "none"
    with PAGE_SECONDS.labels(route).time():
        response = await handler(request)
    PAGE_REQUESTS.labels(route, str(response.status)).inc()
    return response


@web.middleware
async def _addressed(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Reject a request that names a host which cannot be one, before anything is made of its address."""
    try:
        _ = request.url.host  # of which aiohttp makes an address when it is first asked for
    except ValueError:
        detail = "the Host header does not name a host"
        return problem(400, "bad_host", detail, {**SECURITY_HEADERS, "Connection": "close"})
    return await handler(request)


def _keep_language(settings: Settings) -> Middleware:
    """A language chosen by ?lang= is kept in a cookie."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        response = await handler(request)
        chosen = request.query.get("lang")
        if chosen in ("zh", "en") and wants_page(request):
            response.set_cookie(
                LANGUAGE_COOKIE,
                chosen,
                max_age=YEAR_S,
                samesite="Lax",
                httponly=True,
                secure=settings.public_url.startswith("https:"),
            )
        return response

    return middleware


async def _no_such_question(request: web.Request) -> web.Response:
    """Every other path below /api."""
    detail = f"{request.path} is not part of the API; see {PREFIX}/openapi.json"
    return problem(404, "no_such_path", detail)


async def _healthz(_: web.Request) -> web.Response:
    return web.Response(text="ok\n")


async def _static(request: web.Request) -> web.StreamResponse:
    """The page's own files. Their addresses carry a hash of the content, so they may be cached for good."""
    path = STATIC / request.match_info["name"]
    if path not in _STATIC_FILES:
        raise web.HTTPNotFound
    caching = f"public, max-age={YEAR_S}, immutable" if "v" in request.query else "no-cache"
    return web.FileResponse(path, headers={"Cache-Control": caching})

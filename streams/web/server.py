"""The role ``page``: builds the HTTP application, serves it, tells its state, and turns failures into answers."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import structlog
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from streams.clickhouse.errors import ClickHouseUnreachableError
from streams.clickhouse.reader import Database
from streams.config.model import Config
from streams.instance.files import StateReport, secret
from streams.kafka.errors import KafkaUnreachableError
from streams.metrics import PAGE_REQUESTS, PAGE_SECONDS
from streams.settings import Settings
from streams.web.access import Access, guard, problem, wants_page
from streams.web.acts import Acts, AlertNotThere
from streams.web.alert_reads import AlertReads
from streams.web.api import Api, NotThere, as_json, no_such_question
from streams.web.ask import BadRequest
from streams.web.comparison import Comparisons
from streams.web.forms import ForgedForm, Forms
from streams.web.leaving import Leaving
from streams.web.openapi import PREFIX, openapi
from streams.web.pages import Pages
from streams.web.reader import LANGUAGE_COOKIE
from streams.web.routing_reads import RoutingReads
from streams.web.sign_in import SignIn
from streams.web.store_pages import StorePages
from streams.web.store_reads import StoreReads

ROLE = "page"
STATIC = Path(__file__).parent / "static"
HEARTBEAT_S = 2.0
YEAR_S = 365 * 86_400
log = structlog.get_logger(__name__)


def make_app(settings: Settings, config: Config) -> web.Application:
    """The application.

    Raises:
        PageNotSafeError: it would be open to strangers.
    """
    access = Access(settings)
    database = Database(settings)
    reads = AlertReads(database, config)
    link_key = settings.link_key.get_secret_value() or secret(settings.data, "link_key")
    forms = Forms(link_key, settings.public_url.startswith("https:"))
    routing = RoutingReads(settings, config, database)
    comparisons = Comparisons(database, config)
    pages = Pages(reads, settings, forms, routing, comparisons)
    acts = Acts(reads, settings, pages, forms, link_key)
    api = Api(reads, settings, acts, routing, comparisons)
    sign_in = SignIn(access, pages)
    app = web.Application(
        middlewares=[
            _measured,
            guard(access),
            forms.middleware(),
            _failures(pages),
            _keep_language(settings),
        ],
        client_max_size=65_536,
    )
    app.router.add_get("/", pages.overview)
    app.router.add_get("/alerts", pages.alerts)
    app.router.add_get("/alerts/{alert}", pages.alert)
    app.router.add_get("/alerts/{alert}/rows", pages.rows)
    app.router.add_get("/alerts/{alert}/routing", pages.routing)
    app.router.add_post("/alerts/{alert}/actions", acts.on_page)
    app.router.add_get("/alerts/{alert}/actions", acts.back)
    app.router.add_post("/silences/end", acts.end_silence)
    app.router.add_get("/do/{token}", acts.confirm)
    app.router.add_post("/do/{token}", acts.do)
    leaving = Leaving(pages, acts, link_key)
    app.router.add_get("/unsubscribe/{token}", leaving.ask)
    app.router.add_post("/unsubscribe/{token}", leaving.press)
    app.router.add_get("/compare", pages.compare)
    app.router.add_get("/settings", pages.settings)
    app.router.add_get("/dead-letters", pages.dead_letters)
    app.router.add_get("/definitions", pages.definitions)
    app.router.add_get("/sign-in", sign_in.form)
    app.router.add_post("/sign-in", sign_in.enter)
    app.router.add_post("/sign-out", sign_in.leave)
    app.router.add_get("/healthz", _healthz)
    store_pages = StorePages(StoreReads(database, reads), reads, pages)
    app.router.add_get("/stores/{store}", store_pages.page)
    routes = api.routes + store_pages.routes
    for route in routes:
        app.router.add_route(route.method, PREFIX + route.path, as_json(route.handler, route.code))
    document = msgspec.json.encode(openapi(routes, access.needs_token))

    async def describe(_: web.Request) -> web.Response:
        return web.Response(body=document, content_type="application/json")

    app.router.add_get(f"{PREFIX}/openapi.json", describe)
    app.router.add_route("*", "/api/{rest:.*}", no_such_question)
    app.router.add_get("/static/{name}", _static)

    async def close(_: web.Application) -> None:
        await database.close()

    app.on_cleanup.append(close)
    return app


async def run(settings: Settings, config: Config, report: StateReport) -> None:
    """Serve page and API until cancelled.

    Raises:
        PageNotSafeError: it would be open to strangers.
        OSError: the port is taken.
    """
    report.say("starting")
    runner = web.AppRunner(
        make_app(settings, config), access_log=None, handle_signals=False, shutdown_timeout=2.0
    )
    await runner.setup()
    try:
        site = web.TCPSite(runner, settings.page_host, settings.page_port)
        await site.start()
        host, port = runner.addresses[0][:2]
        address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        log.info("page serves", address=address)
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


def _failures(pages: Pages) -> Middleware:
    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        page = wants_page(request) or "X-Funnelwatch-Fragment" in request.headers
        try:
            return await handler(request)
        except BadRequest as error:
            return _told(pages, request, page, 400, "bad_request", str(error), "no_such_page")
        except ForgedForm:
            detail = pages.reader(request).word("form_forged")
            return _told(pages, request, page, 403, "forged", detail, "not_done")
        except KafkaUnreachableError as error:
            detail = pages.reader(request).word("act_broker_away", detail=str(error))
            return _told(pages, request, page, 503, "broker_away", detail if page else str(error), "not_done")
        except (NotThere, AlertNotThere) as error:
            return _told(pages, request, page, 404, "not_found", str(error), "no_such_page")
        except ClickHouseUnreachableError as error:
            return _told(pages, request, page, 503, "store_away", str(error), "away_title")
        except web.HTTPNotFound:
            return pages.missing(request, "no_such_page")
        except web.HTTPException:
            raise
        except Exception:
            log.exception("page failed", path=request.path)
            detail = pages.reader(request).word("broken_detail")
            return _told(pages, request, page, 500, "bug", detail, "broken")

    return middleware


def _told(
    pages: Pages, request: web.Request, page: bool, status: int, error: str, detail: str, heading: str
) -> web.Response:
    return pages.failed(request, status, heading, detail) if page else problem(status, error, detail)


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


async def _healthz(_: web.Request) -> web.Response:
    return web.Response(text="ok\n")


async def _static(request: web.Request) -> web.StreamResponse:
    """The page's own files. Their addresses carry a hash of the content, so they may be kept for good."""
    path = STATIC / request.match_info["name"]
    if path.name != request.match_info["name"] or not path.is_file():
        raise web.HTTPNotFound
    kept = f"public, max-age={YEAR_S}, immutable" if "v" in request.query else "no-cache"
    return web.FileResponse(path, headers={"Cache-Control": kept})

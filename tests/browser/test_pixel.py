"""The pixel in a real browser: what it sends, when, and that it is silent for who asks for privacy."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from streams.clock import monotonic
from tests.deadlines import within, within_ms
from tests.streams.collector.places import Place, running, settings_for

CHROMIUM = Path("/usr/bin/chromium")
pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason=f"no browser at {CHROMIUM}")

SHOP = """<!doctype html><title>shop</title>
<script>window.funnelwatch=window.funnelwatch||function(){(funnelwatch.q=funnelwatch.q||[]).push(arguments)};
funnelwatch('event','favourite',{product:'early'})</script>
<script async src="%s/funnel.js" data-key="key-of-pixel" data-store="a" data-seen-ms="50" %s></script>
<div id=tile data-fw-product=sku1 data-fw-category=shoes style="height:100px">one
 <button id=add data-fw-add-to-cart data-fw-quantity=2>add</button></div>
<div style="height:3000px"></div>
<div id=far data-fw-product=sku2 style="height:100px">two</div>"""
THANKS = """<!doctype html><script async src="%s/funnel.js" data-key="key-of-pixel" data-store="a"></script>
<div data-fw-order="O-1" data-fw-amount="19.90" data-fw-currency="EUR">thanks</div>"""


@dataclass
class Shop:
    """Pages of a shop on an origin of its own, and a collector."""

    url: str
    place: Place
    browser: Browser
    pages: dict[str, str] = field(default_factory=dict)

    async def open(self, name: str, **context: Any) -> tuple[BrowserContext, Page]:
        opened = await self.browser.new_context(**context)
        opened.set_default_timeout(within_ms(30))
        page = await opened.new_page()
        await page.goto(f"{self.url}/{name}?utm_medium=cpc&utm_campaign=autumn")
        return opened, page


@asynccontextmanager
async def shop_of(place: Place) -> AsyncIterator[Shop]:
    pages = {
        "shop": SHOP % (place.url, ""),
        "counted": SHOP % (place.url, 'data-private="count"'),
        "thanks": THANKS % place.url,
    }

    async def serve(request: web.Request) -> web.Response:
        return web.Response(text=pages.get(request.path[1:], ""), content_type="text/html")

    app = web.Application()
    app.router.add_get("/{name}", serve)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with async_playwright() as player:
        browser = await player.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        try:
            yield Shop(f"http://127.0.0.1:{runner.addresses[0][1]}", place, browser, pages)
        finally:
            await browser.close()
            await runner.cleanup()


@pytest.fixture
async def shop(kafka: str, topic_prefix: str, tmp_path: Path) -> AsyncIterator[Shop]:
    async with running(kafka, topic_prefix, settings_for(tmp_path)) as place, shop_of(place) as one:
        yield one


def record(place: Place, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The events of every beacon that the collector takes from now on."""
    taken: list[dict[str, Any]] = []
    accept = place.intake.accept

    async def accept_and_note(raw: bytes, **more: Any) -> Any:
        result = await accept(raw, **more)
        assert not result.rejected, result.rejected
        taken.extend(json.loads(raw))
        return result

    monkeypatch.setattr(place.intake, "accept", accept_and_note)
    return taken


async def until(condition: Callable[[], bool], what: object) -> None:
    deadline = monotonic() + within(15)
    while not condition():
        assert monotonic() < deadline, what
        await asyncio.sleep(0.05)


async def test_what_a_visitor_sees_clicks_and_adds_arrives_and_vitals_leave_with_the_page(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = record(shop.place, monkeypatch)
    context, page = await shop.open("shop", timezone_id="Asia/Shanghai")
    await until(lambda: any(event["type"] == "impression" for event in taken), taken)
    assert {event["product"] for event in taken if event["type"] == "impression"} == {"sku1"}
    await page.click("#tile", position={"x": 300, "y": 80})
    await page.click("#add")
    await page.evaluate("document.querySelector('#far').scrollIntoView()")
    await page.wait_for_timeout(300)
    await page.goto("about:blank")
    await until(lambda: any(event["type"] == "page_vital" for event in taken), taken)
    found = [(event["type"], event.get("product")) for event in taken if event["type"] != "page_vital"]
    assert sorted(found) == sorted(
        [("favourite", "early"), ("impression", "sku1"), ("click", "sku1"), ("add_to_cart", "sku1"), ("impression", "sku2")]
    )  # fmt: skip
    (cart,) = (event for event in taken if event["type"] == "add_to_cart")
    assert (cart["quantity"], cart["category"], cart["channel"], cart["campaign"]) == (
        2,
        "shoes",
        "paid",
        "autumn",
    )
    assert len({event["visitor"] for event in taken}) == 1
    assert len({event["session"] for event in taken}) == 1
    assert "LCP" in {event["attributes"]["metric"] for event in taken if event["type"] == "page_vital"}
    stored = await shop.place.events(len(taken))
    assert {event["country"] for event in stored} == {"CN"}
    assert taken[0]["visitor"] not in {event["visitor"] for event in stored}
    await context.close()


async def test_an_order_is_told_once_although_the_thank_you_page_is_opened_again(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = record(shop.place, monkeypatch)
    context, page = await shop.open("thanks")
    await until(lambda: any(event["type"] == "order" for event in taken), taken)
    await page.reload()
    await page.goto("about:blank")
    await until(lambda: any(event["type"] == "page_vital" for event in taken) or len(taken) > 1, taken)
    orders = [event for event in taken if event["type"] == "order"]
    assert [(order["order_id"], order["amount"], order["currency"]) for order in orders] == [
        ("O-1", "19.90", "EUR")
    ]
    assert "event_id" not in orders[0]
    await context.close()


async def test_with_global_privacy_control_nothing_is_sent_or_stored(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = record(shop.place, monkeypatch)
    for signal in ("globalPrivacyControl', {get: () => true", "doNotTrack', {get: () => '1'"):
        context = await shop.browser.new_context()
        context.set_default_timeout(within_ms(30))
        await context.add_init_script(f"Object.defineProperty(navigator, '{signal}}})")
        page = await context.new_page()
        await page.goto(f"{shop.url}/shop")
        await page.wait_for_function("window.funnelwatch && window.funnelwatch.loaded")
        await page.click("#add")
        await page.evaluate("funnelwatch('flush')")
        assert await page.evaluate("Object.keys(localStorage).length") == 0
        await page.goto(f"{shop.url}/counted")
        before = len(taken)
        await until(lambda before=before: len(taken) > before, taken)  # type: ignore[misc]
        assert await page.evaluate("Object.keys(localStorage).length") == 0
        await context.close()
    assert {"visitor", "session"} & {name for event in taken for name in event} == set()
    assert "add_to_cart" not in {event["type"] for event in taken}


async def test_hundreds_of_events_leave_in_beacons_that_a_browser_takes(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = record(shop.place, monkeypatch)
    sizes: list[int] = []
    context, page = await shop.open("shop")
    page.on("request", lambda request: sizes.append(len(request.post_data or "")))
    await page.wait_for_function("window.funnelwatch && window.funnelwatch.loaded")
    await page.evaluate(
        "for (let i = 0; i < 150; i++) funnelwatch('event', 'impression', {product: 'many' + i, campaign: 'c'.repeat(200)})"
    )
    await until(
        lambda: sum(event.get("product", "").startswith("many") for event in taken) == 150, len(taken)
    )
    assert max(sizes) < 64 * 1024
    await context.close()


async def test_events_wait_while_the_collector_is_busy_and_are_the_same_events_later(shop: Shop) -> None:
    context, page = await shop.open("thanks")
    bodies: list[str] = []

    async def answer(route: Any) -> None:
        bodies.append(route.request.post_data or "")
        status = 503 if len(bodies) == 1 else 202
        await route.fulfill(status=status, body="{}", headers={"Access-Control-Allow-Origin": "*"})

    await page.route("**/v1/pixel", answer)
    await page.wait_for_function("window.funnelwatch && window.funnelwatch.loaded")
    await page.evaluate("funnelwatch('event', 'click', {product: 'again'}); funnelwatch('flush')")
    await until(lambda: len(bodies) >= 2, bodies)
    ids = [
        {event.get("event_id") for event in json.loads(body)["events"] if event.get("product") == "again"}
        for body in bodies
    ]
    assert ids[0] == ids[1] != set()
    await context.close()

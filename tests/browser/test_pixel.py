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
import pytest_asyncio
from aiohttp import web
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, async_playwright

from streams.clock import monotonic
from tests.deadlines import within, within_ms
from tests.streams.collector.places import Place, running, settings_for

CHROMIUM = Path("/usr/bin/chromium")
pytestmark = [
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"no browser at {CHROMIUM}"),
    pytest.mark.asyncio(loop_scope="module"),
]

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


TAG = '<!doctype html><meta charset=utf-8><script async src="%s/funnel.js" data-key="key-of-pixel" data-store="a" data-seen-ms="50" %s></script>'
#: page → attributes of its script tag, and its body
PAGES = {
    "values": (
        "",
        """<div data-fw-view="
 SKU 1 ">b</div><script>addEventListener("load", () => setTimeout(() => {
 const loop = {}; loop.self = loop;
 const bad = {toJSON() { throw new Error("no") }, toString() { throw new Error("no") }};
 for (const value of [loop, bad, Symbol("s"), () => 1, NaN, 2 ** 60]) funnelwatch("event", "click", {product: value, channel: "bad"});
 funnelwatch("event", "click", {get product() { throw new Error("no") }, channel: "bad"});
 funnelwatch("event", "click", new Proxy({}, {ownKeys() { throw new Error("no") }}));
 funnelwatch("event", "click", {product: 10n, attributes: {loop, n: 1, half: "\\ud83c"}});
 funnelwatch("event", "order", {order_id: 1001, amount: "€ 19,90", currency: "eur"});
 funnelwatch("event", "order", {order_id: "KW-1", amount: 1.234, currency: "KWD"});
 funnelwatch("event", "order", {order_id: "US-1", amount: 0.1 + 0.2, currency: "usd"});
 funnelwatch("event", "favourite", {product: "x".repeat(255) + "🎁🎁"});
 }, 200))</script>""",
    ),
    "names": (
        "",
        """<script>addEventListener("load", () => setTimeout(() => {
 const now = Date.now(), click = (product, fields) => funnelwatch("event", "click", Object.assign({product}, fields));
 click("unknown", {price: "19.90", sku: 1, source: "api", loop: window, attributes: {size: "42"}});
 funnelwatch("event", "order", {orderId: "CAMEL-1", paymentMethod: "card"});
 click("s", {event_time: now / 1000}); click("date", {event_time: new Date(now)}); click("big", {event_time: BigInt(now)});
 click("digits", {eventTime: String(now)}); click("iso", {event_time: new Date(now).toISOString()}); click("ms", {event_time_ms: now});
 click("day", {event_time: "2026-12-01"}); click("soon", {event_time: "soon"}); click("symbol", {event_time: Symbol("s")});
 click("text", {attributes: "x"}); Object.prototype.leak = "leaked"; click("leak", {}); delete Object.prototype.leak;
 funnelwatch("event", "favourite", {product: "end"});
 }, 200))</script>""",
    ),
    "full": (
        "",
        """<script>setInterval(() => window.funnelwatch && funnelwatch("event", "click", {product: "S"}), 300)</script>""",
    ),
    "marks": (
        "",
        """<div data-fw-order=OP-1 data-fw-amount=5.00 data-fw-currency=USD data-fw-product=A style="height:40px">x</div>
<div data-fw-view=B data-fw-product=B style="height:40px">y</div><div data-fw-product=constructor style="height:40px">c</div>
<div id=tile data-fw-product=T1 style="height:40px">t</div><div id=v data-fw-view=V1></div><div id=o></div><div id=p data-fw-order="">loading</div>
<div id=h></div><script>
const root = h.attachShadow({mode: "open"});
root.innerHTML = '<div data-fw-view=SH>p</div><div data-fw-product=ST style="height:40px">x<button data-fw-add-to-cart>add</button></div>';
setTimeout(() => { history.pushState({}, "", "/b"); v.setAttribute("data-fw-view", "V2"); o.setAttribute("data-fw-order", "O-2");
 p.dataset.fwOrder = "O-3"; tile.dataset.fwProduct = "T2"; v.outerHTML = v.outerHTML; }, 1500);
setTimeout(() => root.querySelector("button").click(), 1800)</script>""",
    ),
    "home": ("", '<div data-fw-product=A style="height:80px"><a id=a href="/product">A</a></div>'),
    "product": ("", "<div data-fw-view=A>p</div>"),
    "waiting": (
        'data-consent="wait"',
        "<div data-fw-view=W>p</div><button id=add data-fw-add-to-cart=W>add</button>",
    ),
    "sandboxed": (
        "",
        '<script>setInterval(() => window.funnelwatch && funnelwatch("event", "click", {product: "S"}), 300)</script>',
    ),
    "frame": ("", '<iframe sandbox="allow-scripts" src="/sandboxed"></iframe>'),
    "paid": ("", "<div data-fw-view=P>p</div>"),
    "order": ("", "<div data-fw-order=L-1 data-fw-amount=5.00 data-fw-currency=USD>thanks</div>"),
}
#: what shops have on their pages for Google, with and without a tag manager that puts its own push over all others
GTAG = """<!doctype html><script>window.dataLayer = window.dataLayer || []; function gtag() { dataLayer.push(arguments) }
gtag("js", new Date()); gtag("event", "view_item", {items: [{item_id: "G1", item_category: "Tea"}]});</script>
<script async src="%s/funnel.js" data-key="key-of-pixel" data-store="a" data-listen="gtag"></script>
<script>setTimeout(() => {
 const theirs = dataLayer.push; dataLayer.push = function () { const r = theirs.apply(dataLayer, arguments); dataLayer.length = 0; return r };
 gtag("event", "add_to_cart", {items: [{item_id: "G1", quantity: 2}, {item_id: "G2"}]});
 dataLayer.push({event: "purchase", ecommerce: {transaction_id: "G-1", value: 49.9, currency: "EUR", items: [{item_id: "G1"}]}}, {event: "gtm.dom"});
 dataLayer.push(null); dataLayer.push({event: "purchase", get ecommerce() { throw new Error("no") }});
 gtag("event", "scroll", {});
 window.dataLayer = [{event: "view_item", ecommerce: {items: [{item_id: "G9"}]}}];
}, 2500)</script>"""
#: Meta's own base code, its file left empty
FBQ = """<!doctype html><script>!function(f,b,e,v,n,t,s){if(f.fbq)return;n=f.fbq=function(){n.callMethod?n.callMethod.apply(n,arguments):
n.queue.push(arguments)};if(!f._fbq)f._fbq=n;n.push=n;n.loaded=!0;n.version="2.0";n.queue=[];t=b.createElement(e);t.async=!0;t.src=v;
s=b.getElementsByTagName(e)[0];s.parentNode.insertBefore(t,s)}(window,document,"script","/fbevents.js");
fbq("init", "1"); fbq("track", "ViewContent", {content_ids: ["F1"]});</script>
<script async src="%s/funnel.js" data-key="key-of-pixel" data-store="a" data-listen="fbq"></script>
<script>setTimeout(() => { window.called = []; fbq.callMethod = (...all) => called.push(all[1]);
 fbq("track", "Purchase", {value: 5, currency: "USD", order_id: "F-1", contents: [{id: "F1", quantity: 3}]});
 fbq("trackSingle", "1", "AddToCart", {content_ids: ["F2"], num_items: 2}); fbq("trackCustom", "Purchase", {}); fbq(); }, 1500)</script>"""
#: a page that has no data- attribute on its script, as tag managers insert it
TAG_MANAGER = """<!doctype html><div data-fw-view=GTM>p</div><script>var s = document.createElement("script");
s.src = "%s/funnel.js"; document.head.appendChild(s)</script>"""


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
async def shop_of(place: Place, browser: Browser) -> AsyncIterator[Shop]:
    pages = {
        "shop": SHOP % (place.url, ""),
        "counted": SHOP % (place.url, 'data-private="count"'),
        "thanks": THANKS % place.url,
        **{name: TAG % (place.url, attributes) + body for name, (attributes, body) in PAGES.items()},
        "manager": TAG_MANAGER % place.url,
        "gtag": GTAG % place.url,
        "fbq": FBQ % place.url,
        "deaf": GTAG.replace('data-listen="gtag"', "") % place.url,
    }

    async def serve(request: web.Request) -> web.Response:
        headers = {"Content-Security-Policy": "sandbox allow-scripts"} if request.path == "/sandboxed" else {}
        return web.Response(text=pages.get(request.path[1:], ""), content_type="text/html", headers=headers)

    app = web.Application()
    app.router.add_get("/{name}", serve)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield Shop(f"http://127.0.0.1:{runner.addresses[0][1]}", place, browser, pages)
    finally:
        for context in browser.contexts:
            await context.close()
        await runner.cleanup()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    """One for the file: each visitor is a context of its own, which shares nothing with the others."""
    async with async_playwright() as player:
        yield await player.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])


@pytest_asyncio.fixture(loop_scope="module")
async def shop(kafka: str, topic_prefix: str, tmp_path: Path, browser: Browser) -> AsyncIterator[Shop]:
    place_of_test = running(kafka, topic_prefix, settings_for(tmp_path))
    async with place_of_test as place, shop_of(place, browser) as one:
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


async def test_an_order_is_reported_once_although_the_thank_you_page_is_opened_again(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = record(shop.place, monkeypatch)
    context, page = await shop.open("thanks")
    await page.wait_for_function("(localStorage.getItem('fw.orders') || '').includes('O-1')")
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
        body = route.request.post_data or ""
        if '"again"' in body:
            bodies.append(body)
        status = 503 if len(bodies) < 2 else 202
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


def found(taken: list[dict[str, Any]], *kinds: str) -> list[tuple[str, str]]:
    """Type and product or order of the events of ``kinds``, sorted."""
    named = [(event["type"], event.get("order_id") or event.get("product", "")) for event in taken]
    return sorted(one for one in named if one[0] in kinds)


async def opened(shop: Shop, name: str, **context: Any) -> Page:
    made = await shop.browser.new_context(**context)
    made.set_default_timeout(within_ms(30))
    page = await made.new_page()
    await page.goto(f"{shop.url}/{name}")
    return page


async def test_values_and_marks_as_pages_write_them_arrive_each_for_itself(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = record(shop.place, monkeypatch)
    page = await opened(shop, "values")
    await until(lambda: len(found(taken, "favourite")) == 1, taken)
    clicks = [event.get("product") for event in taken if event["type"] == "click"]
    assert sorted(clicks, key=str) == ["10", *[None] * 8, "SKU 1"]
    assert next(event["attributes"] for event in taken if "attributes" in event) == {"n": "1", "half": ""}
    orders = {
        event["order_id"]: (event["amount"], event["currency"]) for event in taken if event["type"] == "order"
    }
    assert orders == {"1001": ("€ 19,90", "eur"), "KW-1": ("1.2340", "KWD"), "US-1": ("0.30", "usd")}
    assert next(event["product"] for event in taken if event["type"] == "favourite") == "x" * 255 + "🎁"
    await page.goto(f"{shop.url}/order?utm_medium=email&utm_campaign={'x' * 119}%F0%9F%8E%81%F0%9F%8E%81%0A")
    await until(lambda: ("order", "L-1") in found(taken, "order"), taken)
    stored = {
        event["order_id"]: event for event in await shop.place.events(len(taken)) if event["type"] == "order"
    }
    assert (stored["1001"]["amount"], stored["1001"]["currency"]) == ("19.90", "EUR")
    await page.context.close()

    taken.clear()
    page = await opened(shop, "marks")
    await until(
        lambda: ("order", "O-3") in found(taken, "order") and len(found(taken, "impression")) >= 6, taken
    )
    await until(lambda: bool(found(taken, "add_to_cart")), taken)
    assert found(taken, "order") == [("order", "O-2"), ("order", "O-3"), ("order", "OP-1")]
    assert (
        next(event for event in taken if event["type"] == "order" and event["order_id"] == "OP-1")["product"]
        == "A"
    )
    assert found(taken, "click") == [("click", one) for one in ("B", "SH", "V1", "V2")]
    assert {one for _, one in found(taken, "impression")} == {"A", "B", "ST", "T1", "T2", "constructor"}
    assert found(taken, "add_to_cart") == [("add_to_cart", "ST")]
    await page.context.close()


async def test_a_field_that_does_not_exist_or_a_time_in_another_form_cost_a_page_its_event(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = record(shop.place, monkeypatch)
    page = await opened(shop, "names")
    await until(lambda: len(found(taken, "favourite")) == 1, taken)
    clicks = {event["product"]: event for event in taken if event["type"] == "click"}
    assert len(clicks) == 12
    assert clicks["unknown"]["attributes"] == {"price": "19.90", "sku": "1", "source": "api", "size": "42"}
    assert "attributes" not in clicks["text"]
    assert "attributes" not in clicks["leak"]
    (order,) = (event for event in taken if event["type"] == "order")
    assert (order["order_id"], order["payment_method"]) == ("CAMEL-1", "card")
    times = [event["event_time"] for event in taken]
    assert max(times) - min(times) < within_ms(30)
    assert {type(at) for at in times} == {int}
    await page.context.close()


async def test_a_returning_visitor_was_a_new_one_where_the_storage_is_full(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = record(shop.place, monkeypatch)
    context = await shop.browser.new_context()
    context.set_default_timeout(within_ms(30))
    await context.add_init_script(
        "localStorage.setItem('fw.visitor', '\"known\"');"
        "Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError') };"
    )
    page = await context.new_page()
    await page.goto(f"{shop.url}/full")
    await until(lambda: len(found(taken, "click")) > 4, taken)
    assert {event["visitor"] for event in taken} == {"known"}
    assert len({event["session"] for event in taken}) == 1
    await context.close()


async def test_a_visit_is_counted_once_it_is_one_and_an_order_until_it_arrived(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = record(shop.place, monkeypatch)
    # a tile and the page it leads to
    page = await opened(shop, "home")
    await page.wait_for_function("window.funnelwatch && window.funnelwatch.loaded")
    await page.click("#a")
    await page.wait_for_url("**/product")
    await page.wait_for_timeout(300)
    await page.goto(f"{shop.url}/paid")
    await until(lambda: ("click", "P") in found(taken, "click"), taken)
    assert found(taken, "click") == [("click", "A"), ("click", "P")]
    # back by the browser's cache
    await page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
    await until(lambda: found(taken, "click").count(("click", "P")) == 2, taken)
    await page.context.close()

    # an order while the collector is unreachable, and on the next page
    taken.clear()
    page = await opened(shop, "product")
    await page.route(
        "**/v1/pixel", lambda route: route.fulfill(status=503, headers={"Access-Control-Allow-Origin": "*"})
    )
    await page.goto(f"{shop.url}/order")
    await page.wait_for_function("(localStorage.getItem('fw.waiting') || '').includes('L-1')")
    assert await page.evaluate("localStorage.getItem('fw.orders')") is None
    await page.unroute("**/v1/pixel")
    await page.goto(f"{shop.url}/product")
    await until(lambda: found(taken, "order") == [("order", "L-1")], taken)
    await page.wait_for_function("(localStorage.getItem('fw.orders') || '').includes('L-1')")
    await page.context.close()

    # a page that is prerendered and then shown
    taken.clear()
    context = await shop.browser.new_context()
    await context.add_init_script(
        "let hidden = true; Object.defineProperty(document, 'prerendering', {get: () => hidden});"
        "window.showNow = () => { hidden = false; document.dispatchEvent(new Event('prerenderingchange')); };"
    )
    page = await context.new_page()
    await page.goto(f"{shop.url}/product")
    await page.wait_for_function("window.funnelwatch && window.funnelwatch.loaded")
    await page.wait_for_timeout(500)
    assert await page.evaluate("localStorage.length") == 0
    await page.evaluate("showNow()")
    await until(lambda: found(taken, "click") == [("click", "A")], taken)
    await context.close()


async def test_who_comes_from_a_payment_an_own_host_or_a_frame_is_not_a_referral_and_a_frame_has_one_session(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = record(shop.place, monkeypatch)
    shop.pages["paid"] = shop.pages["paid"].replace(
        "data-seen-ms", 'data-hosts="shop.example, pay.example" data-seen-ms'
    )
    channels = {}
    for referrer in (
        "https://www.paypal.com/",
        "https://m.shop.example/x",
        "https://www.google.de/",
        "https://also.example/",
    ):
        taken.clear()
        made = await shop.browser.new_context(locale="en-US")
        await made.add_init_script(
            f"Object.defineProperty(document, 'referrer', {{get: () => '{referrer}'}})"
        )
        page = await made.new_page()
        await page.goto(f"{shop.url}/paid")
        await until(lambda: bool(found(taken, "click")), taken)
        channels[referrer] = next(event["channel"] for event in taken if event["type"] == "click")
        await made.close()
    assert list(channels.values()) == ["direct", "direct", "search", "referral"]
    taken.clear()
    page = await opened(shop, "frame")
    await until(lambda: len(found(taken, "click")) > 8, taken)
    clicks = [event for event in taken if event["type"] == "click"]
    assert len({event["session"] for event in clicks}) == len({event["visitor"] for event in clicks}) == 1
    assert "channel" not in next(event for event in taken if event["type"] == "click")
    await page.context.close()


async def test_nothing_is_stored_or_sent_before_consent_and_nothing_stays_after_it_was_withdrawn(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = record(shop.place, monkeypatch)
    said: list[str] = []

    def note(message: ConsoleMessage) -> None:
        said.append(message.text)

    page = await opened(shop, "waiting")
    page.on("console", note)
    await page.wait_for_function("window.funnelwatch && window.funnelwatch.loaded")
    await page.evaluate("funnelwatch('event', 'favourite', {product: 'F'}); funnelwatch('flush')")
    await page.click("#add")
    assert await page.evaluate("localStorage.length") == 0
    await page.evaluate("funnelwatch('consent', 'grant'); funnelwatch('flush')")
    await until(lambda: len(taken) == 2, taken)
    assert found(taken, "favourite", "click", "add_to_cart") == [("click", "W"), ("favourite", "F")]
    before = await page.evaluate("localStorage.getItem('fw.visitor')")
    await page.evaluate(
        "funnelwatch('consent', 'forget'); funnelwatch('event', 'favourite', {product: 'G'}); funnelwatch('flush')"
    )
    await until(lambda: len(taken) == 3, taken)
    assert await page.evaluate("localStorage.getItem('fw.visitor')") not in (None, before)
    await page.evaluate(
        "funnelwatch('consent', 'withdraw'); funnelwatch('consent', 'maybe'); funnelwatch('optout'); funnelwatch('optout')"
    )
    await page.click("#add")
    assert await page.evaluate("Object.keys(localStorage)") == ["fw.consent"]
    # remembered by pages that do not wait for consent
    await page.goto(f"{shop.url}/product")
    await page.wait_for_function("window.funnelwatch && window.funnelwatch.loaded")
    await page.evaluate("funnelwatch('event', 'click', {product: 'no'}); funnelwatch('flush')")
    assert await page.evaluate("Object.keys(localStorage)") == ["fw.consent"]
    await page.evaluate("funnelwatch('consent', 'grant')")
    await until(lambda: len(taken) == 4, taken)
    assert found(taken[3:], "click") == [("click", "A")]
    assert [text.partition(";")[0] for text in said] == [
        "funnelwatch: unknown consent maybe",
        "funnelwatch: unknown command optout",
    ]
    # Global Privacy Control is turned on in an open page
    await page.evaluate("Object.defineProperty(navigator, 'globalPrivacyControl', {get: () => true})")
    await page.evaluate("funnelwatch('event', 'click', {product: 'no'}); funnelwatch('flush')")
    assert await page.evaluate("Object.keys(localStorage)") == []
    await page.context.close()

    page = await opened(shop, "manager")
    await page.wait_for_event("console", lambda message: "no key" in message.text)
    await page.evaluate("funnelwatch('init', {key: 'key-of-pixel', store: 'a'})")
    await until(lambda: ("click", "GTM") in found(taken, "click"), taken)
    assert len(taken) == 5
    await page.context.close()


async def test_an_event_that_the_collector_can_never_answer_does_not_hold_up_the_others(shop: Shop) -> None:
    page = await opened(shop, "product")
    bodies: list[list[Any]] = []

    async def answer(route: Any) -> None:
        events = json.loads(route.request.post_data or "")["events"]
        bodies.append(events)
        is_poison = any(event.get("product") == "poison" for event in events)
        await route.fulfill(
            status=500 if is_poison else 202, body="{}", headers={"Access-Control-Allow-Origin": "*"}
        )

    await page.route("**/v1/pixel", answer)
    await page.clock.install()
    await page.evaluate(
        "funnelwatch('event', 'click', {product: 'poison'}); for (let i = 0; i < 9; i++) funnelwatch('event', 'click', {product: 'good' + i})"
    )

    def arrived() -> int:
        return sum(
            len(events) for events in bodies if all(event.get("product") != "poison" for event in events)
        )

    deadline = monotonic() + within(20)
    while arrived() < 9:
        assert monotonic() < deadline, bodies
        await page.clock.run_for(30_000)
        await asyncio.sleep(0.05)
    await page.context.close()


async def heard_on(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, name: str, many: int
) -> list[tuple[str, str | None, int | None]]:
    """Type, product and quantity of what a page's other tags made us send: ``many`` events, and what still comes until the page is left."""
    taken = record(shop.place, monkeypatch)
    context, page = await shop.open(name)
    await until(lambda: len(taken) >= many, taken)
    await page.evaluate("funnelwatch('event', 'favourite', {product: 'last'})")
    await until(lambda: any(event["type"] == "favourite" for event in taken), taken)
    await context.close()
    return [
        (event["type"], event.get("product"), event.get("quantity"))
        for event in taken
        if event["type"] not in ("favourite", "page_vital")
    ]


async def test_what_a_page_says_to_google_is_heard_under_a_tag_manager_too(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = await heard_on(shop, monkeypatch, "gtag", 4)
    assert sorted(found, key=str) == sorted(
        [("click", "G1", 1), ("add_to_cart", "G1", 3), ("order", "G1", 1), ("click", "G9", 1)], key=str
    )


async def test_what_a_page_says_to_meta_is_heard_from_its_first_call_on(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = await heard_on(shop, monkeypatch, "fbq", 3)
    assert sorted(found, key=str) == sorted(
        [("click", "F1", None), ("add_to_cart", "F2", 2), ("order", "F1", 3)], key=str
    )


async def test_without_being_asked_the_pixel_does_not_listen(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = record(shop.place, monkeypatch)
    context, page = await shop.open("deaf")
    await page.wait_for_timeout(3500)
    await page.evaluate("funnelwatch('event', 'favourite', {product: 'last'})")
    await until(lambda: any(event["type"] == "favourite" for event in taken), taken)
    assert {event["type"] for event in taken} <= {"favourite", "page_vital"}
    await context.close()

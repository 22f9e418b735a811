"""Adding a connection on the page, on the real broker: what is asked, what is tested, what is kept, and what gets out of no page."""

from __future__ import annotations

import re
import uuid
from typing import Any

import httpx
import pytest

from streams.sources.configs import CONNECTIONS
from streams.sources.directory import place_of
from streams.sources.questions import models
from streams.sources.sealing import key_path, open_sealer
from streams.sources.shopee.config import HOSTS
from streams.sources.source_log import StoredConnection, log_key, read_book
from streams.web.frame.forms import COOKIE
from tests.deadlines import within
from tests.fakes import lying_shopee
from tests.fixtures.action_page import ActionPage, in_a_thread
from tests.fixtures.served_platform import served
from tests.streams.sources.approvals import CODE, LANDED, platform

SECRET = "very-secret-text-of-a-seller"
MAPPING = "kind: order\nfields: {order_id: id, placed: at}"


@pytest.fixture
def desk(action_page: ActionPage) -> ActionPage:
    """The page of an instance whose roles have made their key."""
    open_sealer(action_page.settings)
    return action_page


def filled(page: ActionPage, source: str, language: str = "en", **fields: str) -> httpx.Response:
    """The form of a source filled in and sent."""
    answer = page.get(f"/sources/add/{source}", headers={"Accept-Language": language})
    token = re.findall(r'name="form_token" value="([^"]*)"', answer.text)[0]
    return httpx.post(
        f"{page.url}/sources/add/{source}",
        data={"form_token": token, "who": "Li Lei", **fields},
        cookies={COOKIE: answer.cookies[COOKIE]},
        headers={"Sec-Fetch-Site": "same-origin", "Accept-Language": language},
        timeout=within(40),
    )


def stored(page: ActionPage, name: str) -> dict[str, Any] | None:
    found = in_a_thread(read_book(page.settings.kafka)).get(StoredConnection, log_key("connection", name))
    return None if found is None else found.settings


def api(name: str, **more: str) -> dict[str, str]:
    return {
        "name": name, "store": "us-own", "url": "http://127.0.0.1:9/api", "auth.kind": "bearer", "auth.secret": SECRET,
        "resources.path": "/orders", "resources.from_parameter": "since", "resources.time": "iso", "resources.rows": "$",
        "resources.id": "id", "resources.paging.kind": "none", "resources.mapping": MAPPING, **more,
    }  # fmt: skip


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_platform_can_be_chosen_and_asks_in_the_readers_language(
    desk: ActionPage, language: str
) -> None:
    chosen = desk.get("/sources/add", headers={"Accept-Language": language}).text
    assert set(re.findall(r'href="/sources/add/(\w+)"', chosen)) == set(models())
    assert len(models()) == len(CONNECTIONS)
    for source in models():
        form = desk.get(f"/sources/add/{source}", headers={"Accept-Language": language})
        assert form.status_code == 200
        assert 'name="store"' in form.text


def test_a_connection_that_works_is_saved_sealed_and_its_secret_is_on_no_page(desk: ActionPage) -> None:
    name = f"hook-{uuid.uuid4().hex[:6]}"
    answer = filled(desk, "webhook", name=name, store="us-own", secret=SECRET, format="events")
    assert answer.status_code == 303, answer.text
    assert answer.headers["Location"] == f"/sources?done={name}&what=added#c-{name}"
    settings = stored(desk, name)
    assert settings is not None
    assert open_sealer(desk.settings).open(settings["secret"], place_of(name)) == SECRET
    again = desk.get(f"/sources/add/webhook?name={name}")
    assert SECRET not in desk.get("/sources").text + again.text
    kept = re.findall(r'name="kept/secret" value="([^"]*)"', again.text)[0]
    renewed = filled(desk, "webhook", name=name, store="cn-taobao", format="events", **{"kept/secret": kept})
    assert renewed.status_code == 303
    settings = stored(desk, name)
    assert settings is not None
    assert settings["store"] == "cn-taobao"
    assert open_sealer(desk.settings).open(settings["secret"], place_of(name)) == SECRET


@pytest.mark.usefixtures("without_pauses")
def test_a_platform_that_does_not_answer_is_said_and_nothing_is_saved_unless_it_is_wanted(
    desk: ActionPage,
) -> None:
    name = f"api-{uuid.uuid4().hex[:6]}"
    answer = filled(desk, "json_api", **api(name))
    assert answer.status_code == 422
    assert "127.0.0.1 is unreachable" in answer.text
    assert SECRET not in answer.text
    assert stored(desk, name) is None
    kept = re.findall(r'name="kept/auth.secret" value="([^"]*)"', answer.text)[0]
    again = {**api(name), "auth.secret": "", "kept/auth.secret": kept, "anyway": "1"}
    assert filled(desk, "json_api", **again).status_code == 303
    settings = stored(desk, name)
    assert settings is not None
    assert open_sealer(desk.settings).open(settings["auth"]["secret"], place_of(name)) == SECRET
    (wish,) = in_a_thread(read_book(desk.settings.kafka)).control(name).backfills
    assert wish.to_ms - wish.from_ms >= 90 * 86_400_000


@pytest.mark.parametrize("reference", ["file:/etc/passwd", "env:PATH"])
def test_who_may_configure_reads_no_file_of_the_server_by_a_reference(
    desk: ActionPage, reference: str
) -> None:
    name = f"ref-{uuid.uuid4().hex[:6]}"
    typed = filled(desk, "webhook", name=name, store="us-own", secret=reference, format="events")
    assert typed.status_code == 422
    assert "type the secret itself" in typed.text
    forged = {"name": name, "store": "us-own", "secret": "", "kept/secret": reference, "format": "events"}
    assert filled(desk, "webhook", **forged).status_code == 422
    assert stored(desk, name) is None


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": "no spaces allowed"}, "has the wrong form"),
        ({"store": "nowhere"}, "no store is called"),
        ({"secret": ""}, "needs `secret`"),
        ({"format": "mapping"}, "give `mapping`"),
        ({"format": "mapping", "mapping": "kind: order\nfields: [x"}, "mapping: "),
        ({"who": " "}, "Enter your name"),
    ],
)
def test_what_does_not_fit_comes_back_with_what_was_typed(
    desk: ActionPage, fields: dict[str, str], said: str
) -> None:
    name = f"bad-{uuid.uuid4().hex[:6]}"
    typed = {
        "name": name,
        "store": "us-own",
        "secret": SECRET,
        "format": "events",
        "signature.header": "X-Mine",
    }
    answer = filled(desk, "webhook", **{**typed, **fields})
    assert answer.status_code == 422
    assert said in re.sub(r"&#39;|&#34;", "'", answer.text)
    assert 'value="X-Mine"' in answer.text
    assert SECRET not in answer.text
    assert stored(desk, name) is None


def test_a_form_of_another_site_and_an_unknown_source_add_nothing(desk: ActionPage) -> None:
    answer = httpx.post(f"{desk.url}/sources/add/webhook", data={"name": "x"}, timeout=within(30))
    assert answer.status_code == 403
    assert desk.get("/sources/add/nothing").status_code == 404


def test_a_page_without_the_key_of_the_other_roles_keeps_no_secret(desk: ActionPage) -> None:
    path = key_path(desk.settings)
    assert path is not None
    text = path.read_text()
    path.unlink()
    try:
        shown = desk.get("/sources/add", headers={"Accept-Language": "en"}).text
        assert "FUNNELWATCH_SOURCES_KEY" in shown
        assert 'href="/sources/add/' not in shown
    finally:
        path.write_text(text)


@pytest.mark.usefixtures("without_pauses")
def test_a_seller_had_to_get_a_token_elsewhere_before_the_page_took_a_shop(
    desk: ActionPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, name = platform("shopee"), f"shopee-{uuid.uuid4().hex[:6]}"
    typed = {
        "name": name, "store": "us-own", "partner_id": lying_shopee.PARTNER, "secret": lying_shopee.KEY, "region": "global",
        "redirect": "https://seller.example/back", "country": "SG", "callback": lying_shopee.CALLBACK, "reads/orders": "1",
    }  # fmt: skip
    with served(shop) as url:
        monkeypatch.setitem(HOSTS, "global", url)
        without = filled(desk, "shopee", "zh", **{**typed, "redirect": ""}, link="1")
        assert without.status_code == 422
        assert "需要 连接名, Partner ID, Partner Key, 授权回调地址" in without.text
        asked = filled(desk, "shopee", **typed, link="1")
        assert len(re.findall(rf'href="{url}/api/v2/shop/auth_partner\?[^"]*sign=[^"]*"', asked.text)) == 1
        assert lying_shopee.KEY not in asked.text
        ticked = re.findall(r'name="reads/(\w+)" value="1" checked', asked.text)
        assert ticked == ["orders"], "what is read was lost when the link was made"
        assert stored(desk, name) is None
        kept = {"kept/secret": re.findall(r'name="kept/secret" value="([^"]*)"', asked.text)[0], "secret": ""}
        denied = filled(desk, "shopee", "zh", **{**typed, "code": "https://seller.example/back?error=denied"})
        assert "粘贴的地址里没有 code" in denied.text
        assert shop.tokens.exchanged == []
        done = filled(desk, "shopee", **{**typed, **kept, "code": LANDED["shopee"]})
        assert done.status_code == 303, done.text
        settings = stored(desk, name)
        assert settings is not None
        assert settings["shop_id"] == lying_shopee.SHOP
        assert "code" not in settings
        used = filled(desk, "shopee", "zh", **{**typed, "code": LANDED["shopee"]})
        assert "授权码不被接受" in used.text
        assert CODE not in asked.text + denied.text + used.text
        assert shop.tokens.exchanged == [CODE, CODE]

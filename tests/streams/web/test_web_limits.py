"""Whoever may see some stores only: every page and every question of the API, and not a word of another store in any answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from streams.clickhouse.seen import LIMITED, UNLIMITED, limited, seeing
from streams.clock import now_ms
from streams.config.access import GrantConfig
from streams.config.evaluating import GroupConfig
from streams.config.model import Config
from streams.config.rights import Rights, rights_of_account, rights_of_token
from streams.instance.page_tokens import Scope, TokenBook, new_token, parse_tokens
from streams.web.frame.server import make_app
from tests.deadlines import within
from tests.fixtures.clickhouse import Store
from tests.fixtures.page import PAGE_DATABASE, RunningPage, page_settings
from tests.fixtures.web_seed import ALERT, CONFIG, OLD_ALERT

Serve = Callable[..., RunningPage]
MINE = frozenset({"de-shopify", "uk-tiktok"})
GROUP = GroupConfig(name="Europe", stores=("de-*", "uk-*"))
OTHERS = GroupConfig(name="Asien", stores=("cn-*", "sg-*"))
LIMITED_CONFIG = CONFIG.model_copy(update={"groups": (GROUP, OTHERS)})
#: ids and names of stores that they may not see
FOREIGN = sorted(
    {one.id for one in CONFIG.stores if one.id not in MINE}
    | {one.name for one in CONFIG.stores if one.id not in MINE}
    | {OTHERS.name, ALERT}
)
#: what is about all stores at once
ABOUT_ALL = ["/settings", "/sources", "/import", "/api/v1/sources", "/api/v1/silences"]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("limits")


@pytest.fixture
def europe(
    clickhouse: Store, page: RunningPage, data: Path, serve_page: Serve
) -> Iterator[Callable[[Scope], httpx.Client]]:
    """Browsers and programs with a token for the stores of Europe."""
    settings = page_settings(clickhouse, data, clickhouse_database=PAGE_DATABASE)
    limited_page = serve_page(settings, LIMITED_CONFIG)
    opened: list[httpx.Client] = []

    def client(scope: Scope) -> httpx.Client:
        text, token = new_token(f"{scope}-{now_ms()}", scope, now_ms() + 3_600_000, "Europe")
        TokenBook(settings).add(token)
        headers = {"Authorization": f"Bearer {text}"}
        opened.append(httpx.Client(base_url=limited_page.url, headers=headers, timeout=within(20)))
        return opened[-1]

    yield client
    for one in opened:
        one.close()


def addresses(folder: Path, store: str, alert: str) -> list[str]:
    """Every address that can be read, with this store and this alert where one is asked for."""
    settings = page_settings(Store("http://127.0.0.1:9", "", ""), folder)
    routes = make_app(settings, CONFIG).router.routes()
    filled = []
    for route in routes:
        pattern = route.resource.canonical if route.method == "GET" and route.resource else ""
        if (
            not pattern
            or "{rest" in pattern
            or pattern.startswith(("/static", "/do/", "/unsubscribe", "/sign-in"))
        ):
            continue
        path = pattern.replace("{store}", store).replace("{alert}", alert)
        path = re.sub(r"{\w+}", "x", path)
        if path != pattern:
            filled.append(f"{path}?of=step:order_to_payment&order=1")
        elif store in MINE:  # those of all stores, once
            filled.append(f"{path}?order=1")
    return filled


@pytest.mark.slow
def test_no_address_says_a_word_of_another_store(
    europe: Callable[[Scope], httpx.Client], tmp_path: Path
) -> None:
    reader = europe(Scope.READ)
    said: dict[str, list[str]] = {}
    codes: dict[str, int] = {}
    for address in [*addresses(tmp_path, "de-shopify", OLD_ALERT), *addresses(tmp_path, "us-own", ALERT)]:
        answer = reader.get(address)
        codes[address] = answer.status_code
        text = answer.text.replace(address, "").replace(httpx.URL(address).path, "")
        if words := [one for one in FOREIGN if one in _without_what_was_asked(text, address)]:
            said[address] = words
    assert said == {}
    assert set(codes.values()) <= {200, 303, 400, 403, 404, 503}, codes
    assert sum(code == 200 for code in codes.values()) > 30


def _without_what_was_asked(text: str, address: str) -> str:
    """Without what the reader typed in: a page may repeat it."""
    return re.sub("us-own|" + ALERT, "", text) if "us-own" in address or ALERT in address else text


def test_of_another_store_there_is_nothing_and_of_their_own_all(
    europe: Callable[[Scope], httpx.Client], page: RunningPage
) -> None:
    reader = europe(Scope.READ)
    grid = reader.get("/api/v1/stores").json()["stores"]
    assert {one["store_id"] for one in grid} == MINE
    mine = reader.get("/api/v1/stores/de-shopify").json()
    whole = page.json("/stores/de-shopify")
    assert [one["step"] for one in mine["steps"]] == [one["step"] for one in whole["steps"]]
    assert {one["store_id"] for one in page.json("/stores")["stores"]} > MINE
    for path in ("/stores/us-own", "/stores/us-own/funnel", f"/alerts/{ALERT}"):
        assert reader.get(f"/api/v1{path}").status_code == 404, path
    assert reader.get(f"/api/v1/alerts/{OLD_ALERT}").status_code == 200


def test_what_is_about_all_stores_is_closed_and_not_offered(europe: Callable[[Scope], httpx.Client]) -> None:
    reader = europe(Scope.CONFIGURE)
    assert {path: reader.get(path).status_code for path in ABOUT_ALL} == dict.fromkeys(ABOUT_ALL, 403)
    overview = reader.get("/").text
    assert 'href="/alerts"' in overview
    assert 'href="/settings"' not in overview
    assert "all stores" in reader.get("/settings", headers={"Accept-Language": "en"}).text


def test_no_alert_of_a_store_that_they_do_not_see_can_be_acknowledged(
    europe: Callable[[Scope], httpx.Client],
) -> None:
    acting = europe(Scope.ACT)
    body = {"kind": "acknowledge", "who": "Ann"}
    assert acting.post(f"/api/v1/alerts/{ALERT}/actions", json=body).status_code == 404
    mine = acting.post(f"/api/v1/alerts/{OLD_ALERT}/actions", json=body)
    assert mine.status_code not in (401, 403, 404)


def test_every_view_is_limited_or_known_to_name_no_store(clickhouse: Store, page: RunningPage) -> None:
    rows = clickhouse.client("default").query(
        "SELECT name FROM system.tables WHERE engine = 'View' AND database = {name:String}",
        parameters={"name": PAGE_DATABASE},
    )
    assert {row[0] for row in rows.result_rows} - UNLIMITED == set(LIMITED)


def test_a_query_is_limited_by_every_view_that_it_names() -> None:
    sql = "SELECT a.x FROM alerts AS a JOIN (SELECT * FROM scores) AS s USING (store_id)"
    with seeing(frozenset({"a", "b"})):
        text = limited(sql, "db")
    assert text.startswith(sql)
    assert "'db.scores': 'store_id IN (\\'a\\', \\'b\\')'" in text
    assert "'db.alerts': '(store_id IN" in text
    assert limited(sql, "db") == sql
    with seeing(frozenset()):
        assert "store_id IN (\\'\\')" in limited(sql, "db")


CLAIMS: list[tuple[dict[str, Any], Rights]] = [
    ({}, Rights()),
    ({"groups": []}, Rights()),
    ({"groups": "eu"}, Rights(MINE)),
    ({"groups": ["eu", "x"]}, Rights(MINE)),
    ({"groups": ["eu", "desk"]}, Rights(MINE | {"us-own"}, frozenset({"us-own"}))),
    ({"groups": ["eu", "boss"]}, Rights(None, None, None)),
    ({"email": "a@b.c"}, Rights()),
    ({"email": "a@b.c", "email_verified": "true"}, Rights()),
    ({"email": "a@b.c", "email_verified": True}, Rights(None)),
]


@pytest.mark.parametrize(("claims", "rights"), CLAIMS)
def test_grants_add_up_and_give_nothing_beyond_their_stores(claims: dict[str, Any], rights: Rights) -> None:
    grants = (
        GrantConfig(name="eu", values=("eu",), group="Europe"),
        GrantConfig(name="desk", values=("desk",), may="act", stores=("us-*",)),
        GrantConfig(name="boss", values=("boss",), may="configure"),
        GrantConfig(name="mail", claim="email", values=("*",)),
    )
    config = LIMITED_CONFIG.model_copy(update={"access": grants})
    assert rights_of_account(config, claims) == rights


def test_a_token_of_a_group_that_is_gone_opens_nothing() -> None:
    _, token = new_token("t", Scope.CONFIGURE, 1, "Europe 北")
    assert parse_tokens(token.line()) == [token]
    assert rights_of_token(CONFIG, token) == Rights()
    assert not rights_of_token(CONFIG, token).allows(Scope.READ)


def test_a_limited_configuration_names_no_other_store() -> None:
    config: Config = LIMITED_CONFIG.limited_to(MINE)
    assert {one.id for one in config.stores} == MINE
    assert [one.name for one in config.groups] == ["Europe"]
    text = config.model_dump_json(exclude={"alerting"})
    assert [word for word in FOREIGN if word in text] == []

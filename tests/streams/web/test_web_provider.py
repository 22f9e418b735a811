"""Signing in at a company's provider: who they are there decides, and nothing that somebody made up gets anybody in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from oidc_provider_mock import User
from pydantic import SecretStr, ValidationError

from streams.config.access import GrantConfig
from streams.instance.audit import entries
from streams.instance.ended_sessions import EndedSessions
from streams.settings import Settings
from streams.web.frame.sessions import COOKIE
from tests.deadlines import within
from tests.fixtures import provider as providers
from tests.fixtures.page import RunningPage
from tests.fixtures.provider import (
    CLIENT_ID,
    CLIENT_SECRET,
    PUBLIC_URL,
    Lie,
    RunningProvider,
    begun,
    granted,
    running_provider,
    signed_in,
)
from tests.fixtures.web_seed import CONFIG

Serve = Callable[..., RunningPage]
ACTION, CONFIGURATION = "/api/v1/alerts/a-1/actions", "/api/v1/sources/shop/actions"
USERS = (
    User(sub="ann", claims={"name": "Ann Lee", "groups": ["boss", "all"]}),
    User(
        sub="ben",
        claims={"name": "Ben", "groups": ["readers"], "email": "ben@example.com", "email_verified": True},
    ),
    User(sub="eve", claims={"name": "Eve", "groups": ["others"], "email": "ann@example.com"}),
)
GRANTS = (
    GrantConfig(name="boss", values=("boss",), may="configure"),
    GrantConfig(name="readers", values=("readers",)),
    GrantConfig(name="ann by mail", claim="email", values=("ann@example.com",), may="configure"),
)


@pytest.fixture(scope="module")
def provider() -> Iterator[RunningProvider]:
    with running_provider(USERS) as running:
        yield running


@pytest.fixture(autouse=True)
def honest(provider: RunningProvider) -> Iterator[None]:
    yield
    provider.lie, provider.sign, provider.apart = (lambda claims: claims), None, frozenset()


def settings_of(data: Path, issuer: str, **more: Any) -> Settings:
    return Settings(
        data=data,
        clickhouse_url="http://127.0.0.1:9",
        kafka="127.0.0.1:9",
        public_url=PUBLIC_URL,
        oidc_issuer=issuer,
        oidc_client_id=CLIENT_ID,
        oidc_client_secret=SecretStr(CLIENT_SECRET),
        **more,
    )


@pytest.fixture
def page(serve_page: Serve, provider: RunningProvider, tmp_path: Path) -> RunningPage:
    return serve_page(settings_of(tmp_path, provider.url), CONFIG.model_copy(update={"access": GRANTS}))


def code_of(browser: httpx.Client, method: str, path: str) -> int:
    return browser.request(method, path, json={"kind": "nothing"} if method == "POST" else None).status_code


def test_whoever_signs_in_may_do_what_the_grants_of_their_groups_say(page: RunningPage) -> None:
    assert page.get("/alerts").headers["Location"] == "/sign-in?to=/alerts"
    ann, ben = signed_in(page, "ann", "/alerts?days=3"), signed_in(page, "ben")
    for browser in (ann, ben):
        assert browser.get("/api/v1/openapi.json").status_code == 200
    assert [code_of(ben, "POST", path) for path in (ACTION, CONFIGURATION)] == [403, 403]
    assert not {401, 403} & {code_of(ann, "POST", path) for path in (ACTION, CONFIGURATION)}
    cookie = next(one for one in ann.cookies.jar if one.name == COOKIE)
    assert cookie.has_nonstandard_attr("HttpOnly")
    assert cookie.get_nonstandard_attr("SameSite") == "Lax"


def test_groups_that_only_the_user_information_names_count_too(
    page: RunningPage, provider: RunningProvider
) -> None:
    provider.apart = frozenset({"groups"})
    assert code_of(signed_in(page, "ann"), "POST", CONFIGURATION) not in (401, 403)


def test_an_account_without_a_grant_or_with_an_unverified_address_gets_no_session(page: RunningPage) -> None:
    browser, address = begun(page)
    answer = browser.get(granted(address, "eve"))
    assert answer.status_code == 403
    assert "Eve" in answer.text
    assert COOKIE not in browser.cookies


LIES: dict[str, Lie] = {
    "another nonce": lambda claims: claims | {"nonce": "of-somebody-else"},
    "no nonce": lambda claims: {name: one for name, one in claims.items() if name != "nonce"},
    "it ended": lambda claims: claims | {"exp": claims["iat"] - 600, "iat": claims["iat"] - 900},
    "it has no end": lambda claims: {name: one for name, one in claims.items() if name != "exp"},
    "another issuer": lambda claims: claims | {"iss": "https://elsewhere.example"},
    "another audience": lambda claims: claims | {"aud": "another-application"},
    "given to another party": lambda claims: claims | {"aud": [CLIENT_ID, "b"], "azp": "b"},
    "no person": lambda claims: {name: one for name, one in claims.items() if name != "sub"},
}


@pytest.mark.parametrize("lie", LIES)
def test_an_id_token_that_says_something_else_lets_nobody_in(
    page: RunningPage, provider: RunningProvider, lie: str
) -> None:
    provider.lie = LIES[lie]
    browser, address = begun(page)
    assert browser.get(granted(address, "ann")).status_code == 403
    assert COOKIE not in browser.cookies


@pytest.mark.parametrize(
    "sign", ["with_another_key", "with_an_unknown_key", "with_the_client_s_secret", "without_signature"]
)
def test_an_id_token_that_the_provider_did_not_sign_lets_nobody_in(
    page: RunningPage, provider: RunningProvider, sign: str
) -> None:
    provider.sign = getattr(providers, sign)
    browser, address = begun(page)
    assert browser.get(granted(address, "ann")).status_code == 403
    assert COOKIE not in browser.cookies


def test_an_answer_is_good_for_the_browser_that_asked_and_for_one_time(page: RunningPage) -> None:
    browser, address = begun(page)
    back = granted(address, "ann")
    assert page.get(back).status_code == 403  # a browser that began nothing
    other, _ = begun(page)
    assert other.get(back).status_code == 403  # that began another sign-in: the state is not its own
    wrong_state = re.sub("state=[^&]*", "state=guessed", back)
    assert other.get(wrong_state).status_code == 403
    assert browser.get(back).status_code == 303
    assert browser.get(back).status_code == 403


def test_a_provider_that_denies_or_is_another_one_lets_nobody_in(page: RunningPage) -> None:
    browser, address = begun(page)
    state = httpx.URL(address).params["state"]
    for answer in ("error=access_denied", "iss=https://elsewhere.example&code=c", "nothing=x"):
        other, address = begun(page)
        state = httpx.URL(address).params["state"]
        assert other.get(f"/sign-in/back?state={state}&{answer}").status_code == 403
        assert COOKIE not in other.cookies
    assert browser.get("/").status_code == 303


def test_a_provider_that_does_not_answer_is_said_to_and_leaves_tokens_usable(
    serve_page: Serve, tmp_path: Path
) -> None:
    token = "the-token-of-this-page"
    page = serve_page(settings_of(tmp_path, "http://localhost:9", page_token=SecretStr(token)))
    answer = page.get("/sign-in/start")
    assert answer.status_code == 503
    assert "does not answer" in answer.text
    entered = httpx.post(page.url + "/sign-in", data={"token": token}, timeout=within(20))
    assert entered.status_code == 303


def test_without_a_page_token_an_empty_one_opens_nothing(page: RunningPage) -> None:
    assert page.get("/api/v1/openapi.json", headers={"Authorization": "Bearer"}).status_code == 401
    assert httpx.post(page.url + "/sign-in", data={"token": ""}, timeout=within(20)).status_code == 401


def test_people_write_under_their_own_name_and_once_in_the_audit_log(
    page: RunningPage, tmp_path: Path
) -> None:
    ann = signed_in(page, "ann")
    assert 'value="Ann Lee"' not in ann.get("/sign-in").text
    ann.post(CONFIGURATION, json={"kind": "pause", "who": "Ben"})
    written = [entry for _, entry in entries(tmp_path) if entry is not None and not entry.refers_to]
    assert [(entry.who, entry.what) for entry in written] == [
        ("person Ann Lee (ann)", f"POST {CONFIGURATION}")
    ]


def test_who_was_signed_out_by_an_administrator_is_out_at_once(page: RunningPage, tmp_path: Path) -> None:
    ann, ben = signed_in(page, "ann"), signed_in(page, "ben")
    EndedSessions(tmp_path).end_of("ann", 3600)
    assert ann.get("/api/v1/openapi.json").status_code == 401
    assert ben.get("/api/v1/openapi.json").status_code == 200


def test_a_provider_without_tls_or_client_is_an_error_of_the_settings(tmp_path: Path) -> None:
    for wrong in (
        {"oidc_issuer": "http://id.example.com", "oidc_client_id": "a", "public_url": PUBLIC_URL},
        {"oidc_issuer": "https://id.example.com", "public_url": PUBLIC_URL},
        {"oidc_issuer": "https://id.example.com", "oidc_client_id": "a"},
    ):
        with pytest.raises(ValidationError, match="OIDC"):
            Settings(data=tmp_path, **wrong)  # type: ignore[arg-type]

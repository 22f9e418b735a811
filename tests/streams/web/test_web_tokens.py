"""Tokens with a name open what their scope says until their end, and every write is in the audit log once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from streams.cli.main import app
from streams.clock import now_ms
from streams.instance.audit import audit_path, entries, verify
from streams.instance.page_tokens import (
    Scope,
    TokenBook,
    TokenNameError,
    TokensDamagedError,
    new_token,
    parse_tokens,
)
from streams.settings import Settings, load_settings
from streams.web.frame.sessions import COOKIE
from tests.deadlines import within
from tests.fixtures.page import RunningPage

HOUR_MS = 3_600_000
PAGE_TOKEN = "the-token-of-this-page"
#: what takes the scope act, and what takes configure
ACTION, CONFIGURATION = "/api/v1/alerts/a-1/actions", "/api/v1/sources/shop/actions"


def settings_of(data: Path, **more: object) -> Settings:
    return load_settings(data=data, clickhouse_url="http://127.0.0.1:9", kafka="127.0.0.1:9", **more)


def token(settings: Settings, name: str, scope: Scope, ends_ms: int | None = None) -> str:
    text, kept = new_token(name, scope, now_ms() + HOUR_MS if ends_ms is None else ends_ms)
    TokenBook(settings).add(kept)
    return text


def ask(page: RunningPage, method: str, path: str, offered: str) -> int:
    headers = {"Authorization": f"Bearer {offered}"} if offered else {}
    body = {} if method == "GET" else {"json": {"kind": "nothing"}}
    return httpx.request(method, page.url + path, headers=headers, timeout=within(15), **body).status_code


@pytest.fixture
def locked(tmp_path: Path) -> Settings:
    return settings_of(tmp_path, page_token=SecretStr(PAGE_TOKEN))


def written(data: Path) -> list[tuple[str, str]]:
    return [(entry.who, entry.what) for _, entry in entries(data) if entry is not None]


def test_a_scope_opens_what_it_says_and_nothing_more(
    serve_page: Callable[[Settings], RunningPage], locked: Settings
) -> None:
    page = serve_page(locked)
    tokens = {scope: token(locked, f"of-{scope}", scope) for scope in Scope}
    got = {
        scope: [
            ask(page, "GET", "/api/v1/openapi.json", text),
            ask(page, "POST", ACTION, text),
            ask(page, "POST", CONFIGURATION, text),
        ]
        for scope, text in tokens.items()
    }
    assert got[Scope.READ] == [200, 403, 403]
    assert got[Scope.ACT][0] == 200
    assert got[Scope.ACT][1] not in (401, 403)
    assert got[Scope.ACT][2] == 403
    assert not {401, 403} & set(got[Scope.CONFIGURE])
    answer = httpx.post(
        page.url + ACTION,
        headers={"Authorization": f"Bearer {tokens[Scope.READ]}"},
        json={},
        timeout=within(5),
    )
    assert "token of-read may not act" in answer.text


def test_a_token_that_ended_or_was_ended_opens_nothing_nor_does_its_session(
    serve_page: Callable[[Settings], RunningPage], locked: Settings
) -> None:
    page = serve_page(locked)
    gone = token(locked, "gone", Scope.CONFIGURE, ends_ms=now_ms() - 1)
    good = token(locked, "good", Scope.READ)
    assert ask(page, "GET", "/api/v1/openapi.json", gone) == 401
    entered = httpx.post(page.url + "/sign-in", data={"token": good}, timeout=within(5))
    assert entered.status_code == 303
    session = {COOKIE: entered.cookies[COOKIE]}

    def by_session(method: str, path: str) -> int:
        return httpx.request(method, page.url + path, cookies=session, timeout=within(15)).status_code

    assert by_session("GET", "/api/v1/openapi.json") == 200
    assert by_session("POST", ACTION) == 403
    TokenBook(locked).end("good")
    assert by_session("GET", "/api/v1/openapi.json") == 401
    assert ask(page, "GET", "/api/v1/openapi.json", good) == 401


def test_on_loopback_nothing_is_needed_and_a_token_that_is_offered_still_has_its_scope(
    serve_page: Callable[[Settings], RunningPage], tmp_path: Path
) -> None:
    settings = settings_of(tmp_path)
    page = serve_page(settings)
    reader = token(settings, "grafana", Scope.READ)
    assert ask(page, "GET", "/api/v1/openapi.json", "") == 200
    assert ask(page, "POST", ACTION, "") not in (401, 403)
    assert ask(page, "POST", ACTION, reader) == 403


def test_every_write_is_in_the_audit_log_once_and_a_rejected_one_says_so(
    serve_page: Callable[[Settings], RunningPage], locked: Settings
) -> None:
    page = serve_page(locked)
    bot = token(locked, "bot", Scope.ACT)
    ask(page, "GET", "/api/v1/openapi.json", bot)
    status = ask(page, "POST", ACTION, bot)
    ask(page, "POST", CONFIGURATION, bot)  # beyond its scope: nothing was asked of anybody
    ask(page, "POST", ACTION, "wrong")
    httpx.post(page.url + "/sign-in", data={"token": "wrong"}, timeout=within(5))
    assert status >= 400
    assert written(locked.data) == [("token bot", f"POST {ACTION}"), ("token bot", f"rejected with {status}")]
    (_, first), (_, second) = entries(locked.data)
    assert first is not None
    assert second is not None
    assert second.refers_to == first.number == 1
    assert verify(locked.data)[2] == []


def test_without_a_log_nothing_is_written(
    serve_page: Callable[[Settings], RunningPage], locked: Settings
) -> None:
    page = serve_page(locked)
    bot = token(locked, "bot", Scope.ACT)
    audit_path(locked.data).parent.mkdir()
    audit_path(locked.data).write_text("changed by somebody\n")
    assert ask(page, "POST", ACTION, bot) == 503


# ---------------------------------------------------------------- how tokens are kept


def test_a_token_is_kept_as_a_digest_that_opens_nothing(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    text = token(settings, "grafana", Scope.READ)
    kept = (tmp_path / "secrets" / "page_tokens").read_text()
    assert text not in kept
    (line,) = parse_tokens(kept)
    assert TokenBook(settings).find(text) == line
    assert TokenBook(settings).find(line.digest) is None
    assert TokenBook(settings).find("fwt_" + "x" * 43) is None
    with pytest.raises(TokenNameError, match="there is a token 'grafana' already"):
        token(settings, "grafana", Scope.ACT)
    with pytest.raises(TokenNameError, match="there is no token 'nobody'"):
        TokenBook(settings).end("nobody")


def test_tokens_of_the_setting_take_the_place_of_the_folders(tmp_path: Path) -> None:
    token(settings_of(tmp_path), "of-folder", Scope.READ)
    text, kept = new_token("of-setting", Scope.ACT, now_ms() + HOUR_MS)
    book = TokenBook(settings_of(tmp_path, page_tokens=SecretStr(f"\n{kept.line()}\n")))
    assert [one.name for one in book.all()] == ["of-setting"]
    assert book.find(text) == kept
    with pytest.raises(TokenNameError, match="FUNNELWATCH_PAGE_TOKENS"):
        book.end("of-setting")


@pytest.mark.parametrize("line", ["grafana read", "grafana admin 1 x", "grafana read soon x", "a b c d e"])
def test_a_line_that_is_not_a_token_lets_nobody_in(line: str) -> None:
    with pytest.raises(TokensDamagedError, match="token 1"):
        parse_tokens(f"\n{line}\n")


@pytest.mark.parametrize("bit", [0x01, 0x40, 0x80])
def test_one_changed_byte_in_one_token_kept_all_others_out(tmp_path: Path, bit: int) -> None:
    settings = settings_of(tmp_path)
    texts = [token(settings, name, Scope.READ) for name in ("a", "b", "c")]
    path = tmp_path / "secrets" / "page_tokens"
    good = path.read_bytes()
    first, second, third = good.splitlines(keepends=True)
    for at in range(len(second) - 1):  # its line break joins it with the third
        path.write_bytes(first + second[:at] + bytes([second[at] ^ bit]) + second[at + 1 :] + third)
        book = TokenBook(settings)
        assert [book.find(texts[0]) is not None, book.find(texts[2]) is not None] == [True, True]
        assert len(book.all()) + book.damaged() in (3, 4)  # a space may have become a line break
    book.end("a")
    book.add(new_token("d", Scope.READ, now_ms() + HOUR_MS)[1])
    kept = path.read_bytes()
    assert third in kept
    assert first not in kept
    assert second[:at] + bytes([second[at] ^ bit]) in kept
    path.write_bytes(good)
    assert TokenBook(settings).find(texts[1]) is not None


def test_the_list_of_tokens_says_that_a_line_cannot_be_read(tmp_path: Path) -> None:
    token(settings_of(tmp_path), "a", Scope.READ)
    path = tmp_path / "secrets" / "page_tokens"
    path.write_bytes(path.read_bytes() + b"b re\xffd 1 x\n")
    done = CliRunner().invoke(app, ["tokens", "list", "--data", str(tmp_path)])
    assert done.exit_code == 0
    assert "1 line of secrets/page_tokens cannot be read" in done.stderr

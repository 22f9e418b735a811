"""The page's doors under hostile requests: who is locked out, where one is sent, what is not our bug."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from aiohttp.test_utils import make_mocked_request
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from streams.settings import Settings
from streams.web.frame.access import ATTEMPTS_PER_ADDRESS, COOKIE
from streams.web.frame.origin import ClientAddresses, local_path
from tests.deadlines import within
from tests.fixtures.page import RunningPage

TOKEN = "the-right-token-of-this-page"


@pytest.fixture
def locked(serve_page: Callable[[Settings], RunningPage], tmp_path: Path) -> RunningPage:
    """A page with a token behind a proxy on loopback; no store is needed to be turned away."""
    return serve_page(
        Settings(
            data=tmp_path,
            page_token=SecretStr(TOKEN),
            trusted_proxies=("127.0.0.0/8",),
            clickhouse_url="http://127.0.0.1:9",
        )
    )


def offer(page: RunningPage, token: str, forwarded: str = "") -> int:
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    return httpx.post(
        page.url + "/sign-in", data={"token": token}, headers=headers, timeout=within(5)
    ).status_code


def test_a_stranger_behind_the_proxy_locks_out_nobody_else(locked: RunningPage) -> None:
    codes = [offer(locked, f"guess {i}", "203.0.113.7") for i in range(ATTEMPTS_PER_ADDRESS + 1)]
    assert codes == [401] * ATTEMPTS_PER_ADDRESS + [429]
    assert offer(locked, TOKEN, "203.0.113.7") == 429
    assert offer(locked, TOKEN, "198.51.100.9") == 303
    bearer = {"Authorization": f"Bearer {TOKEN}", "X-Forwarded-For": "198.51.100.9"}
    assert locked.get("/api/v1/openapi.json", headers=bearer).status_code == 200
    many = [offer(locked, "guess", f"192.0.2.{i}") for i in range(80)]
    assert set(many) == {401}
    assert offer(locked, TOKEN, "198.51.100.9") == 303


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("198.51.100.1", "203.0.113.7", "198.51.100.1"),  # not a proxy of ours: its word is not believed
        ("10.0.0.1", "203.0.113.7", "203.0.113.7"),
        (
            "10.0.0.1",
            "1.2.3.4, 203.0.113.7",
            "203.0.113.7",
        ),  # what the stranger wrote before the proxy added to it
        ("10.0.0.1", "203.0.113.7, 10.0.0.2", "203.0.113.7"),
        ("10.0.0.1", "nonsense", "10.0.0.1"),
        ("10.0.0.1", "203.0.113.7, nonsense", "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "203.0.113.7:4711", "203.0.113.7"),
        ("10.0.0.1", "[2001:db8:1:2:3::9]", "2001:db8:1:2::"),
        ("::ffff:10.0.0.1", "203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:aaaa::1", "", "2001:db8:1:2::"),
    ],
)
def test_the_address_is_the_nearest_that_is_not_ours(peer: str, forwarded: str, address: str) -> None:
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    request = make_mocked_request("GET", "/", headers=headers).clone(remote=peer)
    assert ClientAddresses(("10.0.0.0/8",)).address(request) == address


@pytest.mark.parametrize(
    "target",
    ["", "evil", "//evil", "/\\evil", "\\\\evil", "/\t/evil", "/\n/evil", "/\r\nX: y", "\t//evil", " //evil", "/ /evil",
     "/\x00", "/\x85/evil", "https://evil", "https:/evil", "javascript:alert(1)", "/a\\b", "/\u2028/evil", "/／evil"],
)  # fmt: skip
def test_nothing_but_a_clean_path_is_followed(target: str) -> None:
    assert local_path(target) == "/"


@given(st.text())
def test_what_is_followed_stays_on_this_page(target: str) -> None:
    followed = local_path(target)
    # as a browser reads it: tabs and line breaks gone, \ as /
    seen = "".join(c for c in followed if c not in "\t\r\n").replace("\\", "/").strip()
    assert seen == followed
    assert seen.startswith("/")
    assert not seen.startswith("//")


def test_good_paths_are_kept() -> None:
    for path in ("/", "/alerts?state=firing&x=%E6%95%B0", "/stores/a-b_c#people", "/a//b"):
        assert local_path(path) == path


def test_signing_in_leads_nowhere_else(locked: RunningPage) -> None:
    for target in ("/\t/evil", "/\r\n/evil", "//evil", "/\\evil"):
        answer = httpx.post(locked.url + "/sign-in", data={"token": TOKEN, "to": target}, timeout=within(5))
        assert answer.headers["Location"] == "/"


def raw(page: RunningPage, head: str, body: bytes = b"", name: str = "") -> bytes:
    """The answer to a request as written, also one that no client would send."""
    host, _, port = page.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), within(5)) as connection:
        text = f"{head}\r\nHost: {name or f'{host}:{port}'}\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
        connection.sendall(text.encode("latin-1") + body)
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
    return answer


@pytest.mark.parametrize(
    "line",
    [
        "Authorization: Bearer \xff",
        "Authorization: Bearer \xe6\x95\xb0",
        f"Cookie: {COOKIE}=\xff",
        f"Cookie: {COOKIE}=1.\xff",
        f"Cookie: {COOKIE}=\xb2.x; funnelwatch_form=\xff; funnelwatch_who=\xff%FF; funnelwatch_zone=\xff",
    ],
)
def test_bytes_that_are_not_text_are_a_wrong_token(locked: RunningPage, line: str) -> None:
    for path, expected in (("/api/v1/stores", b"401"), ("/", b"303"), ("/sign-in", b"200")):
        answer = raw(locked, f"GET {path} HTTP/1.1\r\n{line}")
        assert answer.split(b" ", 2)[1] == expected, answer[:300]
        assert b"Content-Security-Policy" in answer


def part(line: str, name: str = "token") -> bytes:
    """A multipart form of one field whose head has one more ``line``."""
    head = f'--a\r\nContent-Disposition: form-data; name="{name}"\r\n{line}\r\n\r\nx\r\n--a--\r\n'
    return head.encode()


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=", b"x"),
        ("multipart/form-data; boundary=a", b"--a\r\n\xff\r\n"),
        ("application/x-www-form-urlencoded; charset=nonsense", b"token=1"),
        ("application/x-www-form-urlencoded; charset=utf-8", b"token=\xff"),
        ("multipart/form-data; boundary=a", part("Content-Transfer-Encoding: nonsense")),
        ("multipart/form-data; boundary=a", part("Content-Encoding: nonsense")),
        ("multipart/form-data; boundary=a", part("Content-Type: text/plain; charset=nonsense")),
        ("multipart/form-data; boundary=a", part("Content-Length: -1")),
        ("multipart/form-data; boundary=a", part("X: y", "_charset_").replace(b"x\r\n--a--", b"x" * 99)),
        ("application/x-www-form-urlencoded\r\nContent-Encoding: gzip", b"token=x"),
        ("application/x-www-form-urlencoded\r\nContent-Encoding: deflate", b"token=x"),
        ("multipart/form-data; boundary=a\r\nContent-Encoding: gzip", b"--a"),
    ],
)
def test_a_form_that_cannot_be_read_is_not_our_bug(locked: RunningPage, kind: str, body: bytes) -> None:
    answer = raw(locked, f"POST /sign-in HTTP/1.1\r\nContent-Type: {kind}", body)
    assert answer.split(b" ", 2)[1] in (b"400", b"401"), answer[:300]


HOSTS = ("\xff", "x:99999999", "x:-1", "x:y", "::1", "[::1]:x", "xn--", "127.0.0.1:80:80")


@pytest.mark.parametrize("host", HOSTS)
def test_a_host_that_cannot_be_one_was_answered_500(
    serve_page: Callable[[Settings], RunningPage], locked: RunningPage, tmp_path: Path, host: str
) -> None:
    is_open = serve_page(Settings(data=tmp_path / "open", clickhouse_url="http://127.0.0.1:9"))
    for page in (is_open, locked):
        for path in ("/", "/sign-in", "/api/v1/stores", "/api/nothing", "/static/nothing"):
            answer = raw(page, f"GET {path} HTTP/1.1", name=host)
            assert answer.split(b" ", 2)[1] == b"400", answer[:300]
            assert b"Content-Security-Policy" in answer


def test_a_name_longer_than_a_file_may_have_was_answered_500(locked: RunningPage) -> None:
    for name in ("x" * 3000, "..%2fserver.py", "%00"):
        assert locked.get(f"/static/{name}").status_code == 404


def test_an_origin_that_is_not_an_address_was_answered_500(locked: RunningPage) -> None:
    for origin in ("http://[", "http://[x]"):
        answer = raw(locked, f"POST /sign-out HTTP/1.1\r\nAuthorization: Bearer {TOKEN}\r\nOrigin: {origin}")
        assert answer.split(b" ", 2)[1] == b"403", answer[:300]


def test_another_site_cannot_sign_anybody_out(locked: RunningPage) -> None:
    session = httpx.post(locked.url + "/sign-in", data={"token": TOKEN}, timeout=within(5)).cookies[COOKIE]
    cookies = {COOKIE: session}
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}, {}):
        answer = httpx.post(locked.url + "/sign-out", cookies=cookies, headers=headers, timeout=within(5))
        assert answer.status_code == 403
        assert "Set-Cookie" not in answer.headers or COOKIE not in answer.headers["Set-Cookie"]


def test_links_of_a_strange_address_stay_here(locked: RunningPage) -> None:
    bearer = f"Authorization: Bearer {TOKEN}"
    answer = raw(locked, f"GET //evil.example/x HTTP/1.1\r\n{bearer}")
    assert b'href="//evil' not in answer


@pytest.mark.parametrize("query", ["at=", "against=", "hours="])
def test_an_empty_argument_of_the_api_is_rejected(locked: RunningPage, query: str) -> None:
    path = "/api/v1/stores" if query == "at=" else "/api/v1/stores/x/contributions"
    answer = locked.get(f"{path}?{query}", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code in (400, 503)
    if query == "at=":
        assert answer.status_code == 400

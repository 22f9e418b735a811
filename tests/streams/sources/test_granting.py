"""A shop's approval: the platform's own link, the code it leads to, exchanged once and never lost; on the fakes, with their ledger of codes."""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
import hmac
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec
import pytest

from scoring.sources.tokens import TokenPair
from streams.clock import now_ms
from streams.config.model import Config
from streams.sources.adding import AddedConnection
from streams.sources.api import ConnectionApi
from streams.sources.approval import CodeRejectedError, approval_of
from streams.sources.asking import AccessDeniedError
from streams.sources.budgets import Budgets
from streams.sources.connection import Connection
from streams.sources.directory import ConnectionDirectory
from streams.sources.granting import approval_link, complete_by_code, said_of
from streams.sources.questions import ConnectionRejectedError, checked, is_asked, models, questions
from streams.sources.registry import source_named
from streams.sources.sealing import Sealer
from streams.sources.source_log import SourceBook, log_key
from streams.sources.token_keeping import TokenKeeper
from streams.sources.trying import tried
from tests.fakes import lying_shopee
from tests.fakes.ledger import DAY_MS
from tests.fakes.lies import Lie, ScriptedLie
from tests.fakes.workbench import SECRETS, STORES, connection_from
from tests.streams.sources.approvals import CODE, LANDED, NAMES, OF, platform
from tests.streams.sources.markets import MARKETS

pytestmark = pytest.mark.usefixtures("quiet")

CONFIG = Config.model_validate(STORES)


class Seller:
    """Somebody who adds a connection, as command line and page do it."""

    def __init__(self, name: str, sealer: Sealer | None = None) -> None:
        self.source, self.book = name, SourceBook()
        self.sealer = sealer or Sealer(["k" * 20])

    @property
    def directory(self) -> ConnectionDirectory:
        return ConnectionDirectory(CONFIG, self.sealer, self.book)

    def publish(self, records: dict[str, Any]) -> None:
        for key, record in records.items():
            self.book.take(key, None if record is None else msgspec.json.encode(record))

    def added(self, shop: Any, **typed: str) -> tuple[AddedConnection, Any]:
        """The connection, its code exchanged and tested."""
        content = {**MARKETS[self.source].settings(), "secret": SECRETS["env:NEW"], **typed}
        content.pop("old_secret", None)
        if "refresh_token" not in typed:
            content.pop("refresh_token")
        complete_by_code(content)
        added = AddedConnection(CONFIG, checked(content, CONFIG), content, self.sealer)
        self.publish(asyncio.run(added.authorised(self.directory, shop)))
        return added, asyncio.run(added.tried(self.directory, shop))

    def save(self, added: AddedConnection, trial: Any) -> None:
        self.publish(added.records(self.directory, trial, "Li Lei"))

    def owner(self, shop: Any) -> TokenKeeper:
        """The tokens as the connection's owner takes them up."""
        connection = self.directory.get("lying")
        assert connection is not None
        return keeper_of(connection, shop, self.sealer, self.book.get(str, log_key("token", "lying")))


class Kept:
    sealed = ""

    async def write(self, sealed: str) -> None:
        self.sealed = sealed


def keeper_of(
    connection: Connection, shop: Any, sealer: Sealer, sealed: str | None, kept: Kept | None = None
) -> TokenKeeper:
    spec = source_named(connection.source)
    assert spec is not None
    assert spec.asking is not None
    asking = spec.asking(connection)
    new_pair = asking.new_pair
    assert new_pair is not None
    api = ConnectionApi(connection.name, asking, shop, Budgets(), None, now_ms).for_pairs()

    async def ask(old: TokenPair | None) -> TokenPair:
        return await new_pair(api, old)

    keeper = TokenKeeper(connection.name, ask, asking.first_pair(), kept or Kept(), sealer, now_ms)
    keeper.load(sealed)
    return keeper


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("is_address", [True, False])
def test_a_code_had_to_be_exchanged_elsewhere(name: str, is_address: bool) -> None:
    seller, shop = Seller(name), platform(name)
    added, trial = seller.added(shop, code=LANDED[name] if is_address else CODE)
    assert trial.is_good, trial.lines
    seller.save(added, trial)
    assert shop.tokens.exchanged == [CODE]
    assert shop.tokens.given == 1, "the refresh token was used for the test"
    owner = seller.owner(shop)
    assert asyncio.run(owner.pair()).access == "access-1"
    assert "code" not in added.sealed
    assert seller.book.keys("authorised") == []
    kept = b"".join(
        seller.book.raw(key) or b"" for kind in ("connection", "token") for key in seller.book.keys(kind)
    )
    assert not [one for one in (CODE, "access-1", "refresh-1", SECRETS["env:NEW"]) if one.encode() in kept]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("lie", [Lie.FORBIDDEN, Lie.EXPIRED])
def test_a_test_that_failed_after_the_exchange_lost_what_the_code_gave(name: str, lie: Lie) -> None:
    seller, shop = Seller(name), platform(name, lie)
    added, trial = seller.added(shop, code=CODE)
    assert not trial.is_good
    seller.publish(added.first_tokens(seller.directory, trial))
    assert CODE.encode() not in (seller.book.raw(log_key("authorised", "lying")) or b"")
    shop._lies.clear()
    added, trial = seller.added(shop, code=CODE)
    assert trial.is_good, trial.lines
    seller.save(added, trial)
    assert shop.tokens.exchanged == [CODE]
    assert asyncio.run(seller.owner(shop).pair()).access == f"access-{shop.tokens.given}"


@pytest.mark.parametrize("name", NAMES)
def test_a_code_that_was_used_is_named_in_both_languages_with_what_to_do_and_not_shown(name: str) -> None:
    shop = platform(name)
    Seller(name).added(shop, code=CODE)
    with pytest.raises(CodeRejectedError) as caught:
        Seller(name).added(shop, code=CODE)
    (zh,), (en,) = said_of(caught.value, "zh"), said_of(caught.value, "en")
    assert "重新打开授权链接" in zh
    assert "used before, has expired" in en
    assert CODE not in zh + en + repr(caught.value)


@pytest.mark.parametrize("name", NAMES)
def test_a_wrong_app_key_is_not_called_a_wrong_code_and_spends_none(name: str) -> None:
    shop = platform(name)
    with pytest.raises(ConnectionRejectedError) as caught:
        Seller(name).added(shop, code=CODE, secret="another-secret-of-contract")
    assert "没有换成令牌" in said_of(caught.value, "zh")[0]
    assert shop.tokens.codes == {CODE: OF[name]}


@pytest.mark.parametrize("name", NAMES)
def test_a_renewal_by_a_new_code_was_saved_untested(name: str) -> None:
    seller, shop = Seller(name), platform(name)
    seller.save(*seller.added(shop, code=CODE))
    shop.tokens.expire_all()
    shop.tokens._refresh.clear()
    shop.tokens.codes["a-new-code"] = OF[name]
    added, trial = seller.added(shop, code="a-new-code")
    assert trial.is_good, trial.lines
    assert {"orders", "returns"} <= {line.what for line in trial.lines}
    seller.save(added, trial)
    assert shop.tokens.exchanged == [CODE, "a-new-code"]
    assert asyncio.run(seller.owner(shop).pair()).access == "access-2"


@pytest.mark.parametrize("name", NAMES)
def test_a_renewal_by_a_new_refresh_token_was_saved_untested_and_is_not_lost_unsaved(name: str) -> None:
    seller, shop = Seller(name), platform(name)
    seller.save(*seller.added(shop, code=CODE))
    shop._lies.append(ScriptedLie(Lie.FORBIDDEN, 0, now_ms() + DAY_MS))
    added, trial = seller.added(shop, refresh_token="first-refresh")
    assert not trial.is_good
    before = seller.book.raw(log_key("token", "lying"))
    seller.publish(added.first_tokens(seller.directory, trial))
    assert seller.book.raw(log_key("token", "lying")) == before, "what is in use was replaced, unsaved"
    shop._lies.clear()
    shop.tokens._refresh.discard("first-refresh")
    added, trial = seller.added(shop, refresh_token="first-refresh")
    assert trial.is_good, trial.lines
    seller.save(added, trial)
    assert asyncio.run(seller.owner(shop).pair()).access == "access-2"


@pytest.mark.parametrize("name", NAMES)
def test_a_code_in_the_file_is_exchanged_once_by_its_owner_and_by_nobody_else(name: str) -> None:
    settings = {**MARKETS[name].settings(), "code": "env:CODE"}
    settings.pop("refresh_token")
    secrets = {**SECRETS, "env:CODE": LANDED[name]}
    connection = dataclasses.replace(connection_from(settings), secret=secrets.__getitem__)
    shop, sealer, kept = platform(name), Sealer(["k" * 20]), Kept()
    spec = source_named(name)
    assert spec is not None
    trial = asyncio.run(tried(connection, spec, sealer, SourceBook(), now_ms, shop))
    assert shop.tokens.exchanged == [], "the test took the code of its owner"
    assert trial.is_good
    first = asyncio.run(keeper_of(connection, shop, sealer, None, kept).pair())
    again = keeper_of(connection, shop, sealer, kept.sealed, kept)
    assert asyncio.run(again.pair()) == first
    asyncio.run(again.turned_away(first))
    shop.tokens._refresh.clear()
    with pytest.raises(AccessDeniedError):
        asyncio.run(again.pair())
    assert shop.tokens.exchanged == [CODE], "a code that was exchanged was sent again"


@pytest.mark.parametrize(
    ("pasted", "code", "shop", "account"),
    [
        ("abc-123", "abc-123", "", ""),
        (" abc\n", "abc", "", ""),
        ("https://s.example/?code=a%2Bb&shop_id=7", "a+b", "7", ""),
        ("https://s.example/cb?code=a&main_account_id=9", "a", "", "9"),
        ("?code=a&shop_id=7", "a", "7", ""),
        ("code=a&shop_id=7", "a", "7", ""),
        ("http://localhost/x?app_key=k&auth_code=a", "a", "", ""),
    ],
)
def test_what_is_pasted_is_an_address_a_part_of_one_or_a_code(
    pasted: str, code: str, shop: str, account: str
) -> None:
    found = approval_of(pasted)
    assert (found.code, found.shop, found.account) == (code, shop, account)


@pytest.mark.parametrize(
    "pasted", ["https://seller.example/back?error=denied", "https://seller.example/", ""]
)
def test_an_address_without_a_code_is_said_to_be_one(pasted: str) -> None:
    with pytest.raises(CodeRejectedError, match="no code"):
        approval_of(pasted)


def test_the_shop_of_the_address_is_taken_and_another_one_is_named() -> None:
    content = {"source": "shopee", "code": LANDED["shopee"]}
    complete_by_code(content)
    assert content["shop_id"] == lying_shopee.SHOP
    with pytest.raises(ConnectionRejectedError) as caught:
        complete_by_code({"source": "shopee", "code": LANDED["shopee"], "shop_id": "7"})
    assert lying_shopee.SHOP in said_of(caught.value, "zh")[0]


def test_a_main_account_of_shopee_approves_for_its_shops() -> None:
    seller, shop = Seller("shopee"), platform("shopee")
    shop.tokens.codes = {CODE: "99"}
    _, trial = seller.added(shop, code=f"https://seller.example/back?code={CODE}&main_account_id=99")
    assert trial.is_good, trial.lines


def test_the_link_is_the_platforms_own_signed_as_it_documents() -> None:
    at_ms = 1_764_600_000_000
    shopee = {
        "source": "shopee",
        "partner_id": "2001887",
        "secret": "s",
        "redirect": "https://seller.example/b?x=1",
    }
    link = urlsplit(approval_link(shopee, str, at_ms))
    query = dict(parse_qsl(link.query))
    base = b"2001887/api/v2/shop/auth_partner1764600000"
    assert (
        f"{link.scheme}://{link.netloc}{link.path}"
        == "https://partner.shopeemobile.com/api/v2/shop/auth_partner"
    )
    assert query == {
        "redirect": "https://seller.example/b?x=1", "partner_id": "2001887", "timestamp": "1764600000",
        "sign": hmac.new(b"s", base, hashlib.sha256).hexdigest(),
    }  # fmt: skip
    assert (
        urlsplit(approval_link(shopee | {"region": "china"}, str, at_ms)).netloc == "openplatform.shopee.cn"
    )
    lazada = {"source": "lazada", "app_key": "123456", "redirect": "https://seller.example/back"}
    assert approval_link(lazada, str, at_ms) == (
        "https://auth.lazada.com/oauth/authorize?response_type=code&force_auth=true"
        "&redirect_uri=https%3A%2F%2Fseller.example%2Fback&client_id=123456"
    )
    tiktok = {"source": "tiktok_shop", "service_id": "7"}
    assert approval_link(tiktok, str, at_ms) == "https://services.tiktokshop.com/open/authorize?service_id=7"
    american = approval_link(tiktok | {"seller": "us"}, str, at_ms)
    assert american == "https://services.us.tiktokshop.com/open/authorize?service_id=7"
    assert approval_link({"source": "shopee", "partner_id": "1"}, str, at_ms) == ""
    assert approval_link({"source": "webhook"}, str, at_ms) == ""


@pytest.mark.parametrize("name", NAMES)
def test_a_refresh_token_is_asked_for_only_without_a_code_and_what_is_read_with_either(name: str) -> None:
    model = models()[name]
    asked = {one.name: one for one in questions(model, ["cn"])}
    for content, token, reads in (
        ({}, True, False),
        ({"code": "c"}, False, True),
        ({"refresh_token": "r"}, True, True),
    ):
        content = {"source": name, **content}
        assert is_asked(asked["refresh_token"], content, model) is token
        assert is_asked(asked["reads"], content, model) is reads

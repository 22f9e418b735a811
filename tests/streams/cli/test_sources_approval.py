"""``funnelwatch sources add`` of a shop that hands out a code: the link, the address pasted, the code exchanged once; on a real broker."""

from __future__ import annotations

import re

import pytest

from tests.fakes import lying_shopee
from tests.fixtures.served_platform import served
from tests.fixtures.sources_desk import Desk
from tests.streams.sources.approvals import CODE, LANDED, platform

KEY = lying_shopee.KEY


def answers(desk: Desk, code: str) -> str:
    """What a new user types: name, store, partner id, key, region, redirect, the address, country, callback, what is read."""
    typed = [
        *(desk.name, "cn", lying_shopee.PARTNER, KEY, "global", "https://seller.example/back", code, "SG"),
        *(lying_shopee.CALLBACK, "orders, returns"),
    ]
    return "\n".join(typed) + "\n"


@pytest.mark.usefixtures("without_pauses")
def test_a_new_user_of_shopee_had_to_get_a_token_elsewhere(desk: Desk) -> None:
    shop = platform("shopee")
    with served(shop) as url:
        output = desk.good("add", "shopee", "--set", f"url={url}", answers=answers(desk, LANDED["shopee"]))
    link = re.search(r"http\S+/api/v2/shop/auth_partner\?\S+", output)
    assert link is not None
    assert f"partner_id={lying_shopee.PARTNER}" in link[0]
    assert "ok  orders" in output
    assert shop.tokens.exchanged == [CODE]
    book = desk.book()
    kept = b"".join(book.raw(f"{kind}/{desk.name}") or b"" for kind in ("connection", "token"))
    assert b'"shop_id":"' + lying_shopee.SHOP.encode() in kept
    assert not [one for one in (CODE, KEY, "access-1", "refresh-1") if one in output or one.encode() in kept]
    (wish,) = book.control(desk.name).backfills
    assert wish.to_ms > wish.from_ms


@pytest.mark.usefixtures("without_pauses")
def test_a_code_is_exchanged_by_options_alone_and_kept_over_a_test_that_failed(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = platform("shopee")
    monkeypatch.setenv("APPROVED_AT", LANDED["shopee"])
    file = desk.file(
        source="shopee", partner_id=lying_shopee.PARTNER, secret=KEY, country="SG", callback=lying_shopee.CALLBACK,
        reads=["orders"],
    )  # fmt: skip
    with served(shop) as url:
        words = ("add", "--file", file, "--set", f"url={url}", "--set", "code=env:APPROVED_AT", "--yes")
        shop.tokens.is_on, shop.tokens.life_s = True, 0
        failed = desk.run(*words)
        assert failed.exit_code == 1
        assert desk.book().raw(f"connection/{desk.name}") is None
        assert (desk.book().raw(f"authorised/{desk.name}") or b"").count(b"sealed:") == 1
        shop.tokens.life_s = 3600
        desk.good(*words)
        assert desk.book().raw(f"authorised/{desk.name}") is None
        assert shop.tokens.exchanged == [CODE]
        used = desk.run(*words)
    assert used.exit_code == 1
    assert "used before, has expired" in used.output
    assert CODE not in failed.output + used.output

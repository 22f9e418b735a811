"""Who asks for nobody, or without the key of the pseudonyms, hears that rather than that nothing is kept."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from streams.instance.typed_ids import NoHashKeyError
from streams.privacy.erasing import NobodyFoundError, people_of
from streams.settings import load_settings


@pytest.mark.parametrize(("store", "buyer"), [("shop", ""), ("shop", "  "), ("", "4711")])
def test_nobody_is_not_everybody_without_an_id(tmp_path: Path, store: str, buyer: str) -> None:
    settings = load_settings(data=tmp_path, hash_key=SecretStr("key"))
    with pytest.raises(NobodyFoundError, match="name a buyer and a store"):
        people_of(settings, store, [buyer])


def test_without_the_key_no_new_one_is_made(tmp_path: Path) -> None:
    with pytest.raises(NoHashKeyError, match="the key of the pseudonyms is neither in"):
        people_of(load_settings(data=tmp_path), "shop", ["4711"])
    assert list(tmp_path.iterdir()) == []


def test_a_pseudonym_is_taken_as_it_is(tmp_path: Path) -> None:
    settings = load_settings(data=tmp_path, hash_key=SecretStr("key"))
    assert people_of(settings, "shop", ["~abcdefghijklmnop"]) == {"abcdefghijklmnop"}
    assert people_of(settings, "shop", ["4711"]) != people_of(settings, "shop-2", ["4711"])


def test_a_buyer_with_blanks_around_the_id_was_nobody(tmp_path: Path) -> None:
    settings = load_settings(data=tmp_path, hash_key=SecretStr("key"))
    typed = people_of(settings, "shop", [" joe@example.com\t"])
    assert people_of(settings, "shop", ["joe@example.com"]) < typed
    assert len(typed) == 2  # a door keeps the blanks that it is sent

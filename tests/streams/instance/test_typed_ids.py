"""An id as somebody types it leads to what is kept under its pseudonym."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from scoring.events.pseudonyms import Pseudonyms
from streams.instance.typed_ids import NoHashKeyError, TypedIds
from streams.settings import load_settings

MAIL = "joe@example.com"


def test_a_typed_mail_address_is_looked_for_as_its_pseudonym_in_its_store(tmp_path: Path) -> None:
    ids, of = TypedIds(load_settings(data=tmp_path, hash_key=SecretStr("key"))), Pseudonyms("key").of_sender
    assert ids.order("shop", f" {MAIL} ") == of("shop", MAIL) != ids.order("shop-2", MAIL)
    assert ids.person("shop", f" {MAIL} ") == of("shop", MAIL)
    assert ids.person("shop", "4711") == of("shop", "4711")


@pytest.mark.parametrize("shown", ["abcdefghijklmnop", "~abcdefghijklmnop"])
def test_a_pseudonym_as_pages_show_it_is_one_already(tmp_path: Path, shown: str) -> None:
    ids = TypedIds(load_settings(data=tmp_path, hash_key=SecretStr("key")))
    assert ids.order("shop", shown) == ids.person("shop", shown) == "abcdefghijklmnop"


def test_a_plain_number_needs_no_key_and_anything_else_says_that_it_does(tmp_path: Path) -> None:
    ids = TypedIds(load_settings(data=tmp_path))
    assert ids.order("shop", " SO-1001 ") == "SO-1001"
    with pytest.raises(NoHashKeyError, match="the key of the pseudonyms is neither in"):
        ids.order("shop", MAIL)
    assert list(tmp_path.iterdir()) == []

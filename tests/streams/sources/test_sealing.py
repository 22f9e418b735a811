"""Secrets at rest: sealed for one place, opened by any key at hand, the key's file for its owner only."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from scoring.sources.tokens import TokenPair
from streams.settings import load_settings
from streams.sources.json_api.config import JsonApiConnection
from streams.sources.sealing import (
    KEY_FILE,
    SealedUnreadableError,
    Sealer,
    add_key,
    keep_first_key,
    open_sealer,
    resolve,
    sealed_secrets,
)
from streams.sources.token_keeping import TokenKeeper

KEY, OTHER = "k" * 20, "o" * 20


def test_what_is_sealed_shows_nothing_and_opens_again() -> None:
    sealer = Sealer([KEY])
    sealed = sealer.seal("s3cret", "connection/a")
    assert "s3cret" not in sealed
    assert sealer.seal("s3cret", "connection/a") != sealed
    assert Sealer([KEY]).open(sealed, "connection/a") == "s3cret"


def test_a_sealed_text_opens_at_its_own_place_only_and_unchanged_only() -> None:
    sealer = Sealer([KEY])
    sealed = sealer.seal("s3cret", "connection/a")
    for changed, place in ((sealed, "connection/b"), (sealed[:-3] + "AAA", "connection/a")):
        with pytest.raises(SealedUnreadableError):
            sealer.open(changed, place)


def test_another_key_opens_nothing_and_says_which_is_needed() -> None:
    sealed = Sealer([KEY]).seal("s3cret", "connection/a")
    with pytest.raises(SealedUnreadableError, match=Sealer([KEY]).first):
        Sealer([OTHER]).open(sealed, "connection/a")


def test_a_short_key_is_rejected() -> None:
    with pytest.raises(SealedUnreadableError, match="16 random"):
        Sealer(["short"])


def test_the_key_is_made_for_its_owner_only_and_replaced_while_a_process_runs(tmp_path: Path) -> None:
    settings = load_settings(data=tmp_path)
    running = open_sealer(settings)
    path = tmp_path / "secrets" / KEY_FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    before = running.seal("s3cret", "p")
    add_key(settings)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    after = open_sealer(settings).seal("s3cret", "p")
    assert after.split(":")[1] != before.split(":")[1]
    assert running.open(after, "p") == running.open(before, "p") == "s3cret"
    keep_first_key(settings)
    assert open_sealer(settings).open(after, "p") == "s3cret"
    with pytest.raises(SealedUnreadableError):
        open_sealer(settings).open(before, "p")


def test_a_key_of_the_environment_may_have_several_lines() -> None:
    old = Sealer([OTHER]).seal("s3cret", "p")
    sealer = open_sealer(load_settings(sources_key=f"{KEY}\n{OTHER}\n"))
    assert sealer.open(old, "p") == "s3cret"
    assert sealer.is_old(old)
    assert not sealer.is_old(sealer.seal("x", "p"))


def test_secrets_of_settings_are_sealed_references_and_the_rest_stay() -> None:
    sealer, old = Sealer([KEY, OTHER]), Sealer([OTHER]).seal("old", "p")
    content = {
        "name": "api",
        "url": "https://x.example",
        "auth": {
            "kind": "refresh_token",
            "client_secret": "env:APP",
            "refresh_token": "plain",
            "secret": old,
        },
    }
    done = sealed_secrets(JsonApiConnection, content, sealer, "p")
    assert (done["name"], done["url"], done["auth"]["client_secret"]) == (
        "api",
        "https://x.example",
        "env:APP",
    )
    assert resolve(done["auth"]["refresh_token"], sealer, "p") == "plain"
    assert resolve(done["auth"]["secret"], sealer, "p") == "old"
    assert not sealer.is_old(done["auth"]["secret"])
    assert content["auth"]["refresh_token"] == "plain"


async def test_a_token_that_never_ends_is_sealed_again_and_the_former_key_can_be_forgotten(
    tmp_path: Path,
) -> None:
    settings = load_settings(data=tmp_path)
    written: list[str] = []

    class Kept:
        async def write(self, sealed: str) -> None:
            written.append(sealed)

    async def asked(_: TokenPair | None) -> TokenPair:
        return TokenPair("never-ends")

    def keeper() -> TokenKeeper:
        return TokenKeeper("shop", asked, None, Kept(), open_sealer(settings), lambda: 0)

    running = keeper()
    pair = await running.pair()
    await running.answered(pair)
    before = len(written)
    await running.reseal()
    assert len(written) == before  # nothing to do
    add_key(settings)
    for _ in range(2):
        await running.upkeep()
        await running.reseal()
    assert len(written) == before + 1
    assert not open_sealer(settings).is_old(written[-1])
    keep_first_key(settings)
    later = keeper()
    assert later.load(written[-1])
    assert await later.pair() == pair

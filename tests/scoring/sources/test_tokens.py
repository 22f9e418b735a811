"""The life of a token, with a kill at every step: whatever dies when, no connection is lost.

The platform is a model with the two behaviours there are: one hands out single-use refresh tokens and keeps the former one good until the
new pair is first used (Shopify since 2026-08); one gives pairs to whoever holds the app's key.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import pytest

from scoring.sources import tokens
from scoring.sources.tokens import TokenNeed, TokenPair, TokenState
from tests.scoring.sources.killed import Killed, Steps

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


class Rejected(Exception):
    """401, or invalid_grant."""


@dataclass
class Platform:
    """Hands out pairs. ``ends_grace`` False: a refresh token dies at once when it is used, as platforms should not do."""

    rotates: bool = True
    has_grace: bool = True
    life_ms: int = HOUR_MS
    given: int = 0
    good_refresh: set[str] = field(default_factory=lambda: {"first"})
    access: dict[str, int] = field(default_factory=dict)
    successor_of: dict[str, str] = field(default_factory=dict)

    def new_pair(self, refresh: str, now_ms: int) -> TokenPair:
        if self.rotates and refresh not in self.good_refresh:
            raise Rejected
        self.given += 1
        pair = TokenPair(
            f"access-{self.given}",
            f"refresh-{self.given}" if self.rotates else "",
            now_ms + self.life_ms,
            given_ms=now_ms,
        )
        if self.rotates:
            self.good_refresh.add(pair.refresh)
            if self.has_grace:
                self.successor_of[pair.access] = refresh
            else:
                self.good_refresh.discard(refresh)
        self.access[pair.access] = now_ms + self.life_ms
        return pair

    def use(self, access: str, now_ms: int) -> None:
        if self.access.get(access, 0) <= now_ms:
            raise Rejected
        # the first use of a new pair ends the refresh token that it came from, and those that were never used
        old = self.successor_of.pop(access, "")
        self.good_refresh.discard(old)


@dataclass
class Owner:
    """A process: what it knows is lost when it dies, what it wrote is not."""

    platform: Platform
    disk: dict[str, TokenState]
    steps: Steps
    state: TokenState = field(default_factory=TokenState)

    def start(self) -> None:
        self.state = self.disk.get("token") or TokenState(current=TokenPair("", "first", 1))

    def write(self, state: TokenState) -> None:
        self.steps.step("before write")
        self.disk["token"] = state
        self.steps.step("after write")
        self.state = state

    def work(self, now_ms: int) -> None:
        """One request, with all that keeping a token asks for."""
        for _ in range(3):
            if tokens.need(self.state, now_ms) is TokenNeed.PAIR:
                self.renew(now_ms)
            pair = tokens.usable(self.state, now_ms)
            if pair is None:
                return
            self.steps.step("before use")
            try:
                self.platform.use(pair.access, now_ms)
            except Rejected:
                self.write(tokens.turned_away(self.state, pair))
                continue
            self.steps.step("after use")
            changed = tokens.answered(self.state, pair)
            if changed is not self.state:
                self.write(changed)
            return

    def renew(self, now_ms: int) -> None:
        self.write(tokens.asking(self.state, now_ms))
        for old in tokens.refresh_with(self.state) or [TokenPair("")]:
            self.steps.step("before ask")
            try:
                pair = self.platform.new_pair(old.refresh, now_ms)
            except Rejected:
                continue
            self.steps.step("answer lost")
            self.write(tokens.received(self.state, pair))
            return
        self.write(tokens.rejected(self.state, "invalid_grant", now_ms))


def live(platform: Platform, refreshes: int, steps: Steps) -> TokenState:
    """Work until so many pairs have been given, an hour's life each, asked for every few minutes."""
    owner, now_ms = Owner(platform, {}, steps), 1_764_300_000_000
    owner.start()
    while platform.given < refreshes:
        now_ms += 17 * 60_000
        try:
            owner.work(now_ms)
        except Killed:
            owner = Owner(platform, owner.disk, steps)
            owner.start()
        if owner.state.rejection:
            return owner.state
    return owner.state


@pytest.mark.parametrize("rotates", [True, False], ids=["single use", "by the app's key"])
def test_no_connection_is_lost_in_ten_thousand_refreshes_with_a_kill_at_each_step(rotates: bool) -> None:
    counting = Steps()
    live(Platform(rotates=rotates), 3, counting)
    per_life = counting.count
    refreshes = 0
    for kill_at in range(1, per_life + 1):
        platform = Platform(rotates=rotates)
        state = live(platform, 20, Steps(kill_every=per_life, kill_at=kill_at))
        assert not state.rejection, f"lost after a kill at step {kill_at}"
        refreshes += platform.given
    chance = random.Random(14)
    while refreshes < 10_000:
        platform = Platform(rotates=rotates)
        state = live(platform, 500, Steps(chance=chance, share=0.05))
        assert not state.rejection
        refreshes += platform.given


def test_a_model_that_writes_a_pair_after_using_it_loses_connections() -> None:
    """The test above can fail: the order of steps is what saves the connection."""

    class Careless(Owner):
        def renew(self, now_ms: int) -> None:
            for old in tokens.refresh_with(self.state):
                try:
                    pair = self.platform.new_pair(old.refresh, now_ms)
                    self.platform.use(pair.access, now_ms)
                except Rejected:
                    continue
                self.steps.step("used and not written")
                self.write(tokens.received(self.state, pair))
                return
            self.write(tokens.rejected(self.state, "invalid_grant", now_ms))

    platform, disk = Platform(), {}
    owner = Careless(platform, disk, Steps(kill_every=10**6, kill_at=1))
    owner.start()
    with pytest.raises(Killed):
        owner.work(1_764_300_000_000)
    owner = Careless(platform, disk, Steps())
    owner.start()
    owner.work(1_764_300_000_000)
    assert owner.state.rejection


def test_a_candidate_that_is_turned_away_gives_way_to_the_pair_before_it() -> None:
    current, candidate = TokenPair("a", "ra", 9_000, given_ms=1), TokenPair("b", "rb", 9_000, given_ms=1)
    state = tokens.received(TokenState(current=current), candidate)
    assert tokens.usable(state, 100) == candidate
    state = tokens.turned_away(state, candidate)
    assert tokens.usable(state, 100) == current
    assert [pair.refresh for pair in tokens.refresh_with(state)] == ["rb", "ra"]


def test_a_pair_that_has_answered_replaces_the_one_before_it_and_only_that() -> None:
    current, candidate = TokenPair("a", "ra", 9_000), TokenPair("b", "rb", 9_000)
    state = tokens.received(TokenState(current=current), candidate)
    assert tokens.answered(state, current) is state
    assert tokens.answered(state, candidate) == TokenState(current=candidate)


def test_a_pair_is_renewed_before_it_ends_and_a_failure_is_not_repeated_at_once() -> None:
    state = TokenState(current=TokenPair("a", "ra", HOUR_MS, given_ms=0))
    assert tokens.need(state, HOUR_MS // 2) is TokenNeed.NOTHING
    assert tokens.need(state, HOUR_MS - 11 * 60_000) is TokenNeed.PAIR
    failed = tokens.failed(tokens.asking(state, HOUR_MS - 11 * 60_000), HOUR_MS - 11 * 60_000)
    assert tokens.need(failed, HOUR_MS - 11 * 60_000 + 1) is TokenNeed.NOTHING
    assert tokens.need(failed, HOUR_MS - 9 * 60_000) is TokenNeed.PAIR
    assert tokens.need(failed, HOUR_MS + 1) is TokenNeed.PAIR


def test_days_left_are_warned_of_at_thirty_seven_and_one() -> None:
    now_ms = 1_764_300_000_000
    warned = {
        days: tokens.warning_due(now_ms + days * DAY_MS, now_ms) for days in (90, 31, 30, 8, 7, 2, 1, 0)
    }
    assert warned == {90: None, 31: None, 30: 30, 8: 30, 7: 7, 2: 7, 1: 1, 0: 1}
    assert tokens.warning_due(0, now_ms) is None


def test_an_authorisation_ends_when_its_refresh_token_does() -> None:
    assert tokens.ends_ms(TokenState()) == 0
    assert tokens.ends_ms(TokenState(current=TokenPair("a", "", 5))) == 0
    assert tokens.ends_ms(TokenState(current=TokenPair("a", "r", 5, 77))) == 77


def test_what_was_rejected_waits_for_a_person() -> None:
    state = tokens.rejected(TokenState(current=TokenPair("a", "r", 5)), "invalid_grant", 9)
    assert tokens.need(state, 10) is TokenNeed.PERSON
    assert (state.rejection, state.revoked_ms) == ("invalid_grant", 9)

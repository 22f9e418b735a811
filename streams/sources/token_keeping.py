"""One connection's tokens: asked for in time, durable before they are used, kept until their successor has answered.

What follows what is decided in ``scoring/sources/tokens.py``; this asks, writes and waits. One lock: a connection asks for one pair at a
time, and its owner is the only process that asks for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

import msgspec
import structlog

from scoring.errors import UNDECODABLE
from scoring.sources import tokens
from scoring.sources.signatures import fingerprint
from scoring.sources.tokens import TokenNeed, TokenPair, TokenState
from streams.errors import UnreachableError
from streams.sources.asking import AccessDeniedError, PlatformRejectedError
from streams.sources.sealing import SealedUnreadableError, Sealer

_log = structlog.get_logger()


class TokenStore(Protocol):
    """Where a connection's tokens are kept; sealed."""

    async def write(self, sealed: str) -> None:
        """Make it durable.

        Raises:
            OwnershipLostError: another process owns the connection.
        """
        ...


class TokenRecord:
    """The record of one connection's tokens, written by its owner."""

    def __init__(self, write: Callable[[Mapping[str, str]], Awaitable[None]], key: str) -> None:
        self._write, self._key = write, key

    async def write(self, sealed: str) -> None:
        """Make it durable."""
        await self._write({self._key: sealed})


class KeptTokens(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is sealed: the state, and which configured token it began with, so that a new one in the configuration is noticed."""

    state: TokenState
    origin: str = ""


def origin_of(pair: TokenPair | None) -> str:
    """Which configured token a state began with; empty for none."""
    return fingerprint(pair.refresh or pair.access or pair.code) if pair is not None else ""


def token_place(name: str) -> str:
    """What the tokens of a connection are sealed for."""
    return f"token/{name}"


class TokenKeeper:
    """The tokens of one connection.

    Args:
        name: of the connection.
        new_pair: asks the platform for a new pair, by the refresh token of a pair or by the app's key (None).
        first: the pair of the configuration; None if there is none.
        store: where they are kept.
        sealer: seals them.
        now_ms: the clock.
        is_trial: whoever tries a connection sees what came of it, and needs no log of it.
    """

    def __init__(
        self,
        name: str,
        new_pair: Callable[[TokenPair | None], Awaitable[TokenPair]],
        first: TokenPair | None,
        store: TokenStore,
        sealer: Sealer,
        now_ms: Callable[[], int],
        is_trial: bool = False,
    ) -> None:
        self._is_trial = is_trial
        self._name, self._new_pair, self._first = name, new_pair, first
        self._store, self._sealer, self._now_ms = store, sealer, now_ms
        self._origin = origin_of(first)
        self._lock = asyncio.Lock()
        self.state = TokenState(current=first)
        self._kept = ""

    @property
    def place(self) -> str:
        """What they are sealed for."""
        return token_place(self._name)

    def load(self, sealed: str | None) -> bool:
        """Take up what the former owner kept; False if there is nothing, or somebody has authorised again since.

        Raises:
            SealedUnreadableError: no key opens it.
        """
        self._kept = sealed or ""
        if not sealed:
            return False
        try:
            kept = msgspec.json.decode(self._sealer.open(sealed, self.place), type=KeptTokens)
        except UNDECODABLE as error:
            raise SealedUnreadableError(f"the tokens of {self._name} cannot be read: {error}") from error
        if kept.origin != self._origin:
            return False
        self.state = kept.state
        return True

    @property
    def ends_ms(self) -> int:
        """When the authorisation ends without a person; 0 if it does not."""
        return tokens.ends_ms(self.state)

    async def pair(self) -> TokenPair:
        """The pair to send with a request.

        Raises:
            AccessDeniedError: the platform gives none any more; a person has to authorise again.
            UnreachableError: none is good now, and none could be had.
        """
        if tokens.need(self.state, self._now_ms()) is not TokenNeed.NOTHING:
            await self._renew()
        pair = tokens.usable(self.state, self._now_ms())
        if pair is None:
            raise AccessDeniedError(self.state.rejection or "there is no token")
        return pair

    async def upkeep(self) -> None:
        """Renew what ends soon. Trouble is met again when a request needs the pair."""
        if tokens.need(self.state, self._now_ms()) is TokenNeed.PAIR:
            await self._renew()

    async def answered(self, pair: TokenPair) -> None:
        """A request with ``pair`` was answered."""
        changed = tokens.answered(self.state, pair)
        if changed is not self.state:
            await self._keep(changed)

    async def turned_away(self, pair: TokenPair) -> None:
        """A request with ``pair`` was answered with 401."""
        async with self._lock:
            changed = tokens.turned_away(self.state, pair)
            if changed is not self.state:
                await self._keep(changed)

    async def _renew(self) -> None:
        async with self._lock:
            present_ms = self._now_ms()
            if tokens.need(self.state, present_ms) is not TokenNeed.PAIR:
                return  # somebody else renewed it meanwhile
            await self._keep(tokens.asking(self.state, present_ms))
            why = ""
            old_pairs: list[TokenPair | None] = [*tokens.refresh_with(self.state)]
            for old in old_pairs or [None]:
                try:
                    pair = await self._new_pair(old)
                except (AccessDeniedError, PlatformRejectedError) as error:
                    why = str(error)
                    continue
                except UnreachableError:
                    await self._keep(tokens.failed(self.state, self._now_ms()))
                    if tokens.usable(self.state, self._now_ms()) is None:
                        raise
                    return
                await self._keep(tokens.received(self.state, pair))
                _log.info("token_renewed", connection=self._name)
                return
            await self._keep(tokens.rejected(self.state, why, self._now_ms()))
            if not self._is_trial:
                _log.error("token_rejected", connection=self._name, why=why)

    async def retry_rejected(self) -> None:
        """A person says that it is fixed: the platform is asked again."""
        if self.state.rejection:
            await self._keep(msgspec.structs.replace(self.state, rejection="", revoked_ms=0))

    async def reseal(self) -> None:
        """Seal again what was sealed with a former key: a token that never ends is renewed by nothing, and would need that key for ever.

        Raises:
            InstanceFileError: the key's file is damaged.
            OwnershipLostError: another process owns the connection.
        """
        self._sealer.refresh()
        async with self._lock:
            if self._kept and self._sealer.is_old(self._kept):
                await self._keep(self.state)

    async def _keep(self, state: TokenState) -> None:
        """Durable first, then true."""
        content = msgspec.json.encode(KeptTokens(state, self._origin)).decode()
        sealed = self._sealer.seal(content, self.place)
        await self._store.write(sealed)
        self.state, self._kept = state, sealed

"""The life of a connection's token: a new pair is durable before it is used, the old one is kept until the new one has answered.

        asked            received            answered
    current ──► current + asking ──► current + candidate ──► candidate is current
                     │                     │
                     │ answer lost         │ rejected: back to current
                     ▼                     ▼
               ask again with        current, asked again
               current's refresh

Each arrow is one durable write, so a process may die anywhere. What a platform must do for that to be enough: keep the former
refresh token good until the new one is first used, or hand the same answer out again (most do, since lost answers orphaned shops).
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from scoring.funnel.units import DAY_MS, MINUTE_MS

TOKEN_SCHEMA_VERSION = 1
#: days before its end at which people hear of it
WARNING_DAYS = (30, 7, 1)
#: a token is replaced when this share of its life is left, and no later than this long before its end
_REFRESH_SHARE, _REFRESH_LEAST_MS = 0.2, 5 * MINUTE_MS
#: between two attempts after one that failed: the pair in use goes on meanwhile
RETRY_MS = MINUTE_MS


class TokenPair(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a platform hands out. Times are 0 where it does not say.

    Attributes:
        access: sent with each request.
        refresh: gives the next pair; empty where a pair is asked for with the app's own key.
        expires_ms, refresh_expires_ms: when each ends.
        given_ms: when we got it.
        code: what the shop's approval gave, good once: the first pair is asked for by it. A pair that has it has nothing else.
    """

    access: str
    refresh: str = ""
    expires_ms: int = 0
    refresh_expires_ms: int = 0
    given_ms: int = 0
    code: str = ""


class TokenState(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is kept of a connection's token; sealed, under ``token/NAME``.

    Attributes:
        current: in use, and has answered.
        candidate: newer, durable, not yet used with success.
        asking_since_ms: a new pair was asked for then and has not come; 0 if none is awaited.
        attempts: that failed in a row.
        rejection: what the platform said when it rejected for good; a person has to authorise again.
        revoked_ms: when it was rejected.
    """

    current: TokenPair | None = None
    candidate: TokenPair | None = None
    asking_since_ms: int = 0
    attempts: int = 0
    rejection: str = ""
    revoked_ms: int = 0
    schema_version: int = TOKEN_SCHEMA_VERSION


class TokenNeed(StrEnum):
    """What a connection's token needs now."""

    NOTHING = "nothing"
    PAIR = "pair"
    PERSON = "person"


def usable(state: TokenState, now_ms: int) -> TokenPair | None:
    """The pair to send with a request: the newest that may be good; None if there is none."""
    for pair in (state.candidate, state.current):
        if pair is not None and (not pair.expires_ms or pair.expires_ms > now_ms):
            return pair
    return None


def need(state: TokenState, now_ms: int) -> TokenNeed:
    """Whether a new pair is to be asked for."""
    if state.rejection:
        return TokenNeed.PERSON
    pair = state.candidate or state.current
    if pair is None:
        return TokenNeed.PAIR
    if not pair.expires_ms:
        return TokenNeed.NOTHING
    life_ms = max(pair.expires_ms - pair.given_ms, 0)
    left_ms = pair.expires_ms - now_ms
    if left_ms > max(life_ms * _REFRESH_SHARE, min(_REFRESH_LEAST_MS, life_ms / 2)):
        return TokenNeed.NOTHING
    if state.asking_since_ms and state.attempts and now_ms - state.asking_since_ms < RETRY_MS and left_ms > 0:
        return TokenNeed.NOTHING
    return TokenNeed.PAIR


def refresh_with(state: TokenState) -> list[TokenPair]:
    """The pairs whose refresh token (or code) may give a new one, those first that should: the newest known, then the one it replaced."""
    return [
        pair for pair in (state.candidate, state.current) if pair is not None and (pair.refresh or pair.code)
    ]


def asking(state: TokenState, now_ms: int) -> TokenState:
    """Written before a new pair is asked for: whoever comes next knows that an answer may be lost."""
    return msgspec.structs.replace(state, asking_since_ms=now_ms)


def received(state: TokenState, pair: TokenPair) -> TokenState:
    """Written before the new pair is used for the first time. A candidate that had not answered yet gives way, and so does a code."""
    spent = state.current is not None and bool(state.current.code)
    return msgspec.structs.replace(
        state,
        current=None if spent else state.current,
        candidate=pair,
        asking_since_ms=0,
        attempts=0,
        rejection="",
        revoked_ms=0,
    )


def failed(state: TokenState, now_ms: int) -> TokenState:
    """Nobody answered, or with an error that may pass: what is in use goes on."""
    return msgspec.structs.replace(state, attempts=state.attempts + 1, asking_since_ms=now_ms)


def answered(state: TokenState, pair: TokenPair) -> TokenState:
    """A request with ``pair`` was answered: it is good, and what it replaced is not needed any more."""
    if state.candidate is None or pair.access != state.candidate.access:
        return state
    return TokenState(current=state.candidate)


def turned_away(state: TokenState, pair: TokenPair) -> TokenState:
    """The platform does not accept ``pair`` (401): the other one is tried, then a new one is asked for.

    Nothing is thrown away before a new pair has come: a platform that is confused for a minute turns away what is good.
    """
    if state.candidate is not None and pair.access == state.candidate.access:
        return msgspec.structs.replace(
            state, candidate=msgspec.structs.replace(state.candidate, expires_ms=1)
        )
    if state.current is not None and pair.access == state.current.access:
        return msgspec.structs.replace(state, current=msgspec.structs.replace(state.current, expires_ms=1))
    return state


def rejected(state: TokenState, why: str, now_ms: int) -> TokenState:
    """No refresh token is accepted any more: the connection waits for a person. The pairs stay, in case the platform recovers."""
    return msgspec.structs.replace(
        state, rejection=why[:300] or "rejected", revoked_ms=now_ms, asking_since_ms=0
    )


def ends_ms(state: TokenState) -> int:
    """When the authorisation ends without a person: 0 if it does not, or nobody says."""
    pair = state.candidate or state.current
    if pair is None:
        return 0
    if pair.refresh:
        return pair.refresh_expires_ms
    return 0


def days_left(end_ms: int, now_ms: int) -> int | None:
    """Whole days until an authorisation ends; None if it does not."""
    return None if not end_ms else max(0, (end_ms - now_ms) // DAY_MS)


def warning_due(end_ms: int, now_ms: int) -> int | None:
    """The one of ``WARNING_DAYS`` that has been passed last; None if the end is further away."""
    left = days_left(end_ms, now_ms)
    return None if left is None else min((days for days in WARNING_DAYS if left <= days), default=None)

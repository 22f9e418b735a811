"""The way of one connection to its platform: authorised, within the budget, retried, and each kind of failure a class of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import stamina

from scoring.sources.budget import Urgency
from scoring.sources.tokens import TokenPair
from scoring.wording.text import Text
from streams.sources.asking import (
    AccessDeniedError,
    AnswerGarbledError,
    ClockApartError,
    HttpAnswer,
    HttpRequest,
    HttpSender,
    PlatformFailedError,
    PlatformRejectedError,
    PlatformThrottledError,
    PlatformUnreachableError,
    ScopeMissingError,
    seconds_ahead,
)
from streams.sources.budgets import Budgets
from streams.sources.source import Asking
from streams.sources.token_keeping import TokenKeeper

#: attempts of one request; a poll that fails is tried again at its next turn
ATTEMPTS = 4
#: a longer wait than this is left to the poll's next turn
LONGEST_WAIT_S = 60.0
#: a platform that asks to wait and does not say for how long
_THROTTLED_S = 5.0
#: pairs that are tried before a request counts as rejected: the newest, the one before, a new one
_MAX_PAIRS = 3
_AHEAD = Text(
    "本机时钟比 {host} 快 {minutes} 分钟；{error}",
    "this clock is {minutes} minutes ahead of that of {host}; {error}",
)
_BEHIND = Text(
    "本机时钟比 {host} 慢 {minutes} 分钟；{error}",
    "this clock is {minutes} minutes behind that of {host}; {error}",
)
#: a clock that is further from the platform's explains why a request is rejected: Shopee and TikTok Shop take five minutes
_CLOCK_APART_S = 240.0

_PASSING = (PlatformUnreachableError, PlatformFailedError, AnswerGarbledError)


def _again(error: Exception) -> bool | float:
    """Whether an attempt is repeated, and if the platform says when, after that."""
    if isinstance(error, PlatformThrottledError):
        wait_s = error.retry_after_s if error.retry_after_s is not None else _THROTTLED_S
        return wait_s if wait_s <= LONGEST_WAIT_S else False
    return isinstance(error, _PASSING)


@dataclass(slots=True)
class AnswerNotes:
    """What answers said besides their content, for the state of the connection."""

    left: float | None = None


class ConnectionApi:
    """``PlatformApi`` of one connection.

    Args:
        name: of the connection: the shop in its app's budget.
        asking: how its source is asked.
        sender: sends.
        budgets: of this process.
        keeper: its tokens; None if it has none.
        clock_ms: the present.
        urgency: of what is asked through this: a backfill has one of its own.
        notes: what answers said.
    """

    def __init__(
        self,
        name: str,
        asking: Asking,
        sender: HttpSender,
        budgets: Budgets,
        keeper: TokenKeeper | None,
        clock_ms: Callable[[], int],
        urgency: Urgency = Urgency.LIVE,
        notes: AnswerNotes | None = None,
    ) -> None:
        self._name, self._asking, self._sender, self._budgets = name, asking, sender, budgets
        self._keeper, self._clock_ms, self._urgency = keeper, clock_ms, urgency
        self.notes = notes if notes is not None else AnswerNotes()

    @property
    def now_ms(self) -> int:
        """The present."""
        return self._clock_ms()

    def with_urgency(self, urgency: Urgency) -> ConnectionApi:
        """The same way, for what is more or less urgent."""
        return ConnectionApi(
            self._name,
            self._asking,
            self._sender,
            self._budgets,
            self._keeper,
            self._clock_ms,
            urgency,
            self.notes,
        )

    async def ask(self, request: HttpRequest) -> HttpAnswer:
        """A good answer; see ``PlatformApi``."""
        if self._keeper is None:
            return await self._attempts(request, None)
        said = ""
        for _ in range(_MAX_PAIRS):
            pair = await self._keeper.pair()
            try:
                answer = await self._attempts(request, pair)
            except AccessDeniedError as error:
                said = str(error)
                await self._keeper.turned_away(pair)
                continue
            await self._keeper.answered(pair)
            return answer
        raise AccessDeniedError(f"{request.host} accepts none of our tokens: {said}")

    def for_pairs(self) -> PairApi:
        """The way by which tokens are asked for."""
        return PairApi(self)

    async def ask_for_pair(self, request: HttpRequest) -> HttpAnswer:
        """A good answer to a request for tokens. Asked once: whether it is repeated is decided where the pair is kept."""
        return await self._once(request, None, is_authorised=True)

    async def _attempts(self, request: HttpRequest, pair: TokenPair | None) -> HttpAnswer:
        async for attempt in stamina.retry_context(
            on=_again, attempts=ATTEMPTS, timeout=None, wait_initial=1.0, wait_max=30.0, wait_jitter=1.0
        ):
            with attempt:
                return await self._once(request, pair)
        raise AssertionError("stamina ends with an answer or an error")

    async def _once(
        self, request: HttpRequest, pair: TokenPair | None, *, is_authorised: bool = False
    ) -> HttpAnswer:
        asking = self._asking
        rates = (asking.app_rate, asking.shop_rate)
        await self._budgets.turn(asking.app, self._name, rates, self._urgency)
        if not is_authorised:
            # after the wait: a signature holds its time, and is good for minutes
            request = asking.authorise(request, pair)
        answer = await self._sender.send(request, asking.timeout_s)
        left = asking.left(answer)
        if left is not None:
            self.notes.left = left
            self._budgets.learn(asking.app, self._name, left)
        try:
            asking.judge(answer)
        except PlatformThrottledError as error:
            wait_s = error.retry_after_s if error.retry_after_s is not None else _THROTTLED_S
            self._budgets.close(asking.app, self._name, wait_s)
            raise
        except (AccessDeniedError, ScopeMissingError, PlatformRejectedError) as error:
            ahead_s = seconds_ahead(answer.headers, self._clock_ms())
            if abs(ahead_s) > _CLOCK_APART_S:
                how = _AHEAD if ahead_s > 0 else _BEHIND
                minutes = f"{abs(ahead_s) / 60:.0f}"
                raise ClockApartError(how.both(minutes=minutes, host=answer.host, error=error)) from error
            raise
        return answer


class PairApi:
    """``PlatformApi`` for requests for tokens: they are authorised by what they hold, and asked once."""

    def __init__(self, api: ConnectionApi) -> None:
        self._api = api

    @property
    def now_ms(self) -> int:
        """The present."""
        return self._api.now_ms

    async def ask(self, request: HttpRequest) -> HttpAnswer:
        """A good answer; see ``PlatformApi``."""
        return await self._api.ask_for_pair(request)

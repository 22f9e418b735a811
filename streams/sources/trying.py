"""A connection tried before it is relied on: asked once for each resource, what came translated, nothing kept.

Tokens are the owner's: a connection that has one already is tried with the token in use, and never asks for another here.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from scoring.errors import ScoringError
from scoring.records.raw_delivery import DeliveryDoor, RawDelivery
from scoring.sources.cursors import CursorState, next_window
from scoring.sources.tokens import TokenPair, days_left, usable
from scoring.wording.text import Bilingual, joined
from streams.errors import FunnelwatchError
from streams.outgoing import outgoing_session
from streams.sources.api import ConnectionApi
from streams.sources.asking import AccessDeniedError, AiohttpSender, ClockApartError, HttpSender
from streams.sources.budgets import Budgets
from streams.sources.connection import Connection
from streams.sources.sealing import Sealer
from streams.sources.source import Asking, Poll, SourceSpec
from streams.sources.source_log import SourceBook, TrialLine, log_key
from streams.sources.token_keeping import TokenKeeper
from streams.sources.trial_words import (
    EMPTY,
    ENDS,
    LIMITS,
    NO_LIMITS,
    NO_SECRET,
    NOT_TRIED,
    NOTE,
    OF_APP,
    OF_SHOP,
    ROWS,
    SECRET,
    UNREADABLE,
    failure,
)

#: of a resource's first page
_MAX_GAPS = 10


@dataclass(slots=True)
class Trial:
    """What came of a trial. ``tokens`` are sealed, for a connection that got its first ones here; to be saved with it."""

    lines: list[TrialLine] = field(default_factory=list)
    tokens: str = ""

    @property
    def is_good(self) -> bool:
        """Whether every part of it is."""
        return all(line.is_good for line in self.lines)


class _Kept:
    """Keeps tokens for whoever saves the connection."""

    def __init__(self) -> None:
        self.sealed = ""

    async def write(self, sealed: str) -> None:
        self.sealed = sealed


async def tried(
    connection: Connection,
    spec: SourceSpec,
    sealer: Sealer,
    book: SourceBook,
    now_ms: Callable[[], int],
    sender: HttpSender | None = None,
    owned: TokenKeeper | None = None,
) -> Trial:
    """What a connection does now. Its owner gives the tokens that it keeps (``owned``): those may be renewed."""
    trial = Trial()
    _try_hook(connection, spec, trial)
    if spec.asking is None:
        return trial
    async with outgoing_session() as session:
        try:
            await _try_polls(
                connection, spec, sealer, book, now_ms, sender or AiohttpSender(session), trial, owned
            )
        except FunnelwatchError as error:
            trial.lines.append(_line("access", False, failure(error)))
    return trial


def _try_hook(connection: Connection, spec: SourceSpec, trial: Trial) -> None:
    """A door needs its secret; what arrives there is not ours to send."""
    if spec.hook is None:
        return
    try:
        present = connection.secret(connection.config.secret)
        trial.lines.append(_line("secret", bool(present), (SECRET if present else NO_SECRET).both()))
    except FunnelwatchError as error:
        trial.lines.append(_line("secret", False, failure(error)))


def _line(what: str, is_good: bool, said: Bilingual) -> TrialLine:
    return TrialLine(what, is_good, said[:], said.zh)


async def _try_polls(
    connection: Connection,
    spec: SourceSpec,
    sealer: Sealer,
    book: SourceBook,
    now_ms: Callable[[], int],
    sender: HttpSender,
    trial: Trial,
    owned: TokenKeeper | None,
) -> None:
    assert spec.asking is not None
    asking = spec.asking(connection)
    keeper = owned
    kept = _Kept()
    if asking.new_pair is not None and keeper is None:
        new_pair = asking.new_pair
        api_of_pairs = ConnectionApi(connection.name, asking, sender, Budgets(), None, now_ms).for_pairs()

        async def ask(old: TokenPair | None) -> TokenPair:
            return await new_pair(api_of_pairs, old)

        keeper = TokenKeeper(connection.name, ask, asking.first_pair(), kept, sealer, now_ms)
        sealed = book.get(str, log_key("token", connection.name))
        # a pair that is asked for here would be lost: its owner asks
        if sealed and not (keeper.load(sealed) and usable(keeper.state, now_ms())):
            trial.lines.append(_line("access", True, NOT_TRIED.both()))
            return
    api = ConnectionApi(connection.name, asking, sender, Budgets(), keeper, now_ms)
    for poll in spec.polls(connection.config):
        try:
            trial.lines.append(await _try_poll(connection, spec, poll, api))
        except (AccessDeniedError, ClockApartError) as error:
            # what is wrong with the access is wrong for all that follows, and each more would cost a refresh token
            trial.lines.append(_line("access", False, failure(error)))
            break
    trial.tokens = kept.sealed
    days = days_left(keeper.ends_ms, now_ms()) if keeper is not None else None
    if days is not None:
        trial.lines.append(_line("authorisation", days > 0, ENDS.both(days=days)))
    trial.lines.append(_line("limits", True, _limits(asking)))


def _limits(asking: Asking) -> Bilingual:
    """How often may be asked, as far as it is known."""
    rates = ((OF_SHOP, asking.shop_rate), (OF_APP, asking.app_rate))
    known = [text.both(rate=rate.per_second) for text, rate in rates if math.isfinite(rate.per_second)]
    if not known:
        return NO_LIMITS.both()
    zh, en = joined("zh", [one.zh for one in known]), joined("en", known)
    return Bilingual(LIMITS("zh", rates=zh), LIMITS("en", rates=en))


async def _try_poll(connection: Connection, spec: SourceSpec, poll: Poll, api: ConnectionApi) -> TrialLine:
    window = next_window(CursorState(), poll.plan, api.now_ms)
    assert window is not None
    try:
        page = await poll.fetch(api, window, "")
    except (AccessDeniedError, ClockApartError):
        raise
    except FunnelwatchError as error:
        return _line(poll.resource, False, failure(error))
    assert spec.translate is not None
    terms = connection.terms(spec.terms(connection.config))
    records, bad, why = 0, 0, ""
    gaps: dict[str, None] = {}
    for row in page.rows:
        delivery = RawDelivery(
            delivery_id=row.row_id,
            source=connection.source,
            connection=connection.name,
            received_at_ms=api.now_ms,
            topic=poll.resource,
            door=DeliveryDoor.POLL,
            body=row.body,
        )
        try:
            found = spec.translate(delivery, terms)
        except ScoringError as error:
            bad, why = bad + 1, str(error)
            continue
        records += found.count
        gaps.update(dict.fromkeys(" ".join((gap.what, gap.name, gap.value)).strip() for gap in found.gaps))
        if found.set_aside:
            bad, why = bad + 1, found.set_aside[0].detail
    said = [ROWS.both(rows=len(page.rows), records=records)]
    if not page.rows:
        said.append(EMPTY.both())
    if bad:
        said.append(UNREADABLE.both(bad=bad, why=why))
    if gaps:
        said.append(NOTE.both(gaps=", ".join(list(gaps)[:_MAX_GAPS])))
    whole = Bilingual("".join(one.zh for one in said), "".join(one[:] for one in said))
    return _line(poll.resource, not bad, whole)

"""A connection tried before it is relied on: asked once for each resource, what came translated, nothing kept.

Tokens are the owner's: a connection that has one already is tried with the token in use, and never asks for another here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Set
from dataclasses import dataclass, field
from typing import Any

from scoring.errors import ScoringError
from scoring.funnel.stages import Stage
from scoring.funnel.units import DAY_MS
from scoring.records.raw_delivery import DeliveryDoor, RawDelivery
from scoring.records.signal import Signal, SignalKind
from scoring.sources.cursors import CursorState, next_window
from scoring.sources.tokens import TokenPair, days_left, usable
from scoring.sources.translated import SCOPE_MISSING, MappingGap
from scoring.wording.text import Bilingual, Text, joined
from streams.errors import FunnelwatchError
from streams.outgoing import outgoing_session
from streams.sources.api import ConnectionApi
from streams.sources.asking import AccessDeniedError, AiohttpSender, ClockApartError, HttpSender
from streams.sources.budgets import Budgets
from streams.sources.connection import Connection
from streams.sources.sealing import Sealer
from streams.sources.source import Asking, Poll, SourceSpec
from streams.sources.source_log import SourceBook, StoredConnection, TrialLine, log_key
from streams.sources.token_keeping import TokenKeeper
from streams.sources.trial_words import (
    EMPTY,
    ENDS,
    ENDS_FOR_GOOD,
    LIMITS,
    NO_LIMITS,
    NO_SECRET,
    NOT_TRIED,
    NOTE,
    OF_APP,
    OF_SHOP,
    PREPARING,
    ROWS,
    SECRET,
    UNREADABLE,
    WITHOUT_SCOPE,
    failure,
)

#: of a resource's first page
_MAX_GAPS = 10


@dataclass(slots=True)
class Trial:
    """What came of a trial.

    Attributes:
        lines: part by part.
        tokens: sealed, of a connection that got its first ones here: to be kept whether it is saved or not, because the refresh token that
            was typed may be good only once.
        is_authorised: those tokens are of an authorisation that is newer than what the connection's owner keeps.
        lost: stages that are asked for and that cannot be had as things are.
    """

    lines: list[TrialLine] = field(default_factory=list)
    tokens: str = ""
    is_authorised: bool = False
    lost: frozenset[Stage] = frozenset()

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
    given: str | None = None,
) -> Trial:
    """What a connection does now. Its owner gives the tokens that it keeps (``owned``): those may be renewed.

    Whoever is about to save it gives the tokens that it was authorised with (``given``, sealed; empty for none yet): with settings that
    its owner's tokens do not come from, it may ask for some.
    """
    trial = Trial()
    _try_hook(connection, spec, trial)
    if spec.asking is None:
        return trial
    async with outgoing_session() as session:
        try:
            await _try_polls(
                connection, spec, sealer, book, now_ms, sender or AiohttpSender(session), trial, owned, given
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
    given: str | None,
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

        first = asking.first_pair()
        keeper = TokenKeeper(connection.name, ask, first, kept, sealer, now_ms, is_trial=True)
        sealed = given or book.get(str, log_key("token", connection.name))
        is_loaded = keeper.load(sealed)
        is_good = is_loaded and usable(keeper.state, now_ms()) is not None
        trial.is_authorised = bool(given) or (given is not None and first is not None and not is_loaded)
        # a pair that is asked for here would be lost: its owner asks
        is_for_owner = bool(sealed) or (first is not None and bool(first.code))
        if is_for_owner and not is_good and not trial.is_authorised and _is_owned(connection, book):
            trial.lines.append(_line("access", True, NOT_TRIED.both()))
            return
    api = ConnectionApi(connection.name, asking, sender, Budgets(), keeper, now_ms)
    failed: set[str] = set()
    is_denied, ends_ms = False, 0
    for poll in spec.polls(connection.config):
        try:
            tried_poll = await _try_poll(connection, spec, poll, api)
        except (AccessDeniedError, ClockApartError) as error:
            # what is wrong with the access is wrong for all that follows, and each more would cost a refresh token
            trial.lines.append(_line("access", False, failure(error)))
            is_denied = True
            break
        trial.lines += tried_poll.lines
        ends_ms = tried_poll.ends_ms or ends_ms
        if not tried_poll.is_good:
            failed.add(poll.resource)
    trial.tokens = kept.sealed
    trial.lost = lost_stages(spec, connection.config, None if is_denied else failed)
    trial.lines += _ends(
        days_left(keeper.ends_ms, now_ms()) if keeper is not None else None, ends_ms, now_ms()
    )
    trial.lines.append(_line("limits", True, _limits(asking)))


def _is_owned(connection: Connection, book: SourceBook) -> bool:
    """Whether it is saved already: then a process owns it and its tokens."""
    return (
        connection.is_in_file
        or book.get(StoredConnection, log_key("connection", connection.name)) is not None
    )


def lost_stages(spec: SourceSpec, config: Any, failed: Set[str] | None) -> frozenset[Stage]:
    """Stages that the connection does not give while ``failed`` resources cannot be had; None: while nothing can.

    What a stage is given by is known where the settings name what is read (``reads``).
    """
    reads: tuple[str, ...] = getattr(config, "reads", ())
    if not reads:
        return frozenset()

    def is_had(part: str) -> bool:
        alone = config.model_copy(update={"reads": (part,)})
        return failed is not None and not failed & {poll.resource for poll in spec.polls(alone)}

    left = config.model_copy(update={"reads": tuple(part for part in reads if is_had(part))})
    return spec.lacks(left) - spec.lacks(config)


def _ends(token_days: int | None, ends_ms: int, now_ms: int) -> list[TrialLine]:
    """When the authorisation ends: by its tokens, or by what the platform said of it."""
    if token_days is not None:
        return [_line("authorisation", token_days > 0, ENDS.both(days=token_days))]
    if ends_ms:
        days = (ends_ms - now_ms) // DAY_MS
        return [_line("authorisation", days > 0, ENDS_FOR_GOOD.both(days=days))]
    return []


def _limits(asking: Asking) -> Bilingual:
    """How often may be asked, as far as it is known."""
    rates = ((OF_SHOP, asking.shop_rate), (OF_APP, asking.app_rate))
    known = [text.both(rate=rate.per_second) for text, rate in rates if math.isfinite(rate.per_second)]
    if not known:
        return NO_LIMITS.both()
    zh, en = joined("zh", [one.zh for one in known]), joined("en", known)
    return Bilingual(LIMITS("zh", rates=zh), LIMITS("en", rates=en))


@dataclass(slots=True)
class _TriedPoll:
    """What came of one resource; ``ends_ms`` is when the authorisation ends, if the platform said so with it."""

    lines: list[TrialLine]
    is_good: bool
    ends_ms: int = 0


async def _try_poll(connection: Connection, spec: SourceSpec, poll: Poll, api: ConnectionApi) -> _TriedPoll:
    window = next_window(CursorState(), poll.plan, api.now_ms)
    assert window is not None
    try:
        page = await poll.fetch(api, window, "")
    except (AccessDeniedError, ClockApartError):
        raise
    except FunnelwatchError as error:
        return _TriedPoll([_line(poll.resource, False, failure(error))], False)
    assert spec.translate is not None
    terms = connection.terms(spec.terms(connection.config))
    records, bad, why, ends_ms = 0, 0, "", 0
    gaps: dict[MappingGap, None] = {}
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
        gaps.update(dict.fromkeys(found.gaps))
        ends_ms = max([ends_ms, *(_end_of(signal) for signal in found.signals)])
        if found.set_aside:
            bad, why = bad + 1, found.set_aside[0].detail
    scopes = [gap for gap in gaps if gap.what == SCOPE_MISSING]
    others = [" ".join((gap.what, gap.name, gap.value)).strip() for gap in gaps if gap.what != SCOPE_MISSING]
    is_made_later = not page.rows and bool(page.next_mark)
    said = [PREPARING.both() if is_made_later else ROWS.both(rows=len(page.rows), records=records)]
    if not page.rows and not is_made_later:
        said.append(EMPTY.both())
    if bad:
        said.append(UNREADABLE.both(bad=bad, why=why))
    if others:
        said.append(NOTE.both(gaps=", ".join(others[:_MAX_GAPS])))
    whole = Bilingual("".join(one.zh for one in said), "".join(one[:] for one in said))
    lines = [_line(poll.resource, not bad, whole)]
    for gap in scopes:
        without = spec.scopes.get(gap.name, Text(gap.value, gap.value))
        said_so = (WITHOUT_SCOPE(one, scope=gap.name, without=without(one)) for one in ("zh", "en"))
        lines.append(_line("permission", True, Bilingual(*said_so)))
    return _TriedPoll(lines, not bad, ends_ms)


def _end_of(signal: Signal) -> int:
    return signal.until_ms if signal.kind is SignalKind.AUTHORISATION_ENDS else 0

"""A connection tried before it is relied on: asked once for each resource, what came translated, nothing kept.

Tokens are the owner's: a connection that has one already is tried with the token in use, and never asks for another here.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import aiohttp

from scoring.errors import ScoringError
from scoring.records.raw_delivery import DeliveryDoor, RawDelivery
from scoring.sources.cursors import CursorState, next_window
from scoring.sources.tokens import TokenPair, days_left, usable
from streams.errors import FunnelwatchError
from streams.sources.api import ConnectionApi
from streams.sources.asking import AiohttpSender, HttpSender
from streams.sources.budgets import Budgets
from streams.sources.connection import Connection
from streams.sources.sealing import Sealer
from streams.sources.source import Asking, Poll, SourceSpec
from streams.sources.source_log import SourceBook, TrialLine, log_key
from streams.sources.token_keeping import TokenKeeper

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
    async with aiohttp.ClientSession() as session:
        try:
            await _try_polls(
                connection, spec, sealer, book, now_ms, sender or AiohttpSender(session), trial, owned
            )
        except FunnelwatchError as error:
            trial.lines.append(TrialLine("access", False, str(error)))
    return trial


def _try_hook(connection: Connection, spec: SourceSpec, trial: Trial) -> None:
    """A door needs its secret; what arrives there is not ours to send."""
    if spec.hook is None:
        return
    try:
        present = connection.secret(connection.config.secret)
        said = "its secret is at hand" if present else "it has no secret"
        trial.lines.append(TrialLine("secret", bool(present), said))
    except FunnelwatchError as error:
        trial.lines.append(TrialLine("secret", False, str(error)))


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
            said = "the token is renewed by the role `sources`; not tried here"
            trial.lines.append(TrialLine("access", True, said))
            return
    api = ConnectionApi(connection.name, asking, sender, Budgets(), keeper, now_ms)
    for poll in spec.polls(connection.config):
        trial.lines.append(await _try_poll(connection, spec, poll, api))
    trial.tokens = kept.sealed
    days = days_left(keeper.ends_ms, now_ms()) if keeper is not None else None
    if days is not None:
        trial.lines.append(TrialLine("authorisation", days > 0, f"ends in {days} days unless it is renewed"))
    trial.lines.append(TrialLine("limits", True, _limits(asking)))


def _limits(asking: Asking) -> str:
    """How often may be asked, as far as it is known."""
    rates = {"the shop": asking.shop_rate, "all shops of the app": asking.app_rate}
    known = [
        f"{rate.per_second:g} a second for {whose}"
        for whose, rate in rates.items()
        if math.isfinite(rate.per_second)
    ]
    return f"requests at most: {', '.join(known)}" if known else "no limit of requests is known"


async def _try_poll(connection: Connection, spec: SourceSpec, poll: Poll, api: ConnectionApi) -> TrialLine:
    window = next_window(CursorState(), poll.plan, api.now_ms)
    assert window is not None
    try:
        page = await poll.fetch(api, window, "")
    except FunnelwatchError as error:
        return TrialLine(poll.resource, False, str(error))
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
    said = f"{len(page.rows)} rows on the first page, {records} records"
    if not page.rows:
        said += "; an empty answer proves the access, not the mapping"
    if bad:
        said += f"; {bad} rows cannot be read: {why}"
    if gaps:
        said += f"; note: {', '.join(list(gaps)[:_MAX_GAPS])}"
    return TrialLine(poll.resource, not bad, said)

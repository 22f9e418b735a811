"""What a source is made of: the port that every folder of ``streams/sources`` fills.

A source declares; its hosts act: the collector makes routes and answers from ``doors`` and ``hook``, the role ``sources`` asks what
``polls`` name and translates what came, page and reference take words and rows (``streams/sources/registry.py``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from pydantic import BaseModel

from scoring.events.event import Source
from scoring.events.redaction import StoreField
from scoring.funnel.stages import STAGES, Stage
from scoring.records.raw_delivery import RawDelivery
from scoring.sources.budget import BudgetRate
from scoring.sources.cursors import PollPlan, PollWindow
from scoring.sources.endings import Use
from scoring.sources.json_values import json_text
from scoring.sources.second_way import DayFigures
from scoring.sources.signatures import SignatureVerdict
from scoring.sources.tokens import TokenPair
from scoring.sources.translated import ConnectionTerms, Translated
from scoring.wording.text import Text
from streams.collector.door import Door
from streams.sources.asking import HttpAnswer, HttpRequest, PlatformApi
from streams.sources.connection import Connection


class Supply(StrEnum):
    """How a source gives a stage: event by event, as a state that is asked for, as a report's total, or not at all.

    ``LOST`` is of a trial: it would give it, and cannot as things are.
    """

    EVENT = "event"
    STATUS = "status"
    REPORT = "report"
    LOST = "lost"
    NEVER = "never"


class Authorisation(StrEnum):
    """How a connection is authorised."""

    NONE = "none"
    SIGNATURE = "signature"
    KEY = "key"
    TOKEN = "token"  # noqa: S105  (a word, no password)


# ---------------------------------------------------------------- deliveries by webhook


@dataclass(frozen=True, slots=True)
class HookRequest:
    """A request to ``/v1/hooks/SOURCE/CONNECTION``: nothing of it has been looked into."""

    method: str
    raw: bytes
    headers: Mapping[str, str]
    query: Mapping[str, str]
    now_s: float


@dataclass(frozen=True, slots=True)
class HookAnswer:
    """What a handshake is answered with."""

    status: int = 200
    body: bytes = b""
    content_type: str = "text/plain"


@dataclass(frozen=True, slots=True)
class HookLabel:
    """What a genuine delivery is about, what it is recognised by (empty: a hash of its bytes), and whose it is."""

    topic: str = ""
    delivery_id: str = ""
    store: str = ""


@dataclass(frozen=True, slots=True)
class Hook:
    """How a source delivers to ``/v1/hooks/SOURCE/CONNECTION``.

    Attributes:
        verify: whether a delivery is genuine, by its raw bytes.
        handshake: the answer to a request that only checks the address; None for a delivery.
        label: of a genuine delivery, from its headers and its decoded body (None if it is not JSON).
        kept_headers: of a delivery, next to its body; never those that carry secrets.
        personal, people, kept: names of fields whose values are removed, whose values are ids of people, and ``parent.child`` that
            is kept though its parent's name is personal.
        ids: ``parent.child`` of ids of things that are not called so.
        stores: where an object names its store, if a delivery may hold several stores' rows.
        only: names of the fields that are kept at all, where the source's fields are known; all are judged by name if it is empty.
        answer: to a delivery that is safe.
    """

    verify: Callable[[HookRequest, Connection], SignatureVerdict]
    handshake: Callable[[HookRequest, Connection], HookAnswer | None]
    label: Callable[[HookRequest, Any, Connection], HookLabel]
    kept_headers: tuple[str, ...] = ()
    personal: Callable[[Connection], Sequence[str]] = lambda connection: ()
    people: Callable[[Connection], Sequence[str]] = lambda connection: ()
    kept: Callable[[Connection], Sequence[str]] = lambda connection: ()
    ids: Callable[[Connection], Sequence[str]] = lambda connection: ()
    stores: Callable[[Connection], Sequence[StoreField]] = lambda connection: ()
    only: Callable[[Connection], Sequence[str]] = lambda connection: ()
    answer: HookAnswer = HookAnswer()


# ---------------------------------------------------------------- what is asked for


@dataclass(frozen=True, slots=True)
class PolledRow:
    """One row of an answer.

    Attributes:
        row_id: what it is recognised by; with ``version`` (its time of change, or a hash), which state of it this is.
        body: its JSON as text.
        changed_ms: the platform's own time of its last change; 0 if it does not say.
        store: whose it is; empty for the connection's first.
    """

    row_id: str
    version: str
    body: str
    changed_ms: int = 0
    store: str = ""


def polled_row(row_id: str, content: Any, changed_ms: int = 0, store: str = "") -> PolledRow:
    """A row whose version is a hash of all that it says, for it may change without saying so; its id, too, where it has none."""
    body = json_text(content)
    digest = hashlib.blake2b(body.encode(), digest_size=8).hexdigest()
    return PolledRow(row_id or digest, digest, body, changed_ms, store)


@dataclass(frozen=True, slots=True)
class PollPage:
    """One page of a window.

    Attributes:
        rows: in the order of the answer.
        next_mark: gives the next page; empty if this is the last.
        total: rows of the whole window as the platform says; None if it does not.
        cursor_mark: where a source without times goes on after this page.
        served: the version that was served.
        left: requests that the server says are left.
    """

    rows: Sequence[PolledRow]
    next_mark: str = ""
    total: int | None = None
    cursor_mark: str = ""
    served: str = ""


@dataclass(frozen=True, slots=True)
class Poll:
    """A resource that is asked for on a schedule.

    Attributes:
        resource: its name, also the topic of its deliveries.
        plan: interval, window, overlap.
        fetch: asks for one page of a window.
        has_past: a past range can be asked for (a backfill).
        scope: what the app must be allowed; empty if nothing.
        restated_days: days before today that the source still restates; they are asked for again once a day.
        version: of the API that is asked for; another one served is an error.
        personal, people, kept, only, ids, stores: as in ``Hook``.
        past: asks for one page of a past window, where the platform has another way for history.
        past_window_s: the longest past window asked for at once; a day if it is 0.
    """

    resource: str
    plan: PollPlan
    fetch: Callable[[PlatformApi, PollWindow, str], Awaitable[PollPage]]
    has_past: bool = True
    scope: str = ""
    restated_days: int = 0
    version: str = ""
    personal: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    stores: tuple[StoreField, ...] = ()
    past: Callable[[PlatformApi, PollWindow, str], Awaitable[PollPage]] | None = None
    past_window_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Asking:
    """How a source's API is asked: what its requests carry, how its answers are judged, how often it may be asked.

    Attributes:
        app: connections of the same app share a budget.
        app_rate, shop_rate: of the app, and of each shop.
        authorise: a request with what authorises it; the pair is None where there are no tokens.
        judge: raises for an answer that is none (``streams/sources/asking.py``); platforms that say errors in a 200 have their own.
        first_pair: the pair to begin with, from the configuration; None: one is asked for.
        new_pair: a new pair, by the refresh token of a pair or by the app's own key (None). None: no tokens.
        left: how many requests the server says are left.
        timeout_s: of one request.
    """

    app: str
    app_rate: BudgetRate
    shop_rate: BudgetRate
    authorise: Callable[[HttpRequest, TokenPair | None], HttpRequest]
    judge: Callable[[HttpAnswer], None]
    first_pair: Callable[[], TokenPair | None] = lambda: None
    new_pair: Callable[[PlatformApi, TokenPair | None], Awaitable[TokenPair]] | None = None
    left: Callable[[HttpAnswer], float | None] = lambda answer: None
    timeout_s: float = 30.0


@dataclass(frozen=True, slots=True)
class ApprovalLink:
    """How a shop approves an app, by a link that leads back to an address with a code.

    Attributes:
        needs: settings that the link is made of.
        link: it, by settings (not all checked yet), the app's secret and the present in milliseconds.
        gives: settings that the address says, too.
    """

    needs: tuple[str, ...]
    link: Callable[[Any, str, int], str]
    gives: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PasteText:
    """A text that a person pastes at the platform: where, and what."""

    where: Text
    text: str


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """One source.

    Attributes:
        name: of its folder.
        words: its name for people.
        supplies: how it gives each stage; a stage that is not named is never supplied.
        lacks: stages that a connection with these settings does not supply, though the source can.
        definition: what a stage means here and what the source cannot see, for people, in short; the file of definitions in its folder says
            it whole, in Chinese and English.
        events_as: the values of an event's field ``source`` that are this source's.
        doors: where it delivers on its own, with a write key.
        hook: how it delivers to a connection's address; None if it does not.
        polls: what is asked for, by a connection's configuration.
        asking: how it is asked, by a connection; None if it is not.
        translate: what a delivery says; None if it has no deliveries.
        second_way: the figures of closed days by another way; None if there is none.
        config: the model of its connections; None if it has none.
        terms: the part of a connection's configuration that its mapping wants.
        authorisation: how a connection is authorised, by its configuration.
        scopes: what its app should be allowed, and what is not had without.
        uses: which versions and forms of the platform a connection with these settings asks for, to know when they end.
        approval: the link by which a shop approves the app; None where there is none, or a token is had elsewhere.
        pastes: by connection, address of the collector and key of the pixel, the texts to paste at the platform.
    """

    name: str
    words: Text
    supplies: Mapping[Stage, Supply]
    definition: Text
    events_as: tuple[Source, ...]
    doors: tuple[Door, ...] = ()
    hook: Hook | None = None
    polls: Callable[[Any], tuple[Poll, ...]] = lambda config: ()
    asking: Callable[[Connection], Asking] | None = None
    translate: Callable[[RawDelivery, ConnectionTerms], Translated] | None = None
    second_way: Callable[[PlatformApi, Connection, Sequence[date]], Awaitable[list[DayFigures]]] | None = None
    has_second_way: Callable[[Any], bool] = lambda config: False
    lacks: Callable[[Any], frozenset[Stage]] = lambda config: frozenset()
    config: type[BaseModel] | None = None
    terms: Callable[[Any], Any] = lambda config: None
    authorisation: Callable[[Any], Authorisation] = lambda config: Authorisation.NONE
    scopes: Mapping[str, Text] = field(default_factory=dict)
    uses: Callable[[Any], Iterable[Use]] = lambda config: ()
    approval: ApprovalLink | None = None
    pastes: Callable[[Connection, str, str], Sequence[PasteText]] = lambda connection, collector, key: ()

    def supply(self, stage: Stage) -> Supply:
        """How the source gives ``stage``."""
        return self.supplies.get(stage, Supply.NEVER)


def every_stage(supply: Supply) -> dict[Stage, Supply]:
    """The same supply for all stages."""
    return dict.fromkeys(STAGES, supply)

"""Dead letters as an operator works with them: listed and shown from ClickHouse, resent through the intake."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

import msgspec
from clickhouse_connect.driver import Client

from scoring.errors import UNDECODABLE
from scoring.events.event import EventType, RejectReason, Source
from scoring.events.personal_values import is_masked
from streams.clickhouse.errors import mapped
from streams.collector.intake import EventIntake

_COLUMNS = "letter_id, received_at, reason, source, store_id, detail, payload, door"
_SOURCES = frozenset(source.value for source in Source)
#: rejected for how they arrived: what is kept of them is not an event
_NO_EVENT = {
    RejectReason.BAD_ROW: "it is a row of a file; correct the file or its mapping and run `funnelwatch replay FILE`",
    RejectReason.UNTRANSLATABLE: "it came from a source; correct the mapping and run `funnelwatch sources replay`",
    RejectReason.EMPTY: "it was empty",
    RejectReason.TOO_LARGE: "only its beginning was kept; its sender has to send smaller batches",
    RejectReason.UNREADABLE_BODY: "its body could not be decompressed; its sender has to send it again",
    RejectReason.NOT_UTF8: "its bytes are not text; its sender has to send UTF-8",
}


@dataclass(frozen=True, slots=True)
class StoredLetter:
    """One dead letter."""

    letter_id: str
    received_at: datetime
    reason: str
    source: str
    store_id: str
    detail: str
    payload: str
    #: the collector's door; empty if it is not known, or if it came another way
    door: str = ""

    def as_json(self) -> dict[str, Any]:
        """Its columns, the time in RFC 3339."""
        shown = {name: getattr(self, name) for name in self.__slots__}
        return {**shown, "received_at": self.received_at.isoformat(timespec="milliseconds")}


@dataclass(slots=True)
class ResendResult:
    """What became of the letters that were resent."""

    accepted: int = 0
    #: letter id and why it was not sent, or was rejected again
    failed: list[tuple[str, str]] = field(default_factory=list)


def find_letters(
    client: Client,
    *,
    ids: Sequence[str] = (),
    reason: str = "",
    store_id: str = "",
    since: datetime | None = None,
    most: int = 0,
) -> list[StoredLetter]:
    """Letters from the view ``dead_letters``, newest first.

    Args:
        client: a reader.
        ids: whole ids or their beginnings; all for none.
        reason: of this reason only.
        store_id: of this store only.
        since: received at this moment or later.
        most: at most this many; 0 for all.

    Raises:
        ClickHouseError: the query fails.
    """
    wheres = ["1"]
    parameters: dict[str, Any] = {}
    if ids:
        wheres.append("arrayExists(one -> startsWith(letter_id, one), {ids:Array(String)})")
        parameters["ids"] = list(ids)
    if reason:
        wheres.append("reason = {reason:String}")
        parameters["reason"] = reason
    if store_id:
        wheres.append("store_id = {store_id:String}")
        parameters["store_id"] = store_id
    if since is not None:
        wheres.append("received_at >= fromUnixTimestamp64Milli({since:Int64})")
        parameters["since"] = int(since.timestamp() * 1000)
    limit = f" LIMIT {int(most)}" if most else ""
    query = f"SELECT {_COLUMNS} FROM dead_letters WHERE {' AND '.join(wheres)} ORDER BY received_at DESC, letter_id{limit}"
    with mapped():
        return [StoredLetter(*row) for row in client.query(query, parameters=parameters).result_rows]


def count_reasons(letters: Sequence[StoredLetter]) -> list[tuple[str, int]]:
    """How many letters each reason has, most first."""
    return Counter(letter.reason for letter in letters).most_common()


def why_not(letter: StoredLetter) -> str:
    """Why a letter cannot be resent; empty if it can."""
    if letter.reason == RejectReason.UNTRANSLATABLE:
        return _NO_EVENT[RejectReason.UNTRANSLATABLE]
    if letter.source not in _SOURCES:
        return "it is a record of a topic that a role could not read; whoever wrote it there has to write it again"
    if letter.reason in _NO_EVENT:
        return _NO_EVENT[RejectReason(letter.reason)]
    if letter.payload.endswith("…"):
        return "its payload was cut; its sender has to send it again"
    try:
        value = msgspec.json.decode(letter.payload)
    except UNDECODABLE:
        return "its payload is not JSON, so only its sender can correct it"
    if not isinstance(value, dict):
        return "its payload is not an event"
    if "store_id" in value and not letter.store_id:
        return "it names a store that its sender may not write to; send it with that store's key"
    own = {name: text for name, text in value.items() if name != "attributes"}
    if any(isinstance(text, str) and is_masked(text) for text in own.values()):
        return "personal data was removed from it; its sender has to send it again"
    return ""


async def replay(
    letters: Sequence[StoredLetter],
    intake: EventIntake,
    types_claimable: Callable[[Source, str], frozenset[EventType] | None],
) -> ResendResult:
    """Resend letters through the collector's own path, oldest first. Sent twice, they count once.

    Args:
        letters: what to send; those that cannot be sent are named in the outcome.
        intake: the path.
        types_claimable: gives the event types that may come in as a source by the door of a path; all for None.
    """
    outcome = ResendResult()
    for letter in sorted(letters, key=lambda one: one.received_at):
        problem = why_not(letter)
        if problem:
            outcome.failed.append((letter.letter_id, problem))
            continue
        own = {name: terms for name, terms in intake.stores.items() if name == letter.store_id}
        source = Source(letter.source)
        result = await intake.accept(
            letter.payload.encode(),
            source=source,
            types=types_claimable(source, letter.door),
            # a sender with a key for one store need not have named it in the event; with it no other store can be named
            stores=own if letter.store_id else None,
            keeps_rejected=False,
            sent_at_ms=int(letter.received_at.timestamp() * 1000),
            # a payload holds one event at most, so the letter's id is that of an event that has none
            fresh_id=partial(str, f"dl-{letter.letter_id}"),
        )
        outcome.accepted += result.accepted
        outcome.failed += [(letter.letter_id, one.rejection.detail) for one in result.rejected]
    return outcome

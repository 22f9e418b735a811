"""Dead letters: what is kept of a record that was rejected, so that a fault can be seen, corrected and sent again.

On the path of an event: used by ``streams/collector/intake.py`` for what ``scoring/events/parsing.py`` rejects.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Collection

import msgspec

from scoring.events.event import DeadLetter, RejectReason, Source
from scoring.events.parsing import RejectedRecord
from scoring.events.personal_values import mask_text
from scoring.events.pseudonyms import Pseudonyms, marked
from scoring.events.redaction import mask_payload
from streams.collector.frames import Record

_STORE_ID = re.compile(rb'"store_id"\s*:\s*"([^"\\]{1,64})"')
_ENCODER = msgspec.json.Encoder()


class LetterMaker:
    """Makes the letters of one process.

    Args:
        pseudonyms: of ids.
        stores: all that are configured.
        topic: where letters go.
    """

    def __init__(self, pseudonyms: Pseudonyms, stores: Collection[str], topic: str) -> None:
        self._pseudonyms, self._stores, self._topic = pseudonyms, stores, topic

    def record(
        self,
        one: RejectedRecord,
        *,
        door: str,
        source: Source,
        received_at_ms: int,
        stores: Collection[str],
        pseudonym: Callable[[str, str], str] | None = None,
        is_private: bool = False,
    ) -> Record:
        """The dead letter of a record; sent again, its ids are those that it would have had."""
        store, of = self._store_of(one.raw, stores), pseudonym or self._pseudonyms.of_sender
        payload, cut = mask_payload(
            one.raw, lambda raw: marked(of(store, raw)), person=_nobody if is_private else None
        )
        whole = one.rejection.reason is not RejectReason.TOO_LARGE
        size = f"; it had {len(one.raw):,} bytes" if whole else ""
        detail = one.rejection.detail + (f" [cut{size}]" if cut else "")
        # a file replayed again gives the same letters; a live sender's repeated record is a letter of its own
        once = "" if source is Source.REPLAY else uuid.uuid4().hex
        identity = f"{source.value}\0{one.rejection.reason.value}\0{once}\0".encode() + one.raw
        letter = DeadLetter(
            received_at_ms=received_at_ms,
            reason=one.rejection.reason,
            source=source.value,
            store_id=store,
            payload=payload,
            detail=detail,
            letter_id=self._pseudonyms.digest(identity),
            door=door,
        )
        return Record(self._topic, store.encode() or None, received_at_ms, _ENCODER.encode(letter))

    def _store_of(self, raw: bytes, stores: Collection[str]) -> str:
        """The store that a rejected record belongs to: the one it names, else the sender's only one.

        A record that names a store its sender may not write to stays with the sender: else whoever holds a key, such as
        the one in a public page, could put letters into another store's, to be accepted there when they are replayed.
        """
        own = next(iter(stores)) if len(stores) == 1 else ""
        found = _STORE_ID.search(raw)
        if found is None:
            return own
        store = found.group(1).decode("utf-8", "replace")
        if store in stores:
            return store
        return own if store in self._stores else mask_text(store)


def _nobody(raw: str) -> str:
    """What is kept of the id of somebody who asks not to be recognised."""
    return ""

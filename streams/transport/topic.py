"""What an agent on batch topics sees: the topic and its messages."""

from __future__ import annotations

from typing import Any

from faust.topics import Topic
from faust.types import ConsumerMessage


class BatchMessage(ConsumerMessage):
    """One Faust message for a chunk of one partition; ``offset`` is where the chunk ends.

    ``value`` is the ``RecordChunk``: going over it gives spans of values and their offsets. ``highwater`` is the end of the
    partition when it was read. ``follows`` is the ``offset`` of the message before it, −1 for the first one after a seek:
    an agent that has not seen that one has missed it (Faust starts an agent that fell over again, behind the message at
    which it fell).
    """

    __slots__ = ("follows", "highwater")

    follows: int
    highwater: int


class BatchTopic(Topic):
    """A topic whose events are whole chunks: ``event.value`` gives spans of undecoded values and their offsets, once.

    Give it a small ``maxsize``: that many chunks, of up to ``consumer_max_fetch_size`` bytes each, may wait.
    """

    def _compile_decode(self) -> Any:
        create = self._create_event

        async def decode(message: Any, *, propagate: bool = False) -> Any:
            return create(None, message.value, None, message)

        self.decode = decode  # type: ignore[method-assign]
        return decode

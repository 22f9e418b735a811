"""What an agent on batch topics sees: the topic and its messages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from faust.topics import Topic
from faust.types import ConsumerMessage


class BatchMessage(ConsumerMessage):
    """One Faust message for the records ``offsets`` of one partition; ``offset`` is the last of them.

    ``value`` is the list of the records' values; ``highwater`` the end of the partition when they were read.
    ``follows`` is the last offset of the message before it, −1 for the first one after a seek: an agent that has not
    seen that one has missed it (Faust starts an agent that fell over again, behind the message at which it fell).
    """

    __slots__ = ("follows", "highwater", "offsets")

    follows: int
    offsets: Sequence[int]
    highwater: int


class BatchTopic(Topic):
    """A topic whose events are whole chunks: ``event.value`` is a list of undecoded record values.

    Give it a small ``maxsize``: that many chunks, of up to ``consumer_max_fetch_size`` bytes each, may wait.
    """

    def _compile_decode(self) -> Any:
        create = self._create_event

        async def decode(message: Any, *, propagate: bool = False) -> Any:
            return create(None, message.value, None, message)

        self.decode = decode  # type: ignore[method-assign]
        return decode

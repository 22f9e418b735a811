"""Reports that a platform makes when it is asked to: asked for, looked at until they are made, then read.

The mark of such a poll is the report's number and how often it was looked at. A report that was not made is not an empty one.
"""

from __future__ import annotations

import asyncio
import zlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any

from scoring.sources.json_values import UnreadableValueError, read_json
from streams.sources.asking import AnswerGarbledError, HttpAnswer, PlatformFailedError
from streams.sources.source import PollPage

#: waits between looks at a report, and how often it is looked at
_LOOKS_S, _MAX_LOOKS = (15.0, 30.0, 60.0, 120.0), 30
_MAX_NOTED = 1000
#: bytes that a file may unpack to
_MAX_BYTES = 512_000_000


class MadeReports:
    """Which reports are known to be made, from the platform's own notifications; whoever waits for one is woken."""

    def __init__(self) -> None:
        self._made: OrderedDict[str, asyncio.Event] = OrderedDict()

    def note(self, number: str) -> None:
        """This one is made, or will never be."""
        self._event(number).set()

    async def wait(self, number: str, seconds: float) -> None:
        """Until it is known to be made, and no longer than so many seconds."""
        try:
            await asyncio.wait_for(self._event(number).wait(), seconds)
        except TimeoutError:
            pass  # nobody said so: it is looked at
        finally:
            self._made.pop(number, None)

    def _event(self, number: str) -> asyncio.Event:
        event = self._made.setdefault(number, asyncio.Event())
        self._made.move_to_end(number)
        while len(self._made) > _MAX_NOTED:
            self._made.popitem(last=False)
        return event


def first_mark(number: str) -> str:
    """Of a report that was just asked for."""
    return f"{number} 0"


async def report_page(
    mark: str,
    create: Callable[[], Awaitable[str]],
    look: Callable[[str], Awaitable[str]],
    read: Callable[[str], Awaitable[PollPage]],
    made: MadeReports,
) -> PollPage:
    """The next page of a poll whose answer is a report.

    Args:
        mark: of the page before.
        create: asks for the report; its number.
        look: at a report: where it is, empty while it is being made. Raises PlatformFailedError for one that never will be.
        read: it, by where it is; its mark is empty, or asks for what follows.
        made: whoever waits is woken by it.
    """
    if not mark:
        return PollPage(rows=(), next_mark=first_mark(await create()))
    number, _, looks = mark.rpartition(" ")
    seen = int(looks)
    await made.wait(number, _LOOKS_S[min(seen, len(_LOOKS_S) - 1)])
    place = await look(number)
    if place:
        return await read(place)
    if seen >= _MAX_LOOKS:
        raise PlatformFailedError("the report is still being made after an hour: that is not an empty report")
    return PollPage(rows=(), next_mark=f"{number} {seen + 1}")


def unpacked(file: HttpAnswer, is_packed: bool) -> bytes:
    """The bytes of a report's file.

    Raises:
        AnswerGarbledError: they cannot be unpacked, or are too many.
    """
    if not is_packed:
        return file.body
    body, left = b"", file.body
    try:
        while left or not body:
            member = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
            body += member.decompress(left, _MAX_BYTES - len(body))
            if not member.eof:
                raise AnswerGarbledError("the file of the report is cut short, or too large")
            left = member.unused_data
    except zlib.error as error:
        raise AnswerGarbledError(f"the file of the report cannot be read: {error}") from error
    return body


def documents(body: bytes) -> list[Any]:
    """The values of a file: one JSON document, or one a line.

    Raises:
        AnswerGarbledError: it is neither. A file without anything is none.
    """
    if not body.strip():
        raise AnswerGarbledError("the file of the report is empty")
    try:
        try:
            return [read_json(body)]
        except UnreadableValueError:
            return [read_json(line) for line in body.splitlines() if line.strip()]
    except (UnreadableValueError, UnicodeDecodeError) as error:
        raise AnswerGarbledError(f"the file of the report cannot be read: {error}") from error

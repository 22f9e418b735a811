"""What waits for the disk is written together, and what does not fit keeps nothing else from it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from streams.collector.frames import Record
from streams.collector.spool import Spool, SpoolFullError
from streams.collector.spooling import SpoolWriter


def record(number: int, size: int = 20) -> Record:
    return Record("t", b"k", 1, f"{number:05d}".encode() * (size // 5))


async def kept(writer: SpoolWriter) -> list[list[bytes]]:
    """The values of each frame."""
    found = []
    while not writer.is_empty:
        records, size = await writer.head()
        found.append([one.value for one in records])
        await writer.advance(size)
    return found


async def test_a_thousand_that_wait_at_once_are_one_write_in_their_order(tmp_path: Path) -> None:
    woken: list[None] = []
    writer = SpoolWriter(Spool(tmp_path, 10_000_000), lambda: woken.append(None))
    await asyncio.gather(*(writer.append([record(number)]) for number in range(1000)))
    assert await kept(writer) == [[record(number).value for number in range(1000)]]
    assert len(woken) == 1
    await writer.close()


async def test_what_does_not_fit_is_said_to_it_alone(tmp_path: Path) -> None:
    writer = SpoolWriter(Spool(tmp_path, 2000), lambda: None)
    sizes = (20, 4000, 20)
    ends = await asyncio.gather(
        *(writer.append([record(number, size)]) for number, size in enumerate(sizes)), return_exceptions=True
    )
    assert [type(one) for one in ends] == [type(None), SpoolFullError, type(None)]
    assert await kept(writer) == [[record(0).value], [record(2).value]]
    await writer.close()


async def test_a_request_that_is_given_up_keeps_no_other_from_the_disk(tmp_path: Path) -> None:
    writer = SpoolWriter(Spool(tmp_path, 10_000_000), lambda: None)
    given_up, other = (asyncio.create_task(writer.append([record(number)])) for number in range(2))
    await asyncio.sleep(0)
    given_up.cancel()
    await other
    with pytest.raises(asyncio.CancelledError):
        await given_up
    assert await kept(writer) == [[record(0).value, record(1).value]]
    await writer.close()

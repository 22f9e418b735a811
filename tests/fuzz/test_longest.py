"""No body under the limits costs more than its bytes allow, and none ends in anything but a batch or a rejection.

Hypothesis makes bodies out of the pieces that have been expensive (numbers, nested brackets, half texts, members of gzip), repeats
them up to a door's limit and looks for the one that costs the most CPU time for its bytes. FUZZ_SECONDS is the time of all targets.
The targets that measure time are ``long``: a busy machine's tests fail by none of them, `make fuzz` runs all.
"""

from __future__ import annotations

import contextlib
import gzip
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings, target
from hypothesis import strategies as st

from scoring.events.batches import event_count
from scoring.events.delivery import Delivery, StoreDefaults
from scoring.events.event import Source
from scoring.events.parsing import parse_body
from scoring.events.pseudonyms import Pseudonyms
from streams.collector.bodies import BodyTooLargeError, BodyUnreadableError, decompress
from streams.collector.edge import device_class
from streams.collector.frames import Record, find_gaps, frame, read_frame
from streams.collector.spool import Spool
from streams.sources.pixel.beacon import read_beacon

#: seconds of all targets together
SECONDS = float(os.environ.get("FUZZ_SECONDS", "25"))
TARGETS = 5
PIXEL_BYTES, SERVER_BYTES = 256_000, 5_000_000
#: CPU seconds that work on the event loop may take, times what a slow or busy machine of the tests needs
LOOP_S = 0.1 * 5
EVENT = b'{"type":"click","store_id":"a","event_time":1764444444000,"visitor":"v"}'
PIECES = st.sampled_from(
    [
        EVENT,
        *(b"1", b"[]", b"{}", b"[", b"]", b"{", b"}", b",", b"\n", b"\r\n", b" ", b'"', b"\\", b'\\"', b":"),
        *(
            b"null",
            b"NaN",
            b"-",
            b"1e999",
            b'"\\ud800"',
            b"\xff",
            b"\xc2\x80",
            b"\xef\xbb\xbf",
            b"@",
            b"::",
            b"1.1.1.",
        ),
        *(
            b'"k":"x"',
            b'"events":[',
            b'{"events":[',
            b'{"k":"x","events":[',
            b'{"type":"clck"}',
            b'{"typo":1}',
        ),
        *(b'{"type":"click","attributes":{"a":"b"}}', b'"a":', b'"store_id":"', b'"event_time":"2026-11-11"'),
    ]
)
BODIES = st.lists(st.tuples(PIECES, st.integers(1, 300_000)), min_size=1, max_size=6)
FOREVER = settings(
    max_examples=10**9 if SECONDS > 60 else 10**6, deadline=None, suppress_health_check=list(HealthCheck)
)


def delivery() -> Delivery:
    return Delivery(
        received_at_ms=1_764_444_444_000,
        source=Source.PIXEL,
        stores={"a": StoreDefaults("shopify", "EUR")},
        pseudonym=Pseudonyms("k").of_sender,
        device_class=device_class,
        fresh_id=lambda: "fresh",
    )


def body_of(pieces: list[tuple[bytes, int]], limit: int) -> bytes:
    """The pieces, each repeated, to at most ``limit`` bytes."""
    return b"".join(piece * min(count, limit // len(piece)) for piece, count in pieces)[:limit]


def cpu_s(work: Callable[[], object]) -> float:
    """CPU time of this thread, which other processes do not lengthen."""
    begun = time.thread_time()
    work()
    return time.thread_time() - begun


class _TimeIsUp(Exception):
    """Ends a target whose time is over."""


def fuzz(strategy: st.SearchStrategy[object], look: Callable[..., None]) -> None:
    """Run ``look`` on what ``strategy`` gives for a share of SECONDS; fails with the smallest example that fails."""
    until = time.monotonic() + SECONDS / TARGETS

    @FOREVER
    @given(strategy)
    def run(example: object) -> None:
        if time.monotonic() > until:
            raise _TimeIsUp
        look(example)

    with pytest.raises(_TimeIsUp):
        run()


@pytest.mark.long
def test_the_count_of_a_body_is_cheap_whatever_it_holds() -> None:
    def look(pieces: list[tuple[bytes, int]]) -> None:
        body = body_of(pieces, SERVER_BYTES)
        cost = cpu_s(lambda: event_count(body))
        target(cost, label="seconds")
        assert cost < LOOP_S

    fuzz(BODIES, look)


@pytest.mark.long
def test_a_beacon_is_read_in_time_on_the_loop() -> None:
    def look(pieces: list[tuple[bytes, int]]) -> None:
        body = body_of(pieces, PIXEL_BYTES)
        cost = cpu_s(lambda: read_beacon(body))
        target(cost, label="seconds")
        assert cost < LOOP_S

    fuzz(BODIES, look)


@pytest.mark.long
def test_every_body_becomes_events_or_rejected_records() -> None:
    def look(pieces: list[tuple[bytes, int]]) -> None:
        body = body_of(pieces, PIXEL_BYTES)
        count = event_count(body)
        if count > 500:
            return  # refused by its count
        made: list[int] = []
        cost = cpu_s(lambda: made.append(parse_body(body, delivery()).total))
        target(cost, label="seconds")
        assert 0 <= made[0] <= max(count, 1)
        # in a thread beside the loop, a share of the interpreter: bounded all the same
        assert cost < LOOP_S + count * 0.005

    fuzz(BODIES, look)


@pytest.mark.long
def test_compressed_bodies_are_read_in_linear_time() -> None:
    members = st.lists(st.tuples(st.binary(max_size=60), st.integers(1, 100_000)), min_size=1, max_size=4)

    def look(pieces: list[tuple[bytes, int]]) -> None:
        raw = b"".join(gzip.compress(content) * count for content, count in pieces)[:SERVER_BYTES]

        def read() -> None:
            with contextlib.suppress(BodyTooLargeError, BodyUnreadableError):
                decompress(raw, {"Content-Encoding": "gzip"}, SERVER_BYTES)

        cost = cpu_s(read)
        target(cost, label="seconds")
        assert cost < LOOP_S

    fuzz(members, look)


def test_a_spool_gives_back_every_frame_that_is_whole(tmp_path_factory: pytest.TempPathFactory) -> None:
    names = [f"n{number}" for number in range(6)]
    parts = [frame([Record("t", b"k", 1, name.encode())]) for name in names]
    whole = b"".join(parts)
    folder = Path(tmp_path_factory.mktemp("spool"))
    damage = st.lists(
        st.tuples(st.integers(0, len(whole) - 1), st.integers(1, 255), st.integers(1, 12)),
        min_size=1,
        max_size=4,
    )

    def look(places: list[tuple[int, int, int]]) -> None:
        content = bytearray(whole)
        for at, flip, length in places:
            for place in range(at, min(at + length, len(content))):
                content[place] ^= flip
        size = len(parts[0])
        kept = {
            name
            for number, name in enumerate(names)
            if content[number * size : (number + 1) * size] == parts[number]
        }
        end, gaps = find_gaps(bytes(content))
        assert all(gap.start < gap.end <= end for gap in gaps)
        assert read_frame(bytes(content)) is not None or names[0] not in kept
        for path in folder.rglob("*.*"):
            path.unlink()
        (folder / "position").unlink(missing_ok=True)
        (folder / "0000000001.seg").write_bytes(content)
        spool = Spool(folder, 1_000_000)
        found = set()
        while not spool.is_empty:
            records, taken = spool.head()
            found |= {record.value.decode() for record in records}
            spool.advance(taken)
        spool.close()
        assert kept <= found <= set(names)

    fuzz(damage, look)

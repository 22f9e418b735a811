"""The readers of bodies, one by one: the parser, a beacon's reader, decompression."""

from __future__ import annotations

import contextlib
import gzip
from collections.abc import Hashable

import cramjam
import pytest
from hypothesis import strategies as st
from msgspec import json

from scoring.events.batches import event_count, split, trimmed
from scoring.events.delivery import Delivery, StoreDefaults
from scoring.events.event import Source
from scoring.events.parsing import Batch, parse_body
from scoring.events.pseudonyms import Pseudonyms
from scoring.events.redaction import LONGEST_PAYLOAD, mask_payload
from streams.collector.bodies import BodyTooLargeError, BodyUnreadableError, decompress
from streams.collector.edge import device_class
from streams.sources.pixel.beacon import Beacon, beacon_key, read_beacon
from tests.fuzz.pieces import PIXEL_BYTES, SEEDS, SERVER_BYTES, bodies
from tests.fuzz.running import BYTE_S, HOLD_S, RECORD_S, Figures, cost_s, mutate, search

DELIVERY = Delivery(
    received_at_ms=1_764_444_444_000,
    source=Source.PIXEL,
    stores={"a": StoreDefaults("shopify", "EUR")},
    pseudonym=Pseudonyms("k").of_sender,
    device_class=device_class,
    fresh_id=lambda: "fresh",
)
#: records of a body that is parsed; more are rejected by their count
MOST = 500


def test_every_body_becomes_events_or_rejected_records() -> None:
    def look(body: bytes, figures: Figures) -> Hashable:
        count = event_count(body)
        assert count == 1 or len(split(trimmed(body)) or []) in (0, 1, count)
        if count > MOST:
            return "too many"
        batches: list[Batch] = []

        def work() -> None:
            batches.append(parse_body(body, DELIVERY))
            for one in batches[0].rejected:
                kept, _ = mask_payload(one.raw, lambda plain: "~p")
                assert len(kept.encode()) <= LONGEST_PAYLOAD
                assert "\x00" not in kept

        figures.judge(cost_s(work), HOLD_S + BYTE_S * len(body) + RECORD_S * count)
        (batch,) = batches
        assert 0 <= batch.total <= max(count, 1)
        for event in batch.events:
            json.encode(event)
        reasons = frozenset((one.rejection.reason, one.rejection.field) for one in batch.rejected)
        return reasons, frozenset((note.field, note.note) for note in batch.notes), min(len(batch.events), 3)

    mutate("parser", SEEDS, look, 0.5)
    search("parser", bodies(SERVER_BYTES), look, 0.5)


def test_every_beacon_is_read_event_by_event() -> None:
    def look(body: bytes, figures: Figures) -> Hashable:
        found: list[Beacon] = []
        figures.judge(cost_s(lambda: beacon_key(body)), HOLD_S)
        figures.judge(cost_s(lambda: found.append(read_beacon(body))), HOLD_S + BYTE_S * len(body))
        (beacon,) = found
        assert beacon.events is body or split(beacon.events) is not None
        return beacon_key(body), beacon.zone, beacon.sent_ms > 0, event_count(beacon.events)

    mutate("beacon", SEEDS, look, 0.5)
    search("beacon", bodies(PIXEL_BYTES), look, 0.5)


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_compressed_bodies_are_read_in_linear_time(encoding: str) -> None:
    def packed(content: bytes) -> bytes:
        return gzip.compress(content) if encoding == "gzip" else bytes(cramjam.zstd.compress(content))

    content = st.binary(max_size=60) | st.builds(bytes, st.integers(1, 5_000_000))
    members = st.lists(
        st.tuples(content, st.integers(1, 100_000), st.binary(max_size=3)), min_size=1, max_size=4
    )

    def look(parts: list[tuple[bytes, int, bytes]], figures: Figures) -> None:
        raw = b"".join(
            (one := packed(content)) * min(count, SERVER_BYTES // len(one) + 1) + more
            for content, count, more in parts
        )

        def read() -> None:
            with contextlib.suppress(BodyTooLargeError, BodyUnreadableError):
                assert (
                    len(decompress(raw[:SERVER_BYTES], {"Content-Encoding": encoding}, SERVER_BYTES))
                    <= SERVER_BYTES
                )

        figures.judge(cost_s(read), HOLD_S)

    search(encoding, members, look)

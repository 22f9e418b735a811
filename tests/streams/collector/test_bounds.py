"""What one request may cost: events are counted before they are looked at, and charged to the key that sent them."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from streams.clock import now_ms
from streams.collector.bodies import BodyUnreadableError, StrangersRoom, decompress
from streams.collector.keys import BURST_S, PROCESSOR_S_A_REQUEST, WriteKeys
from streams.collector.store_rates import StoreRates
from tests.streams.collector.places import CONFIG, KEYS, Place, running, settings_for

GZIP = {"Content-Encoding": "gzip"}
EMPTY_MEMBER = gzip.compress(b"")


@pytest.fixture
async def place(kafka: str, topic_prefix: str, tmp_path: Path) -> AsyncIterator[Place]:
    async with running(kafka, topic_prefix, settings_for(tmp_path)) as one:
        yield one


async def test_a_beacon_of_120000_numbers_is_rejected_by_count_and_leaves_one_letter(place: Place) -> None:
    body = b'{"k":"key-of-pixel","events":[' + b",".join([b"1"] * 120_000) + b"]}"
    status, answer, _ = await place.post(body, key="", path="/v1/pixel")
    assert (status, answer["reason"]) == (413, "too_many_events")
    assert "120,000 events in one request" in answer["error"]
    (letter,) = await place.letters(1)
    assert letter["reason"] == "too_large"


async def test_half_a_character_let_a_page_send_any_number_of_events(place: Place) -> None:
    body = b'{"k":"key-of-pixel","events":[' + b",".join([b'"\\ud800"'] * 25_000) + b"]}"
    status, answer, _ = await place.post(body, key="", path="/v1/pixel")
    assert (status, answer["reason"]) == (413, "too_many_events")
    assert "25,000 events in one request" in answer["error"]


async def test_few_events_of_many_bytes_were_parsed_on_the_event_loop(place: Place) -> None:
    work = place.intake.off_loop
    assert await work(20, threading.current_thread) is threading.main_thread()
    assert await work(20_000, threading.current_thread) is not threading.main_thread()
    fat = [{"type": "clck", "more": "joe@example.org " * 1900} for _ in range(29)]
    status, answer, _ = await place.post(fat)
    assert (status, len(answer["rejected"])) == (400, 29)


async def test_a_page_sends_fewer_events_at_once_than_a_server(place: Place) -> None:
    events = [{"type": "click", "store_id": "a", "event_time": now_ms()} for _ in range(501)]
    body = json.dumps({"k": "key-of-pixel", "events": events}).encode()
    assert (await place.post(body, key="", path="/v1/pixel"))[0] == 413
    status, answer, _ = await place.post(events)
    assert (status, answer["accepted"]) == (202, 501)


async def test_large_batches_cost_more_of_a_keys_rate_than_small_ones(
    kafka: str, topic_prefix: str, tmp_path: Path
) -> None:
    settings = settings_for(tmp_path, collector_rate=1.0, collector_batch_events=5000)
    async with running(kafka, topic_prefix, settings) as place:
        batch = [{"type": "click", "store_id": "a", "event_time": now_ms()} for _ in range(2000)]
        assert (await place.post(batch))[0] == 202
        status, answer, headers = await place.post([batch[0]])
        assert (status, answer["reason"]) == (429, "too_many_requests")
        assert int(headers["Retry-After"]) >= 2
        assert (await place.post([{**batch[0], "store_id": "b"}], key="key-of-b"))[0] == 202


def test_a_request_costs_at_most_a_burst_so_that_a_key_is_never_locked_out_for_long() -> None:
    now = 0.0
    keys = WriteKeys(CONFIG, 2.0, lambda: now, KEYS.__getitem__)
    grant = keys.grant("key-of-a")
    assert grant is not None
    assert keys.wait_s(grant) == 0
    keys.charge(grant, events=10_000_000, size=0)
    assert 0 < keys.wait_s(grant) <= BURST_S
    keys.charge_work(grant, events=1, size=0, rejected=10_000_000, processor_s=3600.0)
    assert 0 < keys.wait_s(grant) <= 2 * BURST_S


def test_rejected_records_cost_more_than_accepted_ones() -> None:
    keys = WriteKeys(CONFIG, 2.0, lambda: 0.0, KEYS.__getitem__)
    grant = keys.grant("key-of-a")
    assert grant is not None
    assert keys.wait_s(grant) == 0
    before = grant.tokens
    keys.charge(grant, events=100, size=20_000)
    assert grant.tokens == before  # an ordinary request is paid for
    keys.charge_work(grant, events=100, size=20_000, rejected=100, processor_s=0.001)
    assert grant.tokens == before - 10


def test_a_body_made_to_be_slow_pays_for_the_time_that_it_took() -> None:
    keys = WriteKeys(CONFIG, 200.0, lambda: 0.0, KEYS.__getitem__)
    grant = keys.grant("key-of-a")
    assert grant is not None
    assert keys.wait_s(grant) == 0
    before = grant.tokens
    keys.charge_work(grant, events=100, size=20_000, rejected=0, processor_s=PROCESSOR_S_A_REQUEST)
    assert grant.tokens == before
    keys.charge_work(grant, events=30, size=240_000, rejected=0, processor_s=0.5)
    assert grant.tokens == before - (0.5 / PROCESSOR_S_A_REQUEST - 2.4)


def test_many_slow_bodies_that_were_let_in_at_once_are_turned_away_before_they_are_looked_at() -> None:
    now = 0.0
    keys = WriteKeys(CONFIG, 2.0, lambda: now, KEYS.__getitem__)
    grant = keys.grant("key-of-a")
    assert grant is not None
    assert keys.wait_s(grant) == 0
    keys.charge(grant, events=10_000_000, size=0)
    assert keys.debt_s(grant) == 0  # one request never has to wait for itself
    keys.charge(grant, events=10_000_000, size=0)
    keys.charge(grant, events=10_000_000, size=0)
    assert keys.debt_s(grant) > 0
    now += keys.debt_s(grant)
    assert keys.debt_s(grant) == 0


async def test_the_pages_of_a_store_had_no_bound_of_their_own(
    kafka: str, topic_prefix: str, tmp_path: Path
) -> None:
    async with running(kafka, topic_prefix, settings_for(tmp_path, collector_store_rate=1.0)) as place:

        def beacon(count: int) -> bytes:
            made = {"type": "click", "store_id": "a", "event_time": now_ms()}
            events = [{**made, "event_id": f"one-{number}"} for number in range(count)]
            return json.dumps({"k": "key-of-pixel", "events": events}).encode()

        assert (await place.post(beacon(400), key="", path="/v1/pixel"))[0] == 202
        status, answer, headers = await place.post(beacon(1), key="", path="/v1/pixel")
        assert (status, answer["reason"]) == (429, "too_many_events")
        assert int(headers["Retry-After"]) >= 1
        # a server's key is secret
        assert (await place.post({"type": "click", "store_id": "a", "event_time": now_ms()}))[0] == 202


def test_a_stores_bucket_fills_again_and_is_overdrawn_by_one_request_at_most() -> None:
    now = 0.0
    rates = StoreRates(10.0, lambda: now)
    assert rates.wait_s(["a"] * 150 + ["b"]) == (0.0, "")
    wait_s, store = rates.wait_s(["b", "a"])
    assert (wait_s, store) == (5.1, "a")
    assert rates.wait_s(["b"]) == (0.0, "")
    now += wait_s
    assert rates.wait_s(["b", "a"]) == (0.0, "")


def test_gzip_of_a_few_members_is_read_whole_and_of_very_many_is_rejected() -> None:
    member = gzip.compress(b'{"a":1}\n' * 1000)
    assert decompress(member * 3 + EMPTY_MEMBER, GZIP, 1_000_000) == b'{"a":1}\n' * 3000
    with pytest.raises(BodyUnreadableError, match="more than 1,000 gzip members"):
        decompress(EMPTY_MEMBER * 200_000, GZIP, 5_000_000)


@pytest.mark.parametrize("many", [999, 1000])
def test_gzip_members_are_counted_to_the_last(many: int) -> None:
    assert decompress(EMPTY_MEMBER * many, GZIP, 100) == b""


def test_zstd_of_very_many_frames_is_rejected() -> None:
    empty = bytes.fromhex("28b52ffd2000010000")
    with pytest.raises(BodyUnreadableError, match="more than 1,000 zstd frames"):
        decompress(empty * 1001, {"Content-Encoding": "zstd"}, 100)


async def test_a_visitor_that_looks_like_a_pseudonym_is_hashed_like_any_other(place: Place) -> None:
    seen = place.intake._pseudonyms.of("a", "joe")
    event = {"type": "click", "store_id": "a", "event_time": now_ms(), "visitor": f"~{seen}"}
    body = json.dumps({"k": "key-of-pixel", "events": [event]}).encode()
    assert (await place.post(body, key="", path="/v1/pixel"))[0] == 202
    (stored,) = await place.events(1)
    assert stored["visitor"] not in ("", seen)


async def test_bodies_that_never_end_took_all_memory() -> None:
    room = StrangersRoom(most=1000)
    async with asyncio.timeout(None) as short, asyncio.timeout(None) as last:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(None) as oldest:
                room.take(oldest, 100)
                room.take(short, 500)
                room.take(last, 401)
                await asyncio.Event().wait()
        assert oldest.expired()
        room.leave(oldest)
        room.take(last, 99)
        room.leave(short)
        room.take(last, 500)
        await asyncio.sleep(0)
        assert (short.expired(), last.expired()) == (False, False)


async def test_a_single_body_is_never_too_much_for_the_room() -> None:
    room = StrangersRoom(most=10)
    async with asyncio.timeout(None) as alone:
        room.take(alone, 100)
        await asyncio.sleep(0)
    assert not alone.expired()

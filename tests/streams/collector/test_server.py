"""The HTTP interface on a real broker: what is accepted, what is rejected and why, and what is then in Kafka."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from pathlib import Path

import cramjam
import pytest

from streams.clock import now_ms
from streams.kafka.admin import add_partitions, partition_of
from streams.metrics import COLLECTOR_NOTES
from tests.deadlines import within
from tests.fixtures.kafka_tools import read_all
from tests.streams.collector.places import Place, running, settings_for


@pytest.fixture
async def place(kafka: str, topic_prefix: str, tmp_path: Path) -> AsyncIterator[Place]:
    settings = settings_for(tmp_path, collector_body_bytes=1_000_000, collector_batch_events=2000)
    async with running(kafka, topic_prefix, settings) as one:
        yield one


def click(number: int = 0, **more: object) -> dict[str, object]:
    return {"type": "click", "store_id": "a", "event_id": f"e{number}", "event_time": now_ms() - 1000, **more}


async def test_an_accepted_event_is_in_kafka_with_pseudonyms_and_the_time_of_acceptance(
    place: Place,
) -> None:
    before = now_ms()
    status, answer, _ = await place.post(
        click(
            visitor="joe",
            buyer="joe",
            session="s",
            product="p",
            user_agent="Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X)",
        )
    )
    assert (status, answer) == (202, {"accepted": 1, "rejected": []})
    (event,) = await place.events(1)
    assert before <= event["received_at_ms"] <= now_ms()
    assert event["platform"] == "shopify"
    assert event["source"] == "api"
    assert event["device_class"] == "ios"
    assert event["visitor"] == event["buyer"]
    assert len(event["visitor"]) == 16
    assert "joe" not in json.dumps(event)
    assert "iPhone" not in json.dumps(event)


async def test_array_envelope_lines_gzip_and_zstd_all_arrive(place: Place) -> None:
    lines = b"\n".join(json.dumps(click(number)).encode() for number in (4, 5)) + b"\n"
    bodies = [
        (json.dumps([click(0), click(1)]).encode(), {}),
        (json.dumps({"events": [click(2), click(3)]}).encode(), {}),
        (lines, {"Content_Type": "application/x-ndjson"}),
        (gzip.compress(json.dumps([click(6)]).encode()), {"Content_Encoding": "gzip"}),
        (bytes(cramjam.zstd.compress(json.dumps(click(7)).encode())), {"Content_Encoding": "zstd"}),
    ]
    answers = [await place.post(body, **headers) for body, headers in bodies]
    assert [(status, answer["accepted"]) for status, answer, _ in answers] == [
        (202, 2),
        (202, 2),
        (202, 2),
        (202, 1),
        (202, 1),
    ]
    assert {event["event_id"] for event in await place.events(8)} == {f"e{number}" for number in range(8)}


async def test_one_bad_record_does_not_stop_a_batch_and_becomes_a_dead_letter_without_personal_data(
    place: Place,
) -> None:
    bad = {**click(1), "type": "purchse", "visitor": "joe", "email": "joe@example.com"}
    del bad["email"]
    bad["attributes"] = {"note": "call joe@example.com or 13812345678"}
    status, answer, _ = await place.post([click(0), bad, click(2), click(0)])
    assert status == 202
    assert (answer["accepted"], answer["duplicates"]) == (2, 1)
    (rejected,) = answer["rejected"]
    assert (rejected["index"], rejected["reason"], rejected["field"]) == (1, "unknown_type", "type")
    assert "did you mean 'order'" in rejected["detail"]
    (letter,) = await place.letters(1)
    assert (letter["reason"], letter["source"], letter["store_id"]) == ("unknown_type", "api", "a")
    assert "joe" not in letter["payload"]
    assert "13812345678" not in letter["payload"]
    assert "purchse" in letter["payload"]


BAD_BODIES: list[tuple[bytes, str, str]] = [
    (b"", "empty", "empty"),
    (b"  \n ", "empty", "empty"),
    (b'{"type":"click",', "broken_json", "line 1"),
    (b"hello", "broken_json", "line 1"),
    (b'"click"', "not_an_object", "got text"),
    (b"[7]", "not_an_object", "whole number"),
    (b'{"type":"click","product":"\xff"}', "not_utf8", "UTF-8"),
    (b"[" * 50_000, "broken_json", "deep"),
    (b'{"store_id":"a","event_time":1}', "missing_field", "`type`"),
    (b'{"type":"click","store_id":"a"}', "missing_field", "event_time"),
    (b'{"type":"click","store_id":7,"event_time":1}', "wrong_type", "`store_id` must be text"),
    (b'{"type":"click","store_id":"a","event_time":true}', "wrong_type", "event_time"),
    (b'{"type":"click","store_id":"a","event_time":1,"colour":"red"}', "unknown_field", "attributes"),
    (b'{"type":"click","store_id":"a","event_time":1,"user_id":"red"}', "unknown_field", "did you mean `visitor`"),
    (b'{"type":"click","store_id":"a","event_time":1,"source":"x"}', "unknown_field", "set by the collector"),
    (b'{"type":"click","store_id":"a","event_time":0}', "time_absurd", "1970"),
    (b'{"type":"click","store_id":"a","event_time":1763863000}', "time_absurd", "looks like seconds"),
    (b'{"type":"click","store_id":"a","event_time":"2099-01-01T00:00:00Z"}', "time_in_future", "ahead"),
    (b'{"type":"click","store_id":"a","event_time":"2025-01-01T00:00:00"}', "bad_value", "no offset"),
    (b'{"type":"click","store_id":"a","event_time":"yesterday"}', "bad_value", "RFC 3339"),
    (b'{"type":"click","store_id":"b","event_time":1763863000000}', "unknown_store", "may not write"),
    (b'{"type":"click","store_id":"nowhere","event_time":1763863000000}', "unknown_store", "not configured"),
]  # fmt: skip


async def test_every_kind_of_bad_body_is_answered_with_its_reason_and_kept_as_a_dead_letter(
    place: Place,
) -> None:
    for body, reason, words in BAD_BODIES:
        status, answer, _ = await place.post(body)
        assert status == 400, body[:80]
        assert answer["rejected"][0]["reason"] == reason, (body[:80], answer)
        assert words in answer["error"], answer
    letters = await place.letters(len(BAD_BODIES))
    assert [letter["reason"] for letter in letters] == [reason for _, reason, _ in BAD_BODIES]
    assert max(len(letter["payload"].encode()) for letter in letters) <= 2048


async def test_a_broken_line_does_not_stop_the_lines_around_it(place: Place) -> None:
    good, other = json.dumps(click(0)).encode(), json.dumps(click(1)).encode()
    status, answer, _ = await place.post(b"\n".join([good, b'{"type":', b'{"type":"\xff"}', other]))
    assert (status, answer["accepted"]) == (202, 2)
    assert [(one["index"], one["reason"]) for one in answer["rejected"]] == [
        (1, "broken_json"),
        (2, "not_utf8"),
    ]


async def test_bodies_that_are_too_large_are_413_compressed_or_not(place: Place) -> None:
    huge = json.dumps([click(number, product="p" * 200) for number in range(40_000)]).encode()
    assert len(huge) > 10_000_000
    assert (await place.post(huge))[0] == 413
    assert (await place.post(gzip.compress(b" " * 50_000_000), Content_Encoding="gzip"))[0] == 413
    bomb = bytes(cramjam.zstd.compress(b"\0" * 50_000_000))
    assert (await place.post(bomb, Content_Encoding="zstd"))[0] == 413
    status, answer, _ = await place.post([{"type": "x"}] * 2001)
    assert (status, answer["reason"]) == (413, "too_many_events")
    letters = await place.letters(4)
    assert [letter["reason"] for letter in letters] == ["too_large"] * 4
    assert max(len(letter["payload"].encode()) for letter in letters) <= 2048


async def test_what_cannot_be_read_is_400_or_415_and_kept_as_far_as_it_could_be_read(place: Place) -> None:
    cut = gzip.compress(b'{"type":"click","email":"joe@example.com"}' * 99)[:-9]
    assert (await place.post(b"not gzip", Content_Encoding="gzip"))[0] == 400
    status, answer, _ = await place.post(cut, Content_Encoding="gzip")
    assert (status, answer["reason"]) == (400, "unreadable_body")
    assert (await place.post(b"not zstd", Content_Encoding="zstd"))[0] == 400
    assert (await place.post(b"x", Content_Encoding="br"))[0] == 415
    assert (await place.post(b"a,b", Content_Type="text/csv"))[0] == 415
    letters = await place.letters(4)
    assert [letter["reason"] for letter in letters] == ["unreadable_body"] * 4
    assert [letter["store_id"] for letter in letters] == ["a"] * 4
    assert letters[1]["payload"].startswith('{"type":"click","email":"[removed]"}')


async def test_a_record_that_names_another_store_is_kept_with_the_sender_of_it(place: Place) -> None:
    beacon = {"events": [{"type": "click", "event_time": now_ms(), "store_id": "b"}]}
    assert (await place.post(beacon, key="", path="/v1/pixel?k=key-of-pixel"))[0] == 400
    assert (await place.post(click(store_id="nowhere")))[0] == 400
    assert [letter["store_id"] for letter in await place.letters(2)] == ["a", "nowhere"]


async def test_equal_bad_records_sent_at_the_same_moment_are_a_letter_each(place: Place) -> None:
    await asyncio.gather(*(place.post({"type": "clck"}) for _ in range(30)))
    assert len({letter["letter_id"] for letter in await place.letters(30)}) == 30


async def test_keys_are_needed_known_and_bound_to_their_stores(place: Place) -> None:
    assert (await place.post(click(), key=""))[0] == 401
    status, answer, headers = await place.post(click(), key="guess")
    assert (status, answer["reason"]) == (401, "unknown_key")
    assert "WWW-Authenticate" in headers
    assert (await place.post(click(), key="", X_Funnelwatch_Key="key-of-a"))[0] == 202
    status, answer, _ = await place.post(click(), key="key-of-b")
    assert (status, answer["rejected"][0]["reason"]) == (400, "unknown_store")
    status, answer, _ = await place.post(click(), key="key-of-pixel")
    assert (status, answer["reason"]) == (403, "pixel_key")


async def test_a_key_that_asks_too_often_is_429_with_retry_after(
    kafka: str, topic_prefix: str, tmp_path: Path
) -> None:
    async with running(kafka, topic_prefix, settings_for(tmp_path, collector_rate=0.2)) as place:
        answers = [await place.post(click(number)) for number in range(3)]
        assert [status for status, _, _ in answers] == [202, 202, 429]
        assert 1 <= int(answers[-1][2]["Retry-After"]) <= 5
        assert (await place.post({**click(), "store_id": "b"}, key="key-of-b"))[0] == 202


async def test_an_optional_field_that_cannot_be_taken_costs_itself_and_is_noted_in_the_answer(
    place: Place,
) -> None:
    order = {"type": "order", "store_id": "a", "event_time": now_ms() - 1000}
    badly = [
        {"amount": "€ 1.299,00"}, {"amount": "1,299"}, {"amount": "-1"}, {"currency": "rmb", "amount": "1"}, {"order_id": 7},
        {"quantity": "two"}, {"campaign": "a\nb"}, {"attributes": {"a": {}}},
    ]  # fmt: skip
    counted = COLLECTOR_NOTES.labels("api", "amount", "ambiguous")._value.get()
    status, answer, _ = await place.post([order, *({**order, "visitor": "v", **one} for one in badly)])
    assert (status, answer["accepted"], answer["rejected"]) == (202, 9, [])
    assert [(note["index"], note["field"], note["note"]) for note in answer["notes"]] == [
        (1, "amount", "read"), (2, "amount", "ambiguous"), (3, "amount", "out_of_range"), (4, "currency", "read"),
        (5, "order_id", "read"), (6, "quantity", "unreadable"), (7, "campaign", "cleaned"), (8, "attributes", "unreadable"),
    ]  # fmt: skip
    assert all(note["detail"] for note in answer["notes"])
    assert COLLECTOR_NOTES.labels("api", "amount", "ambiguous")._value.get() == counted + 1
    assert sorted(event["amount"] for event in await place.events(9) if "amount" in event) == ["1", "1299.00"]


async def test_half_an_emoji_in_one_event_of_a_beacon_loses_neither_the_beacon_nor_its_order(
    place: Place,
) -> None:
    half = {**click(1), "product": "gift \ud83c"}
    beacon = {"k": "key-of-pixel", "events": [half, {**click(0), "type": "order", "order_id": "SUR-1"}]}
    status, answer, _ = await place.post(json.dumps(beacon).encode(), key="", path="/v1/pixel")
    assert (status, answer["accepted"], answer["rejected"]) == (202, 2, [])
    assert [(note["index"], note["field"], note["note"]) for note in answer["notes"]] == [
        (0, "product", "cleaned")
    ]
    events = await place.events(2)
    assert {event.get("order_id", event.get("product")) for event in events} == {"SUR-1", "gift"}


async def test_the_pixel_takes_a_beacon_from_an_origin_that_is_null(place: Place) -> None:
    async with place.session.options(place.url + "/v1/pixel", headers={"Origin": "null"}) as answer:
        assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (204, "*")
    beacon = {
        "k": "key-of-pixel",
        "sent": now_ms() - 7_200_000,
        "zone": "Asia/Shanghai",
        "events": [{"type": "click", "event_time": now_ms() - 7_200_500, "visitor": "v", "event_id": "p1"}],
    }
    status, answer, headers = await place.post(
        beacon, key="", path="/v1/pixel", Origin="null", Content_Type="text/plain;charset=UTF-8",
        User_Agent="Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/120 Mobile Safari/537.36",
    )  # fmt: skip
    assert (status, headers["Access-Control-Allow-Origin"]) == (202, "*")
    (event,) = await place.events(1)
    assert (event["source"], event["store_id"], event["country"], event["device_class"]) == (
        "pixel",
        "a",
        "CN",
        "android",
    )
    assert abs(event["event_time_ms"] - (now_ms() - 500)) < 5000


async def test_a_page_cannot_report_a_payment(place: Place) -> None:
    beacon = {"k": "key-of-pixel", "events": [{**click(0), "type": "payment", "order_id": "1"}, click(1)]}
    status, answer, _ = await place.post(beacon, key="", path="/v1/pixel")
    assert (status, answer["accepted"]) == (202, 1)
    assert "from a server" in answer["rejected"][0]["detail"]


async def test_who_asks_for_privacy_is_counted_without_an_id(place: Place) -> None:
    beacon = {"k": "key-of-pixel", "events": [{**click(0), "visitor": "v", "session": "s"}]}
    status, _, _ = await place.post(beacon, key="", path="/v1/pixel", Sec_GPC="1", CF_IPCountry="DE")
    assert status == 202
    (event,) = await place.events(1)
    assert {"visitor", "session", "country"} & event.keys() == set()


async def test_the_picture_always_comes_and_is_never_cached(place: Place) -> None:
    headers = {"CF-IPCountry": "DE", "User-Agent": "Googlebot/2.1 (+http://www.google.com/bot.html)"}
    async with place.session.get(
        f"{place.url}/p.gif?k=key-of-pixel&t=click&p=sku1&e=g1", headers=headers
    ) as answer:
        assert (answer.status, answer.content_type) == (200, "image/gif")
        assert "no-store" in answer.headers["Cache-Control"]
        assert (await answer.read()).startswith(b"GIF89a")
    async with place.session.get(f"{place.url}/p.gif?k=key-of-pixel&t=clack") as answer:
        assert (answer.status, answer.headers["X-Funnelwatch-Reason"]) == (400, "unknown_type")
        assert (await answer.read()).startswith(b"GIF89a")
    (event,) = await place.events(1)
    assert (event["product"], event["country"], event["device_class"]) == ("sku1", "DE", "bot")


async def test_script_health_and_unknown_paths(place: Place) -> None:
    async with place.session.get(place.url + "/funnel.js") as answer:
        assert answer.content_type == "text/javascript"
        tag = answer.headers["ETag"]
        assert b"funnelwatch" in await answer.read()
        assert (answer.headers["Content-Encoding"], answer.headers["Vary"]) == ("deflate", "Accept-Encoding")
        assert int(answer.headers["Content-Length"]) < 10_000
    async with place.session.get(place.url + "/funnel.js", headers={"If-None-Match": tag}) as answer:
        assert answer.status == 304
    async with place.session.get(place.url + "/healthz") as answer:
        assert (await answer.json())["state"] == "ok"
    async with place.session.get(place.url + "/v1/events") as answer:
        assert (answer.status, answer.headers["Allow"]) == (405, "POST")
    async with place.session.get(place.url + "/secret?k=1") as answer:
        assert answer.status == 404


async def test_many_requests_at_once_lose_nothing_and_keep_each_senders_order(place: Place) -> None:
    async def send(sender: int) -> None:
        for number in range(20):
            body = [click(0, event_id=f"{sender}-{number}-{part}", product=str(sender)) for part in range(5)]
            assert (await place.post(body))[0] == 202

    await asyncio.gather(*(send(sender) for sender in range(10)))
    events = await place.events(1000)
    assert len({event["event_id"] for event in events}) == 1000
    for sender in range(10):
        mine = [event["event_id"] for event in events if event["product"] == str(sender)]
        assert mine == [f"{sender}-{number}-{part}" for number in range(20) for part in range(5)]


async def test_a_topic_that_is_given_more_partitions_gets_each_store_where_kafka_puts_it(
    place: Place,
) -> None:
    assert (await place.post(click(0, event_id="before")))[0] == 202
    before = await read_all(place.kafka, place.events_topic)
    there = [record.partition for record in before]
    more = next(count for count in range(4, 40) if partition_of("a", count) not in there)
    await add_partitions(place.kafka, [place.events_topic], more)
    async with asyncio.timeout(within(60)):
        while partition_of("a", more) not in there:
            assert (await place.post(click(0, event_id=f"after {len(there)}")))[0] == 202
            await asyncio.sleep(0.2)
            there = [record.partition for record in await read_all(place.kafka, place.events_topic)]
    assert before[0].partition == partition_of("a", 3)

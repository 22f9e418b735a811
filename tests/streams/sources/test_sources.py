"""The registry of sources, and that a source with a webhook is one folder and one line."""

from __future__ import annotations

import hashlib
import hmac
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from scoring.events.event import EventType, Source
from scoring.funnel.stages import STAGES
from scoring.wording.catalogue import SOURCE_NAMES
from streams.clock import now_ms
from streams.sources.folders import SOURCE_FOLDERS
from streams.sources.registry import SOURCES, doors, reference_rows, types_claimable, words_of
from streams.sources.source import Supply
from tests.streams.collector.places import Place, running, settings_for
from tests.streams.sources.toy import SHARED, SIGNATURE, TOY


@pytest.fixture
async def place(kafka: str, topic_prefix: str, tmp_path: Path) -> AsyncIterator[Place]:
    async with running(kafka, topic_prefix, settings_for(tmp_path), sources=(*SOURCES, TOY)) as one:
        yield one


def signed(body: bytes, secret: str = SHARED) -> dict[str, str]:
    return {SIGNATURE.replace("-", "_"): hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}


async def test_a_webhook_of_a_new_source_needs_its_registry_line_only(place: Place) -> None:
    body = msgspec.json.encode({"number": "T-1", "placed_ms": now_ms() - 1000})
    status, answer, _ = await place.post(body, "", "/v1/hooks/toy", **signed(body))
    assert (status, answer) == (202, {"accepted": 1, "rejected": []})
    (event,) = await place.events(1)
    assert (event["store_id"], event["type"], event["order_id"], event["source"]) == (
        "a",
        "order",
        "T-1",
        "webhook",
    )


async def test_a_wrong_signature_is_answered_401_and_nothing_is_kept(place: Place) -> None:
    body = msgspec.json.encode({"number": "T-1", "placed_ms": now_ms() - 1000})
    of_others = [signed(body, "another"), signed(body + b" "), {}, {SIGNATURE.replace("-", "_"): "é"}]
    answers = [await place.post(body, "", "/v1/hooks/toy", **headers) for headers in of_others]
    assert [(status, answer["reason"]) for status, answer, _ in answers] == [(401, "bad_signature")] * 4
    await place.events(0)
    await place.letters(0)


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b'{"number":7}', b"\xff", b"[" * 5000])
async def test_a_genuine_delivery_of_another_shape_was_answered_500(place: Place, body: bytes) -> None:
    status, answer, _ = await place.post(body, "", "/v1/hooks/toy", **signed(body))
    assert (status, answer["reason"]) == (400, "unexpected_body")


async def test_the_other_doors_are_as_they_were(place: Place) -> None:
    click = {"type": "click", "store_id": "a", "event_time": now_ms()}
    assert (await place.post(click))[0] == 202
    assert (await place.post({"k": "key-of-pixel", "events": [click]}, "", "/v1/pixel"))[0] == 202
    payment = {**click, "type": "payment"}
    status, answer, _ = await place.post({"k": "key-of-pixel", "events": [payment]}, "", "/v1/pixel")
    assert (status, answer["rejected"][0]["field"]) == (400, "type")


def test_names_and_doors_are_unique() -> None:
    names = Counter(source.name for source in SOURCES)
    paths = Counter((door.method, door.path) for door in doors())
    assert {*names.values(), *paths.values()} == {1}


def test_each_source_says_in_both_languages_what_it_is() -> None:
    texts = [
        text(language) for one in SOURCES for text in (one.words, one.definition) for language in ("zh", "en")
    ]  # type: ignore[arg-type]
    assert all(texts)
    assert [row[0] for row in reference_rows()] == list(SOURCE_FOLDERS)
    assert reference_rows((TOY,)) == [("toy", "Toy 玩具", "webhook", "order (event)", "POST /v1/hooks/toy")]


def test_what_a_door_may_claim_comes_from_its_source() -> None:
    assert types_claimable(Source.API, "/v1/events") is None
    assert types_claimable(Source.REPLAY, "") is None
    assert EventType.PAYMENT not in (types_claimable(Source.PIXEL, "/v1/pixel") or ())
    pixel = next(source for source in SOURCES if source.name == "pixel")
    supplied = {stage.value for stage in STAGES if pixel.supply(stage) is not Supply.NEVER}
    assert supplied == {kind for kind in types_claimable(Source.PIXEL, "") or () if kind in set(STAGES)}


def test_two_doors_of_one_source_shared_what_each_of_them_may_claim() -> None:
    (orders,) = TOY.doors
    payments = replace(orders, path="/v1/hooks/tin", types=frozenset({EventType.PAYMENT}))
    anything = replace(orders, path="/v1/hooks/any", types=None)
    sources = (replace(TOY, doors=(orders, payments, anything)),)
    assert types_claimable(Source.WEBHOOK, orders.path, sources) == {EventType.ORDER}
    assert types_claimable(Source.WEBHOOK, payments.path, sources) == {EventType.PAYMENT}
    assert types_claimable(Source.WEBHOOK, anything.path, sources) is None
    # a letter of before doors were noted, or of one that is gone: nothing that any of them forbids
    assert types_claimable(Source.WEBHOOK, "", sources) == frozenset()
    assert types_claimable(Source.WEBHOOK, "/v1/hooks/gone", sources) == frozenset()


def test_a_door_that_events_name_has_words() -> None:
    assert words_of(Source.PIXEL) == next(one.words for one in SOURCES if one.name == "pixel")
    assert words_of(Source.DEMO) == SOURCE_NAMES[Source.DEMO]

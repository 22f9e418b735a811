"""Dead letters from rejection to replay: through the real broker, the landing's view and the command line."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import typer
from typer.testing import CliRunner

from scoring.events.delivery import StoreDefaults
from scoring.events.event import RejectReason, Source
from streams.cli import deadletters, schema
from streams.cli.schema import SchemaName, schema_of
from streams.clock import monotonic, now_ms
from streams.collector.intake import rejected_record
from streams.collector.letters import StoredLetter, replay, why_not
from streams.instance.files import Instance, write_instance
from streams.sources.registry import types_claimable
from tests.deadlines import within
from tests.streams.collector.places import Place, running, settings_for


@pytest.fixture
async def place(kafka: str, topic_prefix: str, tmp_path: Path) -> AsyncIterator[Place]:
    async with running(kafka, topic_prefix, settings_for(tmp_path)) as one:
        yield one


def letter_of(value: dict[str, Any]) -> StoredLetter:
    received = datetime.fromtimestamp(value["received_at_ms"] / 1000, UTC)
    names = ("letter_id", "reason", "source", "store_id", "detail", "payload", "door")
    return StoredLetter(received_at=received, **{name: value.get(name, "") for name in names})


async def test_a_letter_rejected_for_its_store_is_accepted_once_the_store_exists_and_keeps_its_pseudonym(
    place: Place,
) -> None:
    event = {"type": "click", "event_time": now_ms(), "visitor": "joe", "store_id": "new"}
    assert (await place.post(event))[0] == 400
    letters = [letter_of(value) for value in await place.letters(1)]
    later = place.intake_for({**place.intake.stores, "new": StoreDefaults("own_site", "EUR")})
    assert (await later.accept([event], source=Source.API)).accepted == 1
    first = await replay(letters, later, types_claimable)
    again = await replay(letters, later, types_claimable)
    assert (first.accepted, again.accepted, first.failed) == (1, 1, [])
    events = await place.events(3)
    assert len({stored["visitor"] for stored in events}) == 1
    assert len({stored["event_id"] for stored in events}) == 1


async def test_an_event_of_nobody_sent_again_twice_is_one_event(place: Place) -> None:
    await place.post({"type": "click", "event_time": now_ms(), "store_id": "new"})
    letters = [letter_of(value) for value in await place.letters(1)]
    later = place.intake_for({"new": StoreDefaults("own_site", "EUR")})
    await replay(letters, later, types_claimable)
    await replay(letters, later, types_claimable)
    assert len({stored["event_id"] for stored in await place.events(2)}) == 1


async def test_a_letter_from_a_key_of_one_store_never_becomes_an_event_of_another(place: Place) -> None:
    await place.post({"type": "click", "event_time": now_ms(), "store_id": "b"})
    await place.post({"type": "click", "event_time": now_ms(), "store_id": "b"}, "key-of-pixel", "/v1/pixel")
    letters = [letter_of(value) for value in await place.letters(2)]
    outcome = await replay(letters, place.intake, types_claimable)
    assert (outcome.accepted, len(outcome.failed)) == (0, 2)
    of_several = [replace(letter, store_id="") for letter in letters]
    assert "may not write to" in why_not(of_several[0])
    assert (await replay(of_several, place.intake, types_claimable)).accepted == 0


async def test_a_letter_rejected_again_does_not_become_a_second_letter_and_remembers_its_store_and_visitor(
    place: Place,
) -> None:
    event = {"type": "click", "visitor": "joe"}
    await place.post([{**event, "event_time": now_ms() + 301_500}, {**event, "event_time": now_ms()}])
    letters = [letter_of(value) for value in await place.letters(1)]
    assert letters[0].store_id == "a"
    result = await replay(letters, place.intake, types_claimable)
    assert (result.accepted, [letter_id for letter_id, _ in result.failed]) == (0, [letters[0].letter_id])
    assert len(await place.letters(1)) == 1
    deadline = monotonic() + within(10)
    while (await replay(letters, place.intake, types_claimable)).failed:
        assert monotonic() < deadline
        await asyncio.sleep(0.1)
    assert len({stored["visitor"] for stored in await place.events(2)}) == 1


async def test_what_cannot_be_sent_again_says_why(place: Place) -> None:
    await place.post(b'{"type":')
    await place.post({"type": "click", "store_id": "a", "event_time": 1, "product": "p" * 5000})
    await place.post({"type": "order", "store_id": "a", "event_time": 1, "email": "joe@example.com"})
    row = rejected_record(RejectReason.BAD_ROW, "row 7 has 3 columns", b"1,2,3")
    await place.intake.reject([row], source=Source.REPLAY, stores=["a"])
    letters = {letter.reason: letter for letter in map(letter_of, await place.letters(4))}
    assert "not JSON" in why_not(letters["broken_json"])
    assert "cut" in why_not(letters["time_absurd"])
    assert "personal data" in why_not(letters["unknown_field"])
    assert "replay FILE" in why_not(letters["bad_row"])
    outcome = await replay(list(letters.values()), place.intake, types_claimable)
    assert (outcome.accepted, len(outcome.failed)) == (0, 4)


@pytest.mark.parametrize("source", ["landing", "topic:funnel.events.v1", "monitor"])
async def test_a_letter_that_the_collector_did_not_write_ended_the_replay_of_all(
    place: Place, source: str
) -> None:
    await place.post({"type": "click", "event_time": now_ms(), "store_id": "new"})
    (letter,) = map(letter_of, await place.letters(1))
    foreign = replace(letter, source=source, letter_id="funnel.events.v1-0-7")
    later = place.intake_for({"new": StoreDefaults("own_site", "EUR")})
    outcome = await replay([foreign, letter], later, types_claimable)
    assert outcome.accepted == 1
    ((name, why),) = outcome.failed
    assert name == "funnel.events.v1-0-7"
    assert "has to write it again" in why


async def test_a_letter_knows_the_door_that_it_came_in_by(place: Place) -> None:
    await place.post({"typ": "click"})
    await place.post({"typ": "click"}, "key-of-pixel", "/v1/pixel")
    await place.post(b"\x1f\x8b", Content_Encoding="gzip")
    assert [value["door"] for value in await place.letters(3)] == ["/v1/events", "/v1/pixel", "/v1/events"]


async def test_a_bad_row_replayed_again_is_the_same_letter(place: Place) -> None:
    row = rejected_record(RejectReason.BAD_ROW, "row 7 has 3 columns", b"1,2,3")
    for _ in range(2):
        await place.intake.reject([row], source=Source.REPLAY, stores=["a"])
    assert len({value["letter_id"] for value in await place.letters(2)}) == 1


async def test_list_and_show_on_the_real_engine(clickhouse: Any, ready_database: str, tmp_path: Path) -> None:
    write_instance(tmp_path, Instance(1, now_ms(), "127.0.0.1:1", clickhouse.url, "", "", "", ()))
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "clickhouse_reader_password").write_text(clickhouse.reader_password)
    old, new = datetime.now(UTC) - timedelta(days=3), datetime.now(UTC)
    rows = [
        ["aa11", old, "unknown_type", "api", "a", "{}", "old one", 1],
        ["ab22", new, "bad_row", "replay", "b", "1,2,3", "new one", 1],
        ["funnel.events.v1-5-1", old, "empty", "topic:funnel.events.v1", "", "", "of the log", 1],
        ["funnel.events.v1-5-2", old, "empty", "topic:funnel.events.v1", "", "", "of the log too", 1],
    ]
    names = ["letter_id", "received_at", "reason", "source", "store_id", "payload", "detail", "version"]
    clickhouse.client(ready_database).insert("dead_letters_raw", rows, column_names=names)
    app = typer.Typer()
    deadletters.register(app)
    schema.register(app)
    environment = {"FUNNELWATCH_CLICKHOUSE_DATABASE": ready_database}

    def run(*words: str) -> Any:
        return CliRunner().invoke(app, ["deadletters", *words, "--data", str(tmp_path)], env=environment)

    listed = [json.loads(line) for line in run("list", "--json").stdout.splitlines()]
    assert [one["letter_id"] for one in listed][:2] == ["ab22", "aa11"]
    by_place = re.findall(r"funnel\.events\.v1-5-\d", run("list", "--reason", "empty").stdout)
    assert ["of the log" in run("show", name).stdout for name in by_place] == [True, True]
    assert [
        json.loads(line)["letter_id"] for line in run("list", "--json", "--since", "2d").stdout.splitlines()
    ] == ["ab22"]
    assert "aa11" in run("list", "--reason", "unknown_type").stdout
    assert "1,2,3" in run("show", "ab").stdout
    assert "several" in run("show", "a").output
    nothing = run("show", "zz")
    assert (nothing.exit_code, "no dead letter" in nothing.output) == (1, True)
    assert run("list", "--since", "soon").exit_code == 2
    assert run("replay").exit_code == 2


async def test_schemas_take_what_the_collector_takes_and_what_it_writes(place: Place) -> None:
    event = {
        "type": "order",
        "store_id": "a",
        "event_time": "2025-11-11T20:00:00+08:00",
        "order_id": "1",
        "amount": "5",
    }
    assert (await place.post(event))[0] == 202
    for name in SchemaName:
        jsonschema.Draft202012Validator.check_schema(schema_of(name))
    jsonschema.validate(event, schema_of(SchemaName.INCOMING))
    jsonschema.validate((await place.events(1))[0], schema_of(SchemaName.EVENT))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**event, "type": "purchase"}, schema_of(SchemaName.INCOMING))

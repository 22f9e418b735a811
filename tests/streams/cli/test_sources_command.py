"""``funnelwatch sources`` on a real broker: adding with and without questions, wishes, and that no secret is ever shown or kept plain."""

from __future__ import annotations

import asyncio
import json
import stat
from pathlib import Path

import msgspec
import pytest
import typer

from scoring.sources.doubts import Doubt, DoubtCheck, DoubtKind, Witness
from scoring.sources.health import ConnectionHealth, ConnectionState
from scoring.wording.troubles import Trouble
from streams.cli.sources_keys import needs_former_keys
from streams.clock import now_ms
from streams.config.model import Config
from streams.settings import load_settings
from streams.sources.directory import ConnectionDirectory
from streams.sources.sealing import add_key, open_sealer
from streams.sources.source_log import SourceBook, log_key, publish_records
from tests.fixtures.sources_desk import MAPPING, Desk


def test_a_connection_from_a_file_is_saved_with_its_secret_sealed_and_shown_without_it(desk: Desk) -> None:
    output = desk.good("add", "--file", desk.file(secret="very-secret-text", mapping=MAPPING), "--yes")
    assert f"/v1/hooks/webhook/{desk.name}" in output
    kept = desk.book().raw(f"connection/{desk.name}") or b""
    assert b"very-secret-text" not in kept
    assert b"sealed:" in kept
    for words in (("show", desk.name), ("show", desk.name, "--json"), ("list",), ("list", "--json")):
        assert "very-secret" not in desk.run(*words).output
        assert "sealed:" not in desk.run(*words).output
    assert stat.S_IMODE((desk.folder / "secrets" / "sources_key").stat().st_mode) == 0o600
    assert desk.shown()["hook_path"] == f"/v1/hooks/webhook/{desk.name}"


def test_what_is_missing_is_asked_for_step_by_step_and_a_secret_is_made_on_request(desk: Desk) -> None:
    answers = "\n".join(["webhook", desk.name, "cn", "", "X-Sig", "hex", "", "events", ""])
    output = desk.good("add", answers=answers)
    assert "made for secret" in output
    settings = msgspec.json.decode(desk.book().raw(f"connection/{desk.name}") or b"")["settings"]
    assert (settings["store"], settings["format"], settings["signature"]["header"]) == (
        "cn",
        "events",
        "X-Sig",
    )
    assert settings["secret"].startswith("sealed:")


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("Shopify", "a shopify connection needs `shop`"),
        ("tiktok-shop", "a tiktok_shop connection needs `app_key`"),
        ("Amazon Ads", "an amazon_ads connection needs `client_id`"),
        ("tik", "unknown source 'tik'; did you mean tiktok_shop or"),
        ("shoppee", "unknown source 'shoppee'; did you mean shop"),
        ("ebay", "unknown source 'ebay'"),
    ],
)
def test_the_platform_could_be_named_by_an_option_only(desk: Desk, typed: str, said: str) -> None:
    result = desk.run("add", typed, "--set", f"name={desk.name}", "--set", "store=cn", "--yes")
    assert result.exit_code == 1
    assert said in " ".join(result.output.split())


def test_a_token_that_was_left_empty_was_made_up_and_sent_to_the_platform(desk: Desk) -> None:
    answers = "\n".join(
        [desk.name, "cn", "100", "partner-key", "global", "", "", "", "200", "SG", "https://x.example/h"]
    )
    desk.good("add", "shopee", "--no-test", answers=answers + "\n")
    settings = msgspec.json.decode(desk.book().raw(f"connection/{desk.name}") or b"")["settings"]
    assert "refresh_token" not in settings
    assert settings["partner_id"] == "100"
    assert settings["secret"].startswith("sealed:")


def test_a_shop_s_number_typed_as_an_answer_or_an_option_was_rejected(desk: Desk) -> None:
    words = [f"name={desk.name}", "store=cn", "partner_id=0100", "shop_id=200", "secret=k", "country=SG"]
    given = [part for word in [*words, "callback=https://x.example/h"] for part in ("--set", word)]
    desk.good("add", "shopee", *given, "--yes", "--no-test")
    settings = msgspec.json.decode(desk.book().raw(f"connection/{desk.name}") or b"")["settings"]
    assert (settings["partner_id"], settings["shop_id"]) == ("0100", "200")


def test_a_new_connection_reads_ninety_days_of_the_past_and_a_renewed_one_none(desk: Desk) -> None:
    file = desk.file(
        source="json_api",
        url="https://shop.example",
        resources=[{"from_parameter": "since", "mapping": MAPPING}],
    )
    for _ in range(2):
        desk.good("add", "--file", file, "--yes", "--no-test")
    (wish,) = desk.book().control(desk.name).backfills
    days = (wish.to_ms - wish.from_ms) / 86_400_000
    assert 90 <= days <= 91


def test_without_questions_every_error_is_named_and_nothing_is_saved(desk: Desk) -> None:
    result = desk.run("add", "--file", desk.file(mapping=[{"kind": "order", "fields": {"nr": "x"}}]), "--yes")
    assert result.exit_code == 1
    assert "unknown field 'nr'" in result.output
    wrong_store = desk.run("add", "--file", desk.file(secret="s" * 20, format="events", store="de"), "--yes")
    assert "no store is called 'de'; expected one of: cn, us" in wrong_store.output
    assert desk.book().raw(f"connection/{desk.name}") is None


@pytest.mark.usefixtures("without_pauses")
def test_a_platform_that_does_not_answer_is_said_before_anything_is_saved(desk: Desk) -> None:
    settings = {
        "source": "json_api",
        "url": "http://127.0.0.1:9/api",
        "resources": [{"from_parameter": "since", "mapping": MAPPING}],
    }
    result = desk.run("add", "--file", desk.file(**settings), "--yes")
    assert result.exit_code == 1
    assert "bad orders: The platform is unreachable: 127.0.0.1 is" in result.output
    assert desk.book().raw(f"connection/{desk.name}") is None
    desk.good("add", "--file", desk.file(**settings), "--yes", "--no-test")
    assert desk.run("test", desk.name).exit_code == 1


@pytest.mark.usefixtures("without_pauses")
def test_only_list_and_show_answered_scripts(desk: Desk) -> None:
    file = desk.file(
        source="json_api",
        url="http://127.0.0.1:9/api",
        resources=[{"from_parameter": "since", "mapping": MAPPING}],
    )
    saved = json.loads(desk.good("add", "--file", file, "--yes", "--no-test", "--json"))
    assert (saved["name"], saved["done"], saved["stores"]) == (desk.name, "saved", ["cn"])
    tested = desk.run("test", desk.name, "--json")
    assert tested.exit_code == 1
    trial = json.loads(tested.output)
    assert (trial["good"], [line["what"] for line in trial["lines"]]) == (False, ["orders", "limits"])
    paused = json.loads(desk.good("pause", desk.name, "--why", "w", "--json"))
    assert (paused["done"], paused["control"]["paused"]) == ("paused", True)
    assert "paused" not in json.loads(desk.good("resume", desk.name, "--json"))["control"]
    more = json.loads(desk.good("backfill", desk.name, "--from", "2026-01-01", "--json"))
    assert len(more["control"]["backfills"]) == 2
    assert json.loads(desk.good("remove", desk.name, "--yes", "--json"))["done"] == "removed"


def test_figures_that_are_doubted_are_shown_and_may_be_accepted(desk: Desk) -> None:
    settings = {
        "source": "json_api",
        "url": "https://shop.example",
        "resources": [{"from_parameter": "since", "mapping": MAPPING}],
    }
    desk.good("add", "--file", desk.file(**settings), "--yes", "--no-test", "--past-days", "0")
    rejected = desk.run("accept", desk.name)
    assert rejected.exit_code == 1
    assert "nothing is doubted" in rejected.output
    doubt = Doubt(DoubtKind.VALUE, Witness.PIXEL, "USD", "4990.00", "49.90", 40)
    at_ms = now_ms()
    health = ConnectionHealth(
        desk.name,
        "json_api",
        ("cn",),
        at_ms,
        ConnectionState.BROKEN,
        doubts=DoubtCheck(at_ms, at_ms, (doubt,)),
    )
    here = load_settings(kafka=desk.kafka, data=desk.folder)
    asyncio.run(publish_records(here, {log_key("health", desk.name): health}))
    assert "about 100 times the usual" in desk.good("show", desk.name)
    accepted = json.loads(desk.good("accept", desk.name, "--json"))["control"]["accepted"]
    assert accepted == [doubt.key]


def test_pause_resume_and_backfills_are_wishes_that_everybody_sees(desk: Desk) -> None:
    settings = {
        "source": "json_api",
        "url": "https://shop.example",
        "resources": [{"from_parameter": "since", "mapping": MAPPING}],
    }
    desk.good("add", "--file", desk.file(**settings), "--yes", "--no-test", "--past-days", "0")
    desk.good("pause", desk.name, "--why", "stock-taking")
    assert desk.shown()["paused"] is True
    desk.good("resume", desk.name)
    assert desk.shown()["paused"] is False
    desk.good("backfill", desk.name, "--from", "2026-01-01", "--to", "2026-01-31")
    (backfill,) = desk.shown()["backfills"]
    assert (backfill["resource"], backfill["days"], backfill["state"]) == ("orders", 31, "waiting")
    desk.good("backfill", desk.name, "--pause", backfill["backfill_id"])
    assert desk.shown()["backfills"][0]["state"] == "paused"
    desk.good("backfill", desk.name, "--cancel", backfill["backfill_id"])
    assert desk.shown()["backfills"] == []
    for words, said in (
        (("--from", "2026-02-02", "--to", "2026-02-01"), "before the first"),
        (("--from", "2099-01-01", "--to", "2099-01-02"), "has not begun"),
        (("--from", "Tuesday"), "is not a day"),
        (("--from", "2026-01-01", "--resource", "ads"), "expected one of orders"),
        (("--pause", "nope"), "no backfill is called"),
    ):
        assert said in desk.run("backfill", desk.name, *words).output


def test_the_state_is_what_its_owner_said_last_and_unknown_when_that_is_old(desk: Desk) -> None:
    desk.good("add", "--file", desk.file(secret="s" * 20, format="events"), "--yes")
    assert desk.shown()["state"] == "unknown"
    health = ConnectionHealth(
        desk.name,
        "webhook",
        ("cn",),
        now_ms(),
        ConnectionState.BROKEN,
        trouble=Trouble.MAPPING_FAULTS,
        detail="no id",
    )
    settings = load_settings(kafka=desk.kafka, data=desk.folder)
    asyncio.run(publish_records(settings, {log_key("health", desk.name): health}))
    shown = desk.shown()
    assert (shown["state"], shown["trouble"], shown["detail"]) == ("broken", "mapping_faults", "no id")
    text = desk.good("show", desk.name)
    assert "Broken" in text
    assert "funnelwatch sources replay" in text
    assert desk.run("list").exit_code == 1


def test_a_connection_of_the_file_is_changed_there(desk: Desk) -> None:
    for words in (("remove", f"{desk.name}-file", "--yes"),):
        result = desk.run(*words)
        assert result.exit_code == 1
        assert "funnelwatch.yaml" in result.output


def test_what_is_removed_leaves_no_record(desk: Desk) -> None:
    desk.good("add", "--file", desk.file(secret="s" * 20, format="events"), "--yes")
    desk.good("remove", desk.name, "--yes")
    book = desk.book()
    assert [book.raw(f"{kind}/{desk.name}") for kind in ("connection", "control", "token")] == [None] * 3
    assert f"no connection is called '{desk.name}'" in desk.run("show", desk.name).output


def test_a_new_key_seals_and_the_old_one_is_dropped_once_nothing_needs_it(desk: Desk) -> None:
    desk.good("add", "--file", desk.file(secret="very-secret-text", format="events"), "--yes")
    before = desk.book().raw(f"connection/{desk.name}")
    desk.good("rotate-key")
    after = desk.book().raw(f"connection/{desk.name}")
    assert before != after
    assert "ok  secret" in desk.good("test", desk.name)
    key = (desk.folder / "secrets" / "sources_key").read_text().splitlines()
    assert len(key) == 2


def test_a_former_key_is_kept_for_a_token_in_use_and_not_for_one_that_no_connection_has(
    tmp_path: Path,
) -> None:
    settings = load_settings(data=tmp_path)
    sealer, book = open_sealer(settings), SourceBook()
    config = Config.model_validate(
        {
            "stores": [{"id": "cn"}],
            "connections": [
                {"name": "shop", "source": "webhook", "store": "cn", "secret": "env:X", "format": "events"}
            ],
        }
    )
    for name in ("shop", "gone"):
        book.take(f"token/{name}", msgspec.json.encode(sealer.seal("{}", f"token/{name}")))
    directory = ConnectionDirectory(config, sealer, book)
    assert needs_former_keys(settings, directory) == []
    add_key(settings)
    with pytest.raises(typer.Exit):
        needs_former_keys(settings, directory)
    book.take("token/shop", msgspec.json.encode(open_sealer(settings).seal("{}", "token/shop")))
    assert needs_former_keys(settings, directory) == ["token/gone"]

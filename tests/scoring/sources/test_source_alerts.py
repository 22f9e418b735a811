"""The alert of a connection: opens once a trouble lasts, changes with it, ends once all is well."""

from __future__ import annotations

import msgspec
import pytest

from scoring.alerts.alert import AlertKind, AlertState, AlertTransition, Level
from scoring.alerts.routing import Severity
from scoring.funnel.units import MINUTE_MS
from scoring.sources.health import ConnectionHealth, ConnectionState
from scoring.sources.source_alerts import SourceAlert, ended, followed
from scoring.wording.card import CardContext, CardStore, LineKind
from scoring.wording.cards import build_card
from scoring.wording.source_note import note_of_source
from scoring.wording.troubles import TROUBLES, Trouble
from streams.config.model import Config
from streams.embedded.console import alert_line
from streams.incidents.alert_log import AlertBook
from streams.incidents.reader import ReaderWording

AT_MS = 1_780_000_000_000
WELL = (ConnectionState.CONNECTED, Trouble.NONE)
DENIED = (ConnectionState.PAUSED, Trouble.ACCESS_DENIED)
LATE = (ConnectionState.LATE, Trouble.SILENT)
PAUSED = (ConnectionState.PAUSED, Trouble.PAUSED_BY_PERSON)


def published(*states: tuple[ConnectionState, Trouble]) -> list[AlertTransition]:
    """What is published of a connection that is in each state for a minute."""
    known, found = SourceAlert(), []
    for minute, (state, trouble) in enumerate(states):
        at_ms = AT_MS + minute * MINUTE_MS
        health = ConnectionHealth(
            "shop-api", "json_api", ("cn",), at_ms, state, trouble=trouble, detail="401", owner="ops"
        )
        known, transition = followed(known, health)
        if transition is not None:
            found.append(transition)
    return found


def test_a_trouble_that_lasts_is_one_alert_that_ends_once_all_is_well() -> None:
    found = published(WELL, *[DENIED] * 10, *[WELL] * 5)
    assert [(one.state, one.level, one.sequence) for one in found] == [
        (AlertState.FIRING, Level.PAGE, 0),
        (AlertState.RESOLVED, Level.PAGE, 1),
    ]
    assert found[0].opened_at_ms == AT_MS + MINUTE_MS
    assert len({one.alert_id for one in found}) == 1


def test_a_state_that_flickers_opens_nothing_and_ends_nothing() -> None:
    assert published(WELL, DENIED, WELL, DENIED, WELL) == []
    assert [one.state for one in published(*[DENIED] * 4, WELL, DENIED, WELL, DENIED)] == [AlertState.FIRING]


def test_a_trouble_that_becomes_worse_is_the_same_alert_at_another_level() -> None:
    found = published(*[LATE] * 4, *[DENIED] * 4)
    assert [(one.level, one.sequence) for one in found] == [(Level.NOTICE, 0), (Level.PAGE, 1)]
    assert len({one.alert_id for one in found}) == 1


def test_whoever_pauses_a_connection_ends_its_alert_and_opens_none() -> None:
    assert published(*[PAUSED] * 10) == []
    found = published(*[DENIED] * 4, PAUSED)
    note = note_of_source(found[-1].kind, found[-1].note)
    assert found[-1].state is AlertState.RESOLVED
    assert note is not None
    assert note.over is Trouble.PAUSED_BY_PERSON


def test_a_second_trouble_later_is_an_alert_of_its_own() -> None:
    found = published(*[LATE] * 4, *[WELL] * 5, *[LATE] * 4)
    assert [one.state.value for one in found] == ["firing", "resolved", "firing"]
    assert found[0].alert_id != found[2].alert_id


def test_what_another_owner_kept_goes_on_where_it_was() -> None:
    (alert,) = published(*[DENIED] * 4)
    kept = SourceAlert(alert, AT_MS, 0)
    assert msgspec.json.decode(msgspec.json.encode(kept), type=SourceAlert) == kept


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_card_says_which_connection_what_and_what_to_do(language: str) -> None:
    (alert,) = published(*[DENIED] * 4)
    around = CardContext(CardStore("CN", "Asia/Shanghai", "CNY"), 7.0, Severity.CRITICAL)
    card = build_card(alert, around, ReaderWording(language), "Asia/Shanghai")  # type: ignore[arg-type]
    what, advice = (text(language) for text in TROUBLES[Trouble.ACCESS_DENIED])  # type: ignore[arg-type]
    assert "shop-api" in card.headline
    assert what in card.headline
    assert advice in {line.text for line in card.lines}
    assert LineKind.SURENESS not in {line.kind for line in card.lines}
    over = build_card(ended(alert, alert.at_ms + 1), around, ReaderWording(language), "UTC")  # type: ignore[arg-type]
    assert not over.is_firing
    assert advice not in {line.text for line in over.lines}


def test_the_console_says_what_is_wrong_and_no_figures() -> None:
    (alert,) = published(*[DENIED] * 4)
    assert alert_line(alert).startswith("FIRING page cn shop-api: Access is denied, since ")


def test_routes_can_name_the_owner_and_the_connection() -> None:
    (alert,) = published(*[DENIED] * 4)
    labels = AlertBook().candidate(alert, Config.model_validate({"stores": [{"id": "cn"}]})).labels
    assert (labels["kind"], labels["owner"], labels["connection"]) == (AlertKind.SOURCE, "ops", "shop-api")


def foreseen(*days: tuple[Trouble, str]) -> list[AlertTransition]:
    """What is published of a connection, looked at each hour, that says each of these for a day."""
    known, found = SourceAlert(), []
    for hour in range(24 * len(days)):
        trouble, detail = days[hour // 24]
        for minute in (0, 3, 6):
            health = ConnectionHealth(
                "us",
                "shopify",
                ("us",),
                AT_MS + (hour * 60 + minute) * MINUTE_MS,
                ConnectionState.CONNECTED,
                trouble=trouble,
                detail=detail,
            )
            known, transition = followed(known, health)
            if transition is not None:
                found.append(transition)
    return found


@pytest.mark.parametrize("trouble", [Trouble.USE_ENDS, Trouble.TOKEN_ENDS])
def test_what_is_foreseen_is_an_alert_for_a_day_at_each_notice(trouble: Trouble) -> None:
    """It fired for a month, and the later notices reached nobody."""
    found = foreseen(
        (Trouble.NONE, ""), *[(trouble, "≤ 30")] * 3, (trouble, "≤ 7"), (trouble, "≤ 1"), (Trouble.USE_ENDED, "x"), *[(Trouble.USE_ENDED, "x")] * 2
    )  # fmt: skip
    assert [one.state.value for one in found] == ["firing", "resolved"] * 4
    assert len({one.alert_id for one in found}) == 4
    assert {one.level for one in found} == {Level.NOTICE}
    note = note_of_source(found[1].kind, found[1].note)
    assert note is not None
    assert note.over is trouble


def test_a_notice_that_something_worse_hides_comes_after_it() -> None:
    found = foreseen(
        (Trouble.SILENT, ""), (Trouble.USE_ENDS, "≤ 90"), (Trouble.SILENT, ""), (Trouble.USE_ENDS, "≤ 90")
    )
    assert [one.state.value for one in found] == ["firing", "resolved"] * 3
    last = note_of_source(found[-1].kind, found[-1].note)
    assert last is not None
    assert last.over is Trouble.NONE


@pytest.mark.parametrize(("language", "said"), [("en", "the next notice"), ("zh", "临近时会再提醒")])
def test_the_end_of_a_notice_says_that_the_date_remains(language: str, said: str) -> None:
    over = foreseen((Trouble.USE_ENDS, "Amazon Orders API v0: 2027-03-27 (≤ 90 d)"))[-1]
    around = CardContext(CardStore("US", "UTC", "USD"), 7.0, Severity.WARNING)
    card = build_card(over, around, ReaderWording(language), "UTC")  # type: ignore[arg-type]
    assert any(said in line.text for line in card.lines)

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

"""Deliveries with one value broken: counted, named or set aside, and never a crash or nothing at all."""

from __future__ import annotations

from typing import Any

import pytest

from scoring.events.redaction import mask_document
from scoring.records.raw_delivery import DeliveryDoor, RawDelivery
from scoring.sources.json_values import read_json
from scoring.sources.translated import TranslationError
from streams.sources.registry import source_named
from streams.sources.source import HookRequest
from tests.contracts.source_doubles import HOOKS, encoded
from tests.fakes.workbench import SECRETS, connection_from
from tests.streams.sources.broken_values import Path, broken

NOW_MS = 1_793_600_000_000
PLATFORMS = sorted(set(HOOKS) - {"webhook"})


def outcome(name: str, content: Any) -> str:
    """What becomes of a body that is signed, as door and role take it."""
    spec, double, connection = source_named(name), HOOKS[name], connection_from(dict(HOOKS[name].settings))
    assert spec is not None
    hook, translate, body = spec.hook, spec.translate, encoded(content)
    assert hook is not None
    assert translate is not None
    headers = dict(double.signed(body, SECRETS["env:NEW"]))
    label = hook.label(HookRequest("POST", body, headers, {}, NOW_MS / 1000), read_json(body), connection)
    people, kept, only = (one(connection) for one in (hook.people, hook.kept, hook.only))
    text = mask_document(body, lambda raw: f"~{raw[:16]}", hook.personal(connection), people, kept, only)
    delivery = RawDelivery(
        delivery_id="x",
        source=name,
        connection="lying",
        received_at_ms=NOW_MS,
        topic=label.topic,
        door=DeliveryDoor.HOOK,
        body=text,
    )
    try:
        found = translate(delivery, connection.terms(spec.terms(connection.config)))
    except TranslationError:
        return "quarantined"
    said = {
        "set aside": found.set_aside,
        "named": found.gaps,
        "left out": found.left_out,
        "rows": found.count,
    }
    return next((what for what, is_so in said.items() if is_so), "nothing")


def outcomes(name: str, every: int) -> set[str]:
    bodies: list[tuple[Path, Any]] = [one for body in HOOKS[name].life for one in broken(body)]
    found = {(place, outcome(name, body)) for place, body in bodies[::every]}
    assert [place for place, what in found if what == "nothing"] == []
    return {what for _, what in found}


@pytest.mark.parametrize("name", PLATFORMS)
def test_a_body_with_one_value_broken_is_counted_or_named(name: str) -> None:
    assert {"rows", "set aside"} <= outcomes(name, 17)


@pytest.mark.long
@pytest.mark.parametrize("name", PLATFORMS)
def test_every_body_with_one_value_broken_is_counted_or_named(name: str) -> None:
    assert {"rows", "set aside"} <= outcomes(name, 1)

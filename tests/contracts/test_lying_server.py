"""A platform whose answers are read wrongly: the second way finds it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from scoring.sources.health import ConnectionState
from scoring.sources.json_mapping import RecordMapping
from scoring.sources.json_paths import json_path
from streams.sources.json_api.source import SOURCE
from streams.sources.source import SourceSpec
from tests.contracts.lie_watch import ordered
from tests.fakes.ledger import Ledger
from tests.fakes.virtual import BEGIN_MS

pytestmark = pytest.mark.usefixtures("quiet")

DAYS = 4


def test_an_honest_platform_is_stored_whole_and_nothing_is_said_of_it() -> None:
    tale = ordered("json_api", Ledger.drawn(7, BEGIN_MS, DAYS), (), days=DAYS + 1)
    assert tale.left == {}
    assert tale.said == {""}
    assert tale.orders == 24 * DAYS


def mutated(change: Callable[[RecordMapping], RecordMapping]) -> SourceSpec:
    """The source with one field of its mapping changed."""

    def terms(config: Any) -> Any:
        return {
            name: tuple(change(one) for one in mappings) for name, mappings in SOURCE.terms(config).items()
        }

    return replace(SOURCE, terms=terms)


def field_read_as(name: str, path: str) -> Callable[[RecordMapping], RecordMapping]:
    return lambda one: replace(one, fields={**one.fields, name: json_path(path)})


MUTATIONS = {
    "another id": field_read_as("order_id", "status"),
    "another time of placing": field_read_as("placed", "sent_at"),
    "another time of payment": field_read_as("paid", "created_at"),
    "no time of payment": lambda one: replace(
        one, fields={name: path for name, path in one.fields.items() if name != "paid"}
    ),
    "another amount": field_read_as("amount", "no"),
    "another currency": lambda one: replace(
        one,
        fields={name: path for name, path in one.fields.items() if name != "currency"},
        constants={"currency": "USD"},
    ),
    "another zone": lambda one: replace(one, fields={**one.fields}, decimals=2),
}


@pytest.mark.parametrize("change", MUTATIONS.values(), ids=MUTATIONS)
@pytest.mark.long
def test_a_mapping_with_one_field_wrong_is_found_by_the_second_way(
    change: Callable[[RecordMapping], RecordMapping],
) -> None:
    found_by_second_way(change)


def test_a_wrong_time_of_payment_is_found_by_the_second_way() -> None:
    found_by_second_way(MUTATIONS["another time of payment"])


def found_by_second_way(change: Callable[[RecordMapping], RecordMapping]) -> None:
    tale = ordered("json_api", Ledger.drawn(5, BEGIN_MS, 2), (), days=2.6, spec=mutated(change))
    assert tale.left
    assert tale.end.state is not ConnectionState.CONNECTED
    assert tale.silent == []
    assert date(2026, 11, 1).isoformat() in {one.day for one in tale.end.check.lasting}

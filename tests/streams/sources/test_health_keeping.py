"""What is kept of a connection's deliveries, and what it says of its mapping."""

from __future__ import annotations

from scoring.records.order_facts import OrderFacts
from scoring.records.raw_delivery import DeliveryDoor, RawDelivery
from scoring.sources.translated import MappingGap, SetAside, Translated
from streams.sources.health_keeping import DeliveryNotes

AT_MS = 1_780_000_000_000


def delivered(number: int) -> RawDelivery:
    return RawDelivery(
        delivery_id=f"d{number}",
        source="webhook",
        connection="erp",
        received_at_ms=AT_MS + number,
        door=DeliveryDoor.HOOK,
    )


def order(number: int) -> OrderFacts:
    return OrderFacts(store_id="us", order_id=f"A-{number}", source="webhook", as_of_ms=AT_MS)


def test_a_mapping_that_counted_nothing_of_any_delivery_was_called_well() -> None:
    """A wrong path sets every row aside, and no delivery is set aside whole."""
    notes = DeliveryNotes()
    for number in range(3):
        notes.translated(delivered(number), Translated(set_aside=[SetAside("`order_id`: nothing is there")]))
    assert notes.health.faults == 3
    assert notes.health.fault == "`order_id`: nothing is there"


def test_one_row_aside_of_a_delivery_that_counts_is_not_a_fault_of_the_mapping() -> None:
    notes = DeliveryNotes()
    notes.quarantined(delivered(0), "not JSON")
    notes.translated(delivered(1), Translated(orders=[order(1)], set_aside=[SetAside("no time")]))
    assert notes.health.faults == 0
    assert notes.health.set_aside == 1


def test_what_is_known_and_not_needed_is_counted_apart_from_what_is_new() -> None:
    notes = DeliveryNotes()
    for number in range(3):
        notes.translated(delivered(number), Translated(left_out=["customers/update"]))
    notes.translated(delivered(3), Translated(gaps=[MappingGap("topic", "moons/rising")]))
    assert notes.health.left_out == {"customers/update": 3}
    assert notes.health.gaps == {"topic moons/rising": 1}

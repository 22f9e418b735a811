"""One resource read window by window: what of it is delivered."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scoring.records.raw_delivery import DeliveryDoor
from scoring.sources.cursors import PollWindow
from streams.sources.asking import PlatformApi
from streams.sources.registry import source_named
from streams.sources.source import PolledRow, PollPage
from tests.fakes.ledger import Ledger
from tests.fakes.lying_server import LyingShop, connection
from tests.fakes.virtual import BEGIN_MS, VirtualClock, in_virtual_time
from tests.fakes.workbench import workbench

pytestmark = pytest.mark.usefixtures("quiet")


def deliveries_of(*amounts: str) -> list[str]:
    """The bodies delivered of one row that is read once with each amount."""
    left = list(amounts)

    async def fetch(api: PlatformApi, window: PollWindow, mark: str) -> PollPage:
        amount = left.pop(0)
        return PollPage([PolledRow("N1", amount, f'{{"no": "N1", "total": "{amount}"}}', BEGIN_MS)])

    async def work(clock: VirtualClock) -> list[str]:
        spec = source_named("json_api")
        assert spec is not None
        bench = workbench(connection(), spec, LyingShop(Ledger(), clock.now_ms), clock)
        worker = bench.worker()
        worker._load()
        poller = worker.pollers["orders"]
        poller.poll = replace(poller.poll, fetch=fetch)
        found = []
        for _ in amounts:
            before = bench.store.deliveries
            await poller.read(PollWindow(BEGIN_MS - 1000, BEGIN_MS), worker._api, DeliveryDoor.POLL)
            if bench.store.deliveries > before:
                found.append(list(bench.store.raw.values())[-1].body)
        return found

    return in_virtual_time(work)


def test_a_row_that_has_not_changed_is_delivered_once() -> None:
    assert len(deliveries_of("5.00", "5.00", "5.00")) == 1


def test_a_row_that_went_back_to_what_it_was_kept_its_wrong_version() -> None:
    assert len(deliveries_of("5.00", "6.00", "5.00")) == 3

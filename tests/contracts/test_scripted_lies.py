"""Platforms that lie by a script: what is stored equals the truth, or the source says within one cycle that it does not. Never "ok" and wrong."""

from __future__ import annotations

import os
from collections.abc import Sequence

import pytest

from tests.contracts.lie_watch import Tale, ordered, reported, script
from tests.contracts.source_doubles import POLLS, REPORTS
from tests.fakes.ledger import Ledger
from tests.fakes.lies import OF_PAGES, OF_ROWS, Lie
from tests.fakes.virtual import BEGIN_MS

pytestmark = pytest.mark.usefixtures("quiet")

DAYS = 4
LIES_A_RUN = 10
#: what is read again once a day is, after the last lie that ends
_AFTER_DAYS = 2.2
#: a report has no times and amounts of orders, and pages of its own
_OF_REPORTS = (*(lie for lie in Lie if lie not in OF_ROWS | OF_PAGES), Lie.DROPPED_PAGE, Lie.REPEATED_PAGE)
#: other scripts than those that were met before
FRESH = int(os.environ.get("LIES_SEED", "0"))


def tale_of(name: str, seed: int) -> Tale:
    if name in REPORTS:
        return reported(name, script(seed, DAYS, _OF_REPORTS, LIES_A_RUN), DAYS + _AFTER_DAYS)
    lies = script(seed, DAYS, tuple(Lie), LIES_A_RUN)
    return ordered(name, Ledger.drawn(seed, BEGIN_MS, DAYS), lies, DAYS + _AFTER_DAYS, bool(seed % 2))


def hold(name: str, seeds: Sequence[int]) -> None:
    """No script of these gets a wrong figure past the source."""
    lied = 0
    for seed in seeds:
        tale = tale_of(name, seed)
        assert tale.silent == [], f"script {seed}: wrong for longer than a cycle, and connected"
        assert not tale.left or not tale.is_well, f"script {seed}: {tale.left}"
        lied += len(tale.lied)
    assert lied > len(seeds) * LIES_A_RUN / 3


def test_thirty_scripted_lies_get_no_wrong_figure_past_the_source() -> None:
    hold("json_api", range(3))


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", sorted({*POLLS, *REPORTS}))
def test_a_thousand_scripted_lies_get_no_wrong_figure_past_the_source(name: str) -> None:
    hold(name, range(FRESH, FRESH + 100))

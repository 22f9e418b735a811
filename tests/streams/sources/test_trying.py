"""A connection tried before it is saved: what it says is in the reader's language, whatever is wrong."""

from __future__ import annotations

import asyncio
import re

import pytest

from streams.sources.registry import source_named
from streams.sources.sealing import Sealer
from streams.sources.source_log import SourceBook
from streams.sources.trial_words import PARTS, part_name
from streams.sources.trying import Trial, tried
from tests.contracts.source_doubles import POLLS
from tests.fakes.ledger import DAY_MS, Ledger
from tests.fakes.lies import Lie, ScriptedLie
from tests.fakes.virtual import BEGIN_MS
from tests.fakes.workbench import connection_from

pytestmark = pytest.mark.usefixtures("quiet")

NOW_MS = BEGIN_MS + DAY_MS
_HAN = re.compile("[\u4e00-\u9fff]")
LEDGER = Ledger.drawn(5, BEGIN_MS, 1, per_day=4)


def trial_of(name: str, *lies: Lie) -> Trial:
    spec, double = source_named(name), POLLS[name]
    assert spec is not None
    scripted = [ScriptedLie(lie, BEGIN_MS, NOW_MS + DAY_MS) for lie in lies]
    platform = double.platform(LEDGER, lambda: NOW_MS, scripted, True)
    connection = connection_from(double.settings())
    sealer = Sealer(["k" * 20])
    return asyncio.run(tried(connection, spec, sealer, SourceBook(), lambda: NOW_MS, platform))


@pytest.mark.parametrize("name", sorted(POLLS))
def test_a_trial_was_said_in_english_alone(name: str) -> None:
    good, denied, without = trial_of(name), trial_of(name, Lie.EXPIRED), trial_of(name, Lie.FORBIDDEN)
    assert good.is_good
    assert not denied.is_good
    assert not without.is_good
    lines = [*good.lines, *denied.lines, *without.lines]
    assert [line for line in lines if not _HAN.search(line.sentence("zh"))] == []
    assert [line for line in lines if _HAN.search(line.sentence("en"))] == []
    assert {line.what for line in lines} <= set(PARTS)
    assert all(part_name(one)("zh") != one for one in PARTS)

"""A connection tried before it is saved: what it says is in the reader's language, whatever is wrong."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field
from email.utils import formatdate

import pytest

from scoring.funnel.stages import Stage
from streams.sources.asking import HttpAnswer, HttpRequest
from streams.sources.registry import source_named
from streams.sources.sealing import Sealer
from streams.sources.source import Supply
from streams.sources.source_log import SourceBook
from streams.sources.supplies import supplied
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


@dataclass
class LateShop:
    """A platform that rejects what is asked, and says what time it is there."""

    ahead_s: float
    status: int = 403
    asked: list[str] = field(default_factory=list)

    async def send(self, request: HttpRequest, timeout_s: float) -> HttpAnswer:
        self.asked.append(request.url)
        body = b'{"error": "error_param", "message": "Invalid timestamp."}'
        date = formatdate(NOW_MS / 1000 + self.ahead_s, usegmt=True)
        return HttpAnswer(
            self.status, {"Date": date, "Content-Type": "application/json"}, body, "shop.example"
        )


def trial_at(shop: LateShop, name: str = "shopee") -> Trial:
    spec = source_named(name)
    assert spec is not None
    connection = connection_from(POLLS[name].settings())
    return asyncio.run(tried(connection, spec, Sealer(["k" * 20]), SourceBook(), lambda: NOW_MS, shop))


@pytest.mark.parametrize(
    ("ahead_s", "zh", "en"),
    [(900, "慢 15 分钟", "15 minutes behind"), (-600, "快 10 分钟", "10 minutes ahead")],
)
def test_a_clock_that_is_wrong_was_called_a_wrong_authorisation(ahead_s: float, zh: str, en: str) -> None:
    trial = trial_at(LateShop(ahead_s))
    (line,) = [line for line in trial.lines if not line.is_good]
    assert line.what == "access"
    assert zh in line.sentence("zh")
    assert "NTP" in line.sentence("zh")
    assert en in line.sentence("en")
    assert "NTP" in line.sentence("en")


def test_a_clock_that_is_a_little_wrong_explains_nothing() -> None:
    assert not any("NTP" in line.sentence("en") for line in trial_at(LateShop(60)).lines)


def test_an_access_that_is_denied_is_said_once_and_costs_no_more_refresh_tokens() -> None:
    denied = trial_of("shopee", Lie.EXPIRED)
    assert [line.what for line in denied.lines if not line.is_good] == ["access"]


def test_that_no_token_is_accepted_was_said_without_the_platforms_own_words() -> None:
    denied = trial_of("lazada", Lie.EXPIRED)
    (line,) = [line for line in denied.lines if not line.is_good]
    assert re.search(r"accepts none of our tokens: \S+ answered", line.sentence("en"))


@pytest.mark.parametrize(
    ("name", "lost"),
    [
        ("shopee", {Stage.PAYMENT, Stage.REPURCHASE}),
        ("lazada", {Stage.REPURCHASE}),
        ("tiktok_shop", {Stage.PAYMENT, Stage.REPURCHASE}),
        ("amazon", {Stage.ORDER, Stage.PAYMENT, Stage.FULFILMENT}),
    ],
)
def test_stages_that_could_not_be_had_were_said_to_be_supplied(name: str, lost: set[Stage]) -> None:
    assert trial_of(name).lost == frozenset()
    for lie in (Lie.EXPIRED, Lie.FORBIDDEN):  # of pushes a trial knows nothing
        trial = trial_of(name, lie)
        assert trial.lost == lost
        spec = source_named(name)
        assert spec is not None
        config = connection_from(POLLS[name].settings()).config
        supplies = supplied(spec, config, trial.lost)
        assert {stage for stage, supply in supplies.items() if supply is Supply.LOST} == lost

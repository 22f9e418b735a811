"""What every registered source with connections promises, whoever wrote it: genuine or rejected, once, in any order, and never silently wrong.

A source that delivers, or that is asked, has its other side in ``source_doubles.py``.
"""

from __future__ import annotations

import itertools
import json
from datetime import date
from typing import Any

import msgspec
import pytest

from scoring.alerts.alert import AlertState
from scoring.events.pseudonyms import Pseudonyms
from scoring.events.redaction import mask_document
from scoring.records.order_life import OrderLife, StageEvents, merge, stage_events
from scoring.records.raw_delivery import DeliveryDoor, RawDelivery
from scoring.sources.health import ConnectionState
from scoring.sources.json_values import read_json
from scoring.sources.signatures import SignatureVerdict
from scoring.sources.translated import Translated, TranslationError
from scoring.wording.text import LANGUAGES
from scoring.wording.troubles import Trouble
from streams.sources.ask_words import asked_words
from streams.sources.connection import Connection
from streams.sources.hook_door import delivery_id
from streams.sources.questions import models, questions
from streams.sources.registry import SOURCES, source_named
from streams.sources.source import HookRequest, SourceSpec
from streams.sources.source_log import log_key
from tests.contracts.source_doubles import HOOKS, POLLS, REPORTS, HookDouble, PollDouble, encoded, planted
from tests.fakes.ledger import Ledger
from tests.fakes.lies import Lie, ScriptedLie
from tests.fakes.lying_server import LyingShop
from tests.fakes.virtual import BEGIN_MS, VirtualClock, in_virtual_time
from tests.fakes.workbench import SECRETS, Workbench, connection_from, workbench
from tests.places import ROOT
from tests.scoring.sources.killed import Killed, Steps

pytestmark = pytest.mark.usefixtures("quiet")

NOW_S = 1_793_600_000.0
HOUR_MS = 3_600_000
PSEUDONYMS = Pseudonyms("contract")


def test_every_source_with_connections_has_its_other_side_here() -> None:
    assert set(HOOKS) == {source.name for source in SOURCES if source.hook is not None}
    assert {*POLLS, *REPORTS} == {source.name for source in SOURCES if source.asking is not None}


@pytest.mark.parametrize("spec", [one for one in SOURCES if one.config], ids=lambda spec: spec.name)
def test_a_source_says_what_its_stages_mean_in_both_languages(spec: SourceSpec) -> None:
    text = (ROOT / "streams" / "sources" / spec.name / "definition.md").read_text("utf-8")
    assert "\n## 中文\n" in text
    assert "\n## English\n" in text
    assert all(spec.definition(language) and spec.words(language) for language in LANGUAGES)


@pytest.mark.parametrize("source", sorted(models()))
def test_a_source_asks_for_its_settings_in_both_languages(source: str) -> None:
    asked = questions(models()[source], ("a-store",))
    without = [one.name for one in asked if asked_words(source, one.name) is None]
    assert without == [], f"streams/sources/{source}/ask_words.py"
    assert all(
        text(language)
        for one in asked
        for text in (one.words.label, one.words.where)
        for language in LANGUAGES
    )


# ---------------------------------------------------------------- deliveries by webhook


@pytest.fixture(params=sorted(HOOKS))
def hooked(request: pytest.FixtureRequest) -> tuple[SourceSpec, HookDouble, Connection]:
    spec, double = source_named(request.param), HOOKS[request.param]
    assert spec is not None
    return spec, double, connection_from(dict(double.settings))


Hooked = tuple[SourceSpec, HookDouble, Connection]


def verdict(hooked: Hooked, body: bytes, secret: str, sent: bytes | None = None) -> SignatureVerdict:
    spec, double, connection = hooked
    assert spec.hook is not None
    headers = double.signed(body, secret)
    return spec.hook.verify(
        HookRequest("POST", sent if sent is not None else body, headers, {}, NOW_S), connection
    )


def test_a_delivery_is_genuine_by_its_secret_or_the_former_one_and_no_other(hooked: Hooked) -> None:
    body = encoded(hooked[1].life[0])
    assert verdict(hooked, body, SECRETS["env:NEW"]) is SignatureVerdict.GENUINE
    assert verdict(hooked, body, SECRETS["env:OLD"]) is SignatureVerdict.GENUINE
    assert verdict(hooked, body, "another-secret") is SignatureVerdict.BAD_SIGNATURE


def test_a_delivery_that_was_changed_by_one_byte_is_not_genuine(hooked: Hooked) -> None:
    body = encoded(hooked[1].life[0])
    for changed in (body + b" ", body.replace(b'": ', b'":', 1), body[:-1] + b" }", b""):
        assert verdict(hooked, body, SECRETS["env:NEW"], changed) is SignatureVerdict.BAD_SIGNATURE


def kept(hooked: Hooked, content: Any) -> RawDelivery:
    """The delivery as the door keeps it."""
    spec, double, connection = hooked
    assert spec.hook is not None
    body = encoded(content)
    asked = HookRequest("POST", body, double.signed(body, SECRETS["env:NEW"]), {}, NOW_S)
    label = spec.hook.label(asked, read_json(body), connection)
    store = label.store or connection.stores[0]
    return RawDelivery(
        delivery_id=delivery_id(connection, label, body, PSEUDONYMS),
        source=connection.source,
        connection=connection.name,
        received_at_ms=round(NOW_S * 1000),
        topic=label.topic,
        door=DeliveryDoor.HOOK,
        body=mask_document(
            body,
            lambda raw: PSEUDONYMS.marked(store, raw),
            spec.hook.personal(connection),
            spec.hook.people(connection),
            spec.hook.kept(connection),
            spec.hook.only(connection),
        ),
    )


def translated(hooked: Hooked, content: Any) -> Translated:
    spec, _, connection = hooked
    assert spec.translate is not None
    return spec.translate(kept(hooked, content), connection.terms(spec.terms(connection.config)))


def life_of(hooked: Hooked, contents: Any) -> tuple[OrderLife, StageEvents]:
    versions = [order for content in contents for order in translated(hooked, content).orders]
    life = merge(versions)
    assert life is not None
    return life, stage_events(life)


def test_an_order_s_life_is_what_its_deliveries_say(hooked: Hooked) -> None:
    life, events = life_of(hooked, hooked[1].life)
    assert {name: getattr(life, name) for name in hooked[1].expected} == dict(hooked[1].expected)
    assert events.events


def test_a_life_is_the_same_in_every_order_of_its_deliveries(hooked: Hooked) -> None:
    in_order = life_of(hooked, hooked[1].life)
    for mixed in itertools.permutations(hooked[1].life):
        assert life_of(hooked, mixed) == in_order


def test_the_same_delivery_three_times_is_one_delivery_and_one_order(hooked: Hooked) -> None:
    ids = {kept(hooked, hooked[1].life[0]).delivery_id for _ in range(3)}
    assert len(ids) == 1
    assert life_of(hooked, [*hooked[1].life] * 3) == life_of(hooked, hooked[1].life)
    assert len({kept(hooked, one).delivery_id for one in hooked[1].life}) == len(hooked[1].life)


def test_what_was_never_seen_before_is_reported_and_the_order_counts(hooked: Hooked) -> None:
    found = translated(hooked, hooked[1].unknown)
    assert found.orders
    assert found.gaps


@pytest.mark.parametrize("content", [{}, [], {"error": "maintenance"}, "text", 7, None])
def test_a_delivery_of_another_form_is_set_aside_or_named_never_passed_over(
    hooked: Hooked, content: Any
) -> None:
    said, count = "", 0
    try:
        found = translated(hooked, content)
        said, count = str(found.set_aside or found.gaps or ""), found.count
    except TranslationError as error:
        said = str(error)
    assert said
    assert count == 0


PLANTED = "zhang.san@example.com +86 138 1234 5678"


def test_personal_data_in_any_text_field_is_neither_kept_nor_published(hooked: Hooked) -> None:
    for content in hooked[1].life:
        dirty = planted(content, PLANTED)
        raw = kept(hooked, dirty)
        found = msgspec.json.encode(translated(hooked, dirty)).decode()
        for text in (raw.body, json.dumps(raw.headers), raw.topic, found):
            assert "zhang.san" not in text
            assert "138 1234" not in text
            assert "1381234" not in text


# ---------------------------------------------------------------- what is asked for


@pytest.fixture(params=sorted(POLLS))
def polled(request: pytest.FixtureRequest) -> tuple[SourceSpec, PollDouble]:
    spec = source_named(request.param)
    assert spec is not None
    return spec, POLLS[request.param]


Polled = tuple[SourceSpec, PollDouble]


@pytest.fixture(params=sorted(name for name, double in POLLS.items() if double.has_tokens))
def renewed(request: pytest.FixtureRequest) -> Polled:
    """A source whose access has an end."""
    spec = source_named(request.param)
    assert spec is not None
    return spec, POLLS[request.param]


def bench_of(
    polled: Polled,
    clock: VirtualClock,
    ledger: Ledger,
    lies: list[ScriptedLie] | None = None,
    step: Any = lambda name: None,
    gives_total: bool = True,
    **settings: bool,
) -> tuple[Workbench, LyingShop]:
    spec, double = polled
    shop = double.platform(ledger, clock.now_ms, lies or [], gives_total)
    assert isinstance(shop, LyingShop)
    return workbench(double.settings(**settings), spec, shop, clock, step), shop


def whole(bench: Workbench, shop: LyingShop, by_ms: int) -> bool:
    """Whether every order that was placed by then is stored."""
    placed = {order.number for order in shop.ledger.orders if order.placed_ms <= by_ms}
    return placed <= set(bench.store.lives())


@pytest.mark.parametrize("lie", Lie, ids=lambda lie: lie.name.lower())
@pytest.mark.parametrize("gives_total", [True, False], ids=["with total", "without total"])
@pytest.mark.long
def test_half_a_day_of_a_lie_is_corrected_or_reported(polled: Polled, lie: Lie, gives_total: bool) -> None:
    half_a_lie(polled, lie, gives_total)


@pytest.mark.parametrize("lie", [Lie.DROPPED_PAGE, Lie.EDGE, Lie.HTML], ids=lambda lie: lie.name.lower())
def test_half_a_day_of_a_lie_is_corrected_or_reported_in_short(polled: Polled, lie: Lie) -> None:
    half_a_lie(polled, lie, False)


def half_a_lie(polled: Polled, lie: Lie, gives_total: bool) -> None:
    begins = BEGIN_MS + 12 * HOUR_MS
    ledger = Ledger.drawn(99, BEGIN_MS, 1, per_day=80)

    async def work(clock: VirtualClock) -> tuple[Workbench, LyingShop, bool, ConnectionState]:
        lies = [ScriptedLie(lie, begins, begins + 10 * HOUR_MS)]
        bench, shop = bench_of(polled, clock, ledger, lies, gives_total=gives_total)
        worker = await bench.run_for(2.2 * 86_400)
        figures = {one.day: one.figures for one in await bench.store.figures(bench.connection, DAYS)}
        truth = shop.ledger.figures(DAYS, clock.now_ms())
        same = all(
            float(figures[day].get(name, "0")) == float(value)
            for day, one in truth.items()
            for name, value in one.items()
        )
        return bench, shop, same, worker.health.present().state

    _, shop, same, state = in_virtual_time(work)
    assert shop.lied[lie] > 0
    assert same or state is not ConnectionState.CONNECTED


DAYS = [date(2026, 11, 1)]


@pytest.mark.long
def test_a_kill_at_every_await_loses_no_row_and_moves_no_cursor_too_far(polled: Polled) -> None:
    steps = killed_run(polled, Steps())
    for kill_at in range(1, steps.count + 1):
        assert killed_run(polled, Steps(kill_at=kill_at)).kills == 1


def test_a_kill_at_some_awaits_loses_no_row_and_moves_no_cursor_too_far(polled: Polled) -> None:
    for kill_at in (1, 4, 10, 19, 31, 37):
        killed = killed_run(polled, Steps(kill_at=kill_at))
        assert killed.kills == 1


def killed_run(polled: Polled, steps: Steps) -> Steps:
    """Six hours of work by owners who die and are replaced."""
    ledger = Ledger.drawn(3, BEGIN_MS, 1, per_day=96)

    async def work(clock: VirtualClock) -> None:
        bench, shop = bench_of(polled, clock, ledger, step=steps.step, tokens=True)
        shop.tokens.is_on = polled[1].has_tokens
        ends_s = 6 * 3600.0
        while clock.now_s() < ends_s:
            try:
                await bench.run_for(ends_s - clock.now_s())
            except* Killed:
                before = bench.durable.book.raw(log_key("cursor", "lying", "orders"))
                assert whole(bench, shop, _until(before))
        assert whole(bench, shop, clock.now_ms() - 20 * 60_000)
        assert bench.store.deliveries < 4 * len(shop.ledger.orders)

    in_virtual_time(work)
    return steps


def _until(cursor: bytes | None) -> int:
    return int(msgspec.json.decode(cursor)["until_ms"]) if cursor else 0


def test_a_token_that_ends_in_the_middle_is_renewed_and_nothing_is_missing(renewed: Polled) -> None:
    async def work(clock: VirtualClock) -> tuple[Workbench, LyingShop, int]:
        bench, shop = bench_of(renewed, clock, Ledger.drawn(4, BEGIN_MS, 1, per_day=96), tokens=True)
        shop.tokens.is_on, shop.tokens.lost = True, {2, 3, 5}
        worker = bench.worker()
        for _ in range(8):
            await bench.run_for(3600, worker)
            shop.tokens.expire_all()
            worker = bench.worker()
        await bench.run_for(3600, worker)
        return bench, shop, clock.now_ms()

    bench, shop, now_ms = in_virtual_time(work)
    assert shop.tokens.given > 8
    assert whole(bench, shop, now_ms - 20 * 60_000)
    assert bench.reported[-1].state is ConnectionState.CONNECTED
    kept_bytes = b"".join(value or b"" for _, value in bench.durable.history)
    assert b"refresh-" not in kept_bytes
    assert b"access-" not in kept_bytes


def test_a_rejected_token_pauses_the_connection_says_so_and_goes_on_once_it_is_good(renewed: Polled) -> None:
    async def work(clock: VirtualClock) -> tuple[Workbench, LyingShop, list[ConnectionState]]:
        bench, shop = bench_of(renewed, clock, Ledger.drawn(4, BEGIN_MS, 1, per_day=96), tokens=True)
        shop.tokens.is_on = True
        worker = await bench.run_for(1800)
        shop.tokens.expire_all()
        good, shop.tokens._refresh = shop.tokens._refresh, set()
        await bench.run_for(3600, worker := bench.worker())
        states = [worker.health.present().state]
        assert worker.health.present().trouble is Trouble.ACCESS_DENIED
        shop.tokens._refresh = good
        await bench.run_for(2 * 3600, worker)
        return bench, shop, [*states, worker.health.present().state]

    bench, shop, states = in_virtual_time(work)
    assert states == [ConnectionState.PAUSED, ConnectionState.CONNECTED]
    assert whole(bench, shop, BEGIN_MS + 3 * HOUR_MS)
    assert [(one.state, one.sequence) for one in bench.durable.alerts] == [
        (AlertState.FIRING, 0),
        (AlertState.RESOLVED, 1),
    ]
    assert len({one.alert_id for one in bench.durable.alerts}) == 1


def test_a_scope_that_is_missing_stops_its_resource_and_no_other(polled: Polled) -> None:
    async def work(clock: VirtualClock) -> tuple[Workbench, dict[str, Trouble], int]:
        lies = [ScriptedLie(Lie.FORBIDDEN, BEGIN_MS, BEGIN_MS + 100 * HOUR_MS)]
        bench, shop = bench_of(polled, clock, Ledger.drawn(4, BEGIN_MS, 1), lies, second=True)
        worker = await bench.run_for(3 * 3600)
        assert not polled[1].other_has_orders or whole(bench, shop, clock.now_ms() - 20 * 60_000)
        health = worker.health.present()
        assert all(one.until_ms for one in health.resources if one.resource == polled[1].other)
        return bench, {one.resource: one.trouble for one in health.resources}, health.state

    _, troubles, state = in_virtual_time(work)
    assert troubles == {"orders": Trouble.SCOPE_MISSING, polled[1].other: Trouble.NONE}
    assert state is ConnectionState.BROKEN


def test_what_is_kept_of_an_answer_holds_no_personal_data(polled: Polled) -> None:
    async def work(clock: VirtualClock) -> Workbench:
        bench, _ = bench_of(polled, clock, Ledger.drawn(4, BEGIN_MS, 1))
        await bench.run_for(6 * 3600)
        return bench

    bench = in_virtual_time(work)
    assert bench.store.raw
    for delivery in bench.store.raw.values():
        assert "Zhang San" not in delivery.body
        assert "13812345678" not in delivery.body
        assert '"u-N' not in delivery.body
    buyers = {version.buyer for versions in bench.store.versions.values() for version in versions}
    assert buyers == {""} if not polled[1].has_buyers else all(one.startswith("~") for one in buyers - {""})
    assert polled[1].has_buyers is bool(buyers - {""})

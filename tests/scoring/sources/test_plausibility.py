"""What can be true of a store's orders and what cannot: by its past, by files, by the pixel, by reports. Honest stores are never doubted."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

import pytest

from scoring.funnel.units import DAY_MS, HOUR_MS, MINUTE_MS
from scoring.sources.doubts import Doubt, DoubtKind, Witness, doubt_in_words
from scoring.sources.plausibility import ReportedDays, ReportedOrder, Statements, doubts_of

NOW_MS = 1_796_000_000_000


def orders(
    count: int,
    seed: int = 1,
    *,
    worth: float = 50.0,
    spread: float = 0.8,
    currency: str = "USD",
    days: float = 0.25,
    until_ms: int = NOW_MS,
    paid: float = 0.9,
    buyers: float = 0.8,
    countries: Sequence[str] = ("US", "CA", "MX"),
) -> list[ReportedOrder]:
    """Orders of an honest store: worth what a lognormal law gives."""
    chance = random.Random(seed)
    found = []
    for number in range(count):
        reported_ms = until_ms - round(chance.random() * days * DAY_MS)
        found.append(
            ReportedOrder(
                f"{seed}-{number}",
                reported_ms,
                reported_ms - round(chance.random() * 3 * DAY_MS),
                round(worth * chance.lognormvariate(0, spread), 2),
                currency,
                chance.random() < paid,
                chance.random() < 0.2,
                chance.choice(["card", "paypal"]),
                chance.choices(countries, [8, 2, 1][: len(countries)])[0],
                chance.random() < buyers,
                1,
            )
        )
    return found


def changed(given: Sequence[ReportedOrder], **fields: object) -> list[ReportedOrder]:
    return [one._replace(**fields) for one in given]


def times(given: Sequence[ReportedOrder], factor: float) -> list[ReportedOrder]:
    return [one._replace(amount=one.amount * factor) for one in given]


PAST = orders(400, 7, days=60, until_ms=NOW_MS - DAY_MS)
RECENT = orders(40, 8)


def kinds(doubts: Sequence[Doubt]) -> set[tuple[DoubtKind, Witness, str]]:
    return {(one.kind, one.witness, one.about) for one in doubts}


@pytest.mark.parametrize("factor", [80, 100, 1000, 1 / 100, 1 / 80])
def test_amounts_in_another_unit_were_believed_because_both_ways_of_the_platform_said_so(
    factor: float,
) -> None:
    (doubt,) = doubts_of(Statements(times(RECENT, factor), PAST))
    assert (doubt.kind, doubt.witness, doubt.about) == (DoubtKind.VALUE, Witness.PAST, "USD")
    assert doubt.is_grave


def test_it_says_about_how_many_times_the_usual() -> None:
    doubt = Doubt(DoubtKind.VALUE, Witness.PAST, "USD", "4990.00", "49.90", 40)
    assert "about 100 times the usual" in doubt_in_words(doubt, "en")
    assert "约为平时的 100 倍" in doubt_in_words(doubt, "zh")


@pytest.mark.parametrize("witness", [Witness.FILE, Witness.PIXEL])
def test_amounts_that_were_wrong_from_the_first_poll_had_no_past_to_be_judged_by(witness: Witness) -> None:
    alike = times(orders(60, 3), 100)
    seen = {witness.value: orders(60, 9)}
    assert (DoubtKind.VALUE, witness, "USD") in kinds(doubts_of(Statements(alike, times(PAST, 100), **seen)))  # type: ignore[arg-type]


def test_five_orders_that_the_pixel_saw_too_are_enough() -> None:
    seen = RECENT[:5]
    found = doubts_of(Statements(times(RECENT, 10), (), pixel=seen))
    assert kinds(found) == {(DoubtKind.VALUE, Witness.PIXEL, "USD")}


def test_a_sales_report_finds_money_and_counts_of_another_size() -> None:
    days = ReportedDays(200, 190, {"USD": 1_000_000.0}, {"USD": 10_400.0})
    found = doubts_of(Statements(RECENT, PAST, reported=days))
    assert kinds(found) == {(DoubtKind.SALES, Witness.REPORT, "USD")}
    few = replace(days, orders=20, sales={"USD": 10_000.0})
    assert kinds(doubts_of(Statements(RECENT, PAST, reported=few))) == {(DoubtKind.COUNT, Witness.REPORT, "")}


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("amount", {"amount": 0.0}),
        ("currency", {"currency": ""}),
        ("placed", {"placed_ms": 0}),
        ("buyer", {"has_buyer": False}),
        ("units", {"units": 0}),
        ("country", {"country": ""}),
        ("payment_method", {"method": ""}),
    ],
)
def test_a_field_that_is_missing_everywhere_was_taken_for_unknown(
    name: str, fields: dict[str, object]
) -> None:
    found = doubts_of(Statements(changed(RECENT, **fields), PAST))
    assert (DoubtKind.MISSING, Witness.PAST, name) in kinds(found)


def test_a_new_connection_without_any_amount_is_doubted_pushes_alone_are_not() -> None:
    bare = changed(RECENT, amount=0.0)
    assert (DoubtKind.MISSING, Witness.RULE, "amount") in kinds(doubts_of(Statements(bare)))
    assert doubts_of(Statements(bare, is_polled=False)) == ()


@pytest.mark.parametrize(
    ("about", "fields"),
    [
        ("currency", {"currency": "CNY"}),
        ("country", {"country": "BR"}),
        ("payment_method", {"method": "cheque"}),
        ("on_delivery", {"on_delivery": True}),
    ],
)
def test_words_that_hardly_any_order_had_before_are_doubted(about: str, fields: dict[str, object]) -> None:
    prepaid = changed(PAST, on_delivery=False)
    assert (DoubtKind.MIX, Witness.PAST, about) in kinds(
        doubts_of(Statements(changed(RECENT, **fields), prepaid))
    )


def test_orders_of_which_none_is_paid_any_more_are_doubted() -> None:
    old = [one._replace(placed_ms=one.reported_ms - 2 * DAY_MS, is_paid=False) for one in RECENT]
    assert (DoubtKind.PAID, Witness.PAST, "") in kinds(doubts_of(Statements(old, PAST)))


def test_a_zone_that_changes_moved_the_days_of_orders_and_nobody_said_so() -> None:
    before = [one._replace(reported_ms=one.reported_ms - DAY_MS) for one in RECENT[:4]]
    now = [one._replace(placed_ms=one.placed_ms + 8 * HOUR_MS) for one in RECENT[:4]]
    assert (DoubtKind.TIMES, Witness.PAST, "") in kinds(doubts_of(Statements(now, before)))


def test_orders_of_the_future_are_doubted() -> None:
    ahead = [one._replace(placed_ms=one.reported_ms + 55 * MINUTE_MS) for one in RECENT[:3]]
    assert (DoubtKind.AHEAD, Witness.RULE, "") in kinds(doubts_of(Statements(ahead, PAST)))


# ---------------------------------------------------------------- honest stores


@pytest.mark.parametrize("seed", range(60))
def test_honest_orders_with_growth_sale_days_and_new_stores_are_not_doubted(seed: int) -> None:
    chance = random.Random(seed)
    worth, spread = chance.choice([5, 60, 900]), chance.choice([0.4, 0.9, 1.4])
    few, many = chance.choice([0, 3, 9, 40]), chance.choice([8, 60, 1000])
    past = orders(few * 10, 100 + seed, worth=worth, spread=spread, days=60, until_ms=NOW_MS - DAY_MS)
    on_sale = worth * chance.choice([0.4, 1, 2.2])  # a sale day; a store that grows into dearer goods
    recent = orders(
        many,
        200 + seed,
        worth=on_sale,
        spread=spread,
        paid=chance.choice([0.1, 0.9]),
        buyers=chance.choice([0.3, 1]),
    )
    file = orders(30, 300 + seed, worth=worth * 1.5, spread=spread)
    seen = [one._replace(amount=one.amount * 0.9) for one in recent[:20]]  # before shipping
    days = ReportedDays(many, many * 2, {"USD": on_sale * many}, {"USD": on_sale * many * 1.7})
    assert doubts_of(Statements(recent, past, file, seen, days)) == ()


def test_two_stores_of_one_connection_that_sell_at_other_prices_were_taken_for_another_unit() -> None:
    cheap = [one._replace(store="socks") for one in orders(400, 11, days=60, until_ms=NOW_MS - DAY_MS)]
    dear = [
        one._replace(store="sofas") for one in orders(40, 12, worth=900, days=60, until_ms=NOW_MS - DAY_MS)
    ]
    a_good_day = [one._replace(store="sofas") for one in orders(60, 13, worth=900)]
    assert doubts_of(Statements(a_good_day, cheap + dear)) == ()
    (doubt,) = doubts_of(Statements(times(a_good_day, 100), cheap + dear))
    assert doubt.about == "USD sofas"


def test_nothing_at_all_raises_no_doubt() -> None:
    assert doubts_of(Statements(())) == ()


@pytest.mark.parametrize("kind", DoubtKind)
def test_every_doubt_has_its_sentence_in_both_languages(kind: DoubtKind) -> None:
    doubt = Doubt(kind, Witness.PAST, "USD", "10.00", "0.00", 3)
    for language in ("zh", "en"):
        said = doubt_in_words(doubt, language)  # type: ignore[arg-type]
        assert said
        assert "{" not in said

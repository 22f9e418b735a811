"""What an attribution says of channels, campaigns and platforms, and what it withholds to say."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from scoring.evaluation.attribution.ads import AdBook, ad_book, ad_figures
from scoring.evaluation.attribution.attributing import LEAST_CONVERSIONS, LEAST_INTERACTIONS, attribute
from scoring.evaluation.attribution.credits import AttributionModel, Ranged
from scoring.evaluation.attribution.journeys import CameBy, LostPath, OrderPath
from scoring.evaluation.attribution.lines import (
    AttributedLine,
    AttributionFacts,
    AttributionLack,
    AttributionRefusal,
    Compared,
    CurrencyRate,
)
from scoring.evaluation.evaluating import EvaluationSpan
from scoring.funnel.units import DAY_MS
from scoring.records.report_row import Period, ReportRow

START = 1_759_276_800_000
SPAN = EvaluationSpan(START, START + 30 * DAY_MS, "UTC")
PAID, BRAND = CameBy("paid", "Spring Sale"), CameBy("paid", "brand")


def path(*places: CameBy, orders: int = 1, each: str = "20.00", **more: Any) -> OrderPath:
    amount = Decimal(each)
    sums = (orders * amount, orders * amount**2, orders * amount**3)
    return OrderPath(places, orders, *sums, **{"currency": "EUR", "is_in_ads": True} | more)


def reported(measure: str, day: int, value: str, **more: Any) -> ReportRow:
    start = START + day * DAY_MS
    money = "" if measure == "purchases" else more.pop("currency", "EUR")
    return ReportRow(
        store_id="s", source=more.pop("source", "meta"), measure=measure, period=Period.DAY, period_start_ms=start,
        period_end_ms=start + DAY_MS, zone="UTC", value=value, currency=money, told_at_ms=start + 2 * DAY_MS, **more,
    )  # fmt: skip


def book(rows: list[ReportRow], known: dict[str, tuple[int, int]] | None = None) -> AdBook:
    whole = {row.source: (START - DAY_MS, SPAN.end_ms) for row in rows}
    return ad_book(ad_figures(rows), whole | (known or {}), SPAN)


def facts(paths: list[OrderPath], ads: AdBook | None = None, **more: Any) -> AttributionFacts:
    visits = {place: 50 for one in paths for place in one.places}
    return AttributionFacts(
        **{
            "store": "s", "span": SPAN, "paths": paths, "lost": (), "visits": visits, "recent": (10, 100), "ads": ads or AdBook(),
            "rates": {}, "currency": "EUR", "base": None, "ways_from": ("orders", "1"), "ads_from": ("report_rows", "1"),
        }
        | more
    )  # fmt: skip


def compared(lines: tuple[AttributedLine, ...], **which: str) -> Compared:
    found = [line for line in lines if all(getattr(line, name) == text for name, text in which.items())]
    assert len(found) == 1
    assert found[0].compared is not None
    return found[0].compared


def lack(figure: object) -> AttributionLack:
    assert isinstance(figure, AttributionRefusal)
    return figure.lack


ADS = [
    row
    for day in range(30)
    for row in (
        reported("spend", day, "10.00", dimensions={"campaign": "spring_sale"}),
        reported("purchases", day, "2", dimensions={"campaign": "spring_sale"}),
        reported("revenue", day, "45.00", dimensions={"campaign": "spring_sale"}),
        reported("spend", day, "1.00", dimensions={"campaign": "never tagged"}),
    )
]


def test_spend_is_held_against_the_orders_of_the_campaign_of_that_name() -> None:
    found = attribute(facts([path(PAID, orders=40), path(CameBy("email"), orders=5)], book(ADS)))
    spring = compared(found.campaigns, campaign="Spring Sale")
    assert (spring.spend, spring.orders, spring.claimed_orders) == (Decimal("300.00"), 40, Decimal(60))
    assert isinstance(spring.cost, Ranged)
    assert isinstance(spring.roas, Ranged)
    assert (spring.cost.value, spring.roas.value) == (7.5, pytest.approx(800 / 300))
    assert spring.cost.low < 7.5 < spring.cost.high
    assert spring.claimed_roas == pytest.approx(4.5)
    assert isinstance(spring.claimed_share, Ranged)
    assert spring.claimed_share.value == 1.5
    whole = compared(found.channels, channel="paid")
    assert (whole.spend, whole.orders) == (Decimal("330.00"), 40)
    untagged = compared(found.campaigns, campaign="never tagged")
    assert (lack(untagged.cost), untagged.orders) == (AttributionLack.NO_TAG, None)


@pytest.mark.parametrize(
    ("orders", "cost", "roas"), [(9, False, False), (10, True, False), (29, True, False), (30, True, True)]
)
def test_below_its_floor_a_figure_is_withheld(orders: int, cost: bool, roas: bool) -> None:
    found = compared(attribute(facts([path(PAID, orders=orders)], book(ADS))).channels, channel="paid")
    assert (isinstance(found.cost, Ranged), isinstance(found.roas, Ranged)) == (cost, roas)
    withheld = [one for one in (found.cost, found.roas) if isinstance(one, AttributionRefusal)]
    assert {(one.lack, one.have) for one in withheld} <= {(AttributionLack.BELOW_FLOOR, orders)}


@pytest.mark.parametrize(
    "recent", [(LEAST_CONVERSIONS - 1, LEAST_INTERACTIONS), (LEAST_CONVERSIONS, LEAST_INTERACTIONS - 1)]
)
def test_models_that_need_many_ways_are_withheld_below_the_floor(recent: tuple[int, int]) -> None:
    paths, lost = [path(PAID, orders=300)], (LostPath(("paid",), 2000),)
    found = attribute(facts(paths, recent=recent, lost=lost))
    assert set(found.withheld) == {AttributionModel.MARKOV, AttributionModel.SHAPLEY}
    assert set(found.channels[0].credits) == {
        AttributionModel.LAST,
        AttributionModel.LINEAR,
        AttributionModel.POSITION,
    }
    enough = attribute(facts(paths, recent=(LEAST_CONVERSIONS, LEAST_INTERACTIONS), lost=lost))
    assert (set(enough.withheld), set(enough.channels[0].credits)) == (set(), set(AttributionModel))


def test_markov_credits_add_up_to_the_cent_too() -> None:
    paths = [
        path(PAID, CameBy("email"), orders=3, each="33.33"),
        path(CameBy("email"), CameBy("direct"), orders=4, each="10.01"),
        path(CameBy("search"), PAID, CameBy("direct"), orders=7, each="0.77"),
    ]
    many = {
        "recent": (LEAST_CONVERSIONS, LEAST_INTERACTIONS),
        "lost": (LostPath(("paid", "direct"), 90), LostPath(("email",), 31)),
    }
    found = attribute(facts(paths, **many))
    for model in AttributionModel:
        shared = [line.credits[model] for line in found.channels if model in line.credits]
        assert sum(one.orders for one in shared) == 14
        assert sum(one.money for one in shared) == found.known_money == Decimal("145.42")
    assert attribute(facts(list(reversed(paths)), **many)).channels == found.channels


def test_campaigns_add_up_to_their_channel_whatever_the_rate() -> None:
    paths = [
        path(CameBy("paid", name), orders=1, each="10.00", currency="USD") for name in ("a", "b", "c", "")
    ]
    rates = {"USD": CurrencyRate("USD", "EUR", Decimal("0.8617"), "2026-11-27")}
    found = attribute(facts(paths, rates=rates))
    paid = next(line for line in found.channels if line.channel == "paid").credits[AttributionModel.LAST]
    parts = [line.credits[AttributionModel.LAST] for line in found.campaigns]
    assert (sum(one.money for one in parts), sum(one.orders for one in parts)) == (paid.money, paid.orders)
    assert paid.money == Decimal("34.47")
    assert found.rates == (rates["USD"],)


def test_orders_without_a_way_are_put_down_to_no_channel() -> None:
    found = attribute(facts([path(PAID, orders=3), path(orders=7)], book(ADS)))
    assert (found.orders, found.known, found.money, found.known_money) == (10, 3, Decimal(200), Decimal(60))
    assert sum(line.credits[AttributionModel.LAST].orders for line in found.channels) == 3
    assert lack(compared(found.channels, channel="paid").cost) is AttributionLack.FEW_WAYS
    nothing = attribute(facts([path(orders=7)]))
    assert set(nothing.withheld) == set(AttributionModel)


def test_currencies_are_never_added_without_a_rate() -> None:
    paths = [path(PAID, orders=40), path(BRAND, orders=2, currency="VND")]
    found = attribute(facts(paths, book(ADS)))
    assert (found.money, found.known_money) == (None, None)
    paid = compared(found.channels, channel="paid")
    assert lack(paid.roas) is AttributionLack.NO_RATE
    assert isinstance(paid.cost, Ranged)
    yuan = [replace_currency(row) for row in ADS]
    unlike = attribute(facts([path(PAID, orders=40)], book(yuan)))
    assert lack(compared(unlike.channels, channel="paid").cost) is AttributionLack.NO_RATE
    alone = compared(unlike.sources, source="meta")
    assert (alone.spend, alone.currency, lack(alone.roas)) == (
        Decimal("330.00"),
        "CNY",
        AttributionLack.NO_RATE,
    )
    assert alone.claimed_roas == pytest.approx(1350 / 330)


def replace_currency(row: ReportRow) -> ReportRow:
    import msgspec

    return msgspec.structs.replace(row, currency="CNY" if row.currency else "")


def test_only_orders_of_the_days_of_spend_are_held_against_it() -> None:
    early = [row for row in ADS if row.period_start_ms < START + 20 * DAY_MS]
    ads = book(early, {"meta": (START, START + 20 * DAY_MS)})
    assert ads.window == (START, START + 20 * DAY_MS)
    found = attribute(facts([path(PAID, orders=40), path(PAID, orders=15, is_in_ads=False)], ads))
    paid = next(line for line in found.channels if line.channel == "paid")
    assert paid.credits[AttributionModel.LAST].orders == 55
    assert paid.compared is not None
    assert (paid.compared.orders, paid.compared.spend) == (40, Decimal("220.00"))


def test_the_days_are_those_that_every_platform_reports() -> None:
    other = [reported("spend", day, "5.00", source="google") for day in range(10, 30)]
    ads = book([*ADS, *other], {"google": (START + 10 * DAY_MS, SPAN.end_ms)})
    assert ads.window == (START + 10 * DAY_MS, SPAN.end_ms)
    found = attribute(facts([path(PAID, orders=40)], ads))
    assert compared(found.channels, channel="paid").spend == Decimal("320.00")
    assert lack(compared(found.sources, source="google").cost) is AttributionLack.NOT_BY_SOURCE


def test_a_platform_s_claims_are_those_of_the_rows_of_its_spend() -> None:
    rows = [
        reported("spend", 0, "10.00", source="lazada", dimensions={"traffic": "ads", "campaign": "7"}),
        reported("revenue", 0, "30.00", source="lazada", dimensions={"traffic": "ads", "campaign": "7"}),
        reported("revenue", 0, "900.00", source="lazada"),
        reported("revenue", 0, "500.00", source="lazada", dimensions={"traffic": "live", "campaign": "7"}),
    ]
    ads = book(rows)
    assert [(one.spend, one.money, one.orders) for one in ads.sources] == [
        (Decimal("10.00"), Decimal("30.00"), None)
    ]
    found = compared(attribute(facts([path(PAID, orders=40)], ads)).sources, source="lazada")
    assert (found.claimed_roas, lack(found.claimed_share)) == (3.0, AttributionLack.NO_CLAIM)


def test_two_ad_campaigns_of_one_name_are_not_separated() -> None:
    rows = [
        *ADS,
        *(
            reported("spend", day, "2.00", source="google", dimensions={"campaign": "Spring-Sale"})
            for day in range(30)
        ),
    ]
    found = attribute(facts([path(PAID, orders=40)], book(rows)))
    named = [line for line in found.campaigns if line.compared and line.campaign != "never tagged"]
    assert {(line.source, lack(line.compared.cost)) for line in named if line.compared} == {
        ("google", AttributionLack.SAME_NAME),
        ("meta", AttributionLack.SAME_NAME),
    }
    shop = [line for line in found.campaigns if line.campaign == "Spring Sale"]
    assert [line.credits[AttributionModel.LAST].orders for line in shop] == [40]


def test_spellings_of_a_campaign_are_one_campaign() -> None:
    found = attribute(
        facts([path(PAID, orders=20), path(CameBy("paid", "spring-SALE"), orders=25)], book(ADS))
    )
    spring = [line for line in found.campaigns if line.source == "meta" and line.campaign != "never tagged"]
    assert [(line.credits[AttributionModel.LAST].orders, line.visits) for line in spring] == [(45, 100)]
    assert spring[0].compared is not None
    assert spring[0].compared.orders == 45
    assert spring[0].rows[0].count == 45


def test_orders_without_an_amount_are_said_and_return_on_spend_is_withheld() -> None:
    found = attribute(
        facts([path(PAID, orders=40), replace(path(PAID, orders=2, each="0"), unpriced=2)], book(ADS))
    )
    assert found.unpriced == 2
    assert lack(compared(found.channels, channel="paid").roas) is AttributionLack.NO_AMOUNTS


def test_a_report_that_was_taken_back_costs_nothing() -> None:
    import msgspec

    gone = [msgspec.structs.replace(row, withdrawn=True, told_at_ms=row.told_at_ms + 1) for row in ADS]
    assert book([*ADS, *gone]) == AdBook()
    late = [msgspec.structs.replace(row, complete=False) for row in ADS]
    assert book(late) == AdBook()

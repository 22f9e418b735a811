"""When what a connection uses ends: which day, how many days are left, which notice."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from scoring.sources.ending_dates import ENDING_DATES, TOKEN_WITHOUT_END, Offer
from scoring.sources.endings import (
    Use,
    ending_in_words,
    ending_with_days,
    endings_of,
    noticed,
    uses_of_address,
)

ORDERS_V0 = Use(Offer.AMAZON_ORDERS_API, "v0")


def at(day: str, clock: str = "12:00") -> int:
    return round(datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("today", "days", "notice"),
    [
        ("2026-12-26", 91, None),
        ("2026-12-27", 90, 90),
        ("2027-02-24", 31, 90),
        ("2027-02-25", 30, 30),
        ("2027-03-20", 7, 7),
        ("2027-03-26", 1, 1),
        ("2027-03-27", 0, 0),
        ("2027-04-27", -31, 0),
    ],
)
def test_each_notice_begins_on_its_day_and_the_end_stays(today: str, days: int, notice: int | None) -> None:
    for clock in ("00:00", "23:59"):
        (ending,) = endings_of([ORDERS_V0, ORDERS_V0], at(today, clock))
        assert (ending.day, ending.days, ending.notice) == ("2027-03-27", days, notice)
        assert ending.is_over is (days <= 0)


@pytest.mark.parametrize(
    ("version", "day"),
    [("2026-07", "2027-07-01"), ("2026-01", "2027-01-01"), ("2025-10", "2026-10-01"), ("unstable", "")],
)
def test_shopify_serves_a_version_for_twelve_months(version: str, day: str) -> None:
    assert endings_of([Use(Offer.SHOPIFY_API, version)], at("2026-11-30"))[0].day == day


def test_what_has_no_published_end_is_shown_and_never_notified() -> None:
    uses = [Use(Offer.TIKTOK_SHOP_ORDERS, "202309"), Use(Offer.META_MARKETING_API, "v26.0")]
    endings = endings_of(uses, at("2036-01-01"))
    assert [one.notice for one in endings] == [None, None]
    assert noticed(endings) is None
    assert ending_with_days(endings[0], "en") == "Meta Marketing API v26.0 · no end is published"


def test_of_several_the_one_that_ends_first_is_notified() -> None:
    uses = [Use(Offer.SHOPIFY_API, "2026-01"), Use(Offer.SHOPIFY_TOKEN, TOKEN_WITHOUT_END), ORDERS_V0]
    found = noticed(endings_of([Use(Offer.META_MARKETING_API, "v25.0"), *uses], at("2026-12-02")))
    assert found is not None
    assert ending_in_words(found) == "Shopify Admin API 2026-01: 2027-01-01 (≤ 30 d)"
    over = noticed(endings_of(uses, at("2027-01-01")))
    assert over is not None
    assert ending_in_words(over) == "Shopify Admin API 2026-01: 2027-01-01"
    assert ending_with_days(over, "zh").endswith("已停用")


@pytest.mark.parametrize(
    ("address", "use"),
    [
        ("https://sellingpartnerapi-eu.amazon.com/orders/v0/orders", ORDERS_V0),
        ("https://graph.facebook.com/v25.0/act_1/insights", Use(Offer.META_MARKETING_API, "v25.0")),
        ("https://my.myshopify.com/admin/api/2025-10/orders.json", Use(Offer.SHOPIFY_API, "2025-10")),
        (
            "https://open-api.tiktokglobalshop.com/order/202309/orders/search",
            Use(Offer.TIKTOK_SHOP_ORDERS, "202309"),
        ),
    ],
)
def test_a_platform_is_recognised_by_an_address(address: str, use: Use) -> None:
    assert uses_of_address(address + "?limit=1") == (use,)


def test_other_addresses_use_nothing_that_ends_and_a_gone_window_is_seen() -> None:
    assert uses_of_address("https://shop.example/orders/v0/orders?x=7d_view") == ()
    asked = "https://graph.facebook.com/v26.0/act_1/insights?action_attribution_windows=7d_click,28d_view"
    assert Use(Offer.META_ATTRIBUTION, "28d_view") in uses_of_address(asked)


def test_each_date_is_there_once_with_its_source() -> None:
    named = [(one.offer, one.version) for one in ENDING_DATES]
    assert len(named) == len(set(named))
    assert all(one.source.startswith("https://") for one in ENDING_DATES)

"""What closes a gap is what the platform can give: a marketplace shop was asked for a pixel on pages that are not its own."""

from __future__ import annotations

import pytest

from scoring.evaluation.dimensions.closing import MARKETPLACES, closed_by
from scoring.evaluation.dimensions.registry import INDICATOR_BY_ID
from scoring.evaluation.dimensions.supplies import PAGE_EVENTS, PIXEL, PRICE, VITALS
from scoring.evaluation.score import ScoreLack, Unscored
from scoring.evaluation.sentences import say_lack
from streams.evaluation.wording import EvaluationReader

OF_PAGES = {PIXEL, PAGE_EVENTS, VITALS}


@pytest.mark.parametrize("platform", sorted(MARKETPLACES))
def test_no_marketplace_shop_is_asked_for_a_pixel_or_events_of_its_pages(platform: str) -> None:
    asked = {closed_by(one, (platform,)) for one in INDICATOR_BY_ID.values()}
    assert not asked & OF_PAGES
    assert len(asked) > 5


def test_a_marketplace_that_reports_carts_is_asked_for_its_report() -> None:
    said = closed_by(INDICATOR_BY_ID["page_experience.view_to_cart"], ("shopee",))
    assert said is not None
    assert "加购" in said.zh
    assert closed_by(INDICATOR_BY_ID["page_experience.view_to_cart"], ("amazon",)) is None


def test_the_featured_offer_is_asked_for_where_there_is_one() -> None:
    offer = INDICATOR_BY_ID["price.featured_offer"]
    assert [closed_by(offer, (one,)) for one in ("amazon", "shopee", "shopify")] == [PRICE, None, None]


def test_a_shop_that_sells_on_its_own_pages_as_well_can_measure_them() -> None:
    visits = INDICATOR_BY_ID["traffic_quality.engaged_sessions"]
    assert closed_by(visits, ("shopee", "shopify")) is PIXEL
    assert closed_by(visits, ()) is PIXEL
    assert closed_by(visits, ("other", "erp")) is PIXEL


def test_what_a_platform_cannot_give_is_said_as_such() -> None:
    lack = ScoreLack(Unscored.NO_SOURCE)
    visits = INDICATOR_BY_ID["traffic_quality.engaged_sessions"]
    assert say_lack(visits, lack, EvaluationReader("zh"), ("shopee",)) == "未测：这个平台没有办法测，不用补"
    assert "pixel" in say_lack(visits, lack, EvaluationReader("en"), ("shopify",))

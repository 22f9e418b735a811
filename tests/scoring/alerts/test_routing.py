"""Which receivers an alert is for, and what holds it back."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.alerts.routing import (
    Inhibition,
    Matcher,
    MuteTiming,
    Route,
    RoutingError,
    Silence,
    group_key,
    matching_routes,
    parse_matcher,
    severity,
)


def ms(text: str) -> int:
    return round(datetime.fromisoformat(text).astimezone(UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("text", "labels", "holds"),
    [
        ("store_id=us", {"store_id": "us"}, True),
        ("store_id!=us", {"store_id": "us"}, False),
        ("segment=~ios/.*", {"segment": "ios/paypal"}, True),
        ("segment=~ios", {"segment": "ios/paypal"}, False),
        ('step !~ ".*payment"', {"step": "order_to_payment"}, False),
        ("country=", {}, True),
    ],
)
def test_a_matcher_means_what_it_says(text: str, labels: dict[str, str], holds: bool) -> None:
    assert parse_matcher(text).matches(labels) is holds


@pytest.mark.parametrize("text", ["", "store_id", "store id=us", "segment=~("])
def test_a_bad_matcher_is_rejected_with_its_text(text: str) -> None:
    with pytest.raises(RoutingError, match=r"invalid matcher|does not compile"):
        parse_matcher(text)


TREE = Route(
    name="root",
    receiver="everyone",
    routes=(
        Route(name="audit", receiver="archive", continues=True),
        Route(name="us", receiver="us-team", matchers=(Matcher("store_id", "=~", "us-.*"),)),
        Route(name="pages", receiver="pager", matchers=(Matcher("level", "=", "page"),)),
    ),
)


def test_the_deepest_match_wins_and_a_continuing_route_lets_the_next_one_take_it_too() -> None:
    assert [r.receiver for r in matching_routes(TREE, {"store_id": "us-1", "level": "page"})] == [
        "archive",
        "us-team",
    ]
    assert [r.receiver for r in matching_routes(TREE, {"store_id": "de-1", "level": "page"})] == [
        "archive",
        "pager",
    ]
    plain = Route(name="root", receiver="everyone", routes=TREE.routes[1:])
    assert [r.receiver for r in matching_routes(plain, {"store_id": "de-1", "level": "notice"})] == [
        "everyone"
    ]


def test_alerts_of_one_store_share_a_group() -> None:
    route = Route(name="r", receiver="x", group_by=("store_id",))
    one, two = {"store_id": "a", "step": "s1"}, {"store_id": "a", "step": "s2"}
    assert group_key(route, one) == group_key(route, two)
    assert group_key(route, one) != group_key(route, {"store_id": "b"})


def test_a_mute_that_crosses_midnight_holds_on_both_sides_of_it() -> None:
    night = MuteTiming("night", "Asia/Shanghai", 22 * 60, 7 * 60)
    end = ms("2026-03-05T07:00+08:00")
    assert night.muted_until(ms("2026-03-04T23:30+08:00")) == end
    assert night.muted_until(ms("2026-03-05T06:59+08:00")) == end
    assert night.muted_until(ms("2026-03-05T07:00+08:00")) is None
    assert night.muted_until(ms("2026-03-05T21:59+08:00")) is None


def test_a_weekday_of_a_mute_is_the_day_on_which_it_starts() -> None:
    friday_night = MuteTiming("fri", "UTC", 22 * 60, 2 * 60, weekdays=(4,))
    assert friday_night.muted_until(ms("2026-03-07T01:00+00:00")) == ms("2026-03-07T02:00+00:00")
    assert friday_night.muted_until(ms("2026-03-08T01:00+00:00")) is None


def test_a_mute_ends_by_the_wall_clock_when_the_clocks_change() -> None:
    # Los Angeles, 2026-03-08: 02:00 becomes 03:00, so this night has one hour less
    night = MuteTiming("night", "America/Los_Angeles", 22 * 60, 7 * 60)
    assert night.muted_until(ms("2026-03-07T23:00-08:00")) == ms("2026-03-08T07:00-07:00")


@given(st.integers(0, 1439), st.integers(0, 1439), st.integers(0, 2**31))
def test_the_end_of_a_mute_lies_ahead_and_is_not_muted_by_the_same_window(
    start: int, end: int, at_s: int
) -> None:
    mute = MuteTiming("m", "UTC", start, end)
    until = mute.muted_until(at_s * 1000)
    assert until is None or 0 < until - at_s * 1000 <= 86_400_000
    assert (until is not None) or start != end


def test_a_silence_covers_only_its_time_and_its_alerts() -> None:
    silence = Silence("s1", (parse_matcher("store_id=a"),), 1000, 2000, "planned work", "li")
    assert silence.holds({"store_id": "a"}, 1000)
    assert not silence.holds({"store_id": "a"}, 2000)
    assert not silence.holds({"store_id": "b"}, 1500)


def test_an_alert_never_inhibits_itself() -> None:
    rule = Inhibition((parse_matcher("kind=pooled"),), (), ("platform",))
    pooled = {"alert_id": "1", "kind": "pooled", "platform": "shopify"}
    assert not rule.holds(pooled, pooled)
    assert rule.holds(pooled, {"alert_id": "2", "platform": "shopify"})
    assert not rule.holds(pooled, {"alert_id": "2", "platform": "amazon"})


def test_much_money_makes_a_notice_critical() -> None:
    assert severity("notice", 6000.0, 5000.0) == "critical"
    assert severity("notice", 10.0, 5000.0) == "warning"
    assert severity("notice", None, 5000.0) == "warning"


def test_a_page_is_critical_by_its_surprise_alone() -> None:
    assert severity("page", None, 5000.0) == "critical"
    assert severity("page", 10.0, 5000.0) == "critical"

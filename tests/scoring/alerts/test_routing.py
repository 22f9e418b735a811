"""Which receivers an alert is for, and what holds it back."""

import random
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.alerts.routing import (
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


@pytest.mark.parametrize("text", ["", "store_id", "store id=us", "segment=~(", "segment=~(?=ios).*"])
def test_a_bad_matcher_is_rejected_with_its_text(text: str) -> None:
    with pytest.raises(RoutingError, match=r"invalid matcher|does not compile"):
        parse_matcher(text)


@pytest.mark.parametrize("expression", ["(.*/)+ios", "(a|a/|aa)*ios", "(.*)*(.*)*(.*)*ios"])
def test_a_strangers_campaign_made_an_expression_take_minutes(expression: str) -> None:
    """Python's own engine does not come back from these."""
    matcher = parse_matcher(f"segment=~{expression}")
    assert not matcher.matches({"segment": "a/" * 5000})
    assert matcher.matches({"segment": "a/" * 5000 + "ios"})


def test_half_a_character_in_a_label_is_matched_as_any_other() -> None:
    assert parse_matcher("segment=~ios/.*").matches({"segment": "ios/\ud83d"})
    assert not parse_matcher("segment=~ios").matches({"segment": "\ud83d"})


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


def test_much_money_makes_a_notice_critical() -> None:
    assert severity("notice", "conversion", 6000.0, 5000.0) == "critical"
    assert severity("notice", "conversion", 10.0, 5000.0) == "warning"
    assert severity("notice", "conversion", None, 5000.0) == "warning"


def test_a_page_is_critical_by_its_surprise_alone() -> None:
    assert severity("page", "conversion", None, 5000.0) == "critical"
    assert severity("page", "conversion", 10.0, 5000.0) == "critical"


def test_a_slow_change_wakes_nobody_whatever_it_costs() -> None:
    assert severity("notice", "drift", 6000.0, 5000.0) == "warning"


def slowly_muted_until(mute: MuteTiming, at: datetime) -> datetime | None:
    """When a mute ends, by looking at the wall clock every quarter of an hour for three days."""

    def first_time(wall: datetime, since: datetime) -> datetime:
        moment = since
        while moment.astimezone(ZoneInfo(mute.zone)).replace(tzinfo=None) < wall:
            moment += timedelta(minutes=15)
        return moment

    today = at.astimezone(ZoneInfo(mute.zone)).date()
    for day in (today, today - timedelta(days=1)):
        midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001
        begins = midnight + timedelta(minutes=mute.start_minute)
        ends = midnight + timedelta(minutes=mute.end_minute)
        if mute.end_minute <= mute.start_minute:
            ends += timedelta(days=1)
        start = first_time(begins, at - timedelta(days=3))
        end = first_time(ends, at - timedelta(days=3))
        if (not mute.weekdays or day.weekday() in mute.weekdays) and start <= at < end:
            return end
    return None


@pytest.mark.parametrize(
    ("zone", "around"),
    [
        ("Asia/Kathmandu", "2026-03-05T00:00+00:00"),  # a zone of three quarters
        ("Asia/Kolkata", "2026-03-05T00:00+00:00"),
        ("Europe/Berlin", "2026-03-29T01:00+00:00"),
        ("Europe/Berlin", "2026-10-25T01:00+00:00"),
        ("Australia/Lord_Howe", "2026-04-04T15:00+00:00"),  # half an hour back
        ("America/St_Johns", "2026-11-01T04:30+00:00"),
    ],
)
def test_a_mute_ends_when_the_wall_clock_says_so_in_any_zone(zone: str, around: str) -> None:
    draw = random.Random(zone + around)
    for _ in range(25):
        # no wall clock shows what lies between two and four when it is put forward
        start, end = (15 * draw.choice([0, 4, *range(16, 96)]) for _ in range(2))
        mute = MuteTiming("m", zone, start, end, draw.choice([(), (5,), (6, 0)]))
        at = datetime.fromisoformat(around) + timedelta(minutes=15 * draw.randrange(-120, 120))
        wanted = slowly_muted_until(mute, at)
        found = mute.muted_until(round(at.timestamp() * 1000))
        assert found == (None if wanted is None else round(wanted.timestamp() * 1000)), (mute, at)


def test_a_mute_is_in_force_from_its_first_to_its_last_millisecond() -> None:
    mute = MuteTiming("m", "UTC", 60, 120)
    end = ms("2026-03-05T02:00+00:00")
    begin = ms("2026-03-05T01:00+00:00")
    assert [mute.muted_until(at) for at in (begin - 1, begin, end - 1, end)] == [None, end, end, None]


def test_a_route_that_says_nothing_waits_ten_seconds_and_repeats_twice_after_four_hours() -> None:
    route = Route("r", "ops")
    assert (route.group_wait_s, route.group_interval_s) == (10, 5 * 60)
    assert (route.repeat_interval_s, route.most_repeats) == (4 * 3600, 2)
    assert (route.group_by, route.continues, route.mute_timings) == (("store_id",), False, ())


def test_an_alert_that_the_root_does_not_match_has_no_route_and_children_go_deep() -> None:
    deep = Route("deep", "deep", (Matcher("step", "=", "x"),))
    child = Route("child", "child", (Matcher("level", "=", "page"),), routes=(deep,))
    root = Route("root", "root", (Matcher("store_id", "=", "us"),), routes=(child,))
    us = {"store_id": "us"}
    assert matching_routes(root, {"store_id": "de"}) == ()
    assert matching_routes(root, us) == (root,)
    assert matching_routes(root, {**us, "level": "page"}) == (child,)
    assert matching_routes(root, {**us, "level": "page", "step": "x"}) == (deep,)
    assert group_key(deep, us) == "deep|deep|store_id=us"
    assert group_key(deep, {}) == "deep|deep|store_id="


def test_a_silence_covers_its_alerts_before_and_after_its_time() -> None:
    silence = Silence("s1", (parse_matcher("store_id=a"), parse_matcher("step=")), 1000, 2000, "work", "li")
    assert silence.covers({"store_id": "a"})
    assert not silence.covers({"store_id": "a", "step": "x"})
    assert [silence.holds({"store_id": "a"}, at) for at in (999, 1000, 1999, 2000)] == [
        False,
        True,
        True,
        False,
    ]


def test_money_at_its_limit_is_critical() -> None:
    assert severity("notice", "conversion", 5000.0, 5000.0) == "critical"
    assert severity("notice", "conversion", 0.0, 0.0) == "critical"

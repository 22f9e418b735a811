"""Where a digest's judgements and sentences turn: each limit from both sides."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from scoring.alerts.alert import AlertContribution, AlertKind, AlertLabel, Level
from scoring.calendar.entries import CalendarEntry, CalendarKind
from scoring.digest.judging import build_digest, checked_share, expected_funnel, radar
from scoring.digest.schedule import (
    LATE_MS,
    DigestForm,
    DigestSchedule,
    day_start,
    due,
    occurrence,
    upcoming,
    wall_moment,
)
from scoring.digest.slow import MAX_SLOW, slow_rows, slow_sums
from scoring.digest.values import (
    MAX_INCIDENTS,
    MAX_MATTERS,
    Bucket,
    DigestStore,
    StepSums,
    StoreRow,
    Verdict,
)
from scoring.funnel.money import MoneyLost
from scoring.funnel.stages import Stage
from scoring.wording.text import Text
from tests.fixtures.digest_facts import (
    EMPTY,
    MINUTES,
    SILENT,
    WHEN,
    ZONE,
    alert,
    context,
    facts,
    parcels,
    said,
    shop,
    sums,
    with_parcels,
)

HOUR_MS = 3_600_000


def row_of(store: DigestStore, **more: Any) -> StoreRow:
    return build_digest(facts(store, **more)).rows[0]


def test_a_step_is_compared_where_four_fifths_of_it_were_judged() -> None:
    assert sums(5, 10, 0.8).ratio == 0.5
    assert StepSums(1, 5, 10, 7.9).ratio is None
    assert (StepSums(1, 0, 0, 0).ratio, StepSums(1, 0, 0, 0).coverage) == (None, 0)
    assert (StepSums(1, 0.1, 0.5, 0.5).ratio, StepSums(1, 1, 0.5, 0.25).coverage) == (0.2, 0.5)
    assert sums(5, 10).breaches == 0


def test_nothing_is_expected_of_an_outcome_that_vanished_or_was_not_judged() -> None:
    row = row_of(shop("a", 40))
    assert row.expected == pytest.approx(80)
    assert replace(row, change=-1.0).expected is None
    assert replace(row, change=-0.99).expected == pytest.approx(4000)
    assert replace(row, change=None).expected is None
    assert replace(row, outcome=None).expected is None
    assert replace(row, step="unknown").line == ()


def test_what_matters_first_is_open_then_dear_then_loud_then_surprising() -> None:
    def order(*alerts: Any) -> list[str]:
        digest = build_digest(facts(*(shop(name) for name in "abc"), alerts=alerts))
        return [incident.facts.alert.store_id for incident in digest.matters]

    unpriced = {"step": "unknown"}
    assert order(alert("a", is_open=False, lost=99), alert("b", lost=1)) == ["b", "a"]
    assert order(alert("a", lost=1), alert("b", lost=2)) == ["b", "a"]
    assert order(alert("a", **unpriced, level=Level.NOTICE), alert("b", **unpriced)) == ["b", "a"]
    assert order(alert("a", **unpriced, surprise=7.0), alert("b", **unpriced, surprise=8.0)) == ["b", "a"]
    assert order(alert("a", **unpriced), alert("b", lost=0.001)) == ["b", "a"]
    (only,) = build_digest(facts(shop("a"), alerts=(alert("a"),))).open_incidents
    assert replace(only, money=None).weight == (True, 0.0, True, 8.4)
    assert replace(only, money=MoneyLost(1, 1, 1, "USD")).weight[1] == 0.0


def test_one_incident_of_each_step_is_named_and_silent_stores_come_between() -> None:
    alerts = (
        alert("a", alert_id="1", lost=9), alert("a", alert_id="2", lost=8), alert("a", alert_id="3", lost=1, step="click_to_add_to_cart"),
        alert("b", is_open=False, alert_id="4"), alert("b", is_open=False, alert_id="5", lost=5),
    )  # fmt: skip
    digest = build_digest(facts(shop("a"), shop("b"), SILENT, alerts=alerts))
    names = [m.store.store_id if isinstance(m, StoreRow) else m.facts.alert.alert_id for m in digest.matters]
    assert (names, digest.matters_left) == (["1", "3", "silent"], 1)
    assert len(names) == MAX_MATTERS
    assert (len(digest.open_incidents), digest.over_count) == (3, 2)
    assert said(digest.facts, "en").matters_note == "1 more below."


def test_the_step_that_says_most_is_that_of_the_alert_or_the_least_expected_one() -> None:
    store = shop("a")
    steps = {**store.steps, "impression_to_click": sums(1980, 2000), "order_to_payment": sums(70, 80)}
    assert row_of(replace(store, steps=steps)).step == "order_to_payment"
    few = {"click_to_add_to_cart": sums(0, 1), "order_to_payment": sums(30, 36)}
    assert row_of(replace(store, steps=few)).step == "order_to_payment"
    fewer = {"click_to_add_to_cart": sums(0, 1), "order_to_payment": sums(34, 36)}
    row = row_of(replace(store, steps=fewer))
    assert (row.step, row.step_change, row.steps_judged) == ("click_to_add_to_cart", -1.0, 2)
    assert row_of(store, alerts=(alert("a", step="click_to_add_to_cart"),)).step == "click_to_add_to_cart"
    assert row_of(store, alerts=(alert("a", step="order"),)).step in store.steps
    bare = replace(store, steps={}, counts={"click": 5, "add_to_cart": 2, "payment": 1})
    row = row_of(bare)
    assert (row.step, row.steps_supplied, row.step_change) == ("add_to_cart_to_payment", 2, None)
    assert row_of(replace(bare, counts={"payment": 1})).step == ""
    both = (alert("a", is_open=False, step="click_to_add_to_cart", lost=99), alert("a"))
    row = row_of(store, alerts=both)
    assert row.incident is not None
    assert (row.incident.facts.is_open, row.verdict) == (True, Verdict.ATTENTION)


@pytest.mark.parametrize(
    ("counts", "steps", "verdict"),
    [
        ({"order": 9}, {"add_to_cart_to_order": sums(9, 9)}, Verdict.NORMAL),
        ({"order": 9}, {"impression_to_click": sums(9, 9)}, Verdict.NOT_JUDGED),
        ({"payment": 9}, {"order_to_payment": sums(9, 9)}, Verdict.NORMAL),
        ({"payment": 9}, {"order_to_payment": sums(9, 9, 0.1)}, Verdict.NOT_JUDGED),
        ({"click": 9}, {"impression_to_click": sums(9, 9)}, Verdict.NORMAL),
        ({"click": 9}, {"impression_to_click": sums(9, 9), "order_to_payment": sums(0, 0)}, Verdict.NOT_JUDGED),
        ({"click": 9}, {}, Verdict.LEARNING),
        ({"click": 0}, {}, Verdict.NO_DATA),
    ],
)  # fmt: skip
def test_a_store_that_sells_is_normal_by_its_orders_or_payments_and_another_by_any_step(
    counts: dict[str, int], steps: dict[str, StepSums], verdict: Verdict
) -> None:
    assert row_of(shop("a", counts=counts, steps=steps)).verdict is verdict


def test_the_outcome_is_the_last_stage_that_has_anything() -> None:
    def outcome(**counts: int) -> Stage | None:
        return row_of(shop("a", counts=counts)).outcome

    assert outcome(click=3, add_to_cart=2, order=1, payment=0) is Stage.ORDER
    assert outcome(click=3, add_to_cart=2) is Stage.ADD_TO_CART
    assert outcome(impression=5, click=3) is Stage.CLICK
    assert outcome(impression=5) is None


def test_on_a_quiet_day_the_largest_judged_store_is_pictured() -> None:
    small, large, unjudged = shop("small", 70), shop("large", 75), shop("wide", 900, steps={})
    digest = build_digest(facts(EMPTY, small, large, unjudged))
    assert digest.pictured is not None
    assert digest.pictured.store.store_id == "large"
    digest = build_digest(facts(shop("x", 5, steps={}), unjudged))
    assert digest.pictured is not None
    assert digest.pictured.store.store_id == "wide"
    assert build_digest(facts(EMPTY)).pictured is None
    recovered = (alert("small", is_open=False),)
    digest = build_digest(facts(small, large, alerts=recovered))
    assert digest.pictured is not None
    assert digest.pictured.store.store_id == "small"


def test_rows_without_money_or_change_come_after_those_with() -> None:
    def order(*stores: DigestStore, alerts: Any = ()) -> list[str]:
        return [row.store.store_id for row in build_digest(facts(*stores, alerts=alerts)).rows]

    alerts = (alert("a", step="unknown", surprise=9.0), alert("b", step="unknown", surprise=8.0), alert("c"))
    assert order(shop("b"), shop("a"), shop("c"), alerts=alerts) == ["c", "a", "b"]
    assert order(shop("a", steps={}), shop("b", judged=0.1)) == ["a", "b"]  # learning, too small


def test_the_expected_funnel_of_a_store_with_one_visitor_is_that_of_one() -> None:
    steps = {"impression_to_click": sums(1, 0.5), "click_to_add_to_cart": sums(1, 1)}
    store = shop("a", counts={"impression": 1, "click": 1, "add_to_cart": 1}, steps=steps)
    bars = [bar.expected for bar in expected_funnel(store)]
    assert bars == [None, 0.5, 0.5, None, None, None, None]
    gone = replace(store, counts={"impression": 1, "click": 0, "add_to_cart": 1})
    assert [bar.expected for bar in expected_funnel(gone)][:3] == [None, 0.5, None]
    assert [bar.count for bar in expected_funnel(gone)][:3] == [1, None, 1]


def test_fulfilment_is_foreseen_where_four_fifths_of_it_were_in_judged_hours() -> None:
    def foreseen(counted: int, **more: float) -> float | None:
        store = with_parcels("a", parcels(40, 80, **more))
        store = replace(store, counts={**store.counts, "fulfilment": counted})
        return next(bar.expected for bar in expected_funnel(store) if bar.stage is Stage.FULFILMENT)

    assert (foreseen(50), foreseen(51), foreseen(0)) == (80, None, 80)
    assert foreseen(50, judged=0.1) is None


def test_each_step_has_an_axis_with_what_it_was_before_and_how_much_was_judged() -> None:
    store = replace(
        shop("a"), steps_before={"order_to_payment": sums(40, 80), "order_to_fulfilment": parcels(9, 10)}
    )
    axes = {axis.name: axis for axis in radar(store)}
    assert len(axes) == 6
    assert (axes["order_to_payment"].value, axes["order_to_payment"].before) == (1.0, 0.5)
    assert (axes["payment_to_fulfilment"].value, axes["payment_to_fulfilment"].before) == (None, 0.9)
    assert (axes["fulfilment_to_repurchase"].coverage, axes["order_to_payment"].coverage) == (0.0, 1.0)


def test_completeness_is_the_part_of_the_minutes_that_was_scored_in_time() -> None:
    def of(scored: int, late: int, minutes: int = MINUTES) -> float:
        return checked_share(shop("a", scored_minutes=scored, late_minutes=late), 0, minutes * 60_000)

    assert (of(MINUTES, 0), of(MINUTES, MINUTES // 4), of(MINUTES // 2, 0)) == (1.0, 0.75, 0.5)
    assert (of(MINUTES + 9, 0), of(5, 9), of(5, 0, 0), of(1, 0, 1)) == (1.0, 0.0, 0.0, 1.0)


# when it is sent


def daily(zone: str, hour: int = 8, days: frozenset[int] = frozenset(range(7))) -> DigestSchedule:
    return DigestSchedule(zone, hour, 0, days)


def test_a_day_begins_at_the_first_moment_that_its_calendar_shows_it() -> None:
    from datetime import UTC, datetime, time

    def utc(at_ms: int | None) -> str:
        assert at_ms is not None
        return f"{datetime.fromtimestamp(at_ms / 1000, UTC):%Y-%m-%d %H:%M}"

    assert utc(day_start(date(2011, 12, 30), "Pacific/Apia")) == "2011-12-30 10:00"  # of the 31st
    assert utc(day_start(date(2026, 3, 29), "Asia/Beirut")) == "2026-03-28 22:00"  # midnight is skipped
    assert utc(day_start(date(2026, 3, 5), "Asia/Kathmandu")) == "2026-03-04 18:15"
    assert utc(day_start(date(2026, 4, 5), "Australia/Lord_Howe")) == "2026-04-04 13:00"
    assert utc(wall_moment(date(2026, 10, 4), time(2, 15), "Australia/Lord_Howe")) == "2026-10-03 15:30"
    assert utc(wall_moment(date(2026, 4, 5), time(1, 45), "Australia/Lord_Howe")) == "2026-04-04 14:45"
    assert wall_moment(date(2011, 12, 30), time(8), "Pacific/Apia") is None


def test_a_weekly_digest_is_due_for_sixty_eight_hours() -> None:
    weekly = DigestSchedule("UTC", 8, 0, frozenset({4}), DigestForm.WEEKLY)
    friday = occurrence(weekly, date(2026, 3, 6))
    assert friday is not None
    assert due(weekly, friday.at_ms + 68 * HOUR_MS) == friday
    assert due(weekly, friday.at_ms + 68 * HOUR_MS + 1) is None
    assert due(weekly, friday.at_ms - 1) is None
    assert (friday.first_day, friday.last_day) == (date(2026, 2, 27), date(2026, 3, 5))


def test_what_is_coming_begins_after_now_and_is_as_many_as_were_asked_for() -> None:
    monday = daily("UTC", days=frozenset({0}))
    at = occurrence(monday, date(2026, 3, 9))
    assert at is not None
    assert [one.day.day for one in upcoming(monday, at.at_ms, 3)] == [16, 23, 30]
    assert [one.day.day for one in upcoming(monday, at.at_ms - 1, 1)] == [9]


def test_a_digest_is_late_after_ten_minutes() -> None:
    assert LATE_MS == 600_000
    assert said(facts(shop("a"), late_ms=600_000), "en").late == ""
    assert "08:00" in said(facts(shop("a"), late_ms=600_001), "en").late


# what it says


def test_the_lines_about_the_data_name_three_gaps_and_eight_stores() -> None:
    gaps = [shop(f"g{n}", silent_hours=n, scored_until_ms=WHEN.from_ms + n * HOUR_MS) for n in range(1, 6)]
    silent = [replace(SILENT, store_id=f"s{n}", name=f"S{n}") for n in range(9)]
    new = [replace(EMPTY, store_id=f"n{n}", name=f"N{n}") for n in range(8)]
    lines = said(facts(*gaps, *silent, *new), "en").data
    assert lines[0] == "Data is complete for 0 of 22 stores; checked until Mar 4, 05:00."
    assert "05:00" in lines[0]
    assert lines[1] == (
        "G5: nothing came for 5 h, G4: nothing came for 4 h, G3: nothing came for 3 h, 2 more."
    )
    assert lines[2] == "No data: S0, S1, S2, S3, S4, S5, S6, S7, … +1."
    assert lines[3] == "Not connected yet: N0, N1, N2, N3, N4, N5, N6, N7."
    whole = said(facts(shop("a", scored_minutes=MINUTES - 14)), "en").data
    assert len(whole) == 1
    assert whole[0].startswith("Data is complete for all stores (1)")
    late_end = said(facts(shop("a", scored_until_ms=WHEN.to_ms + HOUR_MS)), "en").data
    assert late_end[0] == whole[0]
    assert said(facts(EMPTY), "en").data[0] == "No data came in this period."


def test_complete_is_said_of_the_data_and_not_of_what_was_checked_of_it() -> None:
    partly = shop("a", scored_minutes=MINUTES // 2)
    imported = shop("b", steps={}, lines={}, scored_minutes=0, scored_until_ms=None)
    text = said(facts(partly, imported), "en")
    assert text.data == (
        "Data is complete for all stores (2); checked until Mar 5, 00:00.",
        "Not checked throughout: A (not for 12 h).",
    )
    assert text.subject == "Funnel, Mar 4: 1 normal · 1 learning"
    assert said(facts(imported), "en").data == (
        "Data is complete for all stores (1); this period was not checked.",
    )


def test_rejected_records_name_the_three_worst_reasons() -> None:
    given = replace(facts(shop("a")), rejected={"x": 1, "broken_json": 9, "y": 5, "z": 2000})
    assert said(given, "en").data[-1] == "Records rejected: 2,015 (z 2,000, Broken JSON 9, y 5)."
    assert not any("rejected" in line for line in said(replace(given, rejected={"x": 0}), "en").data)


def test_as_many_incidents_are_listed_as_fit_and_the_others_are_numbered() -> None:
    for more in (0, 2):
        count = MAX_INCIDENTS + more
        alerts = [alert(f"s{n}", opened_at_ms=WHEN.at_ms - n * 60_000) for n in range(count)]
        over = [alert("over", is_open=False)] * (more // 2)
        text = said(facts(*(shop(f"s{n}") for n in range(count)), alerts=(*alerts, *over)), "en")
        assert len(text.incidents) == MAX_INCIDENTS
        wanted = "2 more open: see the page. Recovered in this period: 1 more." if more else ""
        assert text.incidents_note == wanted
        assert text.incidents[0].title.split(" · ")[1] == f"S{count - 1}"  # the oldest first
    assert said(facts(shop("a"), alerts=(alert("a", is_open=False),)), "en").incidents_note == "None. Recovered in this period: 1 more."  # fmt: skip


def test_a_row_says_what_came_and_what_was_expected_and_how_much_was_judged() -> None:
    store = shop("a", 64)
    (row,) = said(facts(store), "en").rows
    assert (row.outcome, row.expected, row.change) == ("64 payments", "80", "−20%")
    assert (row.detail, row.tone, row.verdict) == ("Orders → Payments −20%", "good", "Normal")
    assert row.alt == "Orders → Payments: " + " ".join(["3"] * 24) + ", expected " + " ".join(["3"] * 24)
    partly = replace(
        store, steps={step: store.steps[step] for step in ("click_to_add_to_cart", "order_to_payment")}
    )
    assert said(facts(partly), "en").rows[0].detail == "Orders → Payments −20% · 2 of 4 steps judged"
    plain = replace(store, lines={"order_to_payment": (Bucket(0, 1, None), Bucket(1, 2, 5.0))}, steps={})
    (row,) = said(facts(plain), "en").rows
    assert (row.alt, row.detail) == ("Orders → Payments: 1 2", "Orders → Payments")
    assert said(facts(replace(plain, lines={})), "en").rows[0].alt == ""
    judged_little = shop("b", judged=0.5)
    (row,) = said(facts(judged_little), "en").rows
    assert (row.expected, row.change) == ("", "sample too small")
    assert said(facts(shop("c", counts={"impression": 4}, steps={})), "en").rows[0].change == "—"


def test_the_rest_of_the_table_is_numbered_by_verdict() -> None:
    stores = [shop(f"s{n:02}") for n in range(38)] + [
        SILENT,
        replace(EMPTY, store_id="e1"),
        EMPTY,
        shop("late", judged=0.1),
    ]
    text = said(facts(*stores), "en")
    assert text.rows_note == "More stores: 2 (No data yet 2)"
    assert said(facts(*stores[:40]), "en").rows_note == ""


def test_the_pictures_are_described_in_words() -> None:
    store = replace(shop("a", 40), steps_before={"order_to_payment": sums(40, 80)})
    text = said(facts(store), "en")
    assert text.stages[4].count == "40"
    assert (text.stages[4].expected, text.stages[4].change) == ("80", "−50%")
    assert (text.stages[0].expected, text.stages[0].change) == ("—", "—")
    assert len(text.stages) == 5  # what no source gives has no line
    assert "Impressions 10,000, Clicks 2,000 (expected 2,000)" in text.funnel_alt
    assert "Fulfilment" not in text.funnel_alt
    assert "50%" in text.axes[3]
    assert text.funnel_note != ""
    assert said(facts(replace(store, steps={})), "en").funnel_note == ""
    assert text.headings["data"] == "Data"
    assert "funnel" not in text.headings


def test_a_matter_says_its_size_its_place_and_who_has_it() -> None:
    def lines(**more: Any) -> tuple[str, ...]:
        return said(facts(shop("a"), alerts=(alert("a", **more),)), "en").matters[0].lines

    assert lines()[1] == "mainly iOS × paid (70%). More like a real drop"
    assert lines(label=AlertLabel.UNKNOWN)[1] == "mainly iOS × paid (70%)"
    low, edge = (AlertContribution("x", 0.19),), (AlertContribution("y", 0.1), AlertContribution("x", 0.2))
    assert lines(label=AlertLabel.UNKNOWN, contributions=edge)[1] == "mainly x (20%)"
    assert lines(label=AlertLabel.UNKNOWN, contributions=low)[1].startswith("since ")
    assert "294" in lines(lost=0.0)[0]
    assert lines(kind=AlertKind.SURGE)[0] == lines(lost=0.0)[0]
    assert lines(lost=0.5)[0].startswith("about 0 fewer payments (0–1)")
    assert lines(lost_low=-5.0)[0].startswith("about 20 fewer payments (0–40), about $1,200 ($0–")
    assert lines(step="order")[0].startswith("about 20 fewer orders")
    assert lines(step="unknown")[0].startswith("about 20 fewer unknown")
    over = said(facts(shop("a"), alerts=(alert("a", is_open=False),)), "en").matters[0]
    assert over.lines[-1].endswith("for 1 h, over now")
    assert len(over.lines) == 3
    assert over.tone == "good"


def test_tones_titles_and_addresses_follow_level_and_kind() -> None:
    def matter(**more: Any) -> Any:
        return said(facts(shop("a"), alerts=(alert("a", **more),)), "en").matters[0]

    assert (matter().tone, matter(level=Level.NOTICE).tone) == ("bad", "mild")
    assert matter().title == "A · Conversion drop · Orders → Payments"
    assert matter(kind=AlertKind.TRAFFIC).title == "A · Traffic drop · Payments"
    silent = said(facts(SILENT), "en").matters[0]
    assert "Mar 4, 06:00" not in silent.lines[0]
    assert "Mar 3, 22:00" in silent.lines[0]
    assert silent.tone == "bad"


def test_an_alert_that_took_long_to_close_lasted_until_it_was_closed() -> None:
    closed = alert("a", is_open=False, resolved_at_ms=None, at_ms=WHEN.at_ms)
    assert said(facts(shop("a"), alerts=(closed,)), "en").matters[0].lines[-1].endswith("for 3 h, over now")


def test_an_open_incident_is_critical_by_its_money() -> None:
    given = facts(shop("a"), alerts=(alert("a", level=Level.NOTICE),))
    assert said(given, "en").incidents[0].title.startswith("Warning · A")
    assert said(given, "en", critical_money=1200.0).incidents[0].title.startswith("Critical · A")
    assert said(given, "en", critical_money=1200.01).incidents[0].title.startswith("Warning · A")


def test_nobody_who_closed_or_took_an_alert_is_forgotten() -> None:
    def people(**more: str) -> str:
        given = facts(shop("a"), alerts=(replace(alert("a"), **more),))
        return said(given, "en").incidents[0].lines[0].rpartition("; ")[2]

    assert people() == "unassigned"
    assert people(acknowledged_by="li") == "acknowledged by li"
    assert people(acknowledged_by="li", assignee="wang") == "assigned to wang"


def test_days_ahead_are_put_under_the_day_on_which_they_begin_or_today() -> None:
    def entry(name: str, first: date, last: date, is_certain: bool = True) -> CalendarEntry:
        return CalendarEntry(
            Text(name, name),
            CalendarKind.COMMERCE,
            first,
            last,
            ("DE", "US") if name == "b" else (),
            is_certain,
        )

    day = WHEN.day
    entries = (
        entry("a", date(2026, 3, 1), date(2026, 3, 6)),
        entry("b", day, day, False),
        entry("c", date(2026, 3, 7), date(2026, 3, 7)),
    )
    said_days = said(facts(shop("a")), "en", calendar=entries).calendar
    assert [(one.title, one.lines) for one in said_days] == [
        ("Thu, Mar 5", ("a (until Mar 6)", "b (Germany, United States, date not announced)")),
        ("Sat, Mar 7", ("c",)),
    ]
    assert (
        said(facts(shop("a")), "zh", calendar=entries).calendar[0].lines[1] == "b（德国、美国，日期未公布）"
    )


# parcels


def test_a_store_is_behind_from_a_quarter_on_or_where_an_hour_said_so() -> None:
    def is_behind(**more: Any) -> bool:
        (row,) = slow_rows([with_parcels("a", parcels(**more))])
        return row.is_behind

    assert is_behind(observed=75, expected=100)
    assert not is_behind(observed=76, expected=100)
    assert is_behind(observed=99, expected=100, breaches=1)
    assert not is_behind(observed=100, expected=100, breaches=1)
    assert not is_behind(observed=0, expected=100, judged=0.5)
    assert slow_rows([with_parcels("a", parcels(0, 0))]) == ()


def test_the_slow_step_of_the_most_hours_counts() -> None:
    store = replace(
        shop("a"),
        steps={"payment_to_fulfilment": StepSums(3, 1, 9, 9), "order_to_fulfilment": StepSums(4, 2, 9, 9), "order_to_payment": sums(1, 1)},
        steps_before={"payment_to_fulfilment": StepSums(1, 7, 9, 9)},
    )  # fmt: skip
    assert slow_sums(store) == StepSums(4, 2, 9, 9)
    assert slow_sums(store, before=True) == StepSums(1, 7, 9, 9)
    assert slow_sums(shop("a")) is None


@pytest.mark.parametrize("more", [0, 1, 3])
def test_ten_stores_that_are_behind_are_listed_and_the_others_numbered(more: int) -> None:
    stores = [with_parcels(f"s{n:02}", parcels(40 - n, 80)) for n in range(MAX_SLOW + more)]
    text = said(facts(*stores, with_parcels("fine", parcels(80, 80))), "en")
    assert len(text.slow) == 10
    assert text.slow[0].title == f"S{9 + more:02} · fulfilment −{round(100 - (31 - more) / 0.8)}%"
    numbered = f"{more} more behind: see the page. " if more else ""
    assert text.slow_note == numbered + "Stores as expected: 1."
    assert text.slow[0].lines[1:] == ()


def test_the_context_of_a_digest_leads_nowhere_until_it_is_given_addresses() -> None:
    plain = context(facts(shop("a")), "en")
    assert (plain.alert_url("x"), plain.store_url("x"), plain.zone) == ("", "", ZONE)
    assert plain.critical_money == float("inf")

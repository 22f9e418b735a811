"""How many messages a receiver gets: never more than its service takes."""

from hypothesis import given
from hypothesis import strategies as st

from streams.notifier.pace import Pace


@given(st.lists(st.floats(0, 40), max_size=200), st.integers(1, 30), st.integers(1, 5))
def test_no_minute_and_no_second_ever_holds_more_than_the_limit(
    gaps: list[float], per_minute: int, per_second: int
) -> None:
    pace, now, sent = Pace(per_minute, per_second), 0.0, []
    for gap in gaps:
        now += gap
        sent += [now] if pace.take(now) else []
    assert all(sum(at - 60 < other <= at for other in sent) <= per_minute for at in sent)
    assert all(sum(at - 1 < other <= at for other in sent) <= per_second for at in sent)


def test_the_whole_limit_can_be_used_in_the_first_minute() -> None:
    pace = Pace(20, 10)
    assert sum(pace.take(second * 0.5) for second in range(120)) == 20


def test_what_was_sent_before_a_restart_counts() -> None:
    pace = Pace(20, 10, [float(at) for at in range(19)])
    assert [pace.take(30.0), pace.take(31.0), pace.take(62.5)] == [True, False, True]


def test_less_than_one_a_minute_is_one_in_a_longer_time() -> None:
    pace = Pace(0.5, 10)
    assert [pace.take(0.0), pace.take(100.0), pace.take(125.0)] == [True, False, True]

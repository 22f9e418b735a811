"""Orders sent more than once: which minutes the stream may have counted otherwise than the raw table."""

from __future__ import annotations

from streams.landing.orders import OrderRecord, minutes_to_recount

NOW = 1_790_000_000_000
HOUR_MS = 3_600_000
FORGOTTEN_MS = 24 * HOUR_MS
FIRST, SECOND = ("s1", NOW), ("s1", NOW + 60_000)


def recounted(*reports: OrderRecord, firsts: dict[str, OrderRecord] | None = None) -> set[tuple[str, int]]:
    return minutes_to_recount([("o1", reported) for reported in reports], firsts or {}, set(), FORGOTTEN_MS)


def test_an_order_sent_once_or_twice_in_the_order_of_its_acceptance_needs_no_recount() -> None:
    assert recounted(OrderRecord(NOW, 1, "a", FIRST)) == set()
    assert recounted(OrderRecord(NOW, 1, "a", FIRST), OrderRecord(NOW + 5, 2, "b", SECOND)) == set()
    assert recounted(OrderRecord(NOW, 1, "a", FIRST), OrderRecord(NOW, 2, "b", SECOND)) == set()


def test_an_order_whose_later_report_came_first_in_the_log_counted_in_the_wrong_minute() -> None:
    late, early = OrderRecord(NOW + 5, 1, "b", SECOND), OrderRecord(NOW, 2, "a", FIRST)
    assert recounted(late, early) == {FIRST, SECOND}
    assert recounted(early, firsts={"o1": late}) == {FIRST, SECOND}


def test_a_batch_landed_again_after_a_crash_finds_the_same_minutes() -> None:
    late, early = OrderRecord(NOW + 5, 1, "b", SECOND), OrderRecord(NOW, 2, "a", FIRST)
    assert recounted(late, early, firsts={"o1": early}) == {FIRST, SECOND}


def test_an_order_resent_when_the_stream_has_forgotten_it_is_recounted() -> None:
    long_after = OrderRecord(NOW + FORGOTTEN_MS + 1, 9, "b", SECOND)
    assert recounted(long_after, firsts={"o1": OrderRecord(NOW, 1, "a", FIRST)}) == {SECOND}


def test_an_order_whose_first_report_the_stream_did_not_count_is_recounted_where_it_is_resent() -> None:
    stray, again = OrderRecord(NOW, 1, "a", FIRST, is_streamed=False), OrderRecord(NOW + 5, 7, "b", SECOND)
    assert recounted(stray) == {FIRST}
    assert recounted(stray, again) == {FIRST, SECOND}


def test_a_report_that_the_stream_did_not_count_was_forgotten_when_landing_started_again() -> None:
    firsts = {"o1": OrderRecord(NOW, 1, "a", FIRST)}
    again = [("o1", OrderRecord(NOW + 5, 7, "b", SECOND))]
    assert minutes_to_recount(again, firsts, {FIRST}, FORGOTTEN_MS) == {SECOND}
    assert minutes_to_recount(again, firsts, set(), FORGOTTEN_MS) == set()


def test_a_pages_report_that_the_stream_took_back_needs_no_recount_whichever_came_first() -> None:
    page = OrderRecord(NOW, 1, "pixel:a", FIRST, is_evidence=True)
    server = OrderRecord(NOW + 5, 2, "b", SECOND)
    assert recounted(page, server) == recounted(server, page) == set()
    assert recounted(page, firsts={"o1": server}) == recounted(server, firsts={"o1": page}) == set()


def test_a_pages_report_in_a_minute_that_the_stream_no_longer_holds_is_taken_back_by_a_recount() -> None:
    old = ("s1", NOW - FORGOTTEN_MS - 60_000)
    page = OrderRecord(NOW, 1, "pixel:a", old, is_evidence=True)
    server = OrderRecord(NOW + 5, 2, "b", SECOND)
    assert recounted(page, server) == recounted(server, firsts={"o1": page}) == {old, SECOND}


def test_a_pages_report_after_the_stream_has_forgotten_the_servers_is_recounted() -> None:
    server = OrderRecord(NOW, 1, "b", FIRST)
    page = OrderRecord(NOW + FORGOTTEN_MS + 1, 2, "pixel:a", SECOND, is_evidence=True)
    assert recounted(page, firsts={"o1": server}) == {FIRST, SECOND}

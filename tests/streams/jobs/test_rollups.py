"""Sums of whole hours are those of the minute rows, whatever lands when, on the real engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import SecretStr

from streams.clickhouse.clients import open_writer
from streams.clickhouse.rollup import COUNTS, ROLLUPS, SCORES, roll_up
from streams.jobs.rollups import once
from streams.settings import Settings, load_settings

HOURS = 30
SCORES_ROWS = """
INSERT INTO scores_raw (store_id, minute, step, segment, observed, expected, low, high, state, version, landed_at)
SELECT ['a', 'b'][1 + number % 2], {minute} AS at, ['order_to_payment', 'click_to_add_to_cart'][1 + intDiv(number, 2) % 2], '',
       7 + number % 5, if(number % 13 = 0, 0, 6 + number % 3), if(number % 4 = 0, 0, 2), 14,
       ['normal', 'normal', 'breach', 'no_baseline', 'missing_stage', 'not_enough_data', 'data_late'][1 + number % 7], {version}, {landed}
FROM numbers(4 * 60 * {hours}) WHERE number % 2 = 0 OR toMinute(at) < 30
"""
COUNTS_ROWS = """
INSERT INTO minutes_raw (store_id, minute, segment, counts, version, landed_at)
SELECT ['a', 'b'][1 + number % 2], {minute} AS at, ['ios', '[no page]'][1 + intDiv(number, 2) % 2],
       [900, 100 - number % 7, 20, 6 * (number % 2), 5 - number % 3, 4, 0], {version}, {landed}
FROM numbers(4 * 60 * {hours}) WHERE number % 2 = 0 OR toMinute(at) < 30
"""
#: so many hours back, the minute of row ``number``
MINUTE = "toDateTime({end}, 'UTC') - 60 - intDiv(number, 4) * 60"
LONG_AGO = "now() - 1800"

FROM_SCORES = """
SELECT store_id, step, count(), sum(observed), sumIf(observed, judged), sumIf(expected, judged), sumIf(low, judged),
       sumIf(pow(greatest(if(low <= 0, high - expected, expected - low), 0), 2), judged), sumIf(pow(high - expected, 2), judged),
       countIf(state = 'missing_stage'), toString(argMax(state, minute))
FROM (SELECT *, state NOT IN ('no_baseline', 'missing_stage') AND NOT (state = 'not_enough_data' AND expected = 0) AS judged FROM scores)
WHERE minute >= toDateTime({first}) AND minute <= toDateTime({last}) GROUP BY store_id, step ORDER BY store_id, step
"""
FROM_SCORE_SUMS = """
SELECT store_id, step, toUInt64(sum(minutes)), sum(observed), sum(judged_observed), sum(expected), sum(low), sum(below), sum(above),
       toUInt64(sum(missing_minutes)), toString(argMax(newest_state, newest_minute))
FROM score_sums(first = {first}, last = {last}, point_s = 3600) GROUP BY store_id, step ORDER BY store_id, step
"""
FROM_COUNTS = """
SELECT store_id, stage, sum(count), sumIf(count, segment = '[no page]'), toUnixTimestamp(min(minute)), toUnixTimestamp(max(minute)) FROM stage_counts
WHERE minute >= toDateTime({first}) AND minute <= toDateTime({last}) GROUP BY store_id, stage ORDER BY store_id, stage
"""
FROM_COUNT_SUMS = """
SELECT store_id, stage, n, apart, oldest, newest FROM
(SELECT store_id, sumForEach(counts) AS ns, sumForEach(pageless) AS aparts, minForEach(firsts) AS oldests, maxForEach(lasts) AS newests
 FROM count_sums(first = {first}, last = {last}) GROUP BY store_id)
ARRAY JOIN ['impression', 'click', 'add_to_cart', 'order', 'payment', 'fulfilment', 'repurchase'] AS stage,
           ns AS n, aparts AS apart, oldests AS oldest, newests AS newest
WHERE n > 0 ORDER BY store_id, stage
"""
#: seconds cut off at both ends of the data, which ends on a full hour
#:      |....|....|....|....|      hours
#:      [                    ]     all of them
#:         [            ]          parts of two, whole ones between
#:           [ ]                   within one
SPANS = {"whole": (0, 60), "parts": (5000, 9000), "one": (HOURS * 1800 + 900, HOURS * 1800 - 2700)}


@pytest.fixture
async def settings(clickhouse: Any, ready_database: str) -> Settings:
    return load_settings(
        clickhouse_url=clickhouse.url,
        clickhouse_password=SecretStr(clickhouse.password),
        clickhouse_reader_password=SecretStr(clickhouse.reader_password),
        clickhouse_database=ready_database,
    )


@pytest.fixture
def client(clickhouse: Any, settings: Settings) -> Any:
    return clickhouse.client(settings.clickhouse_database)


@pytest.fixture
def end(client: Any) -> int:
    """Where the data ends: a full hour that closed long ago, in Unix seconds."""
    return int(client.query("SELECT toUnixTimestamp(toStartOfHour(now()) - 7200)").result_rows[0][0])


@pytest.fixture
def filled(client: Any, end: int) -> int:
    land(client, end, HOURS, 1000, LONG_AGO)
    return end


def land(client: Any, end: int, hours: int, version: int, landed: str) -> None:
    """Scores and counts of the hours before ``end``."""
    filling = {"minute": MINUTE.format(end=end), "hours": hours, "version": version, "landed": landed}
    for statement in (SCORES_ROWS, COUNTS_ROWS):
        client.command(statement.format(**filling))


@pytest.fixture
def both(clickhouse: Any, settings: Settings, end: int) -> Callable[[str], tuple[Any, Any]]:
    """What a reader gets over a span: from the sums, and from the minute rows."""
    reader = clickhouse.read_client(settings.clickhouse_database)

    def read(span: str) -> tuple[Any, Any]:
        begins, ends = SPANS[span]
        filling = {"first": end - HOURS * 3600 + begins, "last": end - ends}
        sums, plain = (
            [reader.query(sql.format(**filling)).result_rows for sql in pair]
            for pair in ((FROM_SCORE_SUMS, FROM_COUNT_SUMS), (FROM_SCORES, FROM_COUNTS))
        )
        return sums, plain

    return read


async def brought_up_to_date(settings: Settings) -> int:
    writer = await open_writer(settings)
    try:
        return sum([await roll_up(writer, settings, rollup, settled_s=0) for rollup in ROLLUPS])
    finally:
        await writer.close()


def rows_read(client: Any, end: int) -> tuple[int, int]:
    """Rows of all hours in both views: a whole hour is one a store and step, or one a store."""
    span = f"first = {end - HOURS * 3600}, last = {end - 60}"
    (scores,) = client.query(f"SELECT count() FROM score_sums({span}, point_s = 3600)").result_rows[0]
    (counts,) = client.query(f"SELECT count() FROM count_sums({span})").result_rows[0]
    return scores, counts


@pytest.mark.parametrize("span", SPANS)
async def test_sums_are_those_of_the_minutes_before_and_after_the_hours_are_summed_up(
    settings: Settings, client: Any, filled: int, both: Any, span: str
) -> None:
    before, plain = both(span)
    assert before == plain
    assert [len(rows) > 0 for rows in plain] == [True, True]
    assert await brought_up_to_date(settings) == 2 * HOURS
    after, plain = both(span)
    assert after == plain == before


async def test_whole_hours_are_one_row_each_once_they_are_summed_up(
    settings: Settings, client: Any, filled: int
) -> None:
    assert rows_read(client, filled) == (180 * HOURS, 180 * HOURS)
    await brought_up_to_date(settings)
    assert rows_read(client, filled) == (4 * HOURS, 2 * HOURS)


async def test_a_late_correction_of_a_summed_hour_shows_at_once_and_is_summed_up_next(
    settings: Settings, client: Any, filled: int, both: Any
) -> None:
    await brought_up_to_date(settings)
    stale, _ = both("parts")
    # six hours in the middle are corrected: one minute row in seven, downwards, and scores with other states
    client.command(
        f"INSERT INTO minutes_raw (store_id, minute, segment, counts, version) SELECT store_id, minute, segment, arrayMap(n -> intDiv(n, 2), counts), "
        f"bitShiftLeft(toUInt64(1), 56) FROM minutes_raw WHERE minute >= toDateTime({filled - 12 * 3600}) AND minute < toDateTime({filled - 6 * 3600}) AND toMinute(minute) % 7 = 0"
    )
    client.command(
        f"INSERT INTO scores_raw (store_id, minute, step, observed, expected, low, high, state, version) SELECT store_id, minute, step, observed + 3, expected, low, high, 'normal', 2000 "
        f"FROM scores_raw WHERE minute >= toDateTime({filled - 12 * 3600}) AND minute < toDateTime({filled - 6 * 3600})"
    )
    at_once, plain = both("parts")
    assert at_once == plain != stale
    assert rows_read(client, filled) == (4 * (HOURS - 6) + 6 * 180, 2 * (HOURS - 6) + 6 * 180)
    client.command(
        "ALTER TABLE scores_raw UPDATE landed_at = now() - 600 WHERE 1 SETTINGS mutations_sync = 2"
    )
    client.command(
        "ALTER TABLE minutes_raw UPDATE landed_at = now() - 600 WHERE 1 SETTINGS mutations_sync = 2"
    )
    client.command(  # as if the last run had been before them
        "INSERT INTO rollup_marks_raw SELECT kind, horizon, now() - 1000, version + 1 FROM rollup_marks_raw"
    )
    await brought_up_to_date(settings)
    assert rows_read(client, filled) == (4 * HOURS, 2 * HOURS)
    assert both("parts") == (at_once, plain)


async def test_hours_older_than_all_that_was_summed_up_are_taken_in_when_they_land(
    settings: Settings, client: Any, end: int, both: Any
) -> None:
    land(client, end, 3, 1000, LONG_AGO)
    await brought_up_to_date(settings)
    land(client, end, HOURS, 1000, "now()")
    sums, plain = both("whole")
    assert sums == plain
    assert len(plain[1]) == 2 * 6 - 1  # one store never orders


async def test_a_back_fill_that_was_stopped_halfway_goes_on(
    settings: Settings, client: Any, filled: int, both: Any
) -> None:
    await brought_up_to_date(settings)
    for table in ("hour_scores_raw", "hour_counts_raw"):
        client.command(f"DELETE FROM {table} WHERE hour >= toDateTime({filled - 10 * 3600}, 'UTC')")
    client.command("TRUNCATE TABLE rollup_marks_raw")
    for rollup in ROLLUPS:
        client.command(
            f"INSERT INTO rollup_marks_raw VALUES ('{rollup.kind}', toDateTime({filled - 10 * 3600}, 'UTC'), now() - 60, 1)"
        )
    sums, plain = both("whole")
    assert sums == plain
    assert await brought_up_to_date(settings) == 2 * 10
    assert both("whole") == (sums, plain)


async def test_points_narrower_than_an_hour_are_made_of_minutes(
    settings: Settings, client: Any, filled: int
) -> None:
    await brought_up_to_date(settings)
    span = f"first = {filled - 7200}, last = {filled - 60}"
    rows = client.query(
        f"SELECT at, sum(observed) FROM score_sums({span}, point_s = 60) GROUP BY at ORDER BY at"
    )
    plain = client.query(
        f"SELECT minute, sum(observed) FROM scores WHERE minute >= toDateTime({filled - 7200}) GROUP BY minute ORDER BY minute"
    )
    assert len(rows.result_rows) == 120
    assert rows.result_rows == plain.result_rows


async def test_an_hour_that_is_still_filling_is_left_to_the_minutes(
    settings: Settings, client: Any, clickhouse: Any
) -> None:
    now = int(client.query("SELECT toUnixTimestamp(toStartOfMinute(now()))").result_rows[0][0])
    land(client, now, 1, 1000, LONG_AGO)
    await brought_up_to_date(settings)
    (horizon,) = client.query("SELECT toUnixTimestamp(max(horizon)) FROM rollup_marks_raw").result_rows[0]
    assert horizon % 3600 == 0
    assert 600 <= now + 60 - horizon < 600 + 3600 + 120


async def test_the_job_sums_up_scores_and_counts_and_rests_when_nothing_landed(
    settings: Settings, filled: int
) -> None:
    assert {SCORES.kind, COUNTS.kind} == {rollup.kind for rollup in ROLLUPS}
    assert await once(settings) == 2 * HOURS
    assert await once(settings) == 0

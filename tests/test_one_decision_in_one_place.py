"""A decision that people can read in two places is made in one: its constant has one home, its SQL one author."""

from __future__ import annotations

import ast
from collections import defaultdict

import pytest

from deploy.grafana.live_queries import GRID, HEALTH
from scoring.funnel.scores import FULL_COVERAGE, SCORE_MAX_AGE_MS, ScoreState, no_expectation_sql
from scoring.funnel.units import MINUTE_MS
from streams.clickhouse.migrations import find_migrations
from streams.digests import queries as digest
from streams.incidents.alert_rows import ALERT_DAYS
from streams.incidents.facts import pixel_share_sql
from streams.web.grid import queries as grid
from streams.web.store import change_queries as changes
from streams.web.store import queries as store
from tests.places import ROOT

#: what is judged or counted by it, and where it is decided
HOMES = {
    "ALERT_DAYS": "streams/incidents/alert_rows.py",
    "BELIEVED_AHEAD_MS": "scoring/events/bounds.py",
    "FEWEST_ORDERS": "streams/incidents/facts.py",
    "FULL_COVERAGE": "scoring/funnel/scores.py",
    "JUDGED_SHARE": "scoring/digest/values.py",
    "SCORE_MAX_AGE_MS": "scoring/funnel/scores.py",
    "SUPPLY_DAYS": "scoring/funnel/scores.py",
    "WORTH_DAYS": "scoring/funnel/money.py",
}
FILES = [path for top in ("scoring", "streams", "deploy") for path in (ROOT / top).rglob("*.py")]


def test_each_threshold_is_given_its_value_once() -> None:
    found = defaultdict(list)
    for path in FILES:
        for node in ast.parse(path.read_text("utf-8")).body:
            targets = node.targets if isinstance(node, ast.Assign) else []
            for target in targets:
                if isinstance(target, ast.Name) and target.id in HOMES:
                    found[target.id].append(path.relative_to(ROOT).as_posix())
    assert found == {name: [home] for name, home in HOMES.items()}


@pytest.mark.parametrize(
    "sql",
    [store.EXPECTATIONS, store.SCORE_LINE, grid.SPARKS, digest.STEP_SUMS, digest.LINES],
    ids=["funnel", "line", "spark", "digest sums", "digest lines"],
)
def test_page_and_digest_leave_out_the_same_minutes(sql: str) -> None:
    assert no_expectation_sql() in sql


def test_no_other_file_says_which_minutes_have_no_expectation() -> None:
    pair = f"'{ScoreState.NO_BASELINE}', '{ScoreState.MISSING_STAGE}'"
    paths = [*FILES, *(ROOT / "deploy" / "clickhouse").glob("*.sql")]
    assert [path.name for path in paths if pair in path.read_text("utf-8")] == []
    assert any(no_expectation_sql("scored.expected") in one.text for one in find_migrations())
    assert no_expectation_sql() in changes.EXPECTED


def test_grafana_judges_by_the_page_s_thresholds() -> None:
    assert pixel_share_sql("paired.pixel_orders", "paired.server_orders") in HEALTH
    assert f"INTERVAL {SCORE_MAX_AGE_MS // MINUTE_MS} MINUTE" in GRID
    assert f"INTERVAL {ALERT_DAYS} DAY" in GRID
    panels = (ROOT / "deploy" / "grafana" / "live_queries.py").read_text("utf-8")
    assert str(FULL_COVERAGE) not in panels

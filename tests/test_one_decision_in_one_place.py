"""A decision that people can read in two places is made in one: its constant has one home, its SQL one author."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator

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
from tests.trees import python_files, tree_of

FILES = python_files("scoring", "streams", "deploy")
#: constants of one name and one value that are decisions of their own in each file, and why
OWN_DECISIONS = {
    "BIN": "the width in which conversions, and in which visitors are fitted",
    "LIVE_S": "how often each page renews itself",
    "SCHEMA_VERSION": "a version of events, of baselines, of the changelog: each moves alone",
    "LOOK_S": "how often a watchdog and a progress bar look",
    "MAX_MEMBERS": "members of a gzip stream, files of a zip",
    "MIN_MINUTES": "of a peer's history, of a comparison",
    "SETTLE": "minutes after an alert, minutes after a burst",
    "LEVEL": "of compression, of what is kept in memory and in the log of baselines",
    "ORDERS": "the name of a resource, by each source's own API",
    "DAYS": "the same",
    "HOURS": "the same",
    "OVERLAP_S": "how long a platform's filter by time of change may leave a row out: each is another's",
    "SETTLE_S": "the same, for rows that have just changed",
    "AGAIN_S": "pauses of parts that wait for different things",
}


def constants() -> Iterator[tuple[str, str, str]]:
    """Name (without underscore), value as source and file of every literal constant; what a value stands for is in its name."""
    for path in FILES:
        for node in tree_of(path).body:
            if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
                continue
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                pairs = [(target, node.value)]
                if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                    pairs = list(zip(target.elts, node.value.elts, strict=True))
                for name, value in pairs:
                    if isinstance(name, ast.Name) and is_literal(value):
                        yield name.id.lstrip("_"), ast.unparse(value), path.relative_to(ROOT).as_posix()


def is_literal(value: ast.expr) -> bool:
    """A value that says something: numbers, texts, patterns and tables of them, but no type and no object of a library."""
    called = {ast.unparse(node.func) for node in ast.walk(value) if isinstance(node, ast.Call)}
    names = {node.id for node in ast.walk(value) if isinstance(node, ast.Name)}
    return called <= {"frozenset", "re.compile", "Text"} and names <= {"frozenset", "re", "Text"}


def test_each_constant_is_given_its_value_once() -> None:
    found = defaultdict(list)
    for name, value, path in constants():
        found[name, value].append(path)
    assert len(found) > 300
    twice = {name: paths for (name, _), paths in found.items() if len(paths) > 1}
    assert {name: paths for name, paths in twice.items() if name not in OWN_DECISIONS} == {}
    assert set(OWN_DECISIONS) <= set(twice), "an exception that is needed no more"


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

"""The seven stages are listed once, in ``scoring/funnel/stages.py``: a list written out elsewhere would not follow it."""

from __future__ import annotations

import re
from itertools import pairwise

from scoring.funnel.stages import STAGE_INDEX, STAGES, Stage
from streams.clickhouse.migrations import find_migrations
from tests.places import ROOT

_MEMBERS = {stage.name: stage.value for stage in Stage}
#: a stage as text, or as a member of an enumeration
_STAGE = re.compile(rf"""(?<![\w.])(?:["']({"|".join(STAGES)})["']|[A-Za-z]\w*\.({"|".join(_MEMBERS)})\b)""")
#: what may be between two members of a list
_BETWEEN = re.compile(r"[\s,]*")
#: why a file may hold such a list nevertheless
KEPT = {
    "deploy/clickhouse/043_order_views.sql": "what an order's life is made of: a decision of its own, not the funnel",
    "deploy/clickhouse/074_order_day_views.sql": "the same",
    "scoring/events/identity.py": "what happens once per order: a decision of its own, not the funnel",
    "streams/demo/traffic.py": "what the demo's visitors go through: a story of its own, not the funnel",
    "streams/demo/sender.py": "what the demo sends as a page would",
}


def listed(text: str) -> list[str]:
    """Three or more consecutive stages written one after another: each list's first."""
    found = list(_STAGE.finditer(text))
    stages = [match[1] or _MEMBERS[match[2]] for match in found]
    neighbours = [
        STAGE_INDEX[stages[at + 1]] == STAGE_INDEX[stages[at]] + 1
        and _BETWEEN.fullmatch(text[a.end() : b.start()]) is not None
        for at, (a, b) in enumerate(pairwise(found))
    ]
    return [stages[at] for at, pair in enumerate(pairwise(neighbours)) if all(pair)]


def test_no_file_lists_the_stages() -> None:
    paths = [
        path
        for top in ("scoring", "streams", "deploy")
        for suffix in ("py", "sql", "j2", "html", "js", "yaml")
        for path in (ROOT / top).rglob(f"*.{suffix}")
    ]
    assert len(paths) > 300
    names = {path.relative_to(ROOT).as_posix() for path in paths if listed(path.read_text("utf-8"))}
    assert names == set(KEPT)


def test_the_views_of_clickhouse_hold_the_stages() -> None:
    views = "".join(one.text for one in find_migrations() if one.repeatable)
    assert "${stages}" not in views
    assert ", ".join(f"'{stage}'" for stage in STAGES) in views


def test_a_list_is_seen_and_single_stages_are_not() -> None:
    assert listed("('click', 'add_to_cart',\n 'order')") == ["click"]
    assert listed("(Stage.ORDER, Stage.PAYMENT, EventType.FULFILMENT)") == ["order"]
    assert listed("x == 'order' or y == 'payment' or 'fulfilment'") == []

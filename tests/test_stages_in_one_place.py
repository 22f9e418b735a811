"""The seven stages are listed once, in ``scoring/funnel/stages.py``: a list written out elsewhere would not follow it."""

from __future__ import annotations

import re
from itertools import pairwise

from scoring.funnel.stages import STAGE_INDEX, STAGES
from tests.places import ROOT

_STAGE = re.compile(r"""(?<![\w.])["'](""" + "|".join(STAGES) + r""")["']""")
#: what may stand between two members of a list
_BETWEEN = re.compile(r"[\s,]*")
#: why a file may hold such a list nevertheless
KEPT = {
    "streams/demo/traffic.py": "what the demo's visitors go through: a story of its own, not the funnel",
    "streams/demo/sender.py": "what the demo sends as a page would",
    "streams/jobs/slow_pairs.py": "SQL of one kind of pair: an order, paid and fulfilled",
    "deploy/grafana/live_queries.py": "SQL of one panel, whose four stages are chosen",
}


def listed(text: str) -> list[str]:
    """Three or more consecutive stages written one after another."""
    found = list(_STAGE.finditer(text))
    neighbours = [
        STAGE_INDEX[b[1]] == STAGE_INDEX[a[1]] + 1
        and _BETWEEN.fullmatch(text[a.end() : b.start()]) is not None
        for a, b in pairwise(found)
    ]
    return [found[at][1] for at, pair in enumerate(pairwise(neighbours)) if all(pair)]


def test_no_python_file_lists_the_stages() -> None:
    paths = [path for top in ("scoring", "streams", "deploy") for path in (ROOT / top).rglob("*.py")]
    names = {path.relative_to(ROOT).as_posix() for path in paths if listed(path.read_text("utf-8"))}
    assert names == set(KEPT)


def test_a_list_is_seen_and_single_stages_are_not() -> None:
    assert listed("('click', 'add_to_cart',\n 'order')") == ["click"]
    assert listed("x == 'order' or y == 'payment' or 'fulfilment'") == []

"""One term for one thing, as the people say who read it: the terms of an engineer were in pages, cards and mails."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.places import ROOT

#: what was written, and what it is called now
RETIRED = {
    "意外度": "异常指数",
    "死信": "被拒数据",
    "落库": "入库",
    "评分": "检测",
    "履约": "发货",
    "多店合并": "跨店监控",
    "未了结": "未关闭",
    "校正率": "折算完成率",
}


def read_by_people() -> list[Path]:
    """The files whose Chinese people read."""
    return [
        *(ROOT / "scoring" / "wording").glob("*.py"),
        *(ROOT / "scoring" / "digest").glob("*.py"),
        *(ROOT / "streams" / "web").rglob("*words.py"),
        *(ROOT / "streams" / "notifier").glob("*.py"),
        *(ROOT / "deploy" / "docs" / "zh").glob("*.md"),
        ROOT / "streams" / "roles.py",
        ROOT / "streams" / "embedded" / "console.py",
        ROOT / "deploy" / "grafana" / "column_names.py",
    ]


@pytest.mark.parametrize("term", RETIRED)
def test_pages_cards_mails_and_guides_had_the_terms_of_an_engineer(term: str) -> None:
    places = read_by_people()
    assert len(places) > 40
    found = [str(path.relative_to(ROOT)) for path in places if term in path.read_text()]
    assert found == []

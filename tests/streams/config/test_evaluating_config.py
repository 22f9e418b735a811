"""Groups, reports and targets in ``funnelwatch.yaml``: what they hold, and what is wrong with them in a sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from scoring.evaluation.targets import StoreTarget
from streams.config.model import Config
from streams.config.targets import read_target_file, target_problems, targets_of
from streams.schema import ConfigError

STORES = [
    {"id": "us-own", "platform": "own_site", "country": "US", "owner": "li"},
    {"id": "us-2", "platform": "shopify", "country": "US"},
    {"id": "de-1", "platform": "shopify", "country": "DE", "owner": "li"},
]


def config(**more: Any) -> Config:
    return Config.model_validate({"stores": STORES, **more})


@pytest.mark.parametrize(
    ("group", "holds"),
    [
        ({"stores": ["us-own", "de-1"]}, ["us-own", "de-1"]),
        ({"stores": ["us-*"]}, ["us-own", "us-2"]),
        ({"country": "US"}, ["us-own", "us-2"]),
        ({"platform": "shopify", "country": "US"}, ["us-2"]),
        ({"stores": ["us-*"], "owner": "li"}, ["us-own"]),
    ],
)
def test_a_group_holds_what_is_named_and_what_matches(group: dict[str, Any], holds: list[str]) -> None:
    given = config(groups=[{"name": "mine", **group}])
    assert [store.id for store in given.chosen((), "mine")] == holds


REPORT = {"name": "board", "to": ["boss@example.com"]}


@pytest.mark.parametrize("name", ["华南组", "Asia & Pacific", "日本 2", "us.west"])
def test_a_group_named_in_chinese_was_rejected(name: str) -> None:
    assert config(groups=[{"name": name, "country": "US"}]).groups[0].name == name


@pytest.mark.parametrize("name", ["", " ", ".hidden", "../up", "a/b", "a\\b", "line\nbreak", "x" * 65])
def test_a_group_s_name_leads_into_no_other_folder(name: str) -> None:
    with pytest.raises(ValidationError):
        config(groups=[{"name": name, "country": "US"}])


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"groups": [{"name": "g", "stores": ["nobody"]}]}, "group 'g': unknown store 'nobody'"),
        ({"groups": [{"name": "g"}]}, "group 'g' holds no store"),
        ({"groups": [{"name": "g", "country": "FR"}]}, "group 'g' holds no store"),
        ({"groups": [{"name": "g", "country": "US"}] * 2}, "group 'g' is given twice"),
        ({"reports": [{**REPORT, "group": "g"}]}, "report 'board': unknown group 'g'"),
        ({"reports": [REPORT, REPORT]}, "report 'board' is given twice"),
        ({"reports": [{**REPORT, "day": 31}]}, "less than or equal to 28"),
        ({"reports": [{**REPORT, "period": "week"}]}, "'month' or 'quarter'"),
        ({"targets": [{"of": "logistics.speed", "value": 1}]}, "unknown indicator or step 'logistics.speed'"),
        ({"targets": [{"of": "returns.refunds", "value": 5}]}, "expected a value between 0 and 1, not 5"),
        ({"targets": [{"of": "logistics.time_to_ship", "value": 0}]}, "expected a value above 0"),
        ({"targets": [{"of": "step:order_to_payment", "value": 0.9, "stores": ["us-own"], "group": "g"}],
          "groups": [{"name": "g", "country": "US"}]}, "give `group` or `stores`, not both"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(more: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match="(?s)" + says.replace("(", r"\(")):
        config(**more)


def test_targets_come_from_configuration_and_file_and_the_last_holds(tmp_path: Path) -> None:
    file = tmp_path / "targets.csv"
    file.write_text(
        "of,value,store,set_by\nlogistics.time_to_ship,20,us-own,2026 plan\nstep:order_to_payment,90%,,boss\n",
        "utf-8",
    )
    given = config(
        groups=[{"name": "us", "country": "US"}],
        targets=[{"of": "logistics.time_to_ship", "value": 30, "group": "us"}],
        target_file=str(file),
    )
    assert target_problems(given) == []
    assert targets_of(given, "us-own") == (
        StoreTarget("logistics.time_to_ship", 30.0),
        StoreTarget("logistics.time_to_ship", 20.0, "2026 plan"),
        StoreTarget("step:order_to_payment", 0.9, "boss"),
    )
    assert targets_of(given, "de-1") == (StoreTarget("step:order_to_payment", 0.9, "boss"),)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name,value\na,1\n", "expected the columns of,value"),
        ("of,value\nlogistics.time_to_ship,soon\n", "targets.csv:2: expected a number, not 'soon'"),
        ("of,value\nlogistics.time_to_ship,nan\n", "targets.csv:2: "),
        ("of,value\nreturns.refunds,7\n", "targets.csv:2: "),
        ("of,value\nnothing,7\n", "targets.csv:2: unknown indicator or step 'nothing'"),
        ("of,value\nreturns.refunds\n", "targets.csv:2: expected a number, not ''"),
    ],
)
def test_a_bad_file_of_targets_is_named_with_its_line(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "targets.csv"
    file.write_text(text, "utf-8")
    with pytest.raises(ConfigError) as raised:
        read_target_file(file)
    assert says in str(raised.value)
    assert says in target_problems(config(target_file=str(file)))[0]


def test_a_file_of_targets_that_is_missing_or_names_a_stranger_is_a_problem(tmp_path: Path) -> None:
    assert "cannot be read" in target_problems(config(target_file=str(tmp_path / "none.csv")))[0]
    file = tmp_path / "targets.csv"
    file.write_text("of,value,store\nreturns.refunds,0.05,nobody\n", "utf-8")
    assert target_problems(config(target_file=str(file))) == [f"{file}: unknown store 'nobody'"]

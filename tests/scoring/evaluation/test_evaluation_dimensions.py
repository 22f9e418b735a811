"""The registry of dimensions: a folder and a line each, every indicator with its weight, owner and words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import scoring.evaluation.dimensions as folder
from scoring.evaluation import texts
from scoring.evaluation.dimensions.registry import DIMENSIONS, INDICATOR_BY_ID
from scoring.evaluation.figure import IndicatorKind
from scoring.evaluation.scenarios import SCENARIOS
from scoring.evaluation.single_rules import ALL_ADVICE, ALL_RULES
from scoring.evaluation.weights import DIMENSION_WEIGHTS, INDICATOR_WEIGHTS
from scoring.wording.text import LANGUAGES, Text

ALL = list(INDICATOR_BY_ID.values())


def test_each_dimension_is_one_folder_and_one_line_of_the_registry() -> None:
    folders = {path.parent.name for path in Path(folder.__path__[0]).glob("*/indicators.py")}
    assert folders == {dimension.id for dimension in DIMENSIONS}
    assert len(DIMENSIONS) == 6


def test_every_dimension_and_every_indicator_has_its_weight_and_no_weight_is_left_over() -> None:
    assert set(DIMENSION_WEIGHTS) == {dimension.id for dimension in DIMENSIONS}
    assert set(INDICATOR_WEIGHTS) == set(INDICATOR_BY_ID)
    assert len(INDICATOR_BY_ID) == sum(len(dimension.indicators) for dimension in DIMENSIONS)
    assert all(weight.weight > 0 for weight in (*DIMENSION_WEIGHTS.values(), *INDICATOR_WEIGHTS.values()))


@pytest.mark.parametrize("indicator", ALL, ids=lambda one: one.id)
def test_an_indicator_is_of_its_dimension_and_its_shares_add_up(indicator) -> None:  # type: ignore[no-untyped-def]
    own = next(one for one in DIMENSIONS if indicator in one.indicators)
    assert indicator.id.startswith(f"{own.id}.")
    assert sum(indicator.shares.values()) == 1
    assert indicator.owner in indicator.shares
    assert indicator.floor >= 10
    assert (indicator.unit is not None) == (indicator.kind in (IndicatorKind.DURATION, IndicatorKind.COUNT))
    assert (indicator.scale is None) == (indicator.kind is not IndicatorKind.RATING)


def said() -> list[Text]:
    """Every text of the evaluation."""
    found = [one for dimension in DIMENSIONS for one in (dimension.name, dimension.question)]
    for indicator in ALL:
        found += [indicator.name, indicator.definition, indicator.first, indicator.closed_by]
    for scenario in ALL_RULES:
        found += [scenario.title, scenario.meaning, scenario.disproof]
    found += [advice.text for advice in ALL_ADVICE.values()]
    found += [weight.reason for weight in (*DIMENSION_WEIGHTS.values(), *INDICATOR_WEIGHTS.values())]
    for value in vars(texts).values():
        found += [value] if isinstance(value, Text) else []
        found += (
            [text for text in value.values() if isinstance(text, Text)] if isinstance(value, dict) else []
        )
    return found


def test_every_text_is_there_in_both_languages_and_fills_in_the_same() -> None:
    every = said()
    assert len(every) > 150
    for text in every:
        assert all(text(language).strip() for language in LANGUAGES)
        assert set(re.findall(r"{\w+}", text.zh)) == set(re.findall(r"{\w+}", text.en)), text
        assert re.search("[\u4e00-\u9fff]", text.zh) or "{" in text.zh, text
        assert not re.search("[\u4e00-\u9fff]", text.en), text


def test_no_title_names_a_cause_and_no_advice_promises() -> None:
    titles = [
        text for one in ALL_RULES for text in (one.title.zh + one.title.en, one.meaning.zh + one.meaning.en)
    ]
    promises = [advice.text.zh + advice.text.en for advice in ALL_ADVICE.values()]
    forbidden = r"因为|导致|造成|because|caused|due to|一键|保证|一定会|guarantee|will increase|will raise"
    assert [text for text in titles + promises if re.search(forbidden, text, re.IGNORECASE)] == []


def test_there_are_eight_scenarios_and_each_says_what_would_disprove_it_and_who_does_what() -> None:
    assert len(SCENARIOS) == 8
    assert len(ALL_ADVICE) == sum(len(one.advice) for one in ALL_RULES)
    for scenario in ALL_RULES:
        assert scenario.conditions
        assert scenario.advice
        assert all(advice.after_days > 0 and advice.judged_by for advice in scenario.advice)

"""Pieces of SQL that say things in the chosen language and on the chosen clock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from scoring.alerts.actions import CloseReason
from scoring.alerts.alert import AlertState, Level
from scoring.evaluation.decoys import DECOYS
from scoring.evaluation.dimensions.registry import DIMENSIONS, INDICATOR_BY_ID
from scoring.evaluation.readings import STEP
from scoring.evaluation.sentences import reading_name
from scoring.evaluation.single_rules import ALL_ADVICE, ALL_RULES
from scoring.evaluation.texts import (
    ADVICE_STATES,
    COMPARATOR_NAMES,
    DUTY_NAMES,
    EFFORTS,
    LACK_NAMES,
    OUTCOME_NAMES,
    STANDINGS,
    TARGET_OUTCOMES,
)
from scoring.funnel.scores import ScoreState
from scoring.funnel.stages import STAGES, STEP_BY_ID
from scoring.records.cleaning import reason_texts
from scoring.records.measures import MEASURES, UNIT_NAMES, Unit
from scoring.wording.alert_words import ALERT_STATE_NAMES, LEVEL_NAMES
from scoring.wording.catalogue import (
    NAMED_STEPS,
    REASON_NAMES,
    STAGE_NAMES,
    STATE_NAMES,
    step_name,
)
from scoring.wording.text import LANGUAGES, Text
from streams.web.alerts.words import ALERT_WORDS
from streams.web.overview.words import OVERVIEW_WORDS


def literal(text: str) -> str:
    """A string of SQL."""
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def literals(values: Iterable[str]) -> str:
    """An array of SQL."""
    return "[" + ", ".join(map(literal, values)) + "]"


def said(column: str, names: Mapping[str, Mapping[str, str]]) -> str:
    """SQL that says the value of ``column`` in the chosen language; itself where it has no name."""
    keys = literals(names)
    zh, en = (literals(texts[language] for texts in names.values()) for language in LANGUAGES)
    return f"transform(toString({column}), {keys}, if(${{language:sqlstring}} = 'zh', {zh}, {en}), toString({column}))"


def step(column: str) -> str:
    """The name of a step."""
    return said(column, {s: {x: step_name(s, x) for x in LANGUAGES} for s in NAMED_STEPS})


def state(column: str) -> str:
    """The name of a score's state, or of a store without scores."""
    known = {s.value: {x: STATE_NAMES[s](x) for x in LANGUAGES} for s in ScoreState}
    return said(column, {**known, "no_data": {x: OVERVIEW_WORDS["state_no_data"](x) for x in LANGUAGES}})


def texted(column: str, texts: Mapping[str, Text]) -> str:
    """SQL that says the value of ``column`` by its text."""
    return said(column, {str(value): {x: text(x) for x in LANGUAGES} for value, text in texts.items()})


def listed(column: str, texts: Mapping[str, Text]) -> str:
    """SQL that says the values of an array, one after the other."""
    between = "if(${language:sqlstring} = 'zh', '、', ', ')"
    return f"arrayStringConcat(arrayMap(one -> {texted('one', texts)}, {column}), {between})"


_LOOKED_AT = {name for one in ALL_RULES for condition in one.conditions for name in condition.all_readings}
_READ = {name: Text(reading_name(name, "zh"), reading_name(name, "en"))
         for name in sorted({*INDICATOR_BY_ID, *(STEP + step for step in STEP_BY_ID), *_LOOKED_AT})}  # fmt: skip
_NO_UNIT = Text("", "")
DIMENSION = texted("dimension", {one.id: one.name for one in DIMENSIONS})
READING = texted("reading", _READ)
INDICATOR_UNIT = texted("reading", {name: INDICATOR_BY_ID[name].unit or _NO_UNIT if name in INDICATOR_BY_ID else _NO_UNIT for name in _READ})  # fmt: skip
COMPARATOR = texted("comparator", COMPARATOR_NAMES)
LACK = texted("reason", {**LACK_NAMES, "": _NO_UNIT})
TARGET_OUTCOME = texted("outcome", {"": _NO_UNIT, **TARGET_OUTCOMES})
RULE = texted("rule", {one.id: one.title for one in ALL_RULES})
STANDING = texted("standing", STANDINGS)
INSTEAD = listed("instead", {one.kind: one.name for one in DECOYS})
ALSO_POSSIBLE = listed("also_possible", {one.kind: one.name for one in DECOYS})
EVIDENCE = listed("evidence", _READ)
ADVICE = texted("advice", {name: one.text for name, one in ALL_ADVICE.items()})
ADVICE_STATE = texted("state", ADVICE_STATES)
DUTY = texted("duty", DUTY_NAMES)
EFFORT = texted("effort", EFFORTS)
OUTCOME = texted("outcome", {**OUTCOME_NAMES, "": _NO_UNIT})
STAGE = said("stage", {s.value: {x: STAGE_NAMES[s](x) for x in LANGUAGES} for s in STAGES})
LEVEL = said("level", {s.value: {x: LEVEL_NAMES[s](x) for x in LANGUAGES} for s in Level})
ALERT_STATE = said("state", {s.value: {x: ALERT_STATE_NAMES[s](x) for x in LANGUAGES} for s in AlertState})
MEASURE = said("measure", {m.name: {x: m.words(x) for x in LANGUAGES} for m in MEASURES})
UNIT = said("unit", {u.value: {x: UNIT_NAMES[u](x) for x in LANGUAGES} for u in Unit})
CLEANED = said("reason", {name: {x: text(x) for x in LANGUAGES} for name, text in reason_texts().items()})
REASON = said("reason", {str(r): {x: text(x) for x in LANGUAGES} for r, text in REASON_NAMES.items()})
CLOSED_AS = said(
    "closed_as",
    {
        **{r.value: {x: ALERT_WORDS[f"reason_{r.value}"](x) for x in LANGUAGES} for r in CloseReason},
        "": {"zh": "未关闭", "en": "Not closed"},
    },
)
STAGE_PLACE = f"indexOf({literals(s.value for s in STAGES)}, stage)"
STEP_PLACE = f"indexOf({literals(STEP_BY_ID)}, step)"
#: the stage a step leads to (a stage's own name may hold ``_to_``)
DOWNSTREAM = f"transform(toString(step), {literals(STEP_BY_ID)}, {literals(s.downstream.value for s in STEP_BY_ID.values())}, '')"


def clock(column: str) -> str:
    """A moment on the chosen zone's clock; empty for none."""
    return f"ifNull(formatDateTime({column}, '%Y-%m-%d %H:%i', ${{zone:sqlstring}}), '')"

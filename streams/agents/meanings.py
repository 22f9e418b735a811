"""What a number means, from the registries that the numbers themselves are made by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scoring.evaluation.dimensions.registry import DIMENSIONS, INDICATOR_BY_ID
from scoring.evaluation.figure import IndicatorKind
from scoring.evaluation.readings import STEP
from scoring.evaluation.texts import DUTY_NAMES
from scoring.funnel.stages import STAGES, STEP_BY_ID
from scoring.wording.catalogue import STAGE_NAMES, STAGE_UNITS, step_name
from scoring.wording.text import Language, Text
from streams.agents.answers import AnswerStatus, lacking

_UNITS: Mapping[IndicatorKind, Text] = {
    IndicatorKind.RATE: Text("比率，0 到 1", "share, 0 to 1"),
    IndicatorKind.COUNT: Text("次/每单位", "events per unit of exposure"),
    IndicatorKind.DURATION: Text("时长", "duration"),
    IndicatorKind.INDEX: Text("指数", "index"),
    IndicatorKind.RATING: Text("评分", "rating"),
}
_GENERAL: Mapping[str, tuple[Text, Text]] = {
    "score": (Text("得分", "Score"), Text("50 分是平常（或中位同类店），15 分是一个标准差，越高越好，裁到 0–100；区间是 90%。", "50 is usual (or the middling store alike), 15 points are one standard deviation, more is better, cut to 0–100; the interval is 90 %.")),
    "health": (Text("健康分", "Health"), Text("各维度得分的加权平均；测到的不足六成时没有健康分。", "Weighted mean of the dimensions' scores; none where less than six tenths of the weights are measured.")),
    "coverage": (Text("覆盖", "Coverage"), Text("测到的指标占全部权重的比例。", "The part of all weights whose indicators are measured.")),
    "loss": (Text("损失", "Loss"), Text("按平常转化应有的单数减去实有的单数；各步相加等于总数；负数是多出来的。", "Events that the usual rates would have brought, less those there were; the steps add up to the whole; below 0: gained.")),
}  # fmt: skip


def unit_of(of: str, language: Language, kind: str = "") -> str:
    """The unit of an indicator or a step. ``kind``: of the figure, where steps are of several."""
    if of.startswith(STEP):
        return _UNITS[IndicatorKind(kind) if kind else IndicatorKind.RATE](language)
    indicator = INDICATOR_BY_ID.get(of)
    if indicator is None:
        return ""
    return indicator.unit(language) if indicator.unit else _UNITS[indicator.kind](language)


def meaning_of(of: str, language: Language) -> dict[str, Any]:
    """The name and the definition of what has the id ``of``; without one, all ids."""
    if not of:
        return {
            "status": AnswerStatus.KNOWN.value,
            "general": list(_GENERAL),
            "dimensions": [one.id for one in DIMENSIONS],
            "indicators": list(INDICATOR_BY_ID),
            "stages": [stage.value for stage in STAGES],
            "steps": f"{STEP}UPSTREAM_to_DOWNSTREAM of two stages, such as step:order_to_payment",
        }
    found = _general(of, language) or _indicator(of, language) or _step(of, language) or _other(of, language)
    if found is None:
        return lacking(AnswerStatus.UNKNOWN, f"nothing has the id {of[:80]!r}; ask without one for all ids")
    return {"status": AnswerStatus.KNOWN.value, "of": of, **found}


def _general(of: str, language: Language) -> dict[str, Any] | None:
    if of not in _GENERAL:
        return None
    name, text = _GENERAL[of]
    return {"name": name(language), "definition": text(language)}


def _indicator(of: str, language: Language) -> dict[str, Any] | None:
    one = INDICATOR_BY_ID.get(of)
    if one is None:
        return None
    return {
        "name": one.name(language),
        "definition": one.definition(language),
        "unit": unit_of(of, language),
        "better": "higher" if one.direction > 0 else "lower",
        "least_cases": one.floor,
        "changes_for_days": one.restated_days,
        "supplied_by": one.closed_by(language),
        "who_can_improve_it": {DUTY_NAMES[duty](language): float(part) for duty, part in one.shares.items()},
    }


def _step(of: str, language: Language) -> dict[str, Any] | None:
    step = STEP_BY_ID.get(of.removeprefix(STEP)) if of.startswith(STEP) else None
    if step is None:
        return None
    up, down = STAGE_UNITS[step.upstream](language), STAGE_UNITS[step.downstream](language)
    text = Text(
        f"同一周期里进入“{up}”的，有多少到了“{down}”",
        f"of those who entered ({up}), the share that advanced ({down})",
    )
    return {"name": step_name(step.id, language), "definition": text(language), "unit": unit_of(of, language)}


def _other(of: str, language: Language) -> dict[str, Any] | None:
    dimension = next((one for one in DIMENSIONS if one.id == of), None)
    if dimension is not None:
        return {
            "name": dimension.name(language),
            "definition": dimension.question(language),
            "indicators": [one.id for one in dimension.indicators],
        }
    stage = next((one for one in STAGES if one.value == of), None)
    if stage is None:
        return None
    text = Text(
        f"事件：{STAGE_UNITS[stage](language)}，重复和机器人不计",
        f"events: {STAGE_UNITS[stage](language)}, without repeats and bots",
    )
    return {
        "name": STAGE_NAMES[stage](language),
        "definition": text(language),
        "unit": STAGE_UNITS[stage](language),
    }

"""One rule for every indicator and step: that it is far below usual, where to look first, whose it is, and by what that is judged.

The scenarios of ``scenarios.py`` need several things at once. What is far below and part of none of them would be seen and left with
nothing to do: here it gets a first place to look. Decoys come first here as well.
"""

from __future__ import annotations

from collections.abc import Mapping

from scoring.evaluation.dimensions.registry import DIMENSIONS
from scoring.evaluation.duties import Duty, shares_of_step
from scoring.evaluation.readings import STEP
from scoring.evaluation.rules import Advice, Condition, DecoyKind, Effort, ReadingLevel, Scenario
from scoring.evaluation.scenarios import ADVICE_BY_ID, SCENARIOS
from scoring.funnel.stages import STEP_BY_ID, Step
from scoring.wording.catalogue import step_name
from scoring.wording.checks import STEP_CHECKS
from scoring.wording.text import LANGUAGES, Text

#: as many of them, the surest first, and no more: nobody does ten things on a Monday
MOST_SINGLES = 5
_AFTER_DAYS = 14
_DATA = (DecoyKind.REPORT_LATE, DecoyKind.TRACKING_BROKEN, DecoyKind.RESTATED, DecoyKind.CALENDAR)
#: what can make the indicators of a dimension look low, besides the data
_MAY_BE: Mapping[str, tuple[DecoyKind, ...]] = {
    "traffic_quality": (DecoyKind.BOT_WAVE, DecoyKind.MIX_SHIFT),
    "page_experience": (DecoyKind.RELEASE, DecoyKind.OUTAGE, DecoyKind.BOT_WAVE, DecoyKind.MIX_SHIFT),
    "price": (DecoyKind.MIX_SHIFT, DecoyKind.STOCK_OR_LISTING),
    "logistics": (DecoyKind.OUTAGE, DecoyKind.SHOP_CLOSED),
    "service": (DecoyKind.OUTAGE, DecoyKind.SHOP_CLOSED),
    "returns": (DecoyKind.OUTAGE,),
}
_MEANING = Text(
    "只是一个数远低于平常，单看它说不出原因。",
    "One number is far below usual; alone it says nothing about why.",
)
_DISPROOF = Text(
    "如果没人动它，下一期自己就回来了，那只是波动。",
    "If it comes back next period though nobody did anything, it was a swing.",
)


def _single(reading: str, name: Text, advice: Advice, may_be: tuple[DecoyKind, ...]) -> Scenario:
    return Scenario(
        f"low:{reading}",
        Text(f"{name.zh}：得分远低于平常", f"{name.en}: a score far below usual"),
        _MEANING,
        (Condition((reading,), ReadingLevel.FAR_LOW),),
        _DISPROOF,
        (advice,),
        may_be,
    )


def _advice(reading: str, owner: Duty, text: Text) -> Advice:
    return Advice(f"look:{reading}", owner, Effort.HOURS, text, (reading,), _AFTER_DAYS)


def _of_step(step: Step) -> Scenario:
    shares = shares_of_step(step)
    owner = max(shares, key=lambda duty: shares[duty])
    checks = STEP_CHECKS[step.id]
    check = next((one for one in checks if one.owner == owner), checks[0])
    name = Text(*(step_name(step.id, language) for language in LANGUAGES))
    reading = STEP + step.id
    return _single(reading, name, _advice(reading, owner, check.text), tuple(DecoyKind))


SINGLE_RULES: tuple[Scenario, ...] = (
    *(
        _single(one.id, one.name, _advice(one.id, one.owner, one.first), (*_DATA, *_MAY_BE[dimension.id]))
        for dimension in DIMENSIONS
        for one in dimension.indicators
    ),
    *(_of_step(step) for step in STEP_BY_ID.values() if STEP_CHECKS.get(step.id)),
)
ALL_RULES: tuple[Scenario, ...] = (*SCENARIOS, *SINGLE_RULES)
ALL_ADVICE: Mapping[str, Advice] = {
    **ADVICE_BY_ID,
    **{advice.id: advice for one in SINGLE_RULES for advice in one.advice},
}

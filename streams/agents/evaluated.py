"""An evaluation as an agent gets it: whole in few words, or one number with everything behind it."""

from __future__ import annotations

from typing import Any

from scoring.evaluation.dimensions.registry import INDICATOR_BY_ID
from scoring.evaluation.readings import STEP
from scoring.evaluation.score import Unscored
from scoring.evaluation.texts import LACK_NAMES
from scoring.wording.text import Language
from streams.agents.answers import AnswerStatus, fenced, lacking, moment, number
from streams.agents.meanings import meaning_of, unit_of

#: platforms name ten or so; the page shows all
_MOST_TARGETS = 8
_NOT_YET = (Unscored.BELOW_FLOOR, Unscored.NOT_DUE, Unscored.NO_COMPARATOR)


def evaluation_answer(found: dict[str, Any], language: Language) -> dict[str, Any]:
    """The whole: health, dimensions, steps, and the indicators that have a number, the lowest score first."""
    measured = [one for one in found["indicators"] if one["value"] is not None]
    measured.sort(key=lambda one: one["score"]["value"] if one["score"] else 100.0)
    return {
        "status": AnswerStatus.KNOWN.value,
        **_head(found),
        "health": _part(found["health"], language),
        "dimensions": [_part(one, language) for one in found["dimensions"]],
        "steps": [_step(one, found["currency"], language) for one in found["steps"]],
        "targets": [
            {name: number(one[name]) if name != "of" else one[name] for name in ("of", "value", "target")}
            | {name: one[name] for name in ("met", "sure")}
            for one in found["targets"]
        ],
        "platform_targets": [_by_platform(one) for one in found["platform_targets"][:_MOST_TARGETS]],
        "seen": [
            {"rule": one["rule"], "name": one["name"], "standing": one["standing"]}
            for one in found["findings"]
            if one["standing"] in ("found", "replaced")
        ],
        "lost": {
            "value": number(found["lost"]),
            "unit": f"events of the stage {found['lost_stage'] or '(none)'}",
        },
        "indicators": [_indicator(one, language) for one in measured],
    }


def one_number(found: dict[str, Any], of: str, language: Language) -> dict[str, Any]:
    """One indicator or step, with its definition and the condition of its rows."""
    if of.startswith(STEP):
        step = next((one for one in found["steps"] if STEP + one["step"] == of), None)
        if step is None:
            return lacking(AnswerStatus.UNKNOWN, f"no step {of[:80]!r} in this evaluation")
        said = {
            **_step(step, found["currency"], language),
            "n": number(step["entered"]),
            "usual": _usual(step["usual"]),
        }
        rows = step["rows"]
    else:
        one = next((one for one in found["indicators"] if one["id"] == of), None)
        if one is None:
            return lacking(AnswerStatus.UNKNOWN, f"no number {of[:80]!r}; `definition` lists all ids")
        said = {**_indicator(one, language), "usual": _usual(one["usual"])}
        if one["value"] is None:
            said.update(lacking(AnswerStatus.UNKNOWN, LACK_NAMES[Unscored.NO_SOURCE](language)))
        rows = one["rows"]
    meaning = meaning_of(of, language)
    status = (
        said.get("status") or (AnswerStatus.ZERO if said["value"] == number(0) else AnswerStatus.KNOWN).value
    )
    return {
        **_head(found),
        **said,
        "status": status,
        "definition": meaning["definition"],
        "rows": [
            {"relation": one["relation"], "where": fenced(one["condition"]), "count": number(one["count"])}
            for one in rows[:3]
        ],
    }


def _by_platform(one: dict[str, Any]) -> dict[str, Any]:
    """A platform's own figure with its target: no score, by its own definition."""
    met = one["met"]
    return {
        "of": fenced(one["of"]),
        "value": number(one["value"]),
        "target": number(one["target"]),
        "unit": fenced(one["unit"]),
        "must_be": one["comparator"] or lacking(AnswerStatus.UNKNOWN, "the platform does not say"),
        "met": lacking(AnswerStatus.UNKNOWN, "the platform does not say what it must be")
        if met is None
        else met,
        "day": moment(one["day_ms"]),
    }


def _head(found: dict[str, Any]) -> dict[str, Any]:
    return {
        "store": found["store_id"],
        "window": {
            "period": found["period"],
            "from": moment(found["from_ms"]),
            "to": moment(found["to_ms"]),
            "zone": found["zone"],
        },
        "against": found["against"],
        "weights_version": found["weights_version"],
    }


def _score(one: dict[str, Any], language: Language) -> Any:
    score = one["score"]
    if score is not None:
        return {name: round(score[name], 1) for name in ("value", "low", "high")}
    reason = Unscored(one["reason"]) if one["reason"] else Unscored.NO_COMPARATOR
    status = AnswerStatus.NOT_YET if reason in _NOT_YET else AnswerStatus.UNKNOWN
    return {**lacking(status, LACK_NAMES[reason](language))}


def _part(one: dict[str, Any], language: Language) -> dict[str, Any]:
    return {"id": one["id"], "score": _score(one, language), "coverage": round(one["coverage"], 3)}


def _usual(value: float | None) -> Any:
    return number(value, "no comparator", AnswerStatus.NOT_YET)


def _step(one: dict[str, Any], currency: str, language: Language) -> dict[str, Any]:
    said = {
        "of": STEP + one["step"],
        "name": meaning_of(STEP + one["step"], language)["name"],
        "value": number(one["value"]),
        "unit": unit_of(STEP + one["step"], language, one["kind"]),
        "score": _score(one, language),
        "lost": number(one["lost"], "no comparator, or a slow step", AnswerStatus.NOT_YET),
    }
    if one["money"] is not None and currency:
        said["lost_money"] = {"value": number(one["money"]), "unit": currency}
    return said


def _indicator(one: dict[str, Any], language: Language) -> dict[str, Any]:
    indicator = INDICATOR_BY_ID.get(one["id"])
    return {
        "of": one["id"],
        "name": indicator.name(language) if indicator else one["id"],
        "value": number(one["value"], LACK_NAMES[Unscored.NO_SOURCE](language)),
        "unit": unit_of(one["id"], language),
        "n": number(one["n"], LACK_NAMES[Unscored.NO_SOURCE](language)),
        "score": _score(one, language),
    }

"""An attribution as an agent gets it: channels and campaigns in few words, or by one model of several."""

from __future__ import annotations

from typing import Any

from scoring.evaluation.attribution.lines import AttributionLack
from scoring.evaluation.attribution.texts import ATTRIBUTION_NOTES, plain_lack
from scoring.wording.text import Language
from streams.agents.answers import AnswerStatus, fenced, lacking, moment, number

#: what an attribution says of a place, and why it may not
_FIGURES = ("cost_per_order", "roas", "claimed_roas", "claimed_per_order")
#: lacks that more data will end
_NOT_YET = (AttributionLack.BELOW_FLOOR, AttributionLack.FEW_WAYS)


def attribution_of(found: dict[str, Any], model: str, language: Language) -> dict[str, Any]:
    """The attribution of a store by one model; campaigns are by the last click whatever the model."""
    withheld = found["withheld"].get(model)
    head = {
        "store": found["store_id"],
        "window": {"from": moment(found["from_ms"]), "to": moment(found["to_ms"]), "zone": found["zone"]},
        "model": model,
        "unit": {"money": found["currency"] or "unknown", "orders": "the shop's own orders"},
    }
    if withheld is not None:
        lack = AttributionLack(withheld)
        status = AnswerStatus.NOT_YET if lack in _NOT_YET else AnswerStatus.UNKNOWN
        have = {"orders_with_a_way": found["recent_orders"], "visits": found["recent_visits"]}
        return {**lacking(status, f"too few ways in 30 days for the model {model}"), **head, **have}
    lines = [_line(one, model, language) for one in found["lines"] if one["kind"] != "source" or one["spend"]]
    return {
        "status": AnswerStatus.KNOWN.value,
        **head,
        "orders": number(found["orders"]),
        "orders_with_a_way": number(found["known"]),
        "money": number(found["money"], "amounts are in a currency without a rate"),
        "spend_known": {"from": moment(found["ads_from_ms"]), "to": moment(found["ads_to_ms"])},
        "what_it_is": [note(language) for note in ATTRIBUTION_NOTES[:2]],
        "lines": lines,
    }


def _line(one: dict[str, Any], model: str, language: Language) -> dict[str, Any]:
    credit = next((each for each in one["credits"] if each["model"] == model), None)
    if credit is None and one["kind"] == "campaign":
        credit = next(iter(one["credits"]), None)
    said: dict[str, Any] = {"kind": one["kind"], "channel": fenced(one["channel"]) if one["channel"] else ""}
    said |= {name: fenced(one[name]) for name in ("campaign", "source") if one[name]}
    if one["visits"] is not None:
        said["visits"] = number(one["visits"])
    if credit is not None:
        said["orders"] = number(credit["orders"])
        said["orders_90"] = [round(credit["low"], 1), round(credit["high"], 1)]
        if credit["money"] is not None:
            said["money"] = number(credit["money"])
    if one["spend"] is None:
        return said
    said["spend"] = {"value": number(one["spend"]), "unit": one["currency"]}
    for name in _FIGURES:
        said[name] = _figure(one, name, language)
    if one["claimed_orders"] is not None:
        said["claimed_orders"] = number(one["claimed_orders"])
    return said


def _figure(one: dict[str, Any], name: str, language: Language) -> Any:
    figure = one[name]
    if isinstance(figure, dict):
        return {"value": number(figure["value"]), "90": [round(figure["low"], 2), round(figure["high"], 2)]}
    if figure is not None:
        return number(figure)
    lack = AttributionLack(one["reasons"].get(name, AttributionLack.NO_CLAIM))
    status = AnswerStatus.NOT_YET if lack in _NOT_YET else AnswerStatus.UNKNOWN
    return lacking(status, plain_lack(lack)(language))

"""The way of one order as an agent gets it: its reports in the order in which they came, raw deliveries cut to their beginning."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from scoring.records.order_way import Kept, is_time
from streams.agents.answers import AnswerStatus, fenced, lacking, moment, number
from streams.agents.errors import NotAllowedError

_NOT_SHOWN = {
    Kept.EXPIRED: "its raw delivery is older than what is kept",
    Kept.MISSING: "its raw delivery was not found",
    Kept.NEVER: "it has no raw delivery: a file, a page or an event",
}


def order_answer(found: dict[str, Any], only: Collection[str]) -> dict[str, Any]:
    """An answer with the list ``reports``.

    Args:
        found: what the read API says of the order.
        only: ids of the stores that may be spoken of; empty: all.

    Raises:
        NotAllowedError: the order is of another store.
    """
    stores = [store for store in found["stores"] if not only or store in only]
    way = found["way"]
    if found["stores"] and not stores:
        raise NotAllowedError("this server may not be asked about that order's store")
    if way is None:
        why = (
            "several stores have an order of this number: ask with store=ID"
            if stores
            else "no order of this number"
        )
        return {**lacking(AnswerStatus.UNKNOWN, why), "stores": stores, "reports": []}
    return {
        "status": AnswerStatus.KNOWN.value,
        "store": way["store_id"],
        "order": fenced(way["order_id"]),
        "state": way["state"] or lacking(AnswerStatus.UNKNOWN, "only events name it, no source's facts"),
        "placed": moment(way["placed_ms"] or None) or lacking(AnswerStatus.UNKNOWN, "no source says when"),
        "amount": {"value": number(way["amount"] or None, "no source gives it"), "unit": way["currency"]},
        "reports": [_report(one) for one in way["reports"]],
    }


def _report(one: dict[str, Any]) -> dict[str, Any]:
    said: dict[str, Any] = {"received": moment(one["received_ms"]), "door": one["door"]}
    said |= {name: fenced(one[name]) for name in ("connection", "source", "topic", "import_id") if one[name]}
    if one["as_of_ms"]:
        said["platform_time"] = moment(one["as_of_ms"])
    if one["event"]:
        said["event"] = one["event"]
        said["counted"] = "no: it was known already" if one["is_repeat"] else "yes"
    if one["withdrawn"]:
        said["withdrawn"] = True
    if one["changes"]:
        said["changed"] = {
            change["name"].removesuffix("_ms"): fenced(
                moment(int(change["after"]))
                if is_time(change["name"]) and change["after"]
                else change["after"]
            )
            for change in one["changes"]
        }
    said["raw"] = fenced(one["body"]) if one["kept"] == Kept.YES else _NOT_SHOWN[Kept(one["kept"])]
    return said

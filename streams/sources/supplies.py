"""Which stages a source supplies, and how: by its own declaration, and where a mapping decides, by the connection's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import Any

from scoring.events.event import Source
from scoring.funnel.stages import STAGES, Stage
from scoring.records.measures import MEASURE_BY_NAME
from scoring.wording.text import Text
from streams.sources.config import MappingConfig
from streams.sources.source import SourceSpec, Supply

#: the field of an order that gives a stage its time; repurchase follows from the buyer of orders
_ORDER_STAGES: Mapping[Stage, frozenset[str]] = {
    Stage.ORDER: frozenset({"placed"}),
    Stage.PAYMENT: frozenset({"paid"}),
    Stage.FULFILMENT: frozenset({"shipped"}),
}
#: how a stage is given, for people
SUPPLY_NAMES: Mapping[Supply, Text] = {
    Supply.EVENT: Text("逐条事件", "event by event"),
    Supply.STATUS: Text("按状态读取", "as a status that is read"),
    Supply.REPORT: Text("按报表合计", "as a report's total"),
    Supply.LOST: Text("目前读不到（原因见上）", "not to be had as things are (why is above)"),
    Supply.NEVER: Text("不提供", "not supplied"),
}
#: better first
_ORDER = tuple(Supply)


def supplied(spec: SourceSpec, config: Any, lost: Set[Stage] = frozenset()) -> dict[Stage, Supply]:
    """How the connection with these settings gives each stage; not those that a trial could not have (``lost``)."""
    found = _supplied(spec, config)
    return {stage: Supply.LOST if stage in lost else supply for stage, supply in found.items()}


def _supplied(spec: SourceSpec, config: Any) -> dict[Stage, Supply]:
    mappings = _mappings(config)
    if not mappings:
        lacks = spec.lacks(config) if spec.config is not None else frozenset()
        return {stage: Supply.NEVER if stage in lacks else spec.supply(stage) for stage in STAGES}
    found = dict.fromkeys(STAGES, Supply.NEVER)
    for mapping in mappings:
        for stage, supply in _of_mapping(mapping, spec).items():
            found[stage] = min(found[stage], supply, key=_ORDER.index)
    return found


def supplied_by_events(source: str, specs: Sequence[SourceSpec]) -> dict[Stage, Supply]:
    """How the sources whose events say ``source`` give each stage."""
    own = [spec for spec in specs if source in set(spec.events_as)] if source in set(Source) else []
    return {
        stage: min((spec.supply(stage) for spec in own), key=_ORDER.index, default=Supply.EVENT)
        for stage in STAGES
    }


def _mappings(config: Any) -> list[MappingConfig]:
    own = list(getattr(config, "mapping", ()))
    return own + [mapping for resource in getattr(config, "resources", ()) for mapping in resource.mapping]


def _of_mapping(mapping: MappingConfig, spec: SourceSpec) -> dict[Stage, Supply]:
    given = {*mapping.fields, *mapping.constants}
    if mapping.kind == "order":
        return {stage: spec.supply(stage) for stage, fields in _ORDER_STAGES.items() if fields & given}
    if mapping.kind == "report":
        stages = (MEASURE_BY_NAME[name].stage for name in mapping.measures)
        return {stage: Supply.REPORT for stage in stages if stage is not None}
    if mapping.kind == "event":
        named = mapping.constants.get("type")
        return {stage: spec.supply(stage) for stage in STAGES if named in (None, stage.value)}
    return {}

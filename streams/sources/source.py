"""What a source is made of: the port that every folder of ``streams/sources`` fills.

A source declares; its hosts act: the collector's server makes routes, limits and metric labels from ``doors``, the page and the
reference take words and rows (``streams/sources/registry.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from pydantic import BaseModel

from scoring.events.event import Source
from scoring.funnel.stages import STAGES, Stage
from scoring.wording.text import Text
from streams.collector.door import Door


class Supply(StrEnum):
    """How a source gives a stage: event by event, as a state that is asked for, as a report's total, or not at all."""

    EVENT = "event"
    STATUS = "status"
    REPORT = "report"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Poll:
    """A resource that is asked for on a schedule."""

    resource: str
    interval_s: float


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """One source of events.

    Attributes:
        name: of its folder.
        words: its name for people.
        supplies: how it gives each stage; a stage that is not named is never supplied.
        definition: what a stage means here and what the source cannot see, for people.
        events_as: the values of an event's field ``source`` that are this source's.
        doors: where it delivers on its own.
        polls: what is asked for on a schedule.
        backfills: resources whose past can be asked for.
        config: the model of its part of the configuration; None if it has none.
    """

    name: str
    words: Text
    supplies: Mapping[Stage, Supply]
    definition: Text
    events_as: tuple[Source, ...]
    doors: tuple[Door, ...] = ()
    polls: tuple[Poll, ...] = ()
    backfills: tuple[str, ...] = ()
    config: type[BaseModel] | None = None

    def supply(self, stage: Stage) -> Supply:
        """How the source gives ``stage``."""
        return self.supplies.get(stage, Supply.NEVER)


def every_stage(supply: Supply) -> dict[Stage, Supply]:
    """The same supply for all stages."""
    return dict.fromkeys(STAGES, supply)

"""The parts of the configuration that evaluations use: groups of stores, reports by mail, targets."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Annotated, Literal, Protocol, TypeVar

from pydantic import Field, field_validator, model_validator

from scoring.evaluation.dimensions.registry import INDICATOR_BY_ID
from scoring.evaluation.errors import EvaluationError
from scoring.evaluation.readings import STEP
from scoring.evaluation.schedule import ReportSchedule
from scoring.evaluation.spans import SpanLength
from scoring.evaluation.targets import StoreTarget, target_g
from scoring.funnel.stages import STEP_BY_ID
from streams.schema import Clock, ConfigPart, MailAddress, Zone


class GroupableStore(Protocol):
    """What says of which groups a store is."""

    @property
    def id(self) -> str: ...
    @property
    def platform(self) -> str: ...
    @property
    def country(self) -> str: ...
    @property
    def category(self) -> str: ...
    @property
    def owner(self) -> str: ...


_S = TypeVar("_S", bound=GroupableStore)
NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
#: in any language: people name their own groups; it may be part of a file's name
GroupName = Annotated[str, Field(pattern=r"^[^\s./\\\x00-\x1f][^/\\\x00-\x1f]{0,63}$")]
_WILD = frozenset("*?[")


class GroupConfig(ConfigPart):
    """Stores that are reported on together: those that are named, and those that match all that is given of the rest."""

    name: GroupName = Field(description="What filters, reports and targets call it.")
    stores: tuple[str, ...] = Field((), description="Store ids or patterns such as us-*.")
    platform: str = Field("", description="Only stores of this platform.")
    country: str = Field("", description="Only stores of this country.")
    category: str = Field("", description="Only stores of this category.")
    owner: str = Field("", description="Only stores that this person runs.")

    def holds(self, store: GroupableStore) -> bool:
        """Whether a store is of the group."""
        wanted = (self.platform, self.country, self.category, self.owner)
        actual = (str(store.platform), store.country, store.category, store.owner)
        if any(want and want != have for want, have in zip(wanted, actual, strict=True)):
            return False
        return any(fnmatchcase(store.id, pattern) for pattern in self.stores) or (
            not self.stores and any(wanted)
        )


class ReportConfig(ConfigPart):
    """A report by mail, once a month or a quarter, with the PDF attached."""

    name: Annotated[str, Field(pattern=NAME)] = Field(description="What commands and links call it.")
    to: tuple[MailAddress, ...] = Field(
        min_length=1, description="Mail addresses; one mail goes to all of them."
    )
    stores: tuple[str, ...] = Field((), description="Store ids or patterns such as us-*; none: every store.")
    group: str = Field("", description="A group of `groups` instead of `stores`.")
    period: Literal["month", "quarter"] = Field("month", description="The last complete one is reported on.")
    day: int = Field(
        3,
        ge=1,
        le=28,
        description="Day of the month after the period on which it is sent: until then late figures come in.",
    )
    hour: Clock = Field("08:00", description='When it is sent, on the clock of `zone`: 8 or "08:30".')
    zone: Zone = Field("UTC", description="On whose clock it is sent.")
    language: Literal["zh", "en"] = Field("en", description="In which it is written.")

    @property
    def schedule(self) -> ReportSchedule:
        """When it is sent."""
        return ReportSchedule(
            SpanLength(self.period), self.day, int(self.hour[:2]), int(self.hour[3:]), self.zone
        )


class TargetConfig(ConfigPart):
    """What an indicator or a step is to reach in a period. It gives no points: it is met, or missed by how much."""

    of: str = Field(description="Id of an indicator, or step:ID of a step, such as step:order_to_payment.")
    value: float = Field(
        description="As people read it: a share in [0, 1], hours, events per unit of exposure."
    )
    stores: tuple[str, ...] = Field((), description="Store ids or patterns such as us-*; none: every store.")
    group: str = Field("", description="A group of `groups` instead of `stores`.")
    set_by: str = Field("", max_length=64, description="Who set it.")

    @field_validator("of")
    @classmethod
    def _is_known(cls, value: str) -> str:
        if value in INDICATOR_BY_ID or (value.removeprefix(STEP) in STEP_BY_ID and value.startswith(STEP)):
            return value
        raise ValueError(
            f"unknown indicator or step {value[:64]!r}; `funnelwatch ask definition` lists all, of a step step:ID"
        )

    @model_validator(mode="after")
    def _can_be_reached(self) -> TargetConfig:
        try:
            target_g(StoreTarget(self.of, self.value))
        except EvaluationError as error:
            raise ValueError(str(error)) from error
        return self


def stores_of(stores: Iterable[_S], patterns: tuple[str, ...], group: GroupConfig | None) -> list[_S]:
    """The stores that a report or a target is about: a group's, else those of the patterns, else all."""
    if group is not None:
        return [store for store in stores if group.holds(store)]
    return [store for store in stores if not patterns or any(fnmatchcase(store.id, one) for one in patterns)]


def named_exactly(patterns: Iterable[str]) -> list[str]:
    """The patterns that are ids and match nothing else."""
    return [one for one in patterns if _WILD.isdisjoint(one)]

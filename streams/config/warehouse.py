"""The ``warehouse`` part of a store's configuration: when it ships, which is the time in which slow steps are counted."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field, model_validator

from streams.schema import ConfigPart, Weekday, Zone


class WarehouseConfig(ConfigPart):
    """When a store's warehouse works. Without it the hours are inferred from two weeks of shipments."""

    hours: Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):00-([01]\d|2[0-4]):00$")] = Field(
        "09:00-18:00",
        description="From and until, whole hours: 09:00-18:00; 00:00-24:00 is around the clock.",
    )
    days: tuple[Weekday, ...] = Field(
        ("mon", "tue", "wed", "thu", "fri"), min_length=1, description="Days of the week on which it works."
    )
    holidays: bool = Field(True, description="Shut on the public holidays of the store's country.")
    closed: tuple[date, ...] = Field((), description="Further days on which it is shut.")
    zone: Zone | None = Field(None, description="Its own time zone, if not the store's.")

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> WarehouseConfig:
        first, last = self.span()
        if not first < last <= 24:
            raise ValueError("hours must end after they begin, on the same day")
        return self

    def span(self) -> tuple[int, int]:
        """The first hour of the day and the hour it ends before."""
        first, last = self.hours.split("-")
        return int(first[:2]), int(last[:2])

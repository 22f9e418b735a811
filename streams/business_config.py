"""The ``warehouse`` part of a store's configuration: when it ships, which is the time in which slow steps are counted."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, model_validator

from scoring.baselines.business import BusinessHours
from streams.config_values import Part, Zone

if TYPE_CHECKING:
    from scoring.baselines.slow import SlowInputs
    from streams.config import Config

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class WarehouseConfig(Part):
    """When a store's warehouse works. Without it the hours are inferred from two weeks of shipments."""

    hours: Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):00-([01]\d|2[0-4]):00$")] = Field(
        "09:00-18:00",
        description="From and until, whole hours: 09:00-18:00; 00:00-24:00 is around the clock.",
    )
    days: tuple[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], ...] = Field(
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


def slow_inputs(config: Config) -> SlowInputs:
    """What the configuration says of slow steps: business hours and countries by store."""
    from scoring.baselines.slow import SlowInputs  # takes seconds to load, and only fits need it

    return SlowInputs(
        hours={
            store.id: business_hours(store.warehouse, store.zone, store.country)
            for store in config.stores
            if store.warehouse is not None
        },
        countries={store.id: store.country for store in config.stores if store.country},
    )


def business_hours(warehouse: WarehouseConfig, zone: str, country: str) -> BusinessHours:
    """A warehouse's hours as the scorer counts them."""
    first, last = warehouse.span()
    days = [DAYS.index(day) for day in warehouse.days]
    return BusinessHours(
        zone=warehouse.zone or zone,
        open_hours=tuple(sorted(day * 24 + hour for day in set(days) for hour in range(first, last))),
        country=country if warehouse.holidays else "",
        closed=tuple(sorted(day.isoformat() for day in warehouse.closed)),
    )

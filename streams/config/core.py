"""From the configuration to values of the core: what fires, what the days of the calendar do, and when warehouses work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scoring.alerts.alert import DRIFT_SURPRISE, AlertKind, Level
from scoring.baselines.business import BusinessHours
from scoring.calendar.effects import DayChoice, DayEffect, DayRules, OwnEntry
from scoring.calendar.entries import CalendarKind
from streams.config.model import Config
from streams.config.warehouse import WarehouseConfig
from streams.schema import WEEKDAYS

if TYPE_CHECKING:
    from scoring.baselines.slow import SlowInputs
    from scoring.detection.policy import DetectionPolicy


def detection_policy(config: Config) -> DetectionPolicy:
    """The detector's policy that a configuration asks for."""
    from scoring.detection.policy import (
        DetectionPolicy,  # loads the detector, which not every reader of the calendar needs
    )

    return DetectionPolicy(notice=config.thresholds.notice, page=config.thresholds.page)


def threshold_of(config: Config, kind: str, level: str) -> float:
    """The surprise from which an alert of this kind and level opens."""
    if kind == AlertKind.DRIFT:
        return DRIFT_SURPRISE
    return config.thresholds.page if level == Level.PAGE else config.thresholds.notice


def day_rules(config: Config) -> DayRules:
    """The rules that a configuration states."""
    calendar = config.calendar
    kinds = (
        (CalendarKind.COMMERCE, calendar.commerce),
        (CalendarKind.SEASON, calendar.season),
        (CalendarKind.HOLIDAY, calendar.holidays),
    )
    return DayRules(
        countries={store.id: store.country for store in config.stores if store.country},
        effects={kind: DayEffect(effect) for kind, effect in kinds if effect != "ignore"},
        own=tuple(
            phase
            for entry in calendar.entries
            for phase in OwnEntry(
                entry.name, DayEffect(entry.effect), *entry.span(), entry.countries, entry.stores
            ).with_phases(entry.warm_up_days, entry.hangover_days)
        ),
        choices=tuple(
            DayChoice(
                day.day,
                DayEffect(day.effect) if day.effect != "ignore" else None,
                day.countries,
                day.stores,
            )
            for day in calendar.days
        ),
    )


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
    """A warehouse's hours as the detector counts them."""
    first, last = warehouse.span()
    days = [WEEKDAYS.index(day) for day in warehouse.days]
    return BusinessHours(
        zone=warehouse.zone or zone,
        open_hours=tuple(sorted(day * 24 + hour for day in set(days) for hour in range(first, last))),
        country=country if warehouse.holidays else "",
        closed=tuple(sorted(day.isoformat() for day in warehouse.closed)),
    )

"""The ``alerting`` part of the configuration: receivers, the route tree, mute timings and inhibitions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from scoring.alerts.routing import RoutingError, parse_matcher
from streams.channels.receiver import ReceiverConfig
from streams.channels.registry import CHANNELS, receiver_type
from streams.schema import ConfigPart, Weekday, Zone

if TYPE_CHECKING:
    AnyReceiver = ReceiverConfig
else:
    AnyReceiver = receiver_type(CHANNELS)


def _is_matcher(text: str) -> str:
    try:
        parse_matcher(text)
    except RoutingError as error:
        raise ValueError(str(error)) from error
    return text


_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def _is_duration(text: str) -> str:
    seconds(text)
    return text


def seconds(text: str) -> float:
    """The seconds of a duration written as ``30s``, ``5m``, ``4h``, ``1d`` or ``1h30m``."""
    parts = re.findall(r"(\d+(?:\.\d+)?)([smhd])", text)
    if not parts or "".join(number + unit for number, unit in parts) != text.strip():
        raise ValueError(f"invalid duration {text!r}; expected one such as 30s, 5m, 4h, 1d or 1h30m")
    return sum(float(number) * _UNITS[unit] for number, unit in parts)


MatcherText = Annotated[str, AfterValidator(_is_matcher)]
Duration = Annotated[str, AfterValidator(_is_duration)]
ClockTime = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]


class RouteConfig(ConfigPart):
    """A node of the route tree; what is not given is inherited from the node above."""

    name: str = ""
    receiver: str = ""
    match: tuple[MatcherText, ...] = ()
    group_by: tuple[str, ...] | None = None
    group_wait: Duration | None = None
    group_interval: Duration | None = None
    repeat_interval: Duration | None = None
    most_repeats: int | None = Field(None, ge=0, le=100)
    mute: tuple[str, ...] | None = None
    continues: bool = False
    routes: tuple[RouteConfig, ...] = ()


class MuteTimingConfig(ConfigPart):
    """Quiet hours of a route, in a named zone; ``to`` before ``from`` crosses midnight."""

    name: str
    zone: Zone
    start: ClockTime
    end: ClockTime
    weekdays: tuple[Weekday, ...] = ()


class InhibitConfig(ConfigPart):
    """While ``source`` fires, ``target`` waits, where the ``equal`` labels agree."""

    source: tuple[MatcherText, ...]
    target: tuple[MatcherText, ...]
    equal: tuple[str, ...] = ()


class AlertingConfig(ConfigPart):
    """Who is notified of alerts, and when."""

    receivers: tuple[AnyReceiver, ...] = ()
    route: RouteConfig = RouteConfig()
    mute_timings: tuple[MuteTimingConfig, ...] = ()
    inhibit: tuple[InhibitConfig, ...] = (
        InhibitConfig(source=("kind=pooled",), target=("kind=~conversion|traffic",), equal=("step",)),
        InhibitConfig(source=("kind=conversion",), target=("kind=traffic",), equal=("store_id", "step")),
        InhibitConfig(source=("kind=pipeline",), target=("kind=conversion",), equal=("store_id",)),
    )
    base_currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "USD"
    exchange_rates: str = Field(
        "",
        description="CSV file of rates (currency, in, rate, day), used before the ECB's; read again when it changes.",
    )
    critical_money: float = Field(
        1000.0, gt=0, description="Loss in the base currency that makes any alert critical."
    )

    @model_validator(mode="after")
    def _names_are_known(self) -> Self:
        names = [receiver.name for receiver in self.receivers]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"receiver {twice[0]!r} is given twice")
        timings = {timing.name for timing in self.mute_timings}
        waiting = [self.route]
        while waiting:
            node = waiting.pop()
            waiting += node.routes
            if node.receiver and node.receiver not in names:
                raise ValueError(f"route {node.name or node.receiver!r}: unknown receiver {node.receiver!r}")
            unknown = set(node.mute or ()) - timings
            if unknown:
                raise ValueError(
                    f"route {node.name or node.receiver!r}: unknown mute timing {min(unknown)!r}"
                )
        return self

    def receiver(self, name: str) -> ReceiverConfig | None:
        """The receiver of that name, None if there is none."""
        return next((receiver for receiver in self.receivers if receiver.name == name), None)

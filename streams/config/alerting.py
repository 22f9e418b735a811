"""The ``alerting`` part of the configuration: receivers, the route tree, mute timings and inhibitions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from scoring.alerts.routing import LABELS, RoutingError, parse_matcher
from streams.channels.receiver import ReceiverConfig
from streams.channels.registry import CHANNELS, receiver_type
from streams.schema import Clock, ConfigPart, Currency, Weekday, Zone

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


def _as_text(value: object) -> object:
    """A number without a unit as text: what is wrong with it is its form."""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


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
Duration = Annotated[str, BeforeValidator(_as_text), AfterValidator(_is_duration)]


class RouteConfig(ConfigPart):
    """A node of the route tree; what is not given is inherited from the node above."""

    name: str = Field("", description="What explanations call it.")
    receiver: str = Field(
        "", description="The name of the receiver that is notified; the first one for all by default."
    )
    match: tuple[MatcherText, ...] = Field(
        (),
        description=f"Conditions, all of which must hold: `store_id=us-shop`, `level!=notice`, `segment=~ios/.*`. Labels: {', '.join(LABELS)}.",
    )
    group_by: tuple[str, ...] | None = Field(
        None, description="Labels whose alerts share a message; default: store_id."
    )
    group_wait: Duration | None = Field(
        None, description="How long the first message waits for others; default: 10s."
    )
    group_interval: Duration | None = Field(
        None, description="The least time between messages of a group; default: 5m."
    )
    repeat_interval: Duration | None = Field(
        None, description="After which nobody's alert is reminded of; default: 4h."
    )
    most_repeats: int | None = Field(
        None, ge=0, le=100, description="Most reminders of one alert; default: 2."
    )
    mute: tuple[str, ...] | None = Field(None, description="Names of mute timings in which it is quiet.")
    continues: bool = Field(False, description="Whether the routes after it are asked, too.")
    routes: tuple[RouteConfig, ...] = Field(
        (), description="Routes below; the deepest that matches takes the alert."
    )


class MuteTimingConfig(ConfigPart):
    """Quiet hours of a route, in a named zone; ``to`` before ``from`` crosses midnight."""

    name: str = Field(description="What routes call it.")
    zone: Zone = Field(description="Whose clock it is.")
    start: Clock = Field(description='When it begins: "22:00".')
    end: Clock = Field(description='When it ends; before `start`, on the next day: "07:00".')
    weekdays: tuple[Weekday, ...] = Field((), description="Days on which it begins; none: every day.")


class InhibitConfig(ConfigPart):
    """While ``source`` fires, ``target`` waits, where the ``equal`` labels agree."""

    source: tuple[MatcherText, ...] = Field(description="Conditions of the alert that others wait for.")
    target: tuple[MatcherText, ...] = Field(description="Conditions of the alerts that wait.")
    equal: tuple[str, ...] = Field((), description="Labels in which both must agree.")


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
    base_currency: Currency = Field("USD", description="In which stores of several currencies are summed.")
    exchange_rates: str = Field(
        "",
        description="CSV file of rates (currency, in, rate, day), used before the ECB's; read again when it changes.",
    )
    critical_money: float = Field(
        1000.0, gt=0, description="Loss in the base currency that makes any alert critical."
    )

    ad_spend_per_hour: float = Field(
        5.0,
        gt=0,
        description="Ad spend an hour, in the base currency, that must run into a broken step or an empty shelf to be an alert.",
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

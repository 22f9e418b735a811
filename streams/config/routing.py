"""From the configuration to the core's routing values: the route tree, mute timings and inhibitions."""

from __future__ import annotations

from scoring.alerts.routing import Inhibition, MuteTiming, Route, parse_matcher
from streams.config.alerting import AlertingConfig, RouteConfig, seconds
from streams.schema import WEEKDAYS


def _minutes(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])


def core_mute_timings(config: AlertingConfig) -> dict[str, MuteTiming]:
    """The mute timings as the core knows them, by name."""
    return {
        timing.name: MuteTiming(
            timing.name,
            timing.zone,
            _minutes(timing.start),
            _minutes(timing.end),
            tuple(WEEKDAYS.index(day) for day in timing.weekdays),
        )
        for timing in config.mute_timings
    }


def core_inhibitions(config: AlertingConfig) -> tuple[Inhibition, ...]:
    """The inhibitions as the core knows them."""
    return tuple(
        Inhibition(
            tuple(parse_matcher(text) for text in rule.source),
            tuple(parse_matcher(text) for text in rule.target),
            rule.equal,
        )
        for rule in config.inhibit
    )


def core_route(config: AlertingConfig) -> Route:
    """The route tree with everything inherited filled in. With no receiver named, the first one is everybody's."""
    first = config.receivers[0].name if config.receivers else ""
    return _node(config.route, Route(name="", receiver=first), "root")


def _node(config: RouteConfig, above: Route, path: str) -> Route:
    def or_above(given: str | None, inherited: float) -> float:
        return inherited if given is None else seconds(given)

    node = Route(
        name=config.name or path,
        receiver=config.receiver or above.receiver,
        matchers=tuple(parse_matcher(text) for text in config.match),
        group_by=above.group_by if config.group_by is None else config.group_by,
        group_wait_s=or_above(config.group_wait, above.group_wait_s),
        group_interval_s=or_above(config.group_interval, above.group_interval_s),
        repeat_interval_s=or_above(config.repeat_interval, above.repeat_interval_s),
        most_repeats=above.most_repeats if config.most_repeats is None else config.most_repeats,
        mute_timings=above.mute_timings if config.mute is None else config.mute,
        continues=config.continues,
    )
    children = tuple(_node(child, node, f"{path}.{i}") for i, child in enumerate(config.routes))
    return Route(**{**{name: getattr(node, name) for name in Route.__slots__}, "routes": children})

"""What a configuration holds that can never matter: conditions that no alert fulfils, unknown labels, patterns without a store.

Such a line has the right form, and its alerts silently go to somebody else. ``funnelwatch check`` names them all.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Iterator, Mapping
from fnmatch import fnmatchcase

from yaml.nodes import Node

from scoring.alerts.alert import AlertKind, AlertLabel, Level
from scoring.alerts.routing import LABELS, Matcher, Severity, parse_matcher
from scoring.funnel.period_steps import PERIOD_STEP_BY_ID
from scoring.funnel.stages import STEP_BY_ID
from streams.config.alerting import RouteConfig
from streams.config.errors import ConfigProblem, problem_at
from streams.config.model import Config

Loc = tuple[int | str, ...]
#: what an alert is grouped by besides
_GROUPED = (*LABELS, "alert_id")
_POOL = "pool:"


def idle_problems(config: Config, root: Node | None) -> list[ConfigProblem]:
    """Every place of the configuration that matches nothing."""
    values = _values(config)
    return [
        *_route_problems(config.alerting.route, ("alerting", "route"), values, root),
        *_inhibit_problems(config, values, root),
        *_store_problems(config, root),
        *_country_problems(config, root),
    ]


def _country_problems(config: Config, root: Node | None) -> Iterator[ConfigProblem]:
    """Codes of no country: such a store has no holidays and no sales days."""
    from babel import Locale

    known = Locale("en").territories
    for place, store in enumerate(config.stores):
        if store.country and store.country not in known:
            meant = "; the code of the United Kingdom is GB" if store.country == "UK" else ""
            text = f"stores[{place}].country: {store.country!r} is not the code of a country{meant}"
            yield problem_at(root, ("stores", place, "country"), text)


def _values(config: Config) -> Mapping[str, Collection[str]]:
    """The values that a label may have; labels that are not here may have any."""
    values: dict[str, Collection[str]] = {
        "kind": [kind.value for kind in AlertKind],
        "level": [level.value for level in Level],
        "label": [label.value for label in AlertLabel],
        "severity": [one.value for one in Severity],
        "step": [*STEP_BY_ID, *PERIOD_STEP_BY_ID],
    }
    if config.stores:
        values |= {
            "store_id": [store.id for store in config.stores],
            "platform": sorted({store.platform.value for store in config.stores}),
            "country": sorted({store.country for store in config.stores}),
            "category": sorted({store.category for store in config.stores}),
        }
    return values


def _route_problems(
    route: RouteConfig, loc: Loc, values: Mapping[str, Collection[str]], root: Node | None
) -> Iterator[ConfigProblem]:
    yield from _match_problems(route.match, (*loc, "match"), values, root)
    yield from _label_problems(route.group_by or (), (*loc, "group_by"), _GROUPED, root)
    for number, below in enumerate(route.routes):
        yield from _route_problems(below, (*loc, "routes", number), values, root)


def _inhibit_problems(
    config: Config, values: Mapping[str, Collection[str]], root: Node | None
) -> Iterator[ConfigProblem]:
    if "inhibit" not in config.alerting.model_fields_set:
        return  # those by default are for everybody
    for number, rule in enumerate(config.alerting.inhibit):
        loc: Loc = ("alerting", "inhibit", number)
        yield from _match_problems(rule.source, (*loc, "source"), values, root)
        yield from _match_problems(rule.target, (*loc, "target"), values, root)
        yield from _label_problems(rule.equal, (*loc, "equal"), LABELS, root)


def _match_problems(
    texts: Iterable[str], loc: Loc, values: Mapping[str, Collection[str]], root: Node | None
) -> Iterator[ConfigProblem]:
    for number, text in enumerate(texts):
        why = _why_never(parse_matcher(text), values)
        if why:
            yield problem_at(root, (*loc, number), f"{text!r} matches no alert: {why}")


def _why_never(matcher: Matcher, values: Mapping[str, Collection[str]]) -> str:
    """Why no alert fulfils a condition; empty if one may."""
    if matcher.label not in LABELS:
        return f"unknown label {matcher.label!r}; {_meant(matcher.label, LABELS)}"
    known = values.get(matcher.label)
    if known is None or (matcher.label in ("store_id", "platform", "country") and _POOL in matcher.value):
        return ""
    if any(matcher.matches({matcher.label: value}) for value in (*known, "")):
        return ""
    if matcher.label == "store_id" and matcher.operator != "=" and matcher.matches({"store_id": _POOL}):
        return ""
    if matcher.operator != "=":
        return f"no {matcher.label} matches; there are {_listed(known)}"
    return f"unknown {matcher.label} {matcher.value!r}; {_meant(matcher.value, known)}"


def _label_problems(
    names: Iterable[str], loc: Loc, known: Collection[str], root: Node | None
) -> Iterator[ConfigProblem]:
    for number, name in enumerate(names):
        if name not in known:
            yield problem_at(root, (*loc, number), f"unknown label {name!r}; {_meant(name, known)}")


def _store_problems(config: Config, root: Node | None) -> Iterator[ConfigProblem]:
    ids = [store.id for store in config.stores]
    if not ids:
        return
    places: list[tuple[Loc, tuple[str, ...], bool]] = [
        (("digests", number, "stores"), subscriber.stores, True)
        for number, subscriber in enumerate(config.digests)
    ]
    places += [
        (("calendar", "entries", number, "stores"), entry.stores, False)
        for number, entry in enumerate(config.calendar.entries)
    ]
    places += [
        (("calendar", "days", number, "stores"), day.stores, False)
        for number, day in enumerate(config.calendar.days)
    ]
    for loc, wanted, is_pattern in places:
        for number, text in enumerate(wanted):
            found = any(fnmatchcase(store, text) for store in ids) if is_pattern else text in ids
            if not found:
                yield problem_at(root, (*loc, number), f"{text!r} is not a store; {_meant(text, ids)}")


def _meant(given: str, known: Collection[str]) -> str:
    named = [one for one in known if one]
    begun = [one for one in named if len(given) > 2 and one.startswith(given)]
    near = begun or difflib.get_close_matches(given, named, n=1, cutoff=0.6)
    return f"did you mean {near[0]!r}?" if near else f"expected one of: {_listed(known)}"


def _listed(known: Collection[str]) -> str:
    named = [one for one in known if one]
    return ", ".join(named[:12]) + (f" and {len(named) - 12} more" if len(named) > 12 else "")

"""The effective settings as a person may see them: secrets only as set or not set, routes as lines of a tree."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from pydantic import SecretStr

from scoring.alerts.routing import Route
from scoring.funnel.stages import STAGES, Stage
from scoring.wording.text import Text
from streams.channels.receiver import ReceiverConfig
from streams.config.model import Config
from streams.config.routing import core_mute_timings, core_route
from streams.schema import is_secret
from streams.settings import Settings
from streams.sources.registry import SOURCES
from streams.sources.source import SourceSpec, Supply
from streams.web.settings.setting_words import SETTING_WORDS


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One setting: ``value`` is None for a secret, which is only ever set or not set."""

    name: str
    variable: str
    value: str | None
    is_set: bool
    is_given: bool
    meaning: str


@dataclass(frozen=True, slots=True)
class RouteLine:
    """One node of the route tree with its depth."""

    depth: int
    route: Route
    own: tuple[str, ...]
    is_leaf: bool


@dataclass(frozen=True, slots=True)
class ReceiverLine:
    """A receiver without its secrets."""

    name: str
    channel: str
    language: str
    zone: str
    to: tuple[str, ...]
    mentions: int
    per_minute: float | None
    has_address: bool
    has_secret: bool


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A source of events of this release: its words, the stages it can supply, and where it delivers."""

    words: Text
    definition: Text
    stages: tuple[Stage, ...]
    doors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MuteLine:
    """A mute timing, and when the quiet that holds now ends."""

    name: str
    zone: str
    start: str
    end: str
    weekdays: tuple[str, ...]
    until_ms: int | None


def setting_rows(settings: Settings, language: str) -> tuple[SettingRow, ...]:
    """Every setting, in the order in which ``streams/settings.py`` has them."""
    rows = []
    for name, field in type(settings).model_fields.items():
        value = getattr(settings, name)
        secret = isinstance(value, SecretStr)
        shown = None if secret else _plain(value)
        words = SETTING_WORDS.get(name)
        rows.append(
            SettingRow(
                name=name,
                variable=f"FUNNELWATCH_{name.upper()}",
                value=shown,
                is_set=bool(value.get_secret_value()) if secret else shown != "",
                is_given=name in settings.model_fields_set,
                meaning=words if words and language == "zh" else field.description or "",
            )
        )
    return tuple(rows)


def _plain(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    if isinstance(value, Path):
        return str(value)
    return (
        _without_password(str(value))
        if isinstance(value, str)
        else f"{value:,}"
        if isinstance(value, int)
        else str(value)
    )


def _without_password(text: str) -> str:
    """An address without the name and password that may precede its host."""
    if "://" not in text or "@" not in text:
        return text
    parts = urlsplit(text)
    return urlunsplit(parts._replace(netloc="…@" + parts.netloc.rpartition("@")[2]))


def route_lines(config: Config) -> tuple[RouteLine, ...]:
    """The route tree, top down, everything inherited filled in; ``own`` are the matchers of the node itself."""
    return tuple(_walk(core_route(config.alerting), 0))


def _walk(route: Route, depth: int) -> Iterator[RouteLine]:
    yield RouteLine(depth, route, tuple(map(str, route.matchers)), not route.routes)
    for child in route.routes:
        yield from _walk(child, depth + 1)


def receiver_lines(config: Config) -> tuple[ReceiverLine, ...]:
    """The receivers. Numbers and ids of people are counted, not shown."""
    return tuple(_receiver(receiver) for receiver in config.alerting.receivers)


def _receiver(receiver: ReceiverConfig) -> ReceiverLine:
    given = receiver.model_dump()
    return ReceiverLine(
        name=receiver.name,
        channel=receiver.channel,
        language=receiver.language,
        zone=receiver.zone,
        to=tuple(given.get("to", ())),
        mentions=len(given.get("mention", ())),
        per_minute=receiver.per_minute,
        has_address=bool(given.get("url") or given.get("to")) or {"url", "to"}.isdisjoint(given),
        has_secret=any(
            value for name, value in given.items() if name != "url" and is_secret(type(receiver), name)
        ),
    )


def source_lines(sources: Sequence[SourceSpec] = SOURCES) -> tuple[SourceLine, ...]:
    """The sources of the registry."""
    return tuple(
        SourceLine(
            source.words,
            source.definition,
            tuple(stage for stage in STAGES if source.supply(stage) is not Supply.NEVER),
            tuple(f"{door.method} {door.path}" for door in source.doors),
        )
        for source in sources
    )


def mute_lines(config: Config, at_ms: int) -> tuple[MuteLine, ...]:
    """The mute timings, with the end of the quiet for those that hold at ``at_ms``."""
    core = core_mute_timings(config.alerting)
    return tuple(
        MuteLine(m.name, m.zone, m.start, m.end, m.weekdays, core[m.name].muted_until(at_ms))
        for m in config.alerting.mute_timings
    )

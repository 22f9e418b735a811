"""All sources. A new one is a folder and a line in ``folders.py``; routes, labels, words and rows of the reference follow."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

from scoring.events.event import EventType, Source
from scoring.funnel.stages import STAGES
from scoring.wording.catalogue import SOURCE_NAMES
from scoring.wording.text import Text
from streams.collector.door import Door
from streams.sources.folders import SOURCE_FOLDERS
from streams.sources.source import SourceSpec, Supply

SOURCES: tuple[SourceSpec, ...] = tuple(
    import_module(f"streams.sources.{folder}.source").SOURCE for folder in SOURCE_FOLDERS
)


def doors(sources: Sequence[SourceSpec] = SOURCES) -> tuple[Door, ...]:
    """The doors of all sources."""
    return tuple(door for source in sources for door in source.doors)


def types_claimable(
    by: Source, path: str, sources: Sequence[SourceSpec] = SOURCES
) -> frozenset[EventType] | None:
    """The event types that may come in as ``by`` through the door at ``path``; all for None.

    Where the door is not known (``path`` is empty, or no door's any more), what each door of ``by`` allows.
    """
    own = [door for door in doors(sources) if door.source is by]
    known = [door for door in own if door.path == path] or own
    allowed = [door.types for door in known if door.types is not None]
    return frozenset.intersection(*allowed) if allowed else None


def words_of(by: Source, sources: Sequence[SourceSpec] = SOURCES) -> Text:
    """The name for people of the source whose events say ``by``; the catalogue's if no source does (a demo's events).

    A source whose events come in by several ways, or that shares its way with another, is followed by the way.
    """
    way, found = SOURCE_NAMES[by], [source for source in sources if by in source.events_as]
    if not found:
        return way
    names = Text(" / ".join(one.words.zh for one in found), " / ".join(one.words.en for one in found))
    if len(found) == len(found[0].events_as) == 1:
        return names
    return Text(f"{names.zh}（{way.zh}）", f"{names.en} ({way.en})")


def label_of(source: SourceSpec) -> str:
    """The value or values of the label ``source`` of the metrics, and of an event's field ``source``."""
    return ", ".join(source.events_as)


def reference_rows(sources: Sequence[SourceSpec] = SOURCES) -> list[tuple[str, str, str, str, str]]:
    """A row a source for the reference: name, words (en, zh), label of its events, stages supplied and how, doors."""
    return [
        (
            source.name,
            f"{source.words('en')} {source.words('zh')}",
            label_of(source),
            _stages_text(source),
            _doors_text(source) or "–",
        )
        for source in sources
    ]


def source_named(name: str, sources: Sequence[SourceSpec] = SOURCES) -> SourceSpec | None:
    """The source of that name, None if there is none."""
    return next((source for source in sources if source.name == name), None)


def _doors_text(source: SourceSpec) -> str:
    own = [f"{door.method} {door.path}" for door in source.doors]
    return ", ".join(own + [f"POST /v1/hooks/{source.name}/CONNECTION"] * (source.hook is not None))


def _stages_text(source: SourceSpec) -> str:
    supplied = [stage for stage in STAGES if source.supply(stage) is not Supply.NEVER]
    if len(supplied) == len(STAGES) and len({source.supply(stage) for stage in supplied}) == 1:
        return f"all, by {source.supply(supplied[0])}"
    return ", ".join(f"{stage} ({source.supply(stage)})" for stage in supplied)

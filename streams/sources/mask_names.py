"""Which fields of a payload are ids of people, and which are kept though their name is personal: as a mapping by configuration says."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

from scoring.events.personal_names import is_personal, is_persons_id
from scoring.sources.json_mapping import RecordMapping
from scoring.sources.json_paths import JsonPath

#: fields of records whose values are ids of people
_PEOPLE = frozenset({"buyer", "visitor", "session"})


class MaskNames(NamedTuple):
    """Names of fields, for ``mask_document``."""

    personal: tuple[str, ...]
    people: tuple[str, ...]
    kept: tuple[str, ...]


def mask_names(
    mappings: Iterable[RecordMapping], personal: Collection[str], people: Collection[str]
) -> MaskNames:
    """What the mappings read decides, next to what the connection names itself."""
    of_people, kept = set(people), set[str]()
    for mapping in mappings:
        for field, path in mapping.fields.items():
            (of_people if field in _PEOPLE else kept).update(_names(path))
    wanted = {
        name
        for name in kept - set(personal)
        if any(is_personal(part) or is_persons_id(part) for part in name.split("."))
    }
    return MaskNames(tuple(sorted(personal)), tuple(sorted(of_people)), tuple(sorted(wanted)))


def _names(path: JsonPath) -> list[str]:
    """How the masks name what a path leads to: its last key, after its parent's if there is one."""
    keys = [step for step in path.steps if isinstance(step, str)]
    return [".".join(keys[-2:])] if keys else []

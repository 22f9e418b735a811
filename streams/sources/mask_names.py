"""What a mapping by configuration says of a payload's fields: which are ids of people and of things, which are kept though their name
is personal, and where rows name their store.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

from scoring.events.field_names import is_id_name
from scoring.events.personal_names import is_personal, is_persons_id
from scoring.events.redaction import StoreField
from scoring.sources.json_mapping import RecordMapping
from scoring.sources.json_paths import JsonPath

#: fields of records whose values are ids of people
_PEOPLE = frozenset({"buyer", "visitor", "session"})
#: fields of records whose values are ids of things
_THINGS = frozenset({"order_id", "event_id", "product", "object"})


class MaskNames(NamedTuple):
    """Names of fields, for ``mask_document``."""

    personal: tuple[str, ...]
    people: tuple[str, ...]
    kept: tuple[str, ...]
    ids: tuple[str, ...]
    stores: tuple[StoreField, ...]


def mask_names(
    mappings: Iterable[RecordMapping], personal: Collection[str], people: Collection[str]
) -> MaskNames:
    """What the mappings read decides, next to what the connection names itself."""
    of_people, kept, ids = set(people), set[str](), set[str]()
    stores: list[StoreField] = []
    for mapping in mappings:
        for field, path in mapping.fields.items():
            (of_people if field in _PEOPLE else kept).update(_names(path))
        paths = {**mapping.fields, **mapping.dimensions, **mapping.details}
        ids.update(
            _place(mapping.rows, path) for name, path in paths.items() if name in _THINGS or is_id_name(name)
        )
        if "store" in mapping.fields:
            keys = tuple(step for step in mapping.fields["store"].steps if isinstance(step, str))
            stores.append(StoreField(keys, mapping.values.get("store", {})))
    wanted = {
        name
        for name in kept - set(personal)
        if any(is_personal(part) or is_persons_id(part) for part in name.split("."))
    }
    return MaskNames(
        tuple(sorted(personal)),
        tuple(sorted(of_people)),
        tuple(sorted(wanted)),
        tuple(sorted(ids)),
        tuple(stores),
    )


def _place(rows: JsonPath | None, path: JsonPath) -> str:
    """How the masks name the place of an id: its key, after that of the object around it."""
    keys = [step for step in ((rows.steps if rows else ()) + path.steps) if isinstance(step, str)]
    return ".".join(["", *keys][-2:])


def _names(path: JsonPath) -> list[str]:
    """How the masks name what a path leads to: its last key, after its parent's if there is one."""
    keys = [step for step in path.steps if isinstance(step, str)]
    return [".".join(keys[-2:])] if keys else []

"""Targets that people set, from a file or one by one: each set is an action with a name and a time, and can be taken back whole."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from scoring.alerts.actions import HumanAction, HumanActionKind, SetTarget
from streams.clickhouse.reader import Database
from streams.config.evaluating import TargetConfig
from streams.errors import InputError
from streams.evaluation.advised import read_actions
from streams.incidents.action_log import TARGETS_BEGIN


class UnknownTargetSetError(InputError):
    """Raised where no set of targets has an id, or it was taken back before. The command and the page say so."""


@dataclass(frozen=True, slots=True)
class TargetSet:
    """Targets that were set together.

    Attributes:
        id: of the set.
        name: of the file; empty where somebody set them one by one.
        undone_by, undone_ms: who took it back, and when; empty and 0: it holds.
    """

    id: str
    at_ms: int
    who: str
    name: str
    targets: tuple[SetTarget, ...]
    undone_by: str = ""
    undone_ms: int = 0


def target_sets(actions: Iterable[HumanAction]) -> list[TargetSet]:
    """All sets, the oldest first; an action that is there twice counts once."""
    found: dict[str, TargetSet] = {}
    for action in sorted(actions, key=lambda one: one.at_ms):
        if action.kind is HumanActionKind.SET_TARGETS:
            found.setdefault(
                action.about, TargetSet(action.about, action.at_ms, action.who, action.text, action.targets)
            )
        known = found.get(action.about)
        if action.kind is HumanActionKind.UNDO_TARGETS and known is not None and not known.undone_ms:
            found[action.about] = replace(known, undone_by=action.who, undone_ms=action.at_ms)
    return list(found.values())


async def read_target_sets(database: Database, pending: Iterable[HumanAction] = ()) -> list[TargetSet]:
    """All sets, the oldest first; ``pending`` actions are on their way to the tables."""
    every = await read_actions(database, TARGETS_BEGIN)
    return target_sets([*every, *(one for one in pending if one.about.startswith(TARGETS_BEGIN))])


def held_targets(sets: Iterable[TargetSet]) -> list[TargetConfig]:
    """The targets of those sets that were not taken back, in the order in which they were set."""
    return [
        TargetConfig.model_construct(
            of=one.of, value=one.value, stores=(one.store,) if one.store else (), group="", set_by=one.set_by
        )
        for each in sets
        if not each.undone_ms
        for one in each.targets
    ]


def set_to_undo(sets: Sequence[TargetSet], asked: str) -> TargetSet:
    """The set of an id that still holds.

    Raises:
        UnknownTargetSetError: there is none.
    """
    found = next((one for one in sets if one.id == asked), None)
    if found is None:
        raise UnknownTargetSetError(f"unknown set of targets {asked[:80]!r}; the list shows all")
    if found.undone_ms:
        raise UnknownTargetSetError(f"{asked}: {found.undone_by} took it back before")
    return found

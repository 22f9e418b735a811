"""What the table of stores is answered with by API: each store as it was evaluated last, in the order of the table.

None always means that there is none, never zero.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from scoring.digest.health import health_change
from scoring.digest.values import StoreHealth
from scoring.evaluation.comparator import ComparatorKind
from streams.config.model import StoreConfig
from streams.web.evaluation.answers import ComparedGroup, EvaluatedScore, EvaluatedTarget, points_of
from streams.web.evaluation.store_table import in_order


class EvaluatedStore(msgspec.Struct, frozen=True):
    """One store in its newest evaluated period, both days included; without one only ``firing`` is known.

    ``change`` is the points since the period before, with its 90 % interval, over what both measured. ``worst_step`` lost most beyond
    noise: ``lost`` events (decimal text), with their interval, and ``money`` of them in ``currency``. ``targets`` are those of the period.
    """

    store_id: str
    firing: int
    period: str | None = None
    first: str | None = None
    last: str | None = None
    health: EvaluatedScore | None = None
    coverage: float | None = None
    against: ComparatorKind | None = None
    change: EvaluatedScore | None = None
    worst_step: str | None = None
    lost: str | None = None
    lost_low: float | None = None
    lost_high: float | None = None
    money: str | None = None
    currency: str | None = None
    targets: tuple[EvaluatedTarget, ...] = ()


class EvaluationComparison(msgspec.Struct, frozen=True):
    """All configured stores: as they were evaluated last, and by kind (platform, country, category and zone), of which only those of one
    kind are compared."""

    groups: tuple[ComparedGroup, ...]
    stores: tuple[EvaluatedStore, ...]


def stores_of(
    stores: Sequence[StoreConfig], healths: Mapping[str, StoreHealth], firing: Mapping[str, int]
) -> tuple[EvaluatedStore, ...]:
    """Every store, those with most alerts first, then the lowest health, those without one last."""
    return tuple(
        _store(store.id, healths.get(store.id), firing.get(store.id, 0))
        for store in in_order(stores, healths, firing)
    )


def _store(store: str, known: StoreHealth | None, firing: int) -> EvaluatedStore:
    if known is None:
        return EvaluatedStore(store, firing)
    now, loss, change = known.now, known.loss, health_change(known) if known.now.health else None
    return EvaluatedStore(
        store,
        firing,
        known.length,
        now.first.isoformat(),
        now.last.isoformat(),
        points_of(now.health),
        now.coverage,
        known.comparator,
        EvaluatedScore(change.points, change.low, change.high) if change else None,
        known.worst or None,
        str(loss.events) if loss else None,
        loss.low if loss else None,
        loss.high if loss else None,
        str(loss.money) if loss and loss.money is not None else None,
        known.currency or None,
        tuple(
            EvaluatedTarget(of, one.target, one.value, one.gap, one.is_met, one.is_sure, one.set_by)
            for of, one in sorted(known.targets.items())
        ),
    )

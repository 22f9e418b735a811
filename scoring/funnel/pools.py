"""Which stores are judged together: groups that share a platform, a payment method or a country.

A pool shows what no single small store can: a drop of all its members at once. It has an id of the form
``pool:platform=shopify``, which takes the place of a store's id (in baselines, alerts and rows); no store can be called
so. Used by ``scoring/baselines/pooled.py`` (what is usual of a pool) and ``scoring/detection/pools.py`` (judging it).

A store belongs to a platform's and a country's pool as a whole. A payment method's pool takes of each store the segments
with that method, so it exists only where ``payment_method`` is one of the configured segment dimensions, and judges only
steps over which the method carries: those whose upstream events name it too (order to payment, where orders do).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from scoring.funnel.segment_names import JOINT, MISSING, OTHER

_PREFIX = "pool:"
#: values that name no group
_NOBODY = frozenset({"", MISSING, OTHER})


class PoolDimension(StrEnum):
    """What the members of a pool share. In the order in which of two pools with the same members one is kept."""

    PLATFORM = "platform"
    PAYMENT_METHOD = "payment_method"
    COUNTRY = "country"


@dataclass(frozen=True, slots=True)
class StoreTraits:
    """What of a store says whom it is alike: all empty where the configuration does not name it."""

    platform: str = ""
    category: str = ""
    country: str = ""
    zone: str = "UTC"


def pool_id(dimension: PoolDimension, value: str) -> str:
    """The id of a pool."""
    return f"{_PREFIX}{dimension}={value}"


def parse_pool(identifier: str) -> tuple[PoolDimension, str] | None:
    """What a pool's id says; None for the id of a store."""
    if not identifier.startswith(_PREFIX):
        return None
    dimension, _, value = identifier.removeprefix(_PREFIX).partition("=")
    return (PoolDimension(dimension), value) if dimension in tuple(PoolDimension) else None


@dataclass(frozen=True, slots=True)
class PoolRules:
    """Who is pooled with whom.

    Args:
        traits: of each configured store; a store that is not in it is in no platform's or country's pool.
        dimensions: what pools are made of.
        segment_dimensions: the dimensions of segments, in the order of their names.
        least_stores: fewer members make no pool.
    """

    traits: Mapping[str, StoreTraits] = field(default_factory=dict)
    dimensions: tuple[PoolDimension, ...] = tuple(PoolDimension)
    segment_dimensions: tuple[str, ...] = ()
    least_stores: int = 3

    def pools_of(self, store_id: str, segment: str) -> tuple[str, ...]:
        """The pools that a store (empty segment) or one of its segments counts towards."""
        if segment:
            method = self._method(segment)
            return () if method in _NOBODY else (pool_id(PoolDimension.PAYMENT_METHOD, method),)
        traits = self.traits.get(store_id, StoreTraits())
        shared = ((PoolDimension.PLATFORM, traits.platform), (PoolDimension.COUNTRY, traits.country))
        return tuple(
            pool_id(dimension, value)
            for dimension, value in shared
            if dimension in self.dimensions and value not in _NOBODY
        )

    def _method(self, segment: str) -> str:
        parts = segment.split(JOINT)
        wanted = PoolDimension.PAYMENT_METHOD
        if (
            wanted not in self.dimensions
            or wanted not in self.segment_dimensions
            or len(parts) != len(self.segment_dimensions)
        ):
            return ""
        return parts[self.segment_dimensions.index(wanted)]

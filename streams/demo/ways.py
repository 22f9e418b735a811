"""By which ways visits of the demo's longer past come, what its ads cost by campaign, and what the platform claims of them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from scoring.funnel.arrays import Floats, Ints

#: campaigns of the ads with their part of the visits, of what is paid, and of what is claimed
_CAMPAIGNS = (("autumn_sale", 0.45, 0.55, 0.5), ("always on", 0.35, 0.35, 0.3), ("brand", 0.2, 0.1, 0.2))
_UNPAID = (("direct", ""), ("search", ""), ("email", "newsletter"), ("social", ""))
_UNPAID_PARTS = (0.35, 0.35, 0.2, 0.1)
#: part of the visits by somebody who was there before, and how many visits of the shop lie between
_RETURNING, _BETWEEN = 0.4, (900, 9000)
#: orders that the platform claims for each that came by its ads
_CLAIMED = 1.35


class Ways(NamedTuple):
    """Of each visit: who came, by which channel and campaign."""

    who: Ints
    channels: NDArray[np.str_]
    campaigns: NDArray[np.str_]


def draw_ways(random: np.random.Generator, is_paid: NDArray[np.bool_], is_bot: NDArray[np.bool_]) -> Ways:
    """The ways of visits, the oldest first."""
    size = len(is_paid)
    who: Ints = np.arange(size)
    back = np.maximum(0, who - random.integers(*_BETWEEN, size))
    again = (random.random(size) < _RETURNING) & ~is_bot & ~is_bot[back]
    for place in np.nonzero(again)[0]:
        who[place] = who[back[place]]
    paid = random.choice(len(_CAMPAIGNS), size, p=[one[1] for one in _CAMPAIGNS])
    unpaid = random.choice(len(_UNPAID), size, p=_UNPAID_PARTS)
    channels = np.where(is_paid, "paid", np.array([one[0] for one in _UNPAID])[unpaid])
    campaigns = np.where(
        is_paid, np.array([one[0] for one in _CAMPAIGNS])[paid], np.array([one[1] for one in _UNPAID])[unpaid]
    )
    return Ways(who, channels, campaigns)


def ad_parts(
    random: np.random.Generator, spend: Floats, orders_a_day: float, basket: float
) -> list[tuple[str, dict[str, Floats]]]:
    """Spend, claimed orders and claimed money of each day: of every campaign, and without a name those of the whole."""
    made, left = [], np.round(spend, 2)
    for at, (name, _, paid, claimed) in enumerate(_CAMPAIGNS):
        last = at == len(_CAMPAIGNS) - 1
        part = np.round(left if last else spend * paid, 2)
        left = np.round(left - part, 2)
        orders = random.poisson(orders_a_day * claimed * _CLAIMED, len(spend)).astype(float)
        money = np.round(orders * basket * np.exp(random.normal(0.1, 0.1, len(spend))), 2)
        made.append((name, {"spend": part, "purchases": orders, "revenue": money}))
    whole = {
        measure: np.round(sum(part[measure] for _, part in made), 2) for measure in ("purchases", "revenue")
    }
    return [("", whole), *made]


def linked(ordered_days: Ints, fact_days: Ints) -> list[int]:
    """Of each visit that orders, which order of its day it is; −1 where the day has no more."""
    left: dict[int, list[int]] = {}
    for place, day in enumerate(fact_days.tolist()):
        left.setdefault(day, []).append(place)
    return [found.pop(0) if (found := left.get(day)) else -1 for day in ordered_days.tolist()]

"""A dimension known only downstream, such as a payment method, must not make a step's expectation nonsense."""

from __future__ import annotations

import numpy as np

from scoring.baselines import StoreHistory, fit_baselines
from scoring.funnel.stages import STAGE_INDEX

MINUTES = 14 * 1440


def test_a_step_into_segments_that_are_known_only_downstream_is_fitted_for_the_whole_store() -> None:
    random = np.random.default_rng(3)
    counts = np.zeros((3, 7, MINUTES), dtype=np.int64)
    carts = random.poisson(20, MINUTES)
    counts[0, STAGE_INDEX["add_to_cart"]] = carts  # ios/-
    for segment, share in ((1, 0.3), (2, 0.2)):  # ios/paypal, ios/card
        orders = random.binomial(carts, share)
        counts[segment, STAGE_INDEX["order"], 1:] = orders[:-1]
        counts[segment, STAGE_INDEX["payment"]] = random.binomial(counts[segment, STAGE_INDEX["order"]], 0.9)
    history = StoreHistory("shop", "UTC", 1_000 * 1440, ("ios/-", "ios/paypal", "ios/card"), counts)
    steps = fit_baselines([history], 0)[0].steps
    ordered, paid = steps["add_to_cart_to_order"], steps["order_to_payment"]
    assert abs(ordered.rate - 0.5) < 0.02
    assert max(abs(value) for value in ordered.profile) < 0.2
    assert ordered.segments == {}
    assert set(paid.segments) >= {"ios/paypal", "ios/card"}
    assert abs(paid.segments["ios/paypal"].rate - 0.9) < 0.03

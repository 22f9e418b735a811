"""The fit of a step, against the same put together hour by hour and day by day from its tested parts."""

from __future__ import annotations

import math
from collections import defaultdict
from statistics import median

import numpy as np
import pytest

from scoring.baselines import BaselineSource, Kernel, StoreHistory
from scoring.baselines.fit_step import StepData, bin_history, expose, fit_step
from scoring.baselines.kernel import FittedKernel
from scoring.baselines.level import DAILY_DECAY, daily_level
from scoring.baselines.localtime import hour_neighbours, local_minute
from scoring.baselines.noise import fit_noise
from scoring.baselines.pooled import PoolSums
from scoring.baselines.profile import fit_profile
from scoring.baselines.rates import segment_rates, store_rates
from scoring.baselines.wobble import mean_variance, window_containment
from scoring.funnel.pools import PoolRules, StoreTraits
from scoring.funnel.stages import STAGE_INDEX

STEP = "add_to_cart_to_order"
START = 29_459_523  # Monday 2026-01-05 00:03 UTC
DAY = 1440
FIRST = 0.07**2 * 0.75


@pytest.mark.parametrize(
    "kernel", [Kernel((0.5, 0.2, 0.1)), Kernel((0.6, 0.1), 0.3, 20.0), Kernel((0.0,), 0.9, 0.5)]
)
def test_exposure_is_what_is_due_of_all_that_came_before(kernel: Kernel) -> None:
    rng = np.random.default_rng(1)
    upstream = rng.poisson(3, (2, 60)).astype(float)
    found = expose(upstream, kernel)
    leak = 1 - math.exp(-1 / max(kernel.slow_minutes, 1.0))
    for row in range(2):
        for t in range(60):
            quick = sum(share * upstream[row, t - d] for d, share in enumerate(kernel.pmf) if t >= d)
            slow = sum(
                kernel.slow_share * leak * (1 - leak) ** (d - 1) * upstream[row, t - d]
                for d in range(1, t + 1)
            )
            assert found[row, t] == pytest.approx(quick + slow, abs=1e-9)


def history(zone: str, minutes: int, segments: tuple[str, ...] = ("a", "b"), seed: int = 2) -> StoreHistory:
    rng = np.random.default_rng(seed)
    counts = rng.poisson(2.0, (len(segments), 7, minutes))
    excluded = np.zeros(minutes, dtype=bool)
    excluded[minutes // 2 : minutes // 2 + 30] = True
    return StoreHistory("s", zone, START, segments, counts, excluded)


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kathmandu", "America/St_Johns"])
@pytest.mark.parametrize("kernel", [Kernel((0.5, 0.3, 0.2)), Kernel((0.7,), 0.3, 30.0)])
def test_a_history_is_cut_into_bins_of_the_clock_without_its_beginning_and_its_odd_days(
    zone: str, kernel: Kernel
) -> None:
    past = history(zone, 403)
    data = bin_history(past, "add_to_cart", "order", FittedKernel(kernel))
    exposure = expose(past.counts[:, STAGE_INDEX["add_to_cart"]].astype(float), kernel)
    burn_in = 3 if len(kernel.pmf) == 3 else min(1 + 90, 403 // 4)
    bins = [minute for minute in range(403) if (START + minute) % 5 == 0 and minute + 5 <= 403]
    assert (data.names, data.kernel, data.days) == (("a", "b"), kernel, 403 / DAY)
    assert data.how.tolist() == [local_minute(zone, START + minute) % 10_080 for minute in bins]
    assert data.hour.tolist() == [local_minute(zone, START + minute) // 60 for minute in bins]
    assert past.excluded is not None
    for row in range(2):
        for place, minute in enumerate(bins):
            kept = [m for m in range(minute, minute + 5) if m >= burn_in and not past.excluded[m]]
            assert data.arrivals[row, place] == sum(past.counts[row, STAGE_INDEX["order"], m] for m in kept)
            assert data.exposure[row, place] == pytest.approx(sum(exposure[row, m] for m in kept), rel=1e-5)
    ups = past.counts[:, STAGE_INDEX["add_to_cart"]].sum(0)
    assert data.upstream.tolist() == [ups[minute : minute + 5].sum() for minute in bins]
    assert data.usual == ()


@pytest.mark.parametrize(("zone", "days"), [("Asia/Kathmandu", 7), ("Europe/Berlin", 16)])
def test_usual_is_the_median_week_by_week_of_hours_seen_for_half_an_hour_at_least(
    zone: str, days: int
) -> None:
    past = history(zone, days * DAY, ("",))
    usual = bin_history(past, "click", "order", FittedKernel(Kernel((1.0,)))).usual
    by_hour: dict[int, list[int]] = defaultdict(list)
    for minute, count in enumerate(past.counts[0, STAGE_INDEX["click"]].tolist()):
        by_hour[local_minute(zone, START + minute) // 60].append(count)
    of_week: dict[int, list[float]] = defaultdict(list)
    for hour, counts in by_hour.items():
        if len(counts) >= 30:
            of_week[hour % 168].append(sum(counts) / len(counts))
    assert usual == pytest.approx(
        [median(of_week[hour]) if hour in of_week else 0.0 for hour in range(168)], abs=1e-4
    )
    assert (
        bin_history(history(zone, 7 * DAY - 1, ("",)), "click", "order", FittedKernel(Kernel((1.0,)))).usual
        == ()
    )


def member(
    name: str, bins: int, days: float, names: tuple[str, ...], seed: int, carried: bool = True
) -> StepData:
    rng = np.random.default_rng(seed)
    exposure = rng.uniform(20, 60, (len(names), bins)) * rng.uniform(0.3, 1.5, (len(names), 1))
    wave = 1 + 0.4 * np.sin(np.arange(bins) / 40)
    arrivals = rng.poisson(exposure * 0.2 * wave).astype(float)
    if not carried:
        arrivals[-1] += 20.0
        exposure[-1] = 0.01
    first = START // 5 + 1 + 864 - bins
    local = np.array([local_minute("Asia/Kathmandu", 5 * (first + at)) for at in range(bins)])
    return StepData(
        name, names, arrivals.astype(np.float32), exposure.astype(np.float32), local % 10_080, local // 60, days,
        Kernel((0.6, 0.2), 0.2, 30.0), (1.0,) * 168, arrivals.sum(0).astype(np.float32),
    )  # fmt: skip


class Slowly:
    """One step of some stores."""

    def __init__(self, members: list[StepData]) -> None:
        self.members = members
        a = np.array([m.arrivals.sum(dtype=float) for m in members])
        e = np.array([m.exposure.sum(dtype=float) for m in members])
        self.rates, self.rate_variance = store_rates(a, e)
        parts = segment_rates(
            [m.arrivals.sum(1, dtype=float) for m in members], [m.exposure.sum(1, dtype=float) for m in members],
            [m.names for m in members], self.rates,
        )  # fmt: skip
        self.carries = [self.is_carried(m) for m in members]
        self.parts = [
            part if carried else (np.full(len(m.names), rate), np.zeros(len(m.names)))
            for m, part, rate, carried in zip(members, parts, self.rates, self.carries, strict=True)
        ]
        self.arrived = [m.arrivals.sum(0, dtype=float) for m in members]
        self.expected = [
            part[0] @ m.exposure.astype(float) for m, part in zip(members, self.parts, strict=True)
        ]
        self.first = min(int(m.hour[0]) for m in members) // 168 * 168
        self.weeks = (max(int(m.hour[-1]) for m in members) - self.first) // 168 + 1
        profile = fit_profile(
            self.by_hour(self.arrived), self.by_hour(self.expected), np.full(len(members), FIRST)
        )
        self.logs, self.variance = profile.logs, profile.variance
        for row, m in enumerate(members):
            for at, minute in enumerate(m.how.tolist()):
                hour, other, weight = hour_neighbours(minute + 2)
                log = self.logs[row, hour] * (1 - weight) + self.logs[row, other] * weight
                self.expected[row][at] *= math.exp(log)
        self.sums = [self.level(row) for row in range(len(members))]

    @staticmethod
    def is_carried(m: StepData) -> bool:
        """Whether no more than a tenth arrived in segments that had a tenth of what that takes."""
        a, e = m.arrivals.sum(1, dtype=float).tolist(), m.exposure.sum(1, dtype=float).tolist()
        rate = sum(a) / sum(e)
        return sum(x for x, n in zip(a, e, strict=True) if n * rate < 0.1 * x) <= 0.1 * sum(a)

    def by_hour(self, values: list[np.ndarray]) -> np.ndarray:
        """(stores, weeks, 168) sums by local hour."""
        out = np.zeros((len(values), self.weeks * 168))
        for row, (own, m) in enumerate(zip(values, self.members, strict=True)):
            for value, hour in zip(own.tolist(), m.hour.tolist(), strict=True):
                out[row, hour - self.first] += value
        return out.reshape(len(values), self.weeks, 168)

    def level(self, row: int) -> tuple[float, float]:
        """The sums that give the next level; what is expected is multiplied by the level of each day."""
        a, mu = (self.by_hour(values)[row].reshape(-1, 24) for values in (self.arrived, self.expected))
        sums, current, of_day = [0.0, 0.0], 0.0, []
        for day in range(len(a)):
            of_day.append(current)
            for x, e in zip(a[day].tolist(), (mu[day] * math.exp(current)).tolist(), strict=True):
                if abs(x - e) < 4 * math.sqrt(e + e * e * (FIRST + 0.01) + 1e-9):
                    sums = [sums[0] + x, sums[1] + e * math.exp(-current)]
            if day < len(a) - 1:
                sums = [one * DAILY_DECAY for one in sums]
            current = float(daily_level(np.array([sums[0]]), np.array([sums[1]]), np.array([FIRST]))[0][0])
        for at, hour in enumerate(self.members[row].hour.tolist()):
            self.expected[row][at] *= math.exp(of_day[(hour - self.first) // 24])
        return sums[0], sums[1]

    def stacked(self, values: list[np.ndarray], most: int) -> np.ndarray:
        """(bins, series) that end together."""
        size = min(max(map(len, values)), most)
        out = np.zeros((size, len(values)))
        for column, own in enumerate(values):
            kept = own[-size:]
            out[size - len(kept) :, column] = kept
        return out

    def contained(self, minutes: int) -> np.ndarray:
        """κ of each store's kernel."""
        return np.array(
            [window_containment(m.kernel.pmf, minutes, m.kernel.slow_share) for m in self.members]
        )


def members() -> list[StepData]:
    return [
        member("full", 864, 28.0, ("a", "b"), 1), member("nearly", 800, 27.0, ("a", "b", "c"), 2),
        member("fortnight", 700, 14.0, ("a",), 3), member("young", 500, 6.9, ("a", "b"), 4),
        member("orphaned", 600, 8.0, ("a", "b"), 5, carried=False),
    ]  # fmt: skip


def test_a_step_is_fitted_rate_then_season_then_level_then_wobble() -> None:
    own, slowly = members(), Slowly(members())
    fit_step(STEP, own, None)
    most = 21 * 288
    noise = fit_noise(
        slowly.stacked(slowly.arrived, most),
        slowly.stacked(slowly.expected, most),
        slowly.rates,
        slowly.contained,
        5,
    )
    assert slowly.carries == [True, True, True, True, False]
    for row, m in enumerate(own):
        found = m.found
        assert found is not None
        assert (found.upstream, found.downstream, found.kernel) == ("add_to_cart", "order", m.kernel)
        assert found.rate == pytest.approx(slowly.rates[row])
        assert found.rate_variance == pytest.approx(slowly.rate_variance[row])
        assert found.profile == pytest.approx(slowly.logs[row].tolist(), abs=2e-5)
        assert (found.level_arrivals, found.level_expected) == pytest.approx(
            slowly.sums[row], rel=1e-4, abs=2e-3
        )
        is_full = m.days >= 27
        sigma = float(noise.sigma[row] if is_full else max(noise.sigma[row], noise.population_sigma))
        assert found.sigma == pytest.approx(sigma, rel=2e-3)
        assert found.tau == pytest.approx(noise.tau[row], rel=2e-3)
        assert found.dispersion == pytest.approx(noise.dispersion[row], rel=2e-3)
        doubt = max(sigma**2 * float(mean_variance(60, noise.tau[row])) - FIRST, 0.0) / max(m.days / 7, 0.5)
        doubt = (0.0 if is_full else doubt) + (0.05**2 if m.days < 7 else 0.0)
        assert found.profile_variance == pytest.approx(
            (slowly.variance[row] + doubt).tolist(), rel=1e-3, abs=2e-6
        )
        assert found.arrivals_per_hour == pytest.approx(m.arrivals.sum(dtype=float) / m.days / 24, abs=1e-4)
        assert found.source is (BaselineSource.OWN if m.days >= 7 else BaselineSource.POOLED)
        assert found.usual_upstream == m.usual
        assert set(found.segments) == (set(m.names) if slowly.carries[row] else set())


def test_segments_have_their_own_wobble_where_enough_arrives_and_else_the_stores() -> None:
    def quiet(m: StepData) -> StepData:
        m.arrivals[-1, 40:] = 0  # too few an hour
        return m

    own = [quiet(m) if m.store_id == "nearly" else m for m in members()]
    slowly = Slowly([quiet(m) if m.store_id == "nearly" else m for m in members()])
    sums = PoolSums(PoolRules({}), 21 * 288, 5)
    fit_step(STEP, own, sums)
    picked, a, mu = [], [], []
    for row, m in enumerate(slowly.members):
        base = slowly.parts[row][0] @ m.exposure.astype(float)
        for part in range(len(m.names)):
            if (
                len(m.names) > 1
                and slowly.carries[row]
                and m.arrivals[part].sum(dtype=float) / m.days / 24 >= 1.5
            ):
                picked.append((row, part))
                a.append(m.arrivals[part].astype(float))
                mu.append(m.exposure[part] * slowly.parts[row][0][part] * slowly.expected[row] / base)
    halves = [slowly.stacked(values, 21 * 288).reshape(-1, 2, len(picked)).sum(1) for values in (a, mu)]
    noise = fit_noise(
        *halves, np.array([slowly.parts[row][0][part] for row, part in picked]),
        lambda minutes: np.array([slowly.contained(minutes)[row] for row, _ in picked]), 10,
    )  # fmt: skip
    assert len(picked) == 2 + 2 + 2
    for row, m in enumerate(own):
        found = m.found
        assert found is not None
        for part, name in enumerate(m.names):
            if not slowly.carries[row]:
                continue
            segment, rate = found.segments[name], slowly.parts[row]
            assert segment.rate == pytest.approx(rate[0][part])
            assert segment.rate_variance == pytest.approx(rate[1][part], abs=1e-6)
            assert segment.arrivals_per_hour == pytest.approx(
                m.arrivals[part].sum(dtype=float) / m.days / 24, abs=1e-4
            )
            if (row, part) in picked:
                at = picked.index((row, part))
                assert segment.sigma == pytest.approx(max(noise.sigma[at], 0.7 * found.sigma), rel=5e-3)
                assert segment.tau == pytest.approx(noise.tau[at], rel=5e-3)
            else:
                assert (segment.sigma, segment.tau) == (found.sigma, found.tau)


def test_pools_get_each_store_and_each_of_its_busy_segments() -> None:
    rules = PoolRules(
        {m.store_id: StoreTraits("shopify") for m in members()},
        segment_dimensions=("payment_method",),
        least_stores=2,
    )
    sums = PoolSums(rules, 864, 5)
    own = members()
    fit_step(STEP, own, sums)
    pools = {one.store_id: one for one in sums.baselines(1, 0)}
    grown = [m for m in own if m.days >= 7]
    assert pools["pool:platform=shopify"].members == tuple(sorted(m.store_id for m in grown))
    whole = pools["pool:platform=shopify"].steps[STEP]
    assert whole.arrivals_per_hour == pytest.approx(
        sum(m.arrivals.sum(dtype=float) for m in grown) / 72, rel=1e-4
    )
    by_method = pools["pool:payment_method=b"]
    assert by_method.members == ("full", "nearly")
    arrived = sum(m.arrivals[1].sum(dtype=float) for m in grown[:2])
    assert by_method.steps[STEP].arrivals_per_hour == pytest.approx(arrived / 72, rel=1e-4)
    assert 0.95 < by_method.steps[STEP].level_arrivals / by_method.steps[STEP].level_expected < 1.05


@pytest.mark.parametrize(
    ("step", "stages"),
    [("click_to_order", ("click", "order")), ("click_to_add_to_cart", ("click", "add_to_cart")), ("add_to_cart_to_order", ("add_to_cart", "order"))],
)  # fmt: skip
def test_a_step_leads_from_its_first_stage_to_its_second(step: str, stages: tuple[str, str]) -> None:
    (own,) = [member("s", 300, 14.0, ("a",), 1)]
    fit_step(step, [own], None)
    assert own.found is not None
    assert (own.found.upstream, own.found.downstream) == stages

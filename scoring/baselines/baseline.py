"""The baseline of a store as a value: what the nightly fit publishes and the monitor judges by.

Made by ``fit.py``, published as JSON on ``funnel.baselines.v1``, read by ``scoring/detection/detector.py``.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from scoring.baselines.business import BusinessHours
from scoring.funnel.units import HOURS_A_WEEK

SCHEMA_VERSION = 1
#: stores that say together what is usual of their kind
MIN_PEERS = 5
#: a store with less history than this, in days, is young: pools leave it out, peers may lend to it, only the page threshold opens
YOUNG_DAYS = 7.0
#: longest delay of a slow step's kernel, in business hours: twenty days around the clock, ten weeks of eight-hour days
LONGEST = 480
#: the exposure of a slow step is believed once this share of what is due was seen coming
SEEN_COMING = 0.95


class BaselineSource(StrEnum):
    """Where the numbers of a baseline come from, so that a borrowed one is named as such."""

    OWN = "own"
    POOLED = "pooled"
    PEERS = "peers"
    BENCHMARK = "benchmark"


class KernelSource(StrEnum):
    """How a delay kernel was found."""

    PAIRS = "pairs"
    PAIRS_IN_PART = "pairs_in_part"
    COUNTS = "counts"
    POOLED = "pooled"
    DEFAULT = "default"


class Kernel(msgspec.Struct, frozen=True):
    """The delay from an upstream event to the downstream event it leads to.

    ``pmf[d]`` is the share of conversions that arrive ``d`` minutes later; it sums to 1 − ``slow_share``. The slow
    share, which shows no minute-to-minute trace, follows geometrically from minute 1 on, with mean ``slow_minutes``.
    ``spread_minutes`` is the standard deviation of the mean delay that the evidence leaves open.
    """

    pmf: tuple[float, ...]
    slow_share: float = 0.0
    slow_minutes: float = 240.0
    source: KernelSource = KernelSource.DEFAULT
    spread_minutes: float = 0.0

    @property
    def mean_minutes(self) -> float:
        """The mean delay in minutes."""
        fast = sum(minute * share for minute, share in enumerate(self.pmf))
        return fast + self.slow_share * self.slow_minutes

    @property
    def is_uncertain(self) -> bool:
        """Whether the evidence leaves the mean delay open by a third or more, and by five minutes or more."""
        if self.source is KernelSource.DEFAULT:
            return True
        return self.spread_minutes >= max(5.0, self.mean_minutes / 3)


class SegmentBaseline(msgspec.Struct, frozen=True):
    """A segment within a store-step: its own conversion rate, volume and wobble."""

    rate: float
    rate_variance: float
    arrivals_per_hour: float
    sigma: float
    tau: float


class StepBaseline(msgspec.Struct, frozen=True):
    """What is expected of one step of one store.

    Expected arrivals of minute t are ``Σ_s E[s,t] · rate_s · exp(profile[hour of week] + level)`` with ``E`` the
    exposure of segment s. ``profile`` and ``profile_variance`` have 168 values, Monday 00:00 first, in the store's
    zone, on the log scale. ``level_arrivals`` and ``level_expected`` are the exponentially weighted sums of which the
    daily level is made. ``sigma`` (log scale) and ``tau`` (minutes) describe the slow natural wobble; ``dispersion``
    (1 or more) is what fast variance exceeds the binomial's by.
    """

    step: str
    upstream: str
    downstream: str
    rate: float
    rate_variance: float
    kernel: Kernel
    profile: tuple[float, ...]
    profile_variance: tuple[float, ...]
    level_arrivals: float
    level_expected: float
    sigma: float
    tau: float
    dispersion: float
    arrivals_per_hour: float
    segments: dict[str, SegmentBaseline] = {}
    #: median upstream events a minute by hour of week; empty where unknown
    usual_upstream: tuple[float, ...] = ()
    source: BaselineSource = BaselineSource.OWN

    def __post_init__(self) -> None:
        if len(self.profile) != HOURS_A_WEEK or len(self.profile_variance) != HOURS_A_WEEK:
            raise ValueError(f"a profile has {HOURS_A_WEEK} hours, not {len(self.profile)}")


class TrafficBaseline(msgspec.Struct, frozen=True):
    """What is usual of a store's traffic: events a minute of its entry stage by hour of week, and how they wobble.

    ``edges`` has the hours next to a step (the store opens or closes): events a minute due at least in each quarter.
    """

    stage: str
    usual: tuple[float, ...]
    sigma: float
    tau: float
    dispersion: float
    edges: dict[int, tuple[float, float, float, float]] = {}


class StepDrift(msgspec.Struct, frozen=True):
    """What whole days say of a step: the last 7 or 28 against the 28 before them (``drift.py``).

    ``first_day`` and ``last_day`` (included) are days since 1970 on the store's clock; ``observed``, ``expected`` and its 99 %
    interval ``low``..``high`` are downstream events, ``sample`` the upstream events behind them. ``surprise`` is −log10 of the chance to convert
    as little; 0 for a step that converts as usual or better. ``log_variance`` is that of log(observed / expected).
    """

    step: str
    first_day: int
    last_day: int
    surprise: float
    observed: float
    expected: float
    low: float
    high: float
    sample: float
    log_variance: float


def reach_of(pmf: tuple[float, ...]) -> int:
    """How many business hours of upstream events show ``SEEN_COMING`` of what is due."""
    due, seen = SEEN_COMING * sum(pmf), 0.0
    for delay, share in enumerate(pmf):
        seen += share
        if seen >= due:
            return delay + 1
    return len(pmf)


class SlowBaseline(msgspec.Struct, frozen=True):
    """A slow step's baseline. Everything that is said of hours is said of business hours.

    ``kernel.pmf[d]`` is the share of conversions that arrive ``d`` business hours later; ``profile`` (log scale) has 168
    values by hour of the week of the warehouse's clock; ``tau`` is in business hours. ``recent`` are the upstream events of
    the last business hours, the latest last, and ``carried`` the upstream and downstream events since then, up to the UTC
    minute ``until_minute``: what a monitor needs to know what is due.
    """

    step: str
    upstream: str
    downstream: str
    hours: BusinessHours
    kernel: Kernel
    rate: float
    rate_variance: float
    profile: tuple[float, ...]
    profile_variance: tuple[float, ...]
    sigma: float
    tau: float
    dispersion: float
    arrivals_per_hour: float
    until_minute: int
    recent: tuple[int, ...]
    carried: tuple[int, int] = (0, 0)
    #: how many attributed pairs the kernel rests on
    pairs: int = 0

    @property
    def reach(self) -> int:
        """Business hours within which ``SEEN_COMING`` of the conversions arrive."""
        return reach_of(self.kernel.pmf)


class StoreBaseline(msgspec.Struct, frozen=True):
    """Everything the detector knows of a store before it looks at a minute.

    ``trained_from_ms`` (included) to ``trained_until_ms`` (excluded) is the history it was fitted on: a minute judged
    is never in it. ``stages`` are the stages that the store supplies; a stage outside is missing, not zero.
    """

    store_id: str
    zone: str
    fitted_at_ms: int
    trained_from_ms: int
    trained_until_ms: int
    days: float
    stages: tuple[str, ...]
    steps: dict[str, StepBaseline]
    #: None with less than two weeks of history
    traffic: TrafficBaseline | None = None
    #: of a pool (``scoring/funnel/pools.py``): the stores in it; its ``store_id`` is the pool's. Empty for a store
    members: tuple[str, ...] = ()
    #: the stores, or the benchmark's line, that numbers marked ``peers`` or ``benchmark`` were taken from
    borrowed_from: tuple[str, ...] = ()
    #: None without fulfilments, or with too little history of them
    slow: SlowBaseline | None = None
    #: of each step that can be compared over weeks; empty with less than five weeks of history
    drifts: tuple[StepDrift, ...] = ()
    schema_version: int = SCHEMA_VERSION


def encode_baseline(baseline: StoreBaseline) -> bytes:
    """The baseline as JSON, as published on ``funnel.baselines.v1``."""
    return msgspec.json.encode(baseline)


def decode_baseline(data: bytes | str) -> StoreBaseline:
    """The baseline behind its JSON.

    Raises:
        msgspec.DecodeError: the bytes are not a baseline of this schema.
    """
    return msgspec.json.decode(data, type=StoreBaseline)

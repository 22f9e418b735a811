"""The table of stores of the page Evaluation: how each came out in its newest period, stores with an alert first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scoring.digest.health import say_health_change, say_targets
from scoring.digest.values import StoreHealth
from scoring.evaluation.readings import STEP
from scoring.evaluation.score import Score
from scoring.evaluation.sentences import reading_name, say_loss, say_score
from scoring.evaluation.texts import COMPARATOR_NAMES, COVERAGE
from scoring.funnel.units import DAY_MS
from streams.clickhouse.reader import Database
from streams.config.model import StoreConfig
from streams.evaluation.wording import EvaluationReader
from streams.incidents.alert_rows import ALERT_DAYS, alerts_then

FIRING = """
SELECT alerts.store_id AS store_id, count() AS firing
FROM alerts
WHERE opened_at > toDateTime({from_s:Int64}, 'UTC') AND state = 'firing'
GROUP BY store_id
LIMIT 100000
"""


@dataclass(frozen=True, slots=True)
class StoreLine:
    """One store of the table, in words; empty where there is nothing to say.

    Attributes:
        store: id.
        firing: alerts that are firing.
        days: of the period; empty where it was not evaluated.
        score: of its health; None where it has none.
        health, coverage, against: of its health.
        change, tone: since the period before, and whether that is good or bad.
        step, loss: the step that lost most beyond noise, and how much.
        targets: which were missed, by how much.
    """

    store: StoreConfig
    firing: int
    days: str = ""
    score: Score | None = None
    health: str = ""
    coverage: str = ""
    against: str = ""
    change: str = ""
    tone: str = ""
    step: str = ""
    loss: str = ""
    targets: str = ""


async def firing_alerts(database: Database, at_ms: int, is_present: bool) -> dict[str, int]:
    """How many alerts of each store are firing."""
    sql, then = (FIRING, {}) if is_present else (alerts_then(FIRING), {"at_ms": at_ms})
    rows = await database.rows(sql, from_s=(at_ms - int(ALERT_DAYS * DAY_MS)) // 1000, **then)
    return {str(row["store_id"]): int(row["firing"]) for row in rows}


def store_lines(
    stores: Sequence[StoreConfig],
    healths: Mapping[str, StoreHealth],
    firing: Mapping[str, int],
    wording: EvaluationReader,
) -> list[StoreLine]:
    """A line of each store: those with most alerts first, then the lowest health, those without one last."""
    ordered = in_order(stores, healths, firing)
    return [_line(store, healths.get(store.id), firing.get(store.id, 0), wording) for store in ordered]


def in_order(
    stores: Sequence[StoreConfig], healths: Mapping[str, StoreHealth], firing: Mapping[str, int]
) -> list[StoreConfig]:
    """The stores: those with most alerts first, then the lowest health, those without one last."""

    def place(store: StoreConfig) -> tuple[int, bool, float, bool]:
        known = healths.get(store.id)
        score = known.now.health if known else None
        return -firing.get(store.id, 0), score is None, score.value if score else 0.0, known is None

    return sorted(stores, key=place)


def _line(store: StoreConfig, known: StoreHealth | None, firing: int, wording: EvaluationReader) -> StoreLine:
    if known is None:
        return StoreLine(store, firing)
    language, score = wording.language, known.now.health
    change, tone = say_health_change(known, wording) if score else ("", "")
    return StoreLine(
        store,
        firing,
        f"{wording.day(known.now.first)} – {wording.day(known.now.last)}",
        score,
        say_score(score, wording) if score else "",
        COVERAGE(language, share=wording.percent(known.now.coverage)),
        COMPARATOR_NAMES[known.comparator](language),
        change,
        tone,
        reading_name(STEP + known.worst, language) if known.worst else "",
        say_loss(known.loss, known.currency, wording) if known.loss else "",
        "".join(say_targets(known, wording)),
    )

"""Attributions as rows of the table ``attribution_raw``: what the role jobs writes of the newest complete period of each length."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from scoring.evaluation.attribution.credits import AttributionModel, Credit, Ranged
from scoring.evaluation.attribution.lines import (
    AttributedLine,
    Attribution,
    AttributionRefusal,
    Compared,
)
from scoring.evaluation.evaluating import EvaluationSpan
from streams.clickhouse.reader import Database
from streams.evaluation.attributed import AttributionRates, read_attributions
from streams.evaluation.attribution_answer import lines_of
from streams.evaluation.stored import StoredStore

if TYPE_CHECKING:
    import pyarrow as pa

TABLE = "attribution_raw"
_FLOATS = ("orders_low", "orders_high", "money_low", "money_high", "cost_per_order", "cost_low", "cost_high", "roas", "roas_low",
           "roas_high", "claimed_orders", "claimed_roas", "claimed_per_order", "base_rate")  # fmt: skip


def attribution_schema() -> pa.Schema:
    """The columns of the table."""
    import pyarrow as pa  # starts a thread, which the process from which roles are forked must not have

    time, money = pa.uint32(), pa.decimal128(38, 2)
    texts = ("store_id", "period", "zone", "kind", "channel", "campaign", "source", "model", "currency", "spend_currency", "base_currency",
             "base_day", "relation", "condition")  # fmt: skip
    return pa.schema(
        [(name, pa.string()) for name in texts]
        + [(name, time) for name in ("period_start", "period_end")]
        + [(name, pa.int64()) for name in ("visits", "compared_orders")]
        + [(name, money) for name in ("orders", "money", "spend", "claimed_money")]
        + [(name, pa.float64()) for name in _FLOATS]
        + [("reasons", pa.map_(pa.string(), pa.string())), ("row_count", pa.uint64())]
        + [("attributed_at", pa.timestamp("ms", "UTC"))]
    )


async def newest_attributions(
    database: Database, found: Sequence[StoredStore], rates: AttributionRates, at_ms: int
) -> list[dict[str, Any]]:
    """Rows of the newest of the periods of each store.

    Args:
        database: the tables.
        found: stores in periods of one length, the newest of each store first.
        rates: of currencies.
        at_ms: now.
    """
    newest: dict[str, StoredStore] = {}
    for one in found:
        newest.setdefault(one.figures.store_id, one)
    by_span: dict[EvaluationSpan, list[StoredStore]] = defaultdict(list)
    for one in newest.values():
        by_span[one.spans[0]].append(one)
    rows: list[dict[str, Any]] = []
    for span, some in by_span.items():
        stores = [one.figures.store_id for one in some]
        attributions = await read_attributions(database, stores, span, rates)
        for one in some:
            made = attributions.get(one.figures.store_id)
            if made is not None:
                rows += rows_of_attribution(made, one.length.value, at_ms)
    return rows


def rows_of_attribution(found: Attribution, period: str, at_ms: int) -> Iterator[dict[str, Any]]:
    """One row a line and model; what was paid and what is claimed is with the last click, or alone where nothing is credited."""
    base = found.base
    key = {
        "store_id": found.store,
        "period": period,
        "period_start": found.span.start_ms // 1000,
        "period_end": found.span.end_ms // 1000,
        "zone": found.span.zone,
        "currency": found.currency,
        "base_currency": base.into if base else "",
        "base_rate": float(base.rate) if base else None,
        "base_day": base.day if base else "",
        "attributed_at": at_ms,
    }
    for kind, line in lines_of(found):
        for model in [
            AttributionModel.LAST,
            *(one for one in line.credits if one is not AttributionModel.LAST),
        ]:
            credit = line.credits.get(model)
            yield {
                **key,
                "kind": kind,
                "channel": line.channel,
                "campaign": line.campaign,
                "source": line.source,
                "model": model.value,
                **_credited(found, credit),
                **_compared(line if model is AttributionModel.LAST else None),
            }


def _credited(found: Attribution, credit: Credit | None) -> dict[str, Any]:
    has_money = credit is not None and found.known_money is not None
    return {
        "orders": credit.orders if credit else None,
        "orders_low": credit.low if credit else None,
        "orders_high": credit.high if credit else None,
        "money": credit.money if credit and has_money else None,
        "money_low": credit.money_low if credit and has_money and credit.money_high else None,
        "money_high": credit.money_high if credit and has_money and credit.money_high else None,
    }


def _compared(line: AttributedLine | None) -> dict[str, Any]:
    compared: Compared | None = line.compared if line is not None else None
    row = line.rows[0] if line is not None and line.rows else None
    found: dict[str, Any] = {
        "visits": line.visits if line is not None else None,
        "spend": compared.spend if compared else None,
        "spend_currency": compared.currency if compared else "",
        "compared_orders": compared.orders if compared else None,
        "claimed_orders": _number(compared.claimed_orders) if compared else None,
        "claimed_money": compared.claimed_money if compared else None,
        "relation": row.relation if row else "",
        "condition": row.condition if row else "",
        "row_count": row.count if row else 0,
    }
    reasons = []
    for name, column, low, high in (
        ("cost", "cost_per_order", "cost_low", "cost_high"),
        ("roas", "roas", "roas_low", "roas_high"),
        ("claimed_share", "claimed_per_order", "", ""),
        ("claimed_roas", "claimed_roas", "", ""),
    ):
        figure = getattr(compared, name, None)
        ranged = figure if isinstance(figure, Ranged) else None
        found[column] = ranged.value if ranged else figure if isinstance(figure, float) else None
        if low:
            found |= {low: ranged.low if ranged else None, high: ranged.high if ranged else None}
        if isinstance(figure, AttributionRefusal):
            reasons.append((column, figure.lack.value))
    return {**found, "reasons": reasons}


def _number(amount: Decimal | None) -> float | None:
    return None if amount is None else float(amount)

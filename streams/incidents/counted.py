"""Which raw events an alert counted, as a condition on them: the rows behind its number are these and no others.

Used by the page's list of rows and by the SQL given with an alert. The rules are those of ``scoring/counting/partition.py`` and
of the steps (``scoring/funnel/segment_names.py``).
"""

from __future__ import annotations

from collections.abc import Sequence

from scoring.events.event import DeviceClass
from scoring.funnel.pools import PoolDimension, parse_pool
from scoring.funnel.segment_names import JOINT, OTHER, takes_part_sql
from scoring.funnel.stages import STEP_BY_ID
from streams.clickhouse.literals import literal
from streams.clickhouse.recount import segment_expression


def counted_sql(store_id: str, step: str, segment: str, dimensions: Sequence[str]) -> str:
    """The condition of an alert of the store or pool on ``step`` in ``segment`` (empty: the whole); empty for other alerts.

    Args:
        store_id: a store, or a pool: that of a payment method counts the orders paid by it.
        step: its step.
        segment: its segment. What was ``other``, or named by earlier dimensions, cannot be separated from the rest.
        dimensions: the configured segment dimensions.
    """
    known = STEP_BY_ID.get(step)
    if known is None:
        return ""
    conditions = [takes_part_sql(known.upstream), f"device_class != {literal(DeviceClass.BOT.value)}"]
    if segment and segment != OTHER and segment.count(JOINT) == len(dimensions) - 1:
        conditions.append(f"{segment_expression(dimensions)} = {literal(segment)}")
    pool = parse_pool(store_id)
    if pool is not None and pool[0] is PoolDimension.PAYMENT_METHOD:
        conditions.append(f"payment_method = {literal(pool[1])}")
    return " AND ".join(conditions)

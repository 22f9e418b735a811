"""Which stores whoever asks may see, and how every query of theirs is limited to those.

Page and API set it for the length of a request (``streams/web/frame/access.py``); ``reader.py`` puts the conditions on the views that a
query names. ClickHouse applies them to the view's own rows, so no query, join or subquery gets around them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

#: None is every store
_SEEN: ContextVar[frozenset[str] | None] = ContextVar("stores_seen", default=None)
#: in conditions: where the list of stores goes
_LIST = "{stores}"
_OF_STORE = "store_id IN ({stores})"
#: a pool's alert names all of its stores, so it is for those who may see them all
_OF_ALERT = f"({_OF_STORE} OR (notEmpty(members) AND hasAll([{_LIST}], members)))"
#: of views with other columns than ``store_id``, or none that says of which store a row is
_OWN_CONDITIONS: Final[Mapping[str, str]] = {
    "alerts": _OF_ALERT,
    "alert_transitions": _OF_ALERT,
    "alert_actions": "0",
    "raw_deliveries": "0",
}
#: rows about alerts and connections that are read by an id which was looked up in one of the others before
UNLIMITED: Final = frozenset({"actions"})
#: every view of the database but those: a view that is not here could not be limited, so a test compares with the database
LIMITED: Final = frozenset(
    [
        "advice",
        "advice_actions",
        "advice_outcomes",
        "alert_actions",
        "alert_responses",
        "alert_transitions",
        "alerts",
        "attribution",
        "baselines",
        "brushing",
        "cleaned",
        "cleaned_rows",
        "compared_prices",
        "count_minutes",
        "count_sums",
        "counted_extents",
        "dead_letters",
        "evaluations",
        "event_days",
        "event_records",
        "events",
        "exclusions",
        "findings",
        "indicators",
        "order_channels",
        "order_days",
        "order_journeys",
        "order_lives",
        "order_marks",
        "order_versions",
        "orders",
        "raw_deliveries",
        "repeats",
        "report_rows",
        "report_versions",
        "score_minutes",
        "score_sums",
        "scores",
        "set_apart_counts",
        "signals",
        "stage_counts",
        "step_contributions",
        "store_windows",
        "stores",
        "visits",
    ]
)
_WORDS = re.compile(r"\w+")


def stores_seen() -> frozenset[str] | None:
    """The stores that whoever asks may see; None is every store."""
    return _SEEN.get()


@contextmanager
def seeing(stores: frozenset[str] | None) -> Iterator[None]:
    """While the block runs, what is read is limited to these stores; None is every store."""
    before = _SEEN.set(stores)
    try:
        yield
    finally:
        _SEEN.reset(before)


def limited(sql: str, database: str) -> str:
    """The query, limited to the stores that whoever asks may see."""
    stores = _SEEN.get()
    if stores is None:
        return sql
    listed = ", ".join(f"'{store}'" for store in sorted(stores)) or "''"
    conditions = {
        f"{database}.{view}": _OWN_CONDITIONS.get(view, _OF_STORE).replace(_LIST, listed)
        for view in sorted(LIMITED.intersection(_WORDS.findall(sql)))
    }
    filters = ", ".join(f"'{view}': '{_escaped(condition)}'" for view, condition in conditions.items())
    return (
        f"{sql.rstrip().rstrip(';')}\nSETTINGS additional_table_filters = {{{filters}}}" if filters else sql
    )


def _escaped(condition: str) -> str:
    return condition.replace("\\", "\\\\").replace("'", "\\'")

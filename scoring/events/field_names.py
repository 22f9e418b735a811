"""Names of fields that say what may rightly be there: ids of things, times, labels, amounts. Names of people's data: ``personal_names.py``.

Called by ``scoring/events/redaction.py`` and ``scoring/events/canonical.py``.
"""

from __future__ import annotations

from functools import lru_cache

from scoring.events.personal_names import name_words

#: ids of things, not of people, and times: long digits are their nature
TIMES = frozenset({"event_time", "event_time_ms", "type"})
IDS = frozenset({"event_id", "order_id", "product", "store_id", "line", "refund", "shipment"})
LABELS = frozenset({"campaign", "category"})
#: a last word of a name that says the same of fields of a sender's own
ID_WORDS = frozenset(
    [
        "id",
        "ids",
        "sku",
        "skus",
        "code",
        "codes",
        "number",
        "no",
        "nr",
        "sn",
        "ordersn",
        "ref",
        "reference",
        "gtin",
        "ean",
        "upc",
        "isbn",
        "asin",
        "hash",
        "uuid",
        "guid",
        "tracking",
        "token",
        "编号",
        "订单号",
        "单号",
        "货号",
    ]
)
TIME_WORDS = frozenset(
    ["version", "time", "timestamp", "at", "ts", "date", "day", "ms", "created", "updated"]
)
AMOUNTS = frozenset(
    [
        "amount",
        "price",
        "total",
        "subtotal",
        "value",
        "revenue",
        "cost",
        "expense",
        "spend",
        "tax",
        "fee",
        "gmv",
        "discount",
        "shipping",
        "quantity",
        "qty",
        "count",
        "sum",
        "balance",
        "金额",
        "价格",
    ]
)


@lru_cache(maxsize=4096)
def is_id_name(field: str) -> bool:
    """Whether what is kept under the name ``field`` distinguishes things by its name, so that a mask would make two of them one."""
    return field in IDS or (name_words(field) or [field.lower()])[-1] in ID_WORDS

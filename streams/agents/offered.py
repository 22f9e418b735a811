"""Which questions there are: methods of ``Questions``, in the order in which they are offered."""

from __future__ import annotations

OFFERED = (
    "stores",
    "funnel",
    "alerts",
    "evaluation",
    "attribution",
    "rows",
    "order",
    "compare",
    "definition",
)

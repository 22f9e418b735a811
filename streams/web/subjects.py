"""The registry of the page: every subject, in the order of the navigation.

A new page is a package with a ``pages`` module that holds its ``SUBJECT``, and one line here. From that member come its page and API
routes, its entry in the OpenAPI document and in the navigation, its words and its folder of templates.
"""

from __future__ import annotations

SUBJECTS: tuple[str, ...] = (
    "streams.web.overview",
    "streams.web.alerts",
    "streams.web.comparison",
    "streams.web.evaluation",
    "streams.web.dead_letters",
    "streams.web.sources",
    "streams.web.orders",
    "streams.web.definitions",
    "streams.web.settings",
    "streams.web.grid",
    "streams.web.store",
    "streams.web.reports",
    "streams.web.cleaning",
    "streams.web.signals",
    "streams.web.imports",
    "streams.web.routing",
    "streams.web.status",
    "streams.web.unsubscribe",
    "streams.web.sign_in",
)

"""The one list of sources: a folder each, in the order in which they are listed.

A new source is a folder with its ``SOURCE`` in ``source.py``, and a line here. If it has connections, the model of their
settings is ``CONNECTION`` in its ``config.py``, which loads without what the source itself needs: every command reads the
configuration.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

SOURCE_FOLDERS: tuple[str, ...] = (
    "pixel",
    "events",
    "files",
    "webhook",
    "json_api",
    "shopify",
    "woocommerce",
    "shopee",
    "lazada",
    "tiktok_shop",
    "tiktok_ads",
    "amazon",
    "amazon_ads",
    "ga4",
    "ga4_reports",
    "ga4_export",
    "meta",
    "meta_ads",
)


def connection_of(folder: str) -> Any:
    """The model of the connections of a folder's source, None if it has none."""
    name = f"streams.sources.{folder}.config"
    return import_module(name).CONNECTION if find_spec(name) else None

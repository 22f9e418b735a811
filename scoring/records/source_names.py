"""The names for people of who reports: platforms, and others that have no stores of their own."""

from __future__ import annotations

from collections.abc import Mapping

from scoring.wording.catalogue import PLATFORM_NAMES
from scoring.wording.text import Language, Text

_OTHERS: Mapping[str, Text] = {
    "ga4": Text("GA4", "GA4"),
    "meta": Text("Meta", "Meta"),
    "files": Text("文件", "Files"),
    "erp": Text("ERP", "ERP"),
    "temu": Text("Temu", "Temu"),
    "shein": Text("SHEIN", "SHEIN"),
    "ozon": Text("Ozon", "Ozon"),
    "woocommerce": Text("WooCommerce", "WooCommerce"),
}


def report_source_name(source: str, language: Language) -> str:
    """The name for people of who reports; its id where it has none."""
    found = _OTHERS.get(source) or next(
        (text for platform, text in PLATFORM_NAMES.items() if platform.value == source), None
    )
    return found(language) if found else source

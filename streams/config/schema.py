"""The JSON Schema of ``funnelwatch.yaml``, made from the model: editors complete and check by it while one writes.

It says less than ``funnelwatch check``: which names, zones and currencies there are is not in it.
"""

from __future__ import annotations

from typing import Any

from streams.config.model import Config


def config_schema() -> dict[str, Any]:
    """The schema (2020-12)."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Config.model_json_schema(),
        "title": "funnelwatch.yaml",
    }

"""Writes the dashboards as JSON next to this file: ``python -m deploy.grafana.generate`` (``--check`` only compares)."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from deploy.grafana.dashboards import DASHBOARDS

FOLDER = Path(__file__).with_name("json")


def rendered() -> dict[str, str]:
    """The JSON of every dashboard by file name."""
    made = {}
    for name, make in DASHBOARDS.items():
        board = json.loads(JSONEncoder(sort_keys=True).encode(make().build()))
        for place, panel in enumerate(board["panels"], 1):
            panel["id"] = panel.get("id") or place
        made[f"{name}.json"] = json.dumps(board, sort_keys=True, indent=2, ensure_ascii=False) + "\n"
    return made


def main() -> int:
    """Write or compare; 1 if a file differs."""
    check = "--check" in sys.argv
    stale = []
    for name, text in rendered().items():
        path = FOLDER / name
        json.loads(text)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(name)
            if not check:
                path.write_text(text, encoding="utf-8")
    print("stale: " + ", ".join(stale) if check and stale else f"{len(stale)} written")  # noqa: T201
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())

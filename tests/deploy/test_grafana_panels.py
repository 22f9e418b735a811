"""What panels show without a choice: names of lines, and no alarm where there is no value."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from deploy.grafana.generate import FOLDER


def panels() -> Iterator[dict[str, Any]]:
    for path in sorted(FOLDER.glob("*.json")):
        for panel in json.loads(path.read_text())["panels"]:
            yield panel
            yield from panel.get("panels", ())


def test_lines_and_bars_had_no_names() -> None:
    drawn = [one for one in panels() if one["type"] in ("timeseries", "barchart")]
    assert len(drawn) > 5
    hidden = [
        one["title"]
        for one in drawn
        if not (one.get("options") or {}).get("legend", {}).get("showLegend", True)
    ]
    assert hidden == []


def test_a_cell_without_a_value_was_painted_as_trouble() -> None:
    coloured = [
        {value["id"]: value["value"] for value in override["properties"]}
        for panel in panels()
        for override in panel.get("fieldConfig", {}).get("overrides", ())
        if any(
            value["id"] == "custom.cellOptions" and value["value"]["type"] == "color-background"
            for value in override["properties"]
        )
    ]
    assert len(coloured) > 3
    for one in coloured:
        nothing = [mapping for mapping in one["mappings"] if mapping["options"].get("match") == "null+nan"]
        assert [mapping["options"]["result"]["color"] for mapping in nothing] == ["transparent"]

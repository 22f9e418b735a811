"""The kinds of panels that the dashboards use, each with the house's look: units, colours, thresholds, links."""

from __future__ import annotations

from grafana_foundation_sdk.builders import barchart, common, stat, table, timeseries
from grafana_foundation_sdk.builders import dashboard as dash
from grafana_foundation_sdk.models import common as common_models
from grafana_foundation_sdk.models import dashboard as models

from deploy.grafana.query import CLICKHOUSE, PROMETHEUS, Sql, promql

#: colour-blind-safe: grey expected, blue observed, vermilion trouble, green good
EXPECTED, OBSERVED, TROUBLE, GOOD, WARN = "#8d99a6", "#0072b2", "#d55e00", "#009e73", "#e69f00"


def thresholds(*steps: tuple[float | None, str]) -> dash.ThresholdsConfig:
    """Colours from values on; the first value is None."""
    return (
        dash.ThresholdsConfig()
        .mode(models.ThresholdsMode.ABSOLUTE)
        .steps([models.Threshold(value=value, color=color) for value, color in steps])
    )


def _value(name: str, value: object) -> models.DynamicConfigValue:
    return models.DynamicConfigValue(name, value)


def lines(title: str, description: str, sql: str, unit: str = "short") -> timeseries.Panel:
    """Lines over time from ClickHouse."""
    return (
        timeseries.Panel()
        .title(title)
        .description(description)
        .datasource(CLICKHOUSE)
        .unit(unit)
        .line_width(2)
        .show_points(common_models.VisibilityMode.NEVER)
        .tooltip(common.VizTooltipOptions().mode(common_models.TooltipDisplayMode.MULTI))
        .with_target(Sql(sql, is_series=True))
    )


def band(title: str, description: str, sql: str) -> timeseries.Panel:
    """Observed over the expected band: the query gives ``observed``, ``expected``, ``low`` and ``high``."""
    hidden = {"legend": True, "tooltip": False, "viz": False}
    return (
        lines(title, description, sql)
        .override_by_name("low", [_value("custom.lineWidth", 0), _value("custom.hideFrom", hidden)])
        .override_by_name(
            "high",
            [
                _value("custom.lineWidth", 0),
                _value("custom.fillBelowTo", "low"),
                _value("custom.fillOpacity", 18),
                _value("color", {"mode": "fixed", "fixedColor": EXPECTED}),
                _value("custom.hideFrom", hidden),
            ],
        )
        .override_by_name(
            "expected",
            [
                _value("custom.lineStyle", {"fill": "dash", "dash": [6, 6]}),
                _value("color", {"mode": "fixed", "fixedColor": EXPECTED}),
            ],
        )
        .override_by_name("observed", [_value("color", {"mode": "fixed", "fixedColor": OBSERVED})])
    )


def bars(title: str, description: str, sql: str, unit: str = "short") -> barchart.Panel:
    """A bar a row of the answer; the first column names it."""
    return (
        barchart.Panel()
        .title(title)
        .description(description)
        .datasource(CLICKHOUSE)
        .unit(unit)
        .show_value(common_models.VisibilityMode.ALWAYS)
        .tooltip(common.VizTooltipOptions().mode(common_models.TooltipDisplayMode.MULTI))
        .override_by_name("expected", [_value("color", {"mode": "fixed", "fixedColor": EXPECTED})])
        .override_by_name("observed", [_value("color", {"mode": "fixed", "fixedColor": OBSERVED})])
        .with_target(Sql(sql))
    )


def rows(title: str, description: str, sql: str) -> table.Panel:
    """A table."""
    return (
        table.Panel()
        .title(title)
        .description(description)
        .datasource(CLICKHOUSE)
        .no_value("—")
        .with_target(Sql(sql))
    )


def coloured(
    panel: table.Panel, column: str, config: dash.ThresholdsConfig, unit: str = "short"
) -> table.Panel:
    """Colour the background of one column by thresholds."""
    return panel.override_by_name(
        column,
        [
            _value("custom.cellOptions", {"type": "color-background", "mode": "basic"}),
            _value("thresholds", config.build().to_json()),
            _value("color", {"mode": "thresholds"}),
            _value("unit", unit),
        ],
    )


def linked(panel: table.Panel, column: str, title: str, url: str) -> table.Panel:
    """Make the values of one column lead somewhere."""
    return panel.override_by_name(
        column, [_value("links", [{"title": title, "url": url, "targetBlank": False}])]
    )


def number(title: str, description: str, sql: str, unit: str = "short") -> stat.Panel:
    """One figure."""
    return (
        stat.Panel()
        .title(title)
        .description(description)
        .datasource(CLICKHOUSE)
        .unit(unit)
        .no_value("—")
        .graph_mode(common_models.BigValueGraphMode.NONE)
        .with_target(Sql(sql))
    )


def metric(title: str, description: str, *queries: tuple[str, str], unit: str = "short") -> timeseries.Panel:
    """Lines over time from Prometheus: (expression, legend) each."""
    panel = (
        timeseries.Panel()
        .title(title)
        .description(description)
        .datasource(PROMETHEUS)
        .unit(unit)
        .line_width(2)
        .min(0)
        .show_points(common_models.VisibilityMode.NEVER)
    )
    for index, (expression, legend) in enumerate(queries):
        panel = panel.with_target(promql(expression, legend, chr(ord("A") + index)))
    return panel

"""The kinds of panels that the dashboards use, each with the house's look: units, colours, thresholds, links."""

from __future__ import annotations

from collections.abc import Iterable

from grafana_foundation_sdk.builders import barchart, common, stat, table, timeseries
from grafana_foundation_sdk.builders import dashboard as dash
from grafana_foundation_sdk.models import common as common_models
from grafana_foundation_sdk.models import dashboard as models

from deploy.grafana.column_names import COLUMN_NAMES, SENTENCES, UNITS, WIDTHS
from deploy.grafana.query import CLICKHOUSE, PROMETHEUS, SHARED, OfPanel, Sql, promql

#: colour-blind-safe: grey expected, blue observed, vermilion trouble, green good
EXPECTED, OBSERVED, TROUBLE, GOOD, WARN = "#8d99a6", "#0072b2", "#d55e00", "#009e73", "#e69f00"


def thresholds(*steps: tuple[float | None, str]) -> dash.ThresholdsConfig:
    """Colours from values on; the first value is None."""
    return (
        dash.ThresholdsConfig()
        .mode(models.ThresholdsMode.ABSOLUTE)
        .steps([models.Threshold(value=value, color=color) for value, color in steps])
    )


def _named(column: str) -> list[models.DynamicConfigValue]:
    return [_value("displayName", COLUMN_NAMES[column])]


def _value(name: str, value: object) -> models.DynamicConfigValue:
    return models.DynamicConfigValue(name, value)


def legend() -> common.VizLegendOptions:
    """The names of lines and bars below them: a tooltip of its own alone makes a panel that shows none."""
    return (
        common.VizLegendOptions()
        .show_legend(True)
        .display_mode(common_models.LegendDisplayMode.LIST)
        .placement(common_models.LegendPlacement.BOTTOM)
    )


#: a cell without a value would have the colour of the lowest threshold, which is trouble
_NOTHING = {
    "type": "special",
    "options": {"match": "null+nan", "result": {"text": "—", "color": "transparent"}},
}


def lines(title: str, description: str, sql: str, unit: str = "short", label: str = "") -> timeseries.Panel:
    """Lines over time from ClickHouse; ``label`` is the text column whose value alone names a line."""
    panel = (
        timeseries.Panel()
        .title(title)
        .description(description)
        .datasource(CLICKHOUSE)
        .unit(unit)
        .line_width(2)
        .interval("1m")
        .show_points(common_models.VisibilityMode.NEVER)
        .tooltip(common.VizTooltipOptions().mode(common_models.TooltipDisplayMode.MULTI))
        .legend(legend())
        .with_target(Sql(sql, is_series=True))
    )
    return panel.display_name(f"${{__field.labels.{label}}}") if label else panel


def periods(panel: timeseries.Panel) -> timeseries.Panel:
    """Lines with a value a day or a period: one of a single value would draw nothing without its point."""
    return panel.interval("1d").show_points(common_models.VisibilityMode.ALWAYS)


def bars_over_time(title: str, description: str, sql: str, **colours: str) -> timeseries.Panel:
    """Bars upon each other by time: the columns that ``colours`` names."""
    panel = (
        lines(title, description, sql)
        .draw_style(common_models.GraphDrawStyle.BARS)
        .fill_opacity(70)
        .line_width(0)
        .min(0)
        .decimals(0)
        .stacking(common.StackingConfig().mode(common_models.StackingMode.NORMAL))
    )
    for column, colour in colours.items():
        fixed = _value("color", {"mode": "fixed", "fixedColor": colour})
        panel = panel.override_by_name(column, [*_named(column), fixed])
    return panel


def band(title: str, description: str, sql: str) -> timeseries.Panel:
    """Observed over the expected band: the query gives ``observed``, ``expected``, ``low`` and ``high``."""
    hidden = {"legend": True, "tooltip": False, "viz": False}
    return (
        lines(title, description, sql)
        .override_by_name(
            "low", [*_named("low"), _value("custom.lineWidth", 0), _value("custom.hideFrom", hidden)]
        )
        .override_by_name(
            "high",
            [
                *_named("high"),
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
                *_named("expected"),
                _value("custom.lineStyle", {"fill": "dash", "dash": [6, 6]}),
                _value("color", {"mode": "fixed", "fixedColor": EXPECTED}),
            ],
        )
        .override_by_name(
            "observed", [*_named("observed"), _value("color", {"mode": "fixed", "fixedColor": OBSERVED})]
        )
    )


def compared(title: str, description: str, panel_id: int) -> barchart.Panel:
    """Observed next to expected by stage, from the answer that the panel ``panel_id`` has: it is not asked again."""
    shown = {"include": {"names": ["stage_name", "compared", "expected"]}}
    panel = (
        bars(title, description, OfPanel(panel_id))
        .datasource(SHARED)
        .with_transformation(models.DataTransformerConfig(id_val="filterFieldsByName", options=shown))
    )
    for column, colour in (("compared", OBSERVED), ("expected", EXPECTED)):
        fixed = _value("color", {"mode": "fixed", "fixedColor": colour})
        panel = panel.override_by_name(column, [*_named(column), fixed])
    return panel


def bars(title: str, description: str, asked: str | OfPanel, unit: str = "short") -> barchart.Panel:
    """A bar a row of the answer; the first column names it."""
    return (
        barchart.Panel()
        .title(title)
        .description(description)
        .datasource(CLICKHOUSE)
        .unit(unit)
        .show_value(common_models.VisibilityMode.ALWAYS)
        .tooltip(common.VizTooltipOptions().mode(common_models.TooltipDisplayMode.MULTI))
        .legend(legend())
        .override_by_name("alerts", _named("alerts"))
        .with_target(Sql(asked) if isinstance(asked, str) else asked)
    )


def waterfall(title: str, description: str, sql: str) -> barchart.Panel:
    """Bars that hang on each other: the query gives ``whole``, an unseen ``base``, and ``fall`` or ``rise`` upon it."""
    unseen = {"legend": True, "tooltip": True, "viz": False}
    return (
        barchart.Panel()
        .title(title)
        .description(description)
        .datasource(CLICKHOUSE)
        .unit("percent")
        .stacking(common_models.StackingMode.NORMAL)
        .show_value(common_models.VisibilityMode.NEVER)
        .tooltip(common.VizTooltipOptions().mode(common_models.TooltipDisplayMode.MULTI))
        .legend(legend())
        .override_by_name(
            "base",
            [
                _value("color", {"mode": "fixed", "fixedColor": "transparent"}),
                _value("custom.fillOpacity", 0),
                _value("custom.lineWidth", 0),
                _value("custom.hideFrom", unseen),
            ],
        )
        .override_by_name(
            "whole", [*_named("whole"), _value("color", {"mode": "fixed", "fixedColor": OBSERVED})]
        )
        .override_by_name(
            "fall", [*_named("fall"), _value("color", {"mode": "fixed", "fixedColor": TROUBLE})]
        )
        .override_by_name("rise", [*_named("rise"), _value("color", {"mode": "fixed", "fixedColor": GOOD})])
        .with_target(Sql(sql))
    )


def rows(title: str, description: str, sql: str | Sql, columns: Iterable[str]) -> table.Panel:
    """A table; ``columns`` are those of the query, shown under their names in both languages."""
    panel = (
        table.Panel()
        .title(title)
        .description(description)
        .datasource(CLICKHOUSE)
        .no_value("—")
        .with_target(Sql(sql) if isinstance(sql, str) else sql)
    )
    named = tuple(columns)
    for column in named:
        panel = panel.override_by_name(column, [*_named(column), *_unit(column), *_width(column)])
    if SENTENCES.intersection(
        named
    ):  # Grafana takes Chinese letters for as narrow as Latin ones: two lines need room
        panel = panel.cell_height(common_models.TableCellHeight.LG)
    return panel


def hidden(panel: table.Panel, column: str) -> table.Panel:
    """Leave a column out that other panels show."""
    # of Grafana before 12.2, and from then on
    nowhere = {"legend": True, "tooltip": True, "viz": True}
    return panel.override_by_name(column, [_value("custom.hidden", True), _value("custom.hideFrom", nowhere)])


def _width(column: str) -> list[models.DynamicConfigValue]:
    set_so = [_value("custom.wrapHeaderText", True)]  # a name in two languages takes two lines
    if column in SENTENCES:
        # of Grafana before 12.2, and from then on
        set_so.append(_value("custom.cellOptions", {"type": "auto", "wrapText": True}))
        set_so.append(_value("custom.wrapText", True))
    return [*set_so, _value("custom.width", WIDTHS[column])] if column in WIDTHS else set_so


def _unit(column: str) -> list[models.DynamicConfigValue]:
    if column not in UNITS:
        return []
    decimals = [_value("decimals", 1)] if UNITS[column] == "percentunit" else []
    return [_value("unit", UNITS[column]), *decimals]


def coloured(
    panel: table.Panel, column: str, config: dash.ThresholdsConfig, unit: str = "short"
) -> table.Panel:
    """Colour the background of one column by thresholds."""
    return panel.override_by_name(
        column,
        [
            _value("custom.cellOptions", {"type": "color-background", "mode": "basic"}),
            _value("thresholds", config.build().to_json()),
            _value("mappings", [_NOTHING]),
            _value("color", {"mode": "thresholds"}),
            _value("unit", unit),
            _value("decimals", 1),
        ],
    )


def linked(panel: table.Panel, column: str, *links: tuple[str, str]) -> table.Panel:
    """Make the values of one column lead somewhere: (title, address) each."""
    led = [{"title": title, "url": url, "targetBlank": False} for title, url in links]
    return panel.override_by_name(column, [_value("links", led)])


def heat(panel: table.Panel, columns: Iterable[str]) -> table.Panel:
    """Colour these columns from trouble (half) over white (as before: 1) to good (half more)."""
    colours = thresholds((None, TROUBLE), (0.7, WARN), (0.9, "transparent"), (1.1, GOOD))
    for column in columns:
        panel = coloured(panel, column, colours, "percentunit")
    return panel


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

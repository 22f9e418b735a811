"""A query of the official ClickHouse plug-in as typed code, and the parts that all dashboards share."""

from __future__ import annotations

import re
from typing import Any

from grafana_foundation_sdk.builders import dashboard as dash
from grafana_foundation_sdk.builders import prometheus
from grafana_foundation_sdk.cog import builder as cogbuilder
from grafana_foundation_sdk.cog import variants
from grafana_foundation_sdk.models import dashboard as models

from scoring.funnel.segment_names import AGENTS, NO_PAGE
from scoring.funnel.stages import FAST_STEPS
from streams.instance.grafana import PLUGIN, PLUGIN_VERSION

CLICKHOUSE = models.DataSourceRef(PLUGIN, "funnelwatch-clickhouse")
PROMETHEUS = models.DataSourceRef("prometheus", "funnelwatch-prometheus")
#: the answer of another panel of the same dashboard
SHARED = models.DataSourceRef("datasource", "-- Dashboard --")

#: a country that is not known: an empty value of a variable would mean "All"
NOT_KNOWN = "—"
#: the segment that is the whole store, for the same reason
WHOLE_STORE = "*"


def _within(condition: str, variable: str) -> str:
    """The condition, left out where the variable is All."""
    return f"$__conditionalAll({condition}, ${variable})"


#: what a row of the data must satisfy to be of the chosen stores
CHOSEN_STORES = " AND ".join(
    (
        _within("store_id IN (${store:sqlstring})", "store"),
        _within(
            "store_id IN (SELECT store_id FROM stores WHERE platform IN (${platform:sqlstring}))", "platform"
        ),
        _within(
            f"store_id IN (SELECT store_id FROM stores WHERE if(country = '', '{NOT_KNOWN}', country) IN (${{country:sqlstring}}))",
            "country",
        ),
    )
)
#: of the chosen segment
CHOSEN_SEGMENT = f"segment = if(${{segment:sqlstring}} = '{WHOLE_STORE}', '', ${{segment:sqlstring}})"

_SPAN = "first = toUnixTimestamp($__fromTime), last = toUnixTimestamp($__toTime)"
#: sums over the chosen time; both views are exact at the minute and cheap for a month
COUNT_SUMS = f"count_sums({_SPAN})"
SCORE_SUMS = f"score_sums({_SPAN}, point_s = 3600)"


def score_points(days: int) -> str:
    """Sums for the points of a line: of minutes up to this many days of chosen time, of hours beyond."""
    return f"score_sums({_SPAN}, point_s = if({_is_longer(days)}, 3600, 60))"


def point(days: int) -> str:
    """The start of the point that a row of ``score_points`` belongs to."""
    return f"if({_is_longer(days)}, toStartOfHour($__timeInterval(at)), $__timeInterval(at))"


def _is_longer(days: int) -> str:
    return f"$__toTime - $__fromTime > {86_400 * days}"


def one_line(sql: str) -> str:
    """The query as the JSON holds it."""
    return " ".join(sql.split())


def whole_minutes(sql: str) -> str:
    """The query over whole minutes of the chosen time: what several browsers ask within a minute is then one question."""
    return re.sub(r"\$__(from|to)Time\b", r"toStartOfMinute($__\1Time)", sql)


class _Query(variants.Dataquery):
    """What the plug-in's editor saves for one SQL query."""

    def __init__(self, sql: str, ref_id: str, is_series: bool) -> None:
        self.sql, self.ref_id, self.is_series = sql, ref_id, is_series

    def to_json(self) -> dict[str, Any]:
        return {
            "datasource": {"type": CLICKHOUSE.type_val, "uid": CLICKHOUSE.uid},
            "editorType": "sql",
            "format": 0 if self.is_series else 1,
            "pluginVersion": PLUGIN_VERSION,
            "queryType": "timeseries" if self.is_series else "table",
            "rawSql": one_line(self.sql),
            "refId": self.ref_id,
        }


class Sql(cogbuilder.Builder[variants.Dataquery]):
    """Builds a query. ``is_series``: first column a time, the others lines (text columns name them).

    It is asked over whole minutes, unless ``to_the_second``.
    """

    def __init__(
        self, sql: str, *, is_series: bool = False, ref_id: str = "A", to_the_second: bool = False
    ) -> None:
        self._made = _Query(sql if to_the_second else whole_minutes(sql), ref_id, is_series)

    def build(self) -> variants.Dataquery:
        return self._made


class _OfPanel(variants.Dataquery):
    def __init__(self, panel_id: int) -> None:
        self.panel_id = panel_id

    def to_json(self) -> dict[str, Any]:
        return {
            "datasource": {"type": SHARED.type_val, "uid": SHARED.uid},
            "panelId": self.panel_id,
            "refId": "A",
        }


class OfPanel(cogbuilder.Builder[variants.Dataquery]):
    """The answer of the panel with this id."""

    def __init__(self, panel_id: int) -> None:
        self._made = _OfPanel(panel_id)

    def build(self) -> variants.Dataquery:
        return self._made


def promql(expression: str, legend: str = "", ref_id: str = "A") -> prometheus.Dataquery:
    """A Prometheus query over the dashboard's time range."""
    return prometheus.Dataquery().expr(expression).legend_format(legend or "__auto").ref_id(ref_id).range()


def _query_variable(name: str, label: str, sql: str, *, multi: bool = True) -> dash.QueryVariable:
    query = {"datasource": {"type": CLICKHOUSE.type_val, "uid": CLICKHOUSE.uid}, "rawSql": sql, "refId": name}
    made = (
        dash.QueryVariable(name)
        .label(label)
        .datasource(CLICKHOUSE)
        .query(
            {**query, "editorType": "sql", "format": 1, "queryType": "table", "pluginVersion": PLUGIN_VERSION}
        )
        .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(models.VariableSort.ALPHABETICAL_ASC)
    )
    if multi:
        made = made.multi(True).include_all(True).current(models.VariableOption(True, "All", "$__all"))
    return made


def variables() -> list[cogbuilder.Builder[models.VariableModel]]:
    """Platform, country, store, step, segment, language and zone: the same on every dashboard, so links carry them."""
    platform = _within("platform IN (${platform:sqlstring})", "platform")
    country = _within(f"if(country = '', '{NOT_KNOWN}', country) IN (${{country:sqlstring}})", "country")
    zones = ", ".join(f"'{zone}'" for zone in ZONES)
    return [
        _query_variable("platform", "Platform 平台", "SELECT DISTINCT platform FROM stores"),
        _query_variable(
            "country", "Country 国家", f"SELECT DISTINCT if(country = '', '{NOT_KNOWN}', country) FROM stores"
        ),
        # two columns: the value, and what is shown
        _query_variable(
            "store",
            "Store 店铺",
            f"SELECT store_id, if(name = '', store_id, name) FROM stores WHERE {platform} AND {country}",
        ),
        dash.CustomVariable("step")
        .label("Step 环节")
        .values(",".join(step.id for step in FAST_STEPS))
        .current(models.VariableOption(True, "order_to_payment", "order_to_payment")),
        _query_variable(
            "segment",
            "Segment 分群",
            f"SELECT DISTINCT if(segment = '', '{WHOLE_STORE}', segment), multiIf(segment = '', 'Whole store 全店', segment = '{NO_PAGE}', 'Without a page 不经过页面', segment = '{AGENTS}', 'Agents 智能体', segment) "
            f"FROM scores WHERE minute > now() - 3600 AND {_within('store_id IN (${store:sqlstring})', 'store')} LIMIT 1000",
            multi=False,
        ).current(models.VariableOption(True, "Whole store 全店", WHOLE_STORE)),
        dash.CustomVariable("language")
        .label("Language 语言")
        .values("English : en,中文 : zh")
        .current(models.VariableOption(True, "English", "en")),
        _query_variable(
            "zone",
            "Zone 时区",
            f"SELECT DISTINCT arrayJoin(arrayConcat([{zones}], (SELECT groupUniqArray(zone) FROM stores))) AS zone",
            multi=False,
        ).current(models.VariableOption(True, "UTC", "UTC")),
        dash.TextBoxVariable("page").label("Live page 实时页").default_value("http://127.0.0.1:8711"),
    ]


#: what people offer for ``zone`` in addition to the stores' own
ZONES = ("UTC", "Asia/Shanghai", "Asia/Singapore", "Europe/Berlin", "Europe/London", "America/New_York", "America/Los_Angeles")  # fmt: skip


def evaluation_variables() -> list[cogbuilder.Builder[models.VariableModel]]:
    """How long the evaluated periods are, and against what they are scored."""
    return [
        dash.CustomVariable("length")
        .label("Period 周期")
        .values("Week 周 : week,Month 月 : month,Quarter 季 : quarter")
        .current(models.VariableOption(True, "Week 周", "week")),
        dash.CustomVariable("against")
        .label("Against 和谁比")
        .values(
            "As on the page 与页面一致 : headline,Own past 自己过去 : own,Stores alike 同类店 : peers,Benchmark 行业数据 : benchmark"
        )
        .current(models.VariableOption(True, "As on the page 与页面一致", "headline")),
    ]


def row_variables() -> list[cogbuilder.Builder[models.VariableModel]]:
    """The cell of the heat map whose raw events are shown; empty: any. Set by the links of the heat map."""
    labels = {
        "row_country": "Rows of country 明细国家",
        "row_channel": "Rows of channel 明细渠道",
        "row_device": "Rows of device 明细设备",
    }
    return [dash.TextBoxVariable(name).label(label).default_value("") for name, label in labels.items()]

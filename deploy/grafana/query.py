"""A query of the official ClickHouse plug-in as typed code, and the parts that all dashboards share."""

from __future__ import annotations

from typing import Any

from grafana_foundation_sdk.builders import dashboard as dash
from grafana_foundation_sdk.builders import prometheus
from grafana_foundation_sdk.cog import builder as cogbuilder
from grafana_foundation_sdk.cog import variants
from grafana_foundation_sdk.models import dashboard as models

CLICKHOUSE = models.DataSourceRef("grafana-clickhouse-datasource", "funnelwatch-clickhouse")
PROMETHEUS = models.DataSourceRef("prometheus", "funnelwatch-prometheus")
PLUGIN_VERSION = "4.11.1"

#: what a row of the data must satisfy to be of the chosen stores
CHOSEN_STORES = (
    "store_id IN (${store:singlequote}) AND store_id IN "
    "(SELECT store_id FROM stores WHERE platform IN (${platform:singlequote}) AND country IN (${country:singlequote}))"
)


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
            "rawSql": " ".join(self.sql.split()),
            "refId": self.ref_id,
        }


class Sql(cogbuilder.Builder[variants.Dataquery]):
    """Builds a query. ``is_series``: first column a time, the others lines (text columns name them)."""

    def __init__(self, sql: str, *, is_series: bool = False, ref_id: str = "A") -> None:
        self._made = _Query(sql, ref_id, is_series)

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
    steps = (
        "impression_to_click,click_to_add_to_cart,add_to_cart_to_order,order_to_payment,"
        "payment_to_fulfilment,fulfilment_to_repurchase"
    )
    return [
        _query_variable("platform", "Platform 平台", "SELECT DISTINCT platform FROM stores"),
        _query_variable("country", "Country 国家", "SELECT DISTINCT country FROM stores"),
        _query_variable(
            "store",
            "Store 店铺",
            "SELECT store_id FROM stores WHERE platform IN (${platform:singlequote}) AND country IN (${country:singlequote})",
        ),
        dash.CustomVariable("step")
        .label("Step 环节")
        .values(steps)
        .current(models.VariableOption(True, "order_to_payment", "order_to_payment")),
        _query_variable(
            "segment",
            "Segment 分群",
            "SELECT DISTINCT segment FROM scores WHERE store_id IN (${store:singlequote}) AND minute > now() - 3600",
            multi=False,
        ).current(models.VariableOption(True, "", "")),
        dash.CustomVariable("language")
        .label("Language 语言")
        .values("English : en,中文 : zh")
        .current(models.VariableOption(True, "English", "en")),
        dash.CustomVariable("zone")
        .label("Zone 时区")
        .values(
            "UTC,Asia/Shanghai,Asia/Singapore,Asia/Jakarta,Europe/Berlin,Europe/London,America/New_York,"
            "America/Los_Angeles,America/Sao_Paulo"
        )
        .current(models.VariableOption(True, "UTC", "UTC")),
        dash.TextBoxVariable("page").label("Live page 实时页").default_value("http://127.0.0.1:8711"),
    ]

"""SQL of the panel Attribution: channels, campaigns and ads platforms of each store's newest period, as the role jobs wrote them."""

from __future__ import annotations

from deploy.grafana.query import CHOSEN_STORES
from deploy.grafana.wording import listed, texted
from scoring.evaluation.attribution.texts import (
    ATTRIBUTION_LACKS,
    CHANNEL_NAMES,
    KIND_NAMES,
    MODEL_NAMES,
    NO_CAMPAIGN,
    plain_lack,
)

_KIND = texted("kind", KIND_NAMES)
_CHANNEL = texted("channel", CHANNEL_NAMES)
_MODEL = texted("model", MODEL_NAMES)
_NO_CAMPAIGN = texted("'none'", {"none": NO_CAMPAIGN})
_REASONS = listed("arrayDistinct(mapValues(reasons))", {lack: plain_lack(lack) for lack in ATTRIBUTION_LACKS})
_SPAN = f"period = ${{length:sqlstring}} AND $__timeFilter(period_end) AND {CHOSEN_STORES}"

ATTRIBUTION = f"""
SELECT store_id AS store, formatDateTime(period_end - 1, '%Y-%m-%d', 'UTC') AS until, {_KIND} AS kind_name,
       if(kind = 'source', source, {_CHANNEL}) AS channel_name,
       if(kind != 'campaign', '', if(campaign = '', {_NO_CAMPAIGN}, campaign)) AS campaign_name,
       visits, toFloat64(orders) AS credited, toFloat64(money) AS revenue, currency, toFloat64(spend) AS ad_spend, spend_currency,
       cost_per_order, cost_low, cost_high, roas, roas_low, roas_high, claimed_roas, claimed_orders, claimed_per_order,
       {_REASONS} AS why_empty
FROM attribution
WHERE model = 'last' AND {_SPAN}
    AND (store_id, period_start) IN (SELECT store_id, max(period_start) FROM attribution WHERE {_SPAN} GROUP BY store_id)
ORDER BY store, kind = 'campaign', kind = 'source', spend DESC, orders DESC, channel, campaign LIMIT 500
"""

ATTRIBUTION_MODELS = f"""
SELECT store_id AS store, {_MODEL} AS model_name, {_CHANNEL} AS channel_name, toFloat64(orders) AS credited, orders_low AS credited_low,
       orders_high AS credited_high, toFloat64(money) AS revenue, currency
FROM attribution
WHERE kind = 'channel' AND orders IS NOT NULL AND {_SPAN}
    AND (store_id, period_start) IN (SELECT store_id, max(period_start) FROM attribution WHERE {_SPAN} GROUP BY store_id)
ORDER BY store, channel, model LIMIT 500
"""

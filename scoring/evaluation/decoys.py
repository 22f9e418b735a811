"""The decoys: what is checked before anything is found. From a share on they are named, from a larger one they take a finding's place.

The shares are chosen, not measured: above half of a store's usual wobble (some 5 %) a decoy is worth naming, and where it could make
up a drop of one fifth or more by its own size, nothing can be said about the shop.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from scoring.evaluation.rules import Decoy, DecoyKind
from scoring.wording.text import Text

DECOYS: tuple[Decoy, ...] = (
    Decoy(DecoyKind.REPORT_LATE, Text("报表还没到齐", "The report is not complete yet"),
          Text("本期应有的报表行里缺了多少", "rows of the period that are still missing"), 0.01, 0.1),
    Decoy(DecoyKind.TRACKING_BROKEN, Text("埋点断了", "Tracking is broken"),
          Text("店铺有而埋点没看到的订单，比平时多出的部分", "orders of the shop that tracking did not see, beyond the usual"), 0.05, 0.2),
    Decoy(DecoyKind.RESTATED, Text("平台改过数", "The platform restated its figures"),
          Text("本期被平台修订过的报表行", "rows of the period that the platform restated"), 0.05, 0.3),
    Decoy(DecoyKind.OUTAGE, Text("平台或支付故障", "An outage of the platform or of payments"),
          Text("本期处于故障中的时间", "time of the period in an outage"), 0.01, 0.2),
    Decoy(DecoyKind.SHOP_CLOSED, Text("店铺打烊或休假", "The shop was closed or on holiday"),
          Text("本期里打烊的时间", "time of the period during which it was closed"), 0.01, 0.2),
    Decoy(DecoyKind.BOT_WAVE, Text("机器流量涌入", "A wave of bots"),
          Text("机器会话，比平时多出的部分", "bot sessions beyond the usual"), 0.05, 0.2),
    Decoy(DecoyKind.MIX_SHIFT, Text("客群变了（设备、渠道、国家占比）", "Other visitors (mix of devices, channels, countries)"),
          Text("变化里由占比变动带来的部分", "the part of the change that is mix"), 0.25, 0.7),
    Decoy(DecoyKind.CALENDAR, Text("节假日或大促，与对照期不同", "A holiday or sale that the comparison lacks"),
          Text("本期里与对照期性质不同的天数", "days of the period of another kind than those compared with"), 0.1, 0.5),
    Decoy(DecoyKind.STOCK_OR_LISTING, Text("缺货或商品被下架", "Out of stock, or listings taken down"),
          Text("平时销量里缺货或下架商品所占的部分", "usual sales that are of products out of stock or taken down"), 0.05, 0.2),
    Decoy(DecoyKind.RULE_CHANGED, Text("平台改了规则（有公告）", "The platform changed a rule (it gave notice)"),
          Text("本期里新规则生效的天数", "days of the period on which the new rule held"), 0.01, math.inf),
    Decoy(DecoyKind.RELEASE, Text("本期上线过改动", "A release in the period"),
          Text("本期里第一次上线之后的时间", "time of the period after the first release"), 0.01, math.inf),
)  # fmt: skip
DECOY_BY_KIND: Mapping[DecoyKind, Decoy] = {decoy.kind: decoy for decoy in DECOYS}

"""The words in which a Shopee shop's settings are asked for."""

from __future__ import annotations

from collections.abc import Mapping

from streams.sources.ask_words import Asked, asked

ASK_WORDS: Mapping[str, Asked] = {
    "partner_id": asked(
        "Partner ID", "Partner id", "Shopee 开放平台 → App List。", "Shopee Open Platform, App List."
    ),
    "secret": asked(
        "Partner Key", "Partner key", "与 Partner ID 在同一处；请求和推送都用它签名。",
        "Next to the partner id; it signs requests and pushes.",
    ),
    "redirect": asked(
        "授权回调地址", "Redirect address",
        "授权后跳转的地址，要在开放平台应用的 Redirect URL Domain 之下；页面打不开也没关系，只要它的地址。",
        "Where approving leads: under the Redirect URL Domain of the app. The page need not exist, only its address counts.",
    ),
    "shop_id": asked(
        "店铺编号", "Shop id", "授权后回调地址里的 shop_id；粘贴整个地址就不用填。",
        "The shop_id in the address that approving leads to; with the whole address pasted it is read from there.",
    ),
    "country": asked(
        "站点", "Site", "决定报表的日期和币种。", "Decides the days and the money of its reports."
    ),
    "callback": asked(
        "推送地址", "Address of pushes",
        "与开放平台里登记的完全一致：Shopee 把它也签进去。", "Exactly as registered: it is part of what Shopee signs.",
    ),
    "region": asked(
        "接口所在地区", "Host", "中国内地数据中心选 china，巴西选 brazil，其余选 global。",
        "china for the data centre in China mainland, brazil for Brazil, else global.",
    ),
}  # fmt: skip

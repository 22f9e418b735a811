"""The words in which a Meta ad account's settings are asked for."""

from __future__ import annotations

from collections.abc import Mapping

from streams.sources.ask_words import Asked, asked

ASK_WORDS: Mapping[str, Asked] = {
    "account": asked("广告账户编号", "Ad account", "广告管理工具地址里的 act 编号。", "The act number in the address of Ads Manager."),
    "token": asked(
        "系统用户令牌", "System user token", "商务管理平台 → 用户 → 系统用户，勾选 ads_read。",
        "Business settings, Users, System users, with ads_read.",
    ),
}  # fmt: skip

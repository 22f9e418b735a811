"""The words in which an Amazon Ads profile's settings are asked for."""

from __future__ import annotations

from collections.abc import Mapping

from streams.sources.ask_words import Asked, asked

ASK_WORDS: Mapping[str, Asked] = {
    "client_id": asked(
        "LWA Client ID", "LWA client id", "已获准使用 Amazon Ads API 的应用。", "Of an app with access to the Amazon Ads API."
    ),
    "secret": asked(
        "LWA Client secret", "LWA client secret", "与 Client ID 在同一处。", "Next to the client id."
    ),
    "refresh_token": asked(
        "刷新令牌", "Refresh token", "由能看到该广告账户的人授权得到（advertising::campaign_management）。",
        "From somebody who may see the profile (advertising::campaign_management).",
    ),
    "region": asked("地区", "Region", "na 北美，eu 欧洲，fe 远东。", "na: North America, eu: Europe, fe: Far East."),
    "profile": asked(
        "广告账户编号", "Profile", "GET /v2/profiles 返回的 profileId。", "The profileId of GET /v2/profiles."
    ),
    "reads": asked(
        "要读取的广告类型", "Kinds of ads", "去掉没有投放的类型。", "Leave out what is not used."
    ),
    "queue": asked(
        "SQS 队列地址", "SQS queue", "Marketing Stream 发到的队列；没有就没有按小时的数据。",
        "Where Marketing Stream sends to; without it there are no hours.",
    ),
}  # fmt: skip

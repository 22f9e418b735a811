"""The words in which a GA4 property's settings are asked for."""

from __future__ import annotations

from collections.abc import Mapping

from streams.sources.ask_words import Asked, asked

ASK_WORDS: Mapping[str, Asked] = {
    "property": asked("媒体资源编号", "Property", "GA4 → 管理 → 媒体资源详情。", "GA4, Admin, Property details."),
    "key": asked(
        "服务账号密钥文件", "Key of a service account",
        "该媒体资源的查看者；Google Cloud 下载的 JSON。",
        "A Viewer of the property; the JSON that Google Cloud gives.",
    ),
}  # fmt: skip

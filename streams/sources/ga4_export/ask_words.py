"""The words in which the settings of GA4's export to BigQuery are asked for."""

from __future__ import annotations

from collections.abc import Mapping

from streams.sources.ask_words import Asked, asked

ASK_WORDS: Mapping[str, Asked] = {
    "project": asked(
        "Google Cloud 项目", "Google Cloud project", "为查询付费的项目。", "The project that pays for queries."
    ),
    "dataset": asked(
        "数据集", "Data set", "导出到 BigQuery 的数据集，例如 analytics_213025502。",
        "Of the export in BigQuery, such as analytics_213025502.",
    ),
    "zone": asked(
        "媒体资源的时区", "Time zone of the property", "GA4 → 管理 → 媒体资源详情；导出里没有写。",
        "GA4, Admin, Property details: the export does not say it.",
    ),
    "key": asked(
        "服务账号密钥", "Key of a service account",
        "能读取该数据集（BigQuery Data Viewer）并能运行查询（BigQuery Job User）；Google Cloud 下载的 JSON。",
        "With BigQuery Data Viewer of the data set and BigQuery Job User; the JSON that Google Cloud gives.",
    ),
}  # fmt: skip

"""The words in which the settings of a JSON API are asked for."""

from __future__ import annotations

from collections.abc import Mapping

from streams.sources.ask_words import Asked, asked

ASK_WORDS: Mapping[str, Asked] = {
    "url": asked(
        "接口地址", "Address of the API",
        "每个请求地址的开头，例如 https://shop.example/api。",
        "Beginning of every address, such as https://shop.example/api.",
    ),
    "auth.kind": asked(
        "认证方式", "Authorisation", "看对方接口文档。", "By the API's documentation."
    ),
    "auth.name": asked(
        "密钥所在的请求头或参数", "Header or parameter of the key",
        "认证方式为 header 或 query 时填。", "For the kinds header and query.",
    ),
    "auth.user": asked("用户名", "User", "认证方式为 basic 时填。", "For the kind basic."),
    "auth.token_url": asked(
        "令牌地址", "Address of tokens", "向这个地址换取访问令牌。", "Where access tokens are asked for."
    ),
    "auth.client_id": asked("应用 ID", "Client id", "由接口方提供。", "The API's owner gives it."),
    "auth.client_secret": asked("应用密钥", "Client secret", "由接口方提供。", "The API's owner gives it."),
    "auth.refresh_token": asked(
        "刷新令牌", "Refresh token", "授权时得到的第一个刷新令牌。", "The first one, from authorising."
    ),
    "auth.secret": asked("密钥或密码", "Key or password", "由接口方提供。", "The API's owner gives it."),
    "resources.path": asked(
        "订单的路径", "Path of the rows", "接在接口地址后面，例如 /orders。", "Added to the address, such as /orders."
    ),
    "resources.from_parameter": asked(
        "起始时间参数", "Parameter of the beginning",
        "按更新时间筛选的参数名，例如 updated_after；没有就留空。",
        "Filters by time of change, such as updated_after; empty if there is none.",
    ),
    "resources.to_parameter": asked(
        "结束时间参数", "Parameter of the end", "没有就留空。", "Empty if there is none."
    ),
    "resources.time": asked(
        "时间的写法", "Form of times", "iso：2026-11-28T08:00:00Z；s、ms：时间戳；day：日期。",
        "iso: 2026-11-28T08:00:00Z; s and ms: timestamps; day: a date.",
    ),
    "resources.rows": asked(
        "数据行的位置", "Where the rows are", "例如 $.data.orders。", "Such as $.data.orders."
    ),
    "resources.id": asked("行的编号", "Where a row's id is", "例如 id。", "Such as id."),
    "resources.changed": asked(
        "行的更新时间", "Where a row's time of change is", "例如 updated_at；没有就留空。",
        "Such as updated_at; empty if there is none.",
    ),
    "resources.paging.kind": asked("分页方式", "Paging", "看对方接口文档。", "By the API's documentation."),
    "resources.paging.parameter": asked(
        "分页参数", "Parameter of the page", "页码、偏移或游标的参数名。", "Of its number, offset or cursor."
    ),
    "resources.paging.next": asked(
        "下一页游标的位置", "Where the next cursor is", "分页方式为 cursor 时填。", "For paging by cursor."
    ),
    "resources.mapping": asked(
        "映射", "Mapping", "我们的字段 → 它在一行里的位置（YAML）。", "Our field → where it is in a row (YAML)."
    ),
}  # fmt: skip

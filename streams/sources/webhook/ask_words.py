"""The words in which a signed webhook's settings are asked for."""

from __future__ import annotations

from collections.abc import Mapping

from streams.sources.ask_words import Asked, asked

ASK_WORDS: Mapping[str, Asked] = {
    "secret": asked(
        "签名密钥", "Signing secret",
        "发送方用它给每次推送签名；留空则生成一个，再填到对方系统里。",
        "The sender signs each delivery with it; leave it empty to have one made, then give it to the sender.",
    ),
    "signature.header": asked(
        "签名所在的请求头", "Header of the signature", "例如 X-Signature。", "Such as X-Signature."
    ),
    "signature.encoding": asked(
        "签名的写法", "Encoding of the signature", "看对方文档：hex 或 base64。", "By the sender's documentation."
    ),
    "signature.prefix": asked(
        "签名前缀", "Prefix of the signature", "例如 sha256=；没有就留空。", "Such as sha256=; empty if there is none."
    ),
    "format": asked(
        "推送的格式", "Form of a delivery",
        "mapping：对方自己的 JSON，用映射读取；events：与 POST /v1/events 相同。",
        "mapping: the sender's own JSON, read by a mapping; events: as for POST /v1/events.",
    ),
    "mapping": asked(
        "映射", "Mapping", "我们的字段 → 它在 JSON 里的位置（YAML）。", "Our field → where it is in the JSON (YAML)."
    ),
}  # fmt: skip

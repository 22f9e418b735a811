"""The words in which a connection's settings are asked for, zh and en: what it is, and where a seller finds it.

What is asked alike everywhere is here; a source says its own in ``ASK_WORDS`` of its ``ask_words.py``, by the setting's path.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.util import find_spec

from scoring.wording.text import Text


@dataclass(frozen=True, slots=True)
class Asked:
    """The words of one setting: its name, and where it is found or what to think of."""

    label: Text
    where: Text


def asked(zh: str, en: str, zh_where: str, en_where: str) -> Asked:
    """Words of a setting in both languages."""
    return Asked(Text(zh, en), Text(zh_where, en_where))


_REFRESH = asked(
    "刷新令牌", "Refresh token",
    "店铺给应用授权后平台返回的 refresh token；只收推送时留空。",
    "What the platform returned when the shop authorised the app; leave it empty for pushes alone.",
)  # fmt: skip
_CODE = asked(
    "授权码", "Authorisation code",
    "打开授权链接，用店铺账号登录并同意，然后粘贴浏览器跳转到的整个地址（或其中的 code）。只能用一次，10 到 30 分钟内有效。已有刷新令牌或只收推送时留空。",
    "Open the link, sign in as the shop and approve, then paste the whole address that the browser lands on (or the code in it). It is good "
    "once, for 10 to 30 minutes. Leave it empty if you have a refresh token, or for pushes alone.",
)  # fmt: skip
_READS = asked(
    "要读取的内容", "What is read",
    "去掉应用没有权限的项。", "Leave out what the app has no permission for.",
)  # fmt: skip
_QUEUE_KEY = asked(
    "AWS 访问密钥 ID", "AWS access key id",
    "可以读取该队列的 IAM 用户的密钥。", "Of an IAM user that may read the queue.",
)  # fmt: skip
_QUEUE_SECRET = asked(
    "AWS 访问密钥", "AWS secret access key",
    "与上面的密钥 ID 成对。", "Belongs to the key id above.",
)  # fmt: skip
COMMON: Mapping[str, Asked] = {
    "name": asked(
        "连接名", "Name",
        "命令、告警和推送地址里用的名字：字母、数字、点、横线。",
        "What commands, alerts and the address of pushes call it: letters, digits, dots and hyphens.",
    ),
    "store": asked(
        "店铺", "Store", "数据属于哪家店（funnelwatch.yaml 里的 stores）。",
        "The store that the data belongs to (stores in funnelwatch.yaml).",
    ),
    "refresh_token": _REFRESH,
    "code": _CODE,
    "reads": _READS,
    "aws_key_id": _QUEUE_KEY,
    "aws_secret": _QUEUE_SECRET,
}  # fmt: skip


@cache
def _own(source: str) -> Mapping[str, Asked]:
    name = f"streams.sources.{source}.ask_words"
    return import_module(name).ASK_WORDS if find_spec(name) else {}


def asked_words(source: str, path: str) -> Asked | None:
    """The words of a setting of a source's connections; None if it has none."""
    return _own(source).get(path) or COMMON.get(path)

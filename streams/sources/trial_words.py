"""What a trial of a connection says, part by part, in both languages; what a platform itself said stays as it was."""

from __future__ import annotations

from collections.abc import Mapping

from scoring.wording.text import Bilingual, Text
from scoring.wording.troubles import TROUBLES, Trouble

#: the parts of a trial, and the resources that are asked for
PARTS: Mapping[str, Text] = {
    "secret": Text("密钥", "secret"),
    "access": Text("授权", "access"),
    "authorisation": Text("授权期限", "authorisation"),
    "permission": Text("权限", "permission"),
    "limits": Text("请求限额", "limits"),
    "orders": Text("订单", "orders"),
    "returns": Text("退货", "returns"),
    "cancellations": Text("取消", "cancellations"),
    "refunds": Text("退款", "refunds"),
    "notifications": Text("通知", "notifications"),
    "lost_pushes": Text("未送达的推送", "lost_pushes"),
    "ads_hours": Text("广告（按小时）", "ads_hours"),
    "ads_days": Text("广告（按天）", "ads_days"),
    "sales_hours": Text("销售（按小时）", "sales_hours"),
    "traffic_days": Text("流量（按天）", "traffic_days"),
    "kiosk_days": Text("销售与流量（按天）", "kiosk_days"),
    "kiosk_products": Text("销售与流量（按商品）", "kiosk_products"),
    "health": Text("账户状况", "health"),
    "feedback": Text("评论主题", "feedback"),
    "lives": Text("直播场次", "lives"),
    "performance": Text("店铺指标", "performance"),
    "service": Text("客服指标", "service"),
    "reviews": Text("评价", "reviews"),
    "chats": Text("会话", "chats"),
    "listings": Text("有问题的商品", "listings"),
    "penalties": Text("扣分", "penalties"),
    "punishments": Text("处罚", "punishments"),
    "shop": Text("店铺", "shop"),
    "days": Text("按天的数据", "days"),
    "hours": Text("按小时的数据", "hours"),
}

SECRET = Text("密钥已就绪", "its secret is at hand")
NO_SECRET = Text("没有密钥", "it has no secret")
NOT_TRIED = Text(
    "令牌由 sources 角色续期，这里没有测试", "the token is renewed by the role `sources`; not tried here"
)
ENDS = Text("不续期的话 {days} 天后到期", "ends in {days} days unless it is renewed")
#: of an authorisation that the shop has to give again, whatever is renewed meanwhile
ENDS_FOR_GOOD = Text("{days} 天后到期，届时要重新授权", "ends in {days} days, and is then to be given again")
ROWS = Text("第一页 {rows} 行，得到 {records} 条记录", "{rows} rows on the first page, {records} records")
EMPTY = Text("；空结果只说明有权限，不说明字段对得上", "; an empty answer proves the access, not the mapping")
PREPARING = Text(
    "有权限；报表正在生成，保存后读取", "it may be read; the report is being made and is read after saving"
)
WITHOUT_SCOPE = Text("缺少 {scope}，因此没有：{without}", "{scope} is missing; without it: no {without}")
UNREADABLE = Text("；{bad} 行读不懂：{why}", "; {bad} rows cannot be read: {why}")
NOTE = Text("；注意：{gaps}", "; note: {gaps}")
LIMITS = Text("最多每秒：{rates}", "requests a second at most: {rates}")
OF_SHOP = Text("本店铺 {rate:g} 次", "{rate:g} for the shop")
OF_APP = Text("同一应用的所有店铺共 {rate:g} 次", "{rate:g} for all shops of the app")
NO_LIMITS = Text("平台没有公布请求限额", "no limit of requests is known")
_FAILED = Text("{name}：{todo}平台的原话：{error}", "{name}: {error}. {todo}")


def part_name(what: str) -> Text:
    """The name of a part; of a resource of one of several shops, its shop follows. One of a source's own making keeps its name."""
    name, dot, shop = what.partition(".")
    known = PARTS.get(name, Text(name, name))
    return Text(f"{known.zh}{dot}{shop}", f"{known.en}{dot}{shop}")


def failure(error: Exception) -> Bilingual:
    """Why a part could not be had, and what to do about it."""
    trouble = getattr(error, "trouble", Trouble.NONE)
    if trouble not in TROUBLES:
        return Bilingual(getattr(error.args[0], "zh", str(error)) if error.args else "", str(error))
    name, todo = TROUBLES[trouble]
    return Bilingual(
        _FAILED("zh", name=name.zh, todo=todo.zh, error=getattr(error.args[0], "zh", error)),
        _FAILED("en", name=name.en, todo=todo.en, error=str(error).rstrip(".")),
    )

"""What can be wrong with a source: a closed list, each with its name for people and what to do about it."""

from __future__ import annotations

from enum import StrEnum

from scoring.wording.text import Text


class Trouble(StrEnum):
    """What is wrong with a source. Closed: a new one is a new member here, with its words and what to do."""

    NONE = ""
    PAUSED_BY_PERSON = "paused_by_person"
    UNREACHABLE = "unreachable"
    PLATFORM_FAILS = "platform_fails"
    THROTTLED = "throttled"
    GARBLED = "garbled"
    INCOMPLETE = "incomplete"
    ACCESS_DENIED = "access_denied"
    SCOPE_MISSING = "scope_missing"
    CLOCK_APART = "clock_apart"
    VERSION_RETIRED = "version_retired"
    REQUEST_REJECTED = "request_rejected"
    TOKEN_ENDS = "token_ends"  # noqa: S105  (a word, no password)
    USE_ENDS = "use_ends"
    USE_ENDED = "use_ended"
    SECRET_MISSING = "secret_missing"  # noqa: S105
    MAPPING_FAULTS = "mapping_faults"
    DAYS_DIFFER = "days_differ"
    NOT_COMPARED = "not_compared"
    IMPLAUSIBLE = "implausible"
    SILENT = "silent"
    BEHIND = "behind"
    BUG = "bug"


#: what is known long before it matters
FORESEEN = frozenset({Trouble.TOKEN_ENDS, Trouble.USE_ENDS, Trouble.USE_ENDED})

#: what each is called, and what to do about it
TROUBLES: dict[Trouble, tuple[Text, Text]] = {
    Trouble.PAUSED_BY_PERSON: (
        Text("已手动暂停", "Paused by a person"),
        Text(
            "在此页面或用 funnelwatch sources resume 恢复。",
            "Resume it here or with funnelwatch sources resume.",
        ),
    ),
    Trouble.UNREACHABLE: (
        Text("平台无法访问", "The platform is unreachable"),
        Text("会自动重试；检查网络和代理。", "It is retried automatically; check network and proxy."),
    ),
    Trouble.PLATFORM_FAILS: (
        Text("平台返回错误", "The platform answers with errors"),
        Text(
            "会自动重试；查看平台状态页。", "It is retried automatically; look at the platform's status page."
        ),
    ),
    Trouble.THROTTLED: (
        Text("被平台限流", "The platform asks to wait"),
        Text(
            "降低 rate，或减少同一应用下的连接。",
            "Lower `rate`, or connect fewer shops through the same app.",
        ),
    ),
    Trouble.GARBLED: (
        Text("返回内容无法识别", "The answer cannot be read"),
        Text(
            "返回的不是约定的格式（例如网页或不完整的内容）；检查地址和版本。",
            "It is not what was agreed (a web page, half a body); check the address and the version.",
        ),
    ),
    Trouble.INCOMPLETE: (
        Text("数据不完整", "The data does not make a whole"),
        Text(
            "分页之间数据有缺失；该时段会重新读取，游标不会前进。",
            "Rows are missing between pages; the window is read again and the cursor stays.",
        ),
    ),
    Trouble.ACCESS_DENIED: (
        Text("授权被拒绝", "Access is denied"),
        Text(
            "新连接先核对应用编号、密钥，以及店铺所在的国家或地区；已用过的连接请重新授权：funnelwatch sources add 同名连接即可换新，已有进度保留。",
            "Of a new connection check the app's id and secret, and the shop's country or region; of one that worked, authorise again: funnelwatch sources add with the same name renews it and keeps its progress.",
        ),
    ),
    Trouble.SCOPE_MISSING: (
        Text("缺少权限", "A permission is missing"),
        Text(
            "在平台应用中补上所列权限并重新授权。",
            "Add the permission to the platform's app and authorise again.",
        ),
    ),
    Trouble.CLOCK_APART: (
        Text("本机时钟不准", "The clock of this machine is wrong"),
        Text(
            "校准本机时间（NTP）：平台只接受带有当前时间的签名；之后会自动重试。",
            "Set this machine's clock (NTP): the platform accepts signatures of the present alone; it is retried automatically.",
        ),
    ),
    Trouble.VERSION_RETIRED: (
        Text("接口版本已停用", "The API version is retired"),
        Text(
            "升级 Funnelwatch，或修改连接的版本设置。",
            "Update Funnelwatch, or change the version in the connection.",
        ),
    ),
    Trouble.REQUEST_REJECTED: (
        Text("平台不接受请求", "The platform rejects the request"),
        Text("检查连接的地址和参数。", "Check the connection's address and parameters."),
    ),
    Trouble.TOKEN_ENDS: (
        Text("授权即将到期", "The authorisation ends soon"),
        Text("在到期前重新授权。", "Authorise again before it ends."),
    ),
    Trouble.USE_ENDS: (
        Text("正在使用的版本或方式即将停用", "Something it uses ends soon"),
        Text(
            "在所列日期前升级 Funnelwatch，或在连接里换成仍受支持的版本。",
            "Before the day named, update Funnelwatch or change the connection to what is still served.",
        ),
    ),
    Trouble.USE_ENDED: (
        Text("正在使用的版本或方式已停用", "Something it uses has ended"),
        Text(
            "平台可能改用其他版本应答或拒绝请求；请升级 Funnelwatch，或在连接里换版本，然后核对停用日之后的数字。",
            "The platform may answer by another version, or reject: update Funnelwatch or change the connection, then check the days since.",
        ),
    ),
    Trouble.SECRET_MISSING: (
        Text("密钥不可用", "A secret is missing"),
        Text(
            "检查连接引用的环境变量、文件或密钥。",
            "Check the variable, file or key that the connection refers to.",
        ),
    ),
    Trouble.MAPPING_FAULTS: (
        Text("有数据无法转换", "Deliveries cannot be translated"),
        Text(
            "修正映射后用 funnelwatch sources replay 重放。",
            "Correct the mapping, then run funnelwatch sources replay.",
        ),
    ),
    Trouble.DAYS_DIFFER: (
        Text("对账不一致", "Days differ by the second way"),
        Text(
            "所列日期与平台的数字不同；检查映射，然后回填这些日期。",
            "The days named differ from the platform's own figures; check the mapping, then backfill them.",
        ),
    ),
    Trouble.NOT_COMPARED: (
        Text("无法对账", "Days cannot be compared"),
        Text(
            "超过一天没有对账成功，数字未经核实；检查对账接口。",
            "Nothing could be compared for more than a day, so the figures are not verified; check the second way.",
        ),
    ),
    Trouble.IMPLAUSIBLE: (
        Text("数字与平时相差悬殊", "Figures are far from the usual"),
        Text(
            "先别用这些数字：看所列的字段，是否换了单位、币种或时区；修正后回填。如果数字没错，点“数字没错”或运行 funnelwatch sources accept。",
            "Do not use these figures yet: see whether the unit, currency or zone of what is named changed, correct it, then backfill. If they are right, say so here or with funnelwatch sources accept.",
        ),
    ),
    Trouble.SILENT: (
        Text("没有收到推送", "No deliveries arrive"),
        Text(
            "按平时的量早该有了；检查平台上的订阅和回调地址。",
            "By what is usual some should have; check the subscription and its address on the platform.",
        ),
    ),
    Trouble.BEHIND: (
        Text("正在追赶", "Catching up"),
        Text("无需处理。", "Nothing to do."),
    ),
    Trouble.BUG: (
        Text("程序错误", "A fault of Funnelwatch"),
        Text("请附上日志反馈。", "Report it with the log."),
    ),
}

"""The words of adding a connection, zh and en."""

from __future__ import annotations

from collections.abc import Mapping

from scoring.sources.backfills import PAST_DAYS
from scoring.wording.text import Text

ADDING_WORDS: Mapping[str, Text] = {
    "add_source": Text("添加连接", "Add a connection"),
    "add_source_note": Text(
        "选择平台，下一步只问它需要的内容；保存前会先测试。",
        "Choose a platform: the next page asks only for what it needs, and tests it before anything is saved.",
    ),
    "add_other_ways": Text(
        "没有接口权限？把平台导出的文件直接导入：", "No access to an API? Import the files that the platform exports:"
    ),
    "add_form_note": Text(
        "带 * 的必填。密钥加密保存，不会再显示。", "Fields with * are needed. Secrets are kept encrypted and are not shown again."
    ),
    "add_no_key": Text(
        "这个页面进程没有连接密钥（FUNNELWATCH_SOURCES_KEY），不能在这里保存密钥。请在有密钥的主机上运行 funnelwatch sources add。",
        "This process of the page has no sources key (FUNNELWATCH_SOURCES_KEY), so it cannot keep secrets. Run funnelwatch sources add on a host "
        "that has it.",
    ),
    "secret_made": Text("已生成一个，请填到对方系统里。", "One was made: enter it at the other side."),
    "secret_kept": Text("已经填过；留空则不变。", "There is one already; leave it empty to keep it."),
    "only_with": Text("仅当 {other} 为 {values} 时填写。", "Only where {other} is {values}."),
    "only_with_any": Text("仅当填了 {other} 时填写。", "Only where {other} is given."),
    "only_without": Text("填了 {other} 就不用填。", "Not needed where {other} is given."),
    "show_link": Text("生成授权链接", "Make the authorisation link"),
    "open_link": Text("打开授权页面", "Open the page to approve"),
    "test_and_save": Text("测试并保存", "Test and save"),
    "test_and_save_hint": Text(
        f"测试会向平台请求一次。保存后马上开始读取，同时补读过去 {PAST_DAYS} 天。",
        f"The platform is asked once. After saving, reading begins at once, next to the past {PAST_DAYS} days.",
    ),
    "save_anyway": Text("仍然保存", "Save it all the same"),
    "trial_title": Text("测试结果", "What came of the test"),
    "trial_failed": Text("还没有保存：下面有一项不通过。", "Not saved: something does not work yet."),
    "platform_silent": Text("平台在 25 秒内没有应答，还没有保存。", "The platform gave no answer within 25 seconds; nothing was saved."),
    "source_added": Text("已保存，正在读取第一批数据。", "Saved; the first data is being read."),
    "renew_access": Text("更新授权或设置", "Renew access or settings"),
}  # fmt: skip

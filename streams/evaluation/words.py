"""Headings of an evaluation's page, zh and en; its sentences are those of ``scoring/evaluation``."""

from __future__ import annotations

from collections.abc import Mapping

from scoring.wording.text import Text

WORDS: Mapping[str, Text] = {
    "title": Text("店铺评价", "Store evaluation"),
    "period": Text("{first} 至 {last}（{zone}）", "{first} to {last} ({zone})"),
    "health": Text("健康分", "Health"),
    "dimensions": Text("六个维度", "Six dimensions"),
    "indicators": Text("指标", "Indicators"),
    "funnel": Text("漏斗各步", "Steps of the funnel"),
    "findings": Text("看到了什么", "What is seen"),
    "other_findings": Text("没有看到，或说不准的", "Not seen, or not enough to say"),
    "actions": Text("接下来做什么", "What to do"),
    "files": Text("用了哪些文件", "Files that were used"),
    "weak": Text("明显偏低的", "Clearly low"),
    "none_weak": Text("测到的没有一项明显偏低。", "Nothing that was measured is clearly low."),
    "gaps": Text("补上数据就能测的", "What more data would supply"),
    "duties": Text("按岗位看损失", "Losses by role"),
    "duty": Text("岗位", "Role"),
    "duty_events": Text("分到的损失（单）", "Its share of the losses"),
    "duty_money": Text("约合金额", "About"),
    "duty_indicators": Text("主要负责的指标", "Indicators that are mainly its own"),
    "duty_sum": Text("合计", "Sum"),
    "loss_note": Text("正数是比平常少的，负数是比平常多的。各岗位之和等于总损失。", "Positive: fewer than usual; negative: more. The roles add up to the whole."),
    "radar": Text("雷达图", "Radar"),
    "radar_note": Text("虚线是 50 分，即平常水平；灰条是“没测到的不论好坏”时得分所在的范围；缺数据的轴留空。", "The dashed line is 50, the usual; a grey bar is where the score lies whatever the missing ones show; an axis without data is left empty."),
    "not_supplied": Text("本版本还没有数据来源的指标", "Indicators that no source of this version supplies"),
    "usual": Text("平常", "Usual"),
    "bar": Text("本期与平常", "Now and usual"),
    "not_from_files": Text("本版本还不能从文件评的", "What this version does not evaluate from files"),
    "file": Text("文件", "File"),
    "recognised": Text("识别为", "Recognised as"),
    "rows": Text("行数", "Rows"),
    "not_used": Text("没有用：{why}", "not used: {why}"),
    "name": Text("名称", "Name"),
    "per_hundred": Text("每 100 次 {value}", "{value} per 100"),
    "score": Text("得分（90% 区间）", "Score (90% interval)"),
    "value": Text("本期值", "Value"),
    "cases": Text("例数", "Cases"),
    "definition": Text("口径", "Definition"),
    "source": Text("出自", "From"),
    "loss": Text("损失", "Loss"),
    "who": Text("分到岗位", "By role"),
    "coverage": Text("覆盖", "Coverage"),
    "nothing_found": Text("这一期没有看到需要处理的事。", "Nothing that needs action is seen in this period."),
    "weights": Text("权重版本 {version}，公开可复算。", "Weights version {version}, published: every score can be recomputed."),
}  # fmt: skip

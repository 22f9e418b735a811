"""Headings of an evaluation's page, zh and en; its sentences are those of ``scoring/evaluation``."""

from __future__ import annotations

from collections.abc import Mapping

from scoring.evaluation.texts import GAP_POINTS, PER_HUNDRED
from scoring.wording.text import Text

FILE_LEFT_OUT = Text(
    "没有用上 {name}（{layout}）：{why}",
    "{name} ({layout}) was not used: {why}",
)
NOT_RECOGNISED = Text("不认识", "not recognised")
SAY_WITH = Text("（用 --{option} 说明）", " (say which with --{option})")
SAY_BY_MAPPING = Text(
    "。说明的办法：运行 `funnelwatch import suggest {name} > {mapping}`，改好后把它放进同一个文件夹",
    ". Say it in a mapping: run `funnelwatch import suggest {name} > {mapping}`, correct it, and put it into the same folder",
)
READ_AS = Text(
    "{name} 认得不够准，当作“{layout}”来读，请核对各列：{columns}。",
    "{name} was read as “{layout}”, which is not sure. Check its columns: {columns}.",
)
NO_EXPORT = Text("不像平台的导出表格，没有用", "does not look like a table that a platform exports; not used")
ROWS_LEFT_OUT = Text(
    "{name}：有 {n:,} 行读不了，没有算进去（{why}）。",
    "{name}: rows that cannot be read and are not counted: {n:,} ({why}).",
)
NOT_READ = Text("{name} 里这些列没有用：{columns}。", "{name} has columns that are not used: {columns}.")
CORRECT_BY_MAPPING = Text(
    "哪一列不对，就运行 `funnelwatch import suggest 文件 > 文件.mapping.yaml`，改好后放进同一个文件夹，再评一次。",
    "If a column is wrong, run `funnelwatch import suggest FILE > FILE.mapping.yaml`, correct it, put it into the same folder, and evaluate again.",
)
WITHOUT_CURRENCY = Text(
    "{name} 没有说明金额的币种，所以只用了数量，没有用金额（用 --currency 说明）。",
    "{name} does not say which currency its amounts are in: its counts are used, and no amounts (say which with --currency).",
)
SAME_NUMBERS = Text(
    "{n:,} 个订单号在两个文件里都有，下单时间或金额却对不上：像是两家店的文件。请每家店一个文件夹，分开评；现在这些单只各算了一次。",
    "{n:,} order numbers are in two files with other times or amounts: these look like files of two shops. Evaluate each shop from a folder of its own; as it is, each number counted once.",
)
SEVERAL_PLATFORMS = Text(
    "订单来自几个平台（{names}），这里当成一家店评。要看单个平台，请每个平台一个文件夹。",
    "Orders of several platforms ({names}) are evaluated here as one store. For each alone, give each a folder of its own.",
)
SEVERAL_CURRENCIES = Text(
    "订单有几种币种（{names}）：损失只说单数，不折成钱。",
    "Orders are in several currencies ({names}): losses are in orders alone and not in money.",
)
CLOSED_FOR = Text("{share} 的时间打烊", "closed for {share} of it")
SUPPRESSED_FOR = Text("{share} 是特殊日子：{names}", "{share} of it are special days: {names}")

#: what is wrong with targets that somebody gives
TARGET_PROBLEMS: Mapping[str, Text] = {
    "too_large": Text("文件超过 {mb} MB", "the file has more than {mb} MB"),
    "too_many": Text("超过 {n} 个目标，请分成几个文件", "more than {n} targets; split the file"),
    "nothing": Text("文件里没有目标", "the file holds no target"),
    "columns": Text("要有“指标”和“目标”两列（of、value），可加“店铺”“谁定的”；文件里是：{given}", "expected the columns of and value, and store and set_by if needed; the file has: {given}"),
    "unreadable": Text("不是能读的 CSV 或 XLSX 文件", "is not a CSV or XLSX file that can be read"),
    "of": Text("不认识的指标或步骤“{given}”；写名称或 id，`funnelwatch ask definition` 列出全部", "unknown indicator or step {given!r}; give its name or id, `funnelwatch ask definition` lists all"),
    "number": Text("目标应是数字，不是“{given}”", "expected a number, not {given!r}"),
    "value": Text("目标超出这个指标的范围（{why}）", "{why}"),
    "store": Text("没有叫“{given}”的店铺", "no store is called {given!r}"),
}  # fmt: skip
WORDS: Mapping[str, Text] = {
    "title": Text("店铺评价", "Store evaluation"),
    "against": Text("{kind}：{answers}", "{kind}: {answers}"),
    "period": Text("{first} 至 {last}（{zone}）", "{first} to {last} ({zone})"),
    "drifting": Text("{day} 起缓慢走低（告警）", "slow decline since {day} (an alert)"),
    "left_out": Text("没有拿来对照的：{periods}", "Not compared with: {periods}"),
    "health": Text("健康分", "Health"),
    "dimensions": Text("六个维度", "Six dimensions"),
    "indicators": Text("指标", "Indicators"),
    "funnel": Text("漏斗各步", "Steps of the funnel"),
    "findings": Text("看到了什么", "What is seen"),
    "other_findings": Text("没有看到，或说不准的", "Not seen, or not enough to say"),
    "actions": Text("接下来做什么", "What to do"),
    "files": Text("用了哪些文件", "Files that were used"),
    "weak": Text("明显偏低的", "Clearly low"),
    "first": Text("先做什么", "What to do first"),
    "first_why": Text("看到什么", "What is seen"),
    "first_does": Text("做什么", "What to do"),
    "first_known_by": Text("怎么知道有没有用", "How you will know"),
    "first_state": Text("进展", "State"),
    "first_takes": Text("约要{effort}", "takes {effort}"),
    "first_others": Text("另外明显偏低的：{names}", "Also clearly low: {names}"),
    "low_at": Text("{name}：{score}", "{name}: {score}"),
    "known_by": Text("{day} 之后看下一期：{name}回到 {low} 分以上", "{name} above {low} points in the next period, after {day}"),
    "result": Text("这一期的结果", "Result of the period"),
    "result_orders": Text("订单（有金额的）", "Orders (with an amount)"),
    "result_sales": Text("销售额（按下单）", "Sales (as ordered)"),
    "result_last": Text("上一期", "Period before"),
    "result_year": Text("去年同期", "Same period last year"),
    "result_target": Text("目标", "Target"),
    "result_note": Text("括号里是与那一期的差；加粗的超出抽样误差（90%）。销售额和单数没有抽样误差可言，只列差多少；退款没有扣。", "In brackets the gap to that period; bold: beyond counting noise (90 %). Sales and orders are sums, whose gap is given and not judged; refunds are not deducted."),
    "last_was": Text("上一期 {value}（{gap}）", "before {value} ({gap})"),
    "year_was": Text("去年同期 {value}（{gap}）", "a year ago {value} ({gap})"),
    "earlier_values": Text("之前", "Earlier"),
    "gap_points": GAP_POINTS,
    "sources": Text("数从哪里来", "Where the numbers come from"),
    "sources_note": Text("表里的 [n] 是下面的编号：视图（条件；行数）。", "[n] in a table is the number below: view (condition; rows)."),
    "none_weak": Text("测到的没有一项明显偏低。", "Nothing that was measured is clearly low."),
    "gaps": Text("补上数据就能测的", "What more data would supply"),
    "duties": Text("按岗位看损失", "Losses by role"),
    "duty": Text("岗位", "Role"),
    "duty_events": Text("分到的损失（单）", "Its share of the losses"),
    "duty_money": Text("约合金额", "About"),
    "duty_indicators": Text("主要负责的指标", "Indicators that are mainly its own"),
    "duty_sum": Text("合计", "Sum"),
    "group_title": Text("店铺组评价", "Evaluation of a group of stores"),
    "group_note": Text("每家店按自己的口径评；不同类的店不排名。下面是每家店的完整报告。", "Each store by its own definitions; stores of different kinds are not ranked. The whole report of each follows."),
    "group_missing": Text("还没有完整的周期", "no complete period is known yet"),
    "store": Text("店铺", "Store"),
    "days": Text("周期", "Period"),
    "life_open": Text("还没有人处理", "nobody has taken it on yet"),
    "life_accept": Text("{who} 于 {day} 接受", "accepted by {who} on {day}"),
    "life_decline": Text("{who} 于 {day} 不采纳", "declined by {who} on {day}"),
    "life_done": Text("{who} 于 {day} 完成", "done by {who} on {day}"),
    "life_waits": Text("{day} 起，有一个完整周期之后判断", "judged from {day} on, once a whole period lies after it"),
    "given_in": Text("{period} 提出，看{name}", "given in {period}, judged by {name}"),
    "earlier": Text("以前的行动，结果如何", "Earlier actions, and what came of them"),
    "mail_subject": Text("店铺评价 · {name} · {period}", "Store evaluation · {name} · {period}"),
    "mail_pdf": Text("全文见附件 PDF。", "The whole report is the attached PDF."),
    "mail_page": Text("全文见附件网页：这台机器上没有能打印 PDF 的 Chromium。", "The whole report is the attached page: no Chromium of this machine can print a PDF."),
    "targets": Text("目标：说好的做到了没有", "Targets: was it reached?"),
    "platform_targets": Text("平台自己的考核", "The platform's own targets"),
    "platform_targets_note": Text("数和要求都是平台说的，按平台的口径和统计窗口；没有一项确知与本页指标口径相同，所以不互比，也不打分。", "Figures and targets are the platform's, by its definitions and windows. None is known to equal an indicator's, so they are not compared with any, and give no points."),
    "reported_by": Text("平台 · 哪天说的", "Platform · day"),
    "target": Text("结果", "Result"),
    "set_by": Text("谁定的", "Set by"),
    "targets_met": Text("{met}/{all} 项达标", "{met} of {all} met"),
    "duty_targets": Text("目标", "Targets"),
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
    "per_hundred": PER_HUNDRED,
    "score": Text("得分（90% 区间）", "Score (90% interval)"),
    "value": Text("本期值", "Value"),
    "cases": Text("例数", "Cases"),
    "definition": Text("口径", "Definition"),
    "source": Text("出自", "From"),
    "loss": Text("损失", "Loss"),
    "who": Text("分到岗位", "By role"),
    "coverage": Text("覆盖", "Coverage"),
    "attribution": Text("订单从哪里来：渠道、活动与广告", "Where orders came from: channels, campaigns and ads"),
    "attribution_channels": Text("渠道", "Channels"),
    "attribution_campaigns": Text("活动", "Campaigns"),
    "attribution_sources": Text("广告平台自报的", "What ads platforms claim"),
    "attribution_models": Text("换一种分法（订单，90% 区间，金额）", "By other models (orders with their 90 % interval, money)"),
    "attribution_channel": Text("渠道", "Channel"),
    "attribution_of": Text("属于", "Of"),
    "attribution_source": Text("平台", "Platform"),
    "attribution_visits": Text("访问", "Visits"),
    "attribution_orders": Text("订单（90% 区间）", "Orders (90 % interval)"),
    "attribution_money": Text("金额", "Money"),
    "attribution_spend": Text("花费", "Spend"),
    "attribution_cost": Text("每单花费（90% 区间）", "Cost per order (90 % interval)"),
    "attribution_roas": Text("真实 ROAS（90% 区间）", "Real ROAS (90 % interval)"),
    "attribution_claimed_roas": Text("平台自报 ROAS", "Claimed ROAS"),
    "attribution_claimed_orders": Text("平台自报订单", "Claimed orders"),
    "attribution_claimed": Text("自报 ÷ 真实订单", "Claimed ÷ real orders"),
    "attribution_why": Text("为什么空着", "Why it is empty"),
    "attribution_rows": Text("原始数据", "Rows"),
    "attribution_spend_rows": Text("花费数据", "Rows of spend"),
    "attribution_more": Text("还有 {n} 个活动没有列出；视图 attribution 与 API 里有全部。", "{n} more campaigns are not shown; the view attribution and the API have all of them."),
    "notices": Text("先看这几条", "Read this first"),
    "closing": Text("补哪份数据最值", "What to add first"),
    "closes": Text("{what}：能测{names}，覆盖多 {share}", "{what}: for {names}; {share} more of the weights"),
    "none_scored": Text("没有一项有得分，所以说不了哪里偏低；下面写了各缺什么。", "Nothing has a score yet, so nothing can be called low; below is what each lacks."),
    "no_steps": Text("这些数据里没有哪一步能测：一步要有前后两个阶段的数。", "No step can be measured: it takes numbers of both its stages."),
    "now_usual": Text("本期（实心）与平常（空心）", "Now (filled) and usual (outline)"),
    "nothing_found": Text("这一期没有看到需要处理的事。", "Nothing that needs action is seen in this period."),
    "weights": Text("权重版本 {version}，公开可复算。", "Weights version {version}, published: every score can be recomputed."),
}  # fmt: skip

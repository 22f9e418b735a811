"""The texts of the evaluation in both languages; ``{name}`` marks what ``scoring/evaluation/sentences.py`` fills in."""

from __future__ import annotations

from collections.abc import Mapping

from scoring.evaluation.comparator import ComparatorKind
from scoring.evaluation.comparing import NoRank
from scoring.evaluation.duties import Duty
from scoring.evaluation.findings import Standing
from scoring.evaluation.judging import AdviceOutcome
from scoring.evaluation.rules import Effort, ReadingLevel
from scoring.evaluation.score import Unscored
from scoring.wording.catalogue import OWNERS
from scoring.wording.text import Text

HEALTH = Text("店铺健康分", "Store health")
DUTY_NAMES: Mapping[Duty, Text] = {duty: OWNERS[duty.value] for duty in Duty}
COMPARATOR_NAMES: Mapping[ComparatorKind, Text] = {
    ComparatorKind.OWN: Text("和自己过去比", "against its own past"),
    ComparatorKind.PEERS: Text("和同类店比", "against stores alike"),
    ComparatorKind.BENCHMARK: Text("和行业数据比", "against a published benchmark"),
    ComparatorKind.TARGET: Text("和目标比", "against the target"),
}
COMPARATOR_ANSWERS: Mapping[ComparatorKind, Text] = {
    ComparatorKind.OWN: Text("比自己好了还是差了；50 分是自己的平常水平", "better or worse than it was; 50 is its own usual"),
    ComparatorKind.PEERS: Text("在同类店里算好还是算差；50 分是同类店的中间水平", "good or bad among stores alike; 50 is the middle of them"),
    ComparatorKind.BENCHMARK: Text("离公开的行业水平有多远；口径由发布方定", "how far from published figures; their publisher defines them"),
    ComparatorKind.TARGET: Text("达标没有，差多少；不打分", "met or not, and by how much; no points"),
}  # fmt: skip

SCORE = Text("{value} 分（{low}–{high}）", "{value} points ({low}–{high})")
BASED_ON = Text("共 {n} 例，出自 {rows}", "{n} cases, from {rows}")
ROWS = Text("{relation}（{condition}，{count} 行）", "{relation} ({condition}; {count} rows)")
COVERAGE = Text("测到的部分占权重 {share}", "{share} of the weights are measured")
#: a health counts what lies in dimensions that have a score
COVERAGE_OF_HEALTH = Text(
    "计入健康分的占权重 {share}（只算有得分的维度）",
    "{share} of the weights count here (measured, in dimensions with a score)",
)
BOUNDS = Text(
    "没测到的不论好坏，总在 {low}–{high} 分之间", "whatever the rest shows, between {low} and {high} points"
)
CHANGE = Text(
    "{points} 分（{low}–{high}），只比两期都测到的",
    "{points} points ({low}–{high}), over what both periods measured",
)
CHANGE_LEFT_OUT = Text("未参与比较：{names}", "left out: {names}")

LACKS: Mapping[Unscored, Text] = {
    Unscored.NO_SOURCE: Text("未测：没有数据。补上{closed_by}就能测", "not measured: no data. {closed_by} would supply it"),
    Unscored.BELOW_FLOOR: Text("样本不够：{have}/{need} 例", "too few cases: {have} of {need}"),
    Unscored.NOT_DUE: Text("还没到期：这批订单的结果还没出来", "not due yet: these cases have not run their course"),
    Unscored.NO_COMPARATOR: Text("没有可比的：自己的历史不足 {own} 期，同类店不足 {peers} 家", "nothing to compare with: fewer than {own} earlier periods, fewer than {peers} stores alike"),
    Unscored.ALL_NOISE: Text("不给分：以往各期（各店）的差别没有超出抽样误差；明显变差的列在“先做什么”里", "no points: earlier periods (other stores) differ by no more than counting noise; what is clearly worse is under What to do first"),
    Unscored.LOW_COVERAGE: Text("测到的太少（占权重 {have}，至少要 {need}），不给分", "too little is measured ({have} of the weights; it takes {need}): no score"),
}  # fmt: skip
NOT_ON_PLATFORM = Text(
    "未测：这个平台没有办法测，不用补", "not measured: nothing on this platform can supply it"
)
DAYS_MORE = Text("，按现在的量大约还要 {days} 天", "; about {days} more days at this rate")

TARGET_MET = Text("达标：{value}，目标 {target}", "met: {value}, target {target}")
TARGET_MISSED = Text(
    "未达标：{value}，目标 {target}，差 {gap}", "missed: {value}, target {target}, {gap} short"
)
TARGET_EXCEEDED = Text(
    "未达标：{value}，目标 {target}，超出 {gap}", "missed: {value}, target {target}, {gap} over"
)
GAP_POINTS = Text("{gap} 个百分点", "{gap} pp")
PER_HUNDRED = Text("每 100 次 {value}", "{value} per 100")
#: how a target came out, by what the tables say of it (scoring/evaluation/score.py)
TARGET_OUTCOMES: Mapping[str, Text] = {
    "met": Text("达标", "met"),
    "met_unsure": Text("达标（样本小，说不准）", "met (too few cases to be sure)"),
    "missed": Text("未达标", "missed"),
    "missed_unsure": Text("未达标（样本小，说不准）", "missed (too few cases to be sure)"),
}
TARGET_UNSURE = Text("（样本小，还说不准）", " (too few cases to be sure)")

LOST = Text("比平常少约 {events}（{low}–{high}）", "about {events} fewer than usual ({low}–{high})")
GAINED = Text("比平常多约 {events}（{low}–{high}）", "about {events} more than usual ({low}–{high})")
AS_USUAL = Text("和平常差不多（{low} 至 {high}）", "much as usual ({low} to {high})")
WORTH = Text("，约 {money}", ", about {money}")
SHARE_NOTE = Text(
    "按约定比例分到岗位：谁能改善，不是谁的错",
    "shared among roles as agreed: by who can improve it, not by whose fault it is",
)

STANDINGS: Mapping[Standing, Text] = {
    Standing.FOUND: Text("看到了", "Seen"),
    Standing.REPLACED: Text("另有解释，先处理它", "Something else explains it; see to that first"),
    Standing.NOT_ENOUGH: Text("数据不够，说不准", "Not enough to say"),
    Standing.ABSENT: Text("没有看到", "Not seen"),
}
LEVELS: Mapping[ReadingLevel, Text] = {
    ReadingLevel.CLEARLY_LOW: Text("{name}明显偏低", "{name}: clearly low"),
    ReadingLevel.FAR_LOW: Text("{name}远低于平常", "{name}: far below usual"),
    ReadingLevel.CLEARLY_HIGH: Text("{name}明显偏高", "{name}: clearly high"),
    ReadingLevel.NOT_LOW: Text("{name}没有偏低", "{name}: not low"),
    ReadingLevel.NOT_CLEARLY_LOW: Text("{name}没有明显偏低", "{name}: not clearly low"),
    ReadingLevel.TRUE: Text("{name}", "{name}"),
}
LEVELS_FAILED: Mapping[ReadingLevel, Text] = {
    ReadingLevel.CLEARLY_LOW: Text("{name}并没有偏低", "{name}: not low"),
    ReadingLevel.FAR_LOW: Text("{name}并没有远低于平常", "{name}: not far below usual"),
    ReadingLevel.CLEARLY_HIGH: Text("{name}并没有偏高", "{name}: not high"),
    ReadingLevel.NOT_LOW: Text("{name}本身就偏低", "{name}: low as well"),
    ReadingLevel.NOT_CLEARLY_LOW: Text("{name}本身就明显偏低", "{name}: clearly low as well"),
    ReadingLevel.TRUE: Text("{name}：不成立", "{name}: not so"),
}
#: the same of an indicator: a low score of shipping time is not a short one
WORSE: Mapping[ReadingLevel, Text] = {
    ReadingLevel.CLEARLY_LOW: Text("{name}明显变差", "{name}: clearly worse"),
    ReadingLevel.FAR_LOW: Text("{name}远比平常差", "{name}: far worse than usual"),
    ReadingLevel.CLEARLY_HIGH: Text("{name}明显变好", "{name}: clearly better"),
    ReadingLevel.NOT_LOW: Text("{name}没有变差", "{name}: not worse"),
    ReadingLevel.NOT_CLEARLY_LOW: Text("{name}没有明显变差", "{name}: not clearly worse"),
}
WORSE_FAILED: Mapping[ReadingLevel, Text] = {
    ReadingLevel.CLEARLY_LOW: Text("{name}并没有变差", "{name}: not worse"),
    ReadingLevel.FAR_LOW: Text("{name}并没有远比平常差", "{name}: not far worse than usual"),
    ReadingLevel.CLEARLY_HIGH: Text("{name}并没有变好", "{name}: not better"),
    ReadingLevel.NOT_LOW: Text("{name}本身就变差了", "{name}: worse as well"),
    ReadingLevel.NOT_CLEARLY_LOW: Text("{name}本身就明显变差了", "{name}: clearly worse as well"),
}
WEAK_SPOT = Text("{name}：{score}，主要归{owner}", "{name}: {score}; mainly {owner}")
UNKNOWN_READING = Text("{name}：没有数据，或少到没法判断", "{name}: no data, or too little to judge")
#: a report of ads speaks of ads, and not of the whole shop
REPORTED_BY = Text("{name}（{sources} 报表）", "{name} (as reported by {sources})")
UNCLEAR_READING = Text("{name}：差得不多，往常的起伏也会这样", "{name}: no further off than it often is")
FACTS: Mapping[str, Text] = {
    "fact:duties_without_target": Text("没有目标的岗位", "roles without a target"),
    "fact:report_gaps": Text("没有测到的维度", "dimensions that are not measured"),
    "fact:stores_differ": Text("店与店的差距", "the gap between stores"),
}
VOLUME = Text("{stage}的量", "number of {stage}")
DECOY = Text("{name}（{share}，{share_of}）", "{name} ({share}: {share_of})")
INSTEAD = Text(
    "先看：{decoys}。处理好之前，这一条不作数。",
    "First: {decoys}. Until that is settled this says nothing about the shop.",
)
ALSO_POSSIBLE = Text("也可能是：{decoys}。", "Also possible: {decoys}.")
UNCHECKED = Text("没法排除（缺数据）：{decoys}。", "Could not be ruled out for want of data: {decoys}.")
STRENGTH = Text(
    "按这家店自己往常的起伏，碰巧这样的机会不到 {share}",
    "by this store's own ups and downs, less than {share} of periods look like this by chance",
)
DISPROOF = Text("怎样就算看错：{text}", "What would disprove it: {text}")
NO_CAUSE = Text("分数说的是“哪里偏了”，不是“为什么”。", "A score says where it is off, never why.")

EFFORTS: Mapping[Effort, Text] = {
    Effort.HOURS: Text("几小时", "a few hours"),
    Effort.DAYS: Text("几天", "a few days"),
    Effort.WEEKS: Text("几周", "a few weeks"),
}
ACTION = Text("{owner} · {text}（{effort}）", "{owner} · {text} ({effort})")
CHECK = Text("{day} 复查{name}", "check {name} on {day}")
HIT_RATE = Text(
    "这条建议用过 {judged} 次能判断的，{helped} 次有改善；另有 {unclear} 次说不准",
    "judged {judged} times so far, helped {helped}; {unclear} more could not be judged",
)
NO_HIT_RATE = Text("这条建议还没有判断过的先例", "this advice has no record yet")
OUTCOMES: Mapping[AdviceOutcome, Text] = {
    AdviceOutcome.HELPED: Text("有改善：比放着不管预计高 {gained} 分（{low}–{high}）", "helped: {gained} points above what was to be expected anyway ({low}–{high})"),
    AdviceOutcome.DID_NOT: Text("没有改善：与放着不管相差 {gained} 分（{low}–{high}）", "did not help: {gained} points off what was to be expected anyway ({low}–{high})"),
    AdviceOutcome.CANNOT_SAY: Text("说不准：波动比差别大，或历史不够", "cannot say: more noise than difference, or too short a history"),
}  # fmt: skip

#: for cells and chips
LACK_NAMES: Mapping[Unscored, Text] = {
    Unscored.NO_SOURCE: Text("没有数据来源", "no source supplies it"),
    Unscored.BELOW_FLOOR: Text("样本不够", "too few cases"),
    Unscored.NOT_DUE: Text("还没到期", "not due yet"),
    Unscored.NO_COMPARATOR: Text("没有可比的过去或同类店", "no past and no stores alike to compare with"),
    Unscored.ALL_NOISE: Text("对照之间的差别多半是抽样误差", "what it would be compared with differs mostly by noise"),
    Unscored.LOW_COVERAGE: Text("测到的太少", "too little is measured"),
}  # fmt: skip
OUTCOME_NAMES: Mapping[AdviceOutcome, Text] = {
    AdviceOutcome.HELPED: Text("有改善", "helped"),
    AdviceOutcome.DID_NOT: Text("没有改善", "did not help"),
    AdviceOutcome.CANNOT_SAY: Text("说不准", "cannot say"),
}
ADVICE_STATES: Mapping[str, Text] = {
    "open": Text("未处理", "open"),
    "accept": Text("已接受", "accepted"),
    "decline": Text("不采纳", "declined"),
    "done": Text("已完成", "done"),
}
PERIOD_NAMES: Mapping[str, Text] = {
    "day": Text("日", "Day"),
    "week": Text("周", "Week"),
    "month": Text("月", "Month"),
    "quarter": Text("季", "Quarter"),
}

NO_RANKS: Mapping[NoRank, Text] = {
    NoRank.TOO_FEW: Text("不排名：至少要两家店", "No rank: it takes two stores"),
    NoRank.DEFINITIONS_DIFFER: Text(
        "不排名：口径不一样，比了会误导", "No rank: definitions differ, so comparing would mislead"
    ),
    NoRank.TOO_LITTLE_IN_COMMON: Text(
        "不排名：各店都测到的指标不到一半",
        "No rank: less than half of the indicators are measured in every store",
    ),
}
ASPECTS: Mapping[str, Text] = {
    "upstream": Text("起点", "where it starts"),
    "downstream": Text("终点", "where it ends"),
    "counted_by": Text("数据来源", "whose figures"),
    "unit_up": Text("起点怎么数", "what is counted at its start"),
    "unit_down": Text("终点怎么数", "what is counted at its end"),
    "window": Text("归因时间", "within which time"),
    "currency": Text("币种", "currency"),
    "tax": Text("含不含税", "with or without tax"),
    "bots": Text("机器流量去没去", "bots left out or not"),
    "time": Text("按哪一天算", "which day it counts on"),
}
DIFFERENCE = Text(
    "{aspect}：{one} 是“{of_one}”，{other} 是“{of_other}”",
    "{aspect}: “{of_one}” in {one}, “{of_other}” in {other}",
)
UNSAID = Text("没有说明", "not said")
RANKED_ONE = Text("第 {first}：{stores}", "{first}: {stores}")
RANKED_EQUAL = Text("第 {first}–{last}（分不出先后）：{stores}", "{first} to {last}, equal: {stores}")
ALL_EQUAL = Text(
    "分不出先后：权重稍变或样本波动，名次就会变",
    "All equal: a slight change of weights, or noise, would change the order",
)

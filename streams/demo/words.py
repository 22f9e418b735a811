"""What the demo says on the console, in English and Chinese."""

from __future__ import annotations

WORDS: dict[str, dict[str, str]] = {
    "en": {
        "hello": "Eight simulated shops, real Kafka, the ClickHouse engine, every role a process of its own. Seed {seed}.",
        "page": "Live page: {url}",
        "drawing": "drawing four weeks of history",
        "loading": "loading {rows:,} minute rows",
        "fitting": "learning what is normal",
        "fitted": "Learned {stores} shops' baselines from {rows:,} minute rows in {seconds:.0f} s.",
        "catching_up": "The last {minutes} minutes are in Kafka as {events:,} events.",
        "live": "Live: about {per_second:,.0f} events a second from {shops} shops.",
        "soon": "In {seconds:.0f} s something will break.",
        "incident": "INCIDENT planted: {share:.0%} of {method} payments on {device} at {shop} no longer arrive. Funnelwatch does not know.",
        "found": "Found {seconds:.0f} s after it began; {total:.0f} s after the demo was started.",
        "missed": "No alert {seconds:.0f} s after the incident began. That is not what should happen; the logs are in {logs}.",
        "healed": "HEALED: payments arrive again ({lost:,} were lost). The alert resolves once enough has come in to be sure.",
        "resolved": "The alert resolved {seconds:.0f} s after the repair. The shops go on; look around: {url}",
        "end": "Ctrl-C stops everything; the data stay in {data}.",
        "trouble": "the collector rejected some events: {detail}",
        "foreign": "{data} holds something that is not a demo's; give another folder with --data, or empty it",
    },
    "zh": {
        "hello": "八家模拟店铺、真实的 Kafka、ClickHouse 引擎，每个角色各为一个进程。随机种子 {seed}。",
        "page": "实时页面：{url}",
        "drawing": "正在生成四周历史",
        "loading": "正在写入 {rows:,} 行分钟数据",
        "fitting": "正在学习各店的常态",
        "fitted": "已从 {rows:,} 行分钟数据中学到 {stores} 家店铺的基线，用时 {seconds:.0f} 秒。",
        "catching_up": "最近 {minutes} 分钟已作为 {events:,} 个事件写入 Kafka。",
        "live": "实时流量：{shops} 家店铺，每秒约 {per_second:,.0f} 个事件。",
        "soon": "{seconds:.0f} 秒后将出现故障。",
        "incident": "植入故障：{shop} 在 {device} 上的 {method} 支付有 {share:.0%} 不再到达。Funnelwatch 并未被告知。",
        "found": "故障开始 {seconds:.0f} 秒后被发现；距演示启动 {total:.0f} 秒。",
        "missed": "故障开始 {seconds:.0f} 秒后仍无告警，这不正常；日志在 {logs}。",
        "healed": "已修复：支付恢复到达（共损失 {lost:,} 笔）。数据足以确认后，告警会自动恢复。",
        "resolved": "修复 {seconds:.0f} 秒后告警已恢复。店铺继续运行，可随意查看：{url}",
        "end": "按 Ctrl-C 停止全部；数据保留在 {data}。",
        "trouble": "采集器拒绝了部分事件：{detail}",
        "foreign": "{data} 中有不属于演示的内容；请用 --data 指定其他目录，或先清空",
    },
}

"""The words of the page Import, zh and en."""

from __future__ import annotations

from collections.abc import Mapping

from scoring.wording.text import Language, Text

IMPORT_WORDS: Mapping[str, Text] = {
    "imports": Text("导入", "Import"),
    "import_note": Text("平台导出的订单和报表：CSV、TSV、XLSX、XLS、JSON、Parquet、Avro、gz、zip，每个文件最多 1 GB。先识别、先展示，确认后才导入，导入后可以撤销。", "Orders and reports as platforms export them: CSV, TSV, XLSX, XLS, JSON, Parquet, Avro, gz, zip, at most 1 GB each. A file is recognised and shown first, imported once you confirm, and can be undone."),
    "import_files": Text("选择文件", "Choose files"),
    "import_drop": Text("把文件拖到这里", "Drop files here"),
    "import_upload": Text("上传并识别", "Upload and recognise"),
    "import_sending": Text("正在上传", "Uploading"),
    "import_failed_upload": Text("上传没有完成，请重试。", "The upload did not complete. Try again."),
    "import_no_file": Text("请先选择文件。", "Choose a file first."),
    "import_no_stores": Text("还没有店铺：先在 funnelwatch.yaml 里加入店铺。", "No stores yet: add stores to funnelwatch.yaml first."),
    "import_store": Text("店铺", "Store"),
    "import_waiting": Text("等待确认的文件", "Files that wait for you"),
    "import_waiting_note": Text("一小时后自动删除。", "Deleted after an hour."),
    "import_gone": Text("上传的文件已不在", "The upload is gone"),
    "import_list": Text("导入记录", "Imports"),
    "import_none": Text("还没有导入。", "Nothing has been imported yet."),
    "import_by": Text("{who}，{at}", "by {who}, {at}"),
    "import_counts": Text("{events} 个事件，{orders} 个订单，{rows} 条报表行", "{events} events, {orders} orders, {rows} report rows"),
    "import_before": Text("其中 {n} 个原来就在", "{n} were there before"),
    "import_rejected": Text("{n} 个被拒收", "{n} rejected"),
    "import_removed": Text("由 {who} 撤销：移除 {events} 个事件（{kept} 个其他来源也报告过，保留），撤回 {orders} 个订单的事实和 {rows} 条报表行", "Undone by {who}: {events} events removed ({kept} that others reported as well stay), facts of {orders} orders and {rows} report rows withdrawn"),
    "import_undo": Text("撤销", "Undo"),
    "import_undo_named": Text("撤销 {id}", "Undo {id}"),
    "import_undo_title": Text("撤销这次导入？", "Undo this import?"),
    "import_undo_note": Text("它的报表行和订单事实会撤回，它的事件不再计数，相应的分钟重新计算。其他导入或其他来源也报告过的内容保留。已有的检测结果和告警不变。以后可以再次导入。", "Its report rows and facts of orders are withdrawn, its events leave the counts and their minutes are recounted. What another import or source reported as well stays. Existing scores and alerts stay. It can be imported again."),
    "import_keep": Text("不撤销", "Keep it"),
    "import_not_undone": Text("没有撤销完：{why}", "Not undone, or not all: {why}"),
    "import_table": Text("{layout}，可信度 {sure}", "{layout}, {sure} sure"),
    "import_why": Text("依据", "Why"),
    "import_rows": Text("行数", "Rows"),
    "import_money": Text("金额", "Money"),
    "import_days": Text("日期", "Days"),
    "import_days_of": Text("{first} 至 {last}（{zone}）", "{first} to {last} ({zone})"),
    "import_zone_unknown": Text("时区未知", "zone unknown"),
    "import_left_out": Text("剔除的行", "Rows left out"),
    "import_lines": Text("{n} 行（第 {lines} 行{more}）", "{n} (line {lines}{more})"),
    "import_unused": Text("没有使用的列：{n}", "Columns not used: {n}"),
    "import_measures": Text("指标", "Measures"),
    "import_figures": Text("{n} 个数字，不相加", "{n} figures, not added up"),
    "import_events": Text("事件", "Events"),
    "import_notes": Text("说明", "Notes"),
    "import_not_read": Text("没有读取", "Not read"),
    "import_questions": Text("需要你回答", "Questions for you"),
    "import_answer": Text("回答并重新读取", "Answer and read again"),
    "ask_zone": Text("文件没有说明时间属于哪个时区。是哪个？", "The file does not say which zone its times and days are in. Which is it?"),
    "ask_currency": Text("文件没有说明金额的币种。是哪个？", "The file does not say which currency its amounts are in. Which is it?"),
    "ask_dates": Text("“{column}”列：03/04 是 4 月 3 日，还是 3 月 4 日？", "Column {column}: is 03/04 the third of April, or the fourth of March?"),
    "ask_layout": Text("这是哪个平台的哪种导出？", "Which export of which platform is this?"),
    "ask_numbers": Text("同一订单的各行总额不同。“{column}”列是每行自己的金额，还是整个订单的？", "Lines of one order have different totals. Is column {column} each line's own amount, or the whole order's?"),
    "ask_statuses": Text("“{value}”是什么状态？", "What does the status {value} mean?"),
    "ask_other": Text("这个问题要在文件里解决：", "This has to be solved in the file:"),
    "day_first": Text("日在前（4 月 3 日）", "Day first (3 April)"),
    "month_first": Text("月在前（3 月 4 日）", "Month first (4 March)"),
    "money_line": Text("每行自己的", "Each line's own"),
    "money_once": Text("整个订单的", "The whole order's"),
    "import_guess": Text("猜测：{guess}", "Guess: {guess}"),
    "import_mapping": Text("修改列的含义", "Correct the columns"),
    "import_mapping_note": Text("左边是文件的列和示例值，右边是它的含义。", "On the left the file's columns with example values, on the right what they mean."),
    "import_column": Text("文件的列", "Column of the file"),
    "import_meaning": Text("含义", "Meaning"),
    "import_figures_of": Text("数据", "Figures"),
    "import_parts_of": Text("这一行属于", "What a row is of"),
    "import_columns_of": Text("列", "Columns"),
    "import_not_used": Text("不使用", "Not used"),
    "import_keep_name": Text("以名称保存，下次自动识别（可不填）", "Keep under a name and recognise it next time (optional)"),
    "import_apply": Text("应用并重新读取", "Apply and read again"),
    "import_now": Text("导入到 {store}", "Import into {store}"),
    "import_drop_file": Text("放弃这个文件", "Drop this file"),
    "import_open": Text("还有问题没有回答，所以不能导入。", "Nothing is imported while a question is open."),
    "import_not_here": Text("这个页面不能导入：给页面角色设置 FUNNELWATCH_HASH_KEY 和 ClickHouse 写入密码，或用 funnelwatch import 命令。", "This page cannot import: give the role page FUNNELWATCH_HASH_KEY and the writer's password of ClickHouse, or use the command funnelwatch import."),
    "import_say_who": Text("请填写你的名字。", "Say who you are."),
    "import_progress": Text("已发送 {sent}", "{sent} sent"),
    "import_done": Text("已导入 {id}", "Imported as {id}"),
    "import_to_list": Text("查看全部导入", "See all imports"),
    "import_reading_note": Text("正在读取文件；大文件需要一分钟左右。", "The file is being read; a large one takes about a minute."),
}  # fmt: skip

_LEFT_OUT: Mapping[str, Text] = {
    "total": Text("合计行", "totals"), "repeated_header": Text("重复的表头", "headers again"), "damaged_id": Text("单号被表格软件截断", "order numbers cut by a spreadsheet"),
    "no_day": Text("没有日期", "no day"), "no_id": Text("没有单号", "no order number"), "no_time": Text("没有时间", "no time"), "test": Text("测试订单", "test orders"),
    "replacement": Text("补发订单", "replacement orders"), "other_width": Text("列数不同", "another number of columns"), "exchange": Text("换货订单", "exchange orders"),
}  # fmt: skip


def left_out_name(reason: str, language: Language) -> str:
    """Why rows were left out."""
    return _LEFT_OUT[reason](language) if reason in _LEFT_OUT else reason.replace("_", " ")


DRAFT_STATES: Mapping[str, Text] = {
    "reading": Text("正在读取", "Reading"),
    "shown": Text("等待确认", "Waiting for you"),
    "importing": Text("正在导入", "Importing"),
    "imported": Text("已导入", "Imported"),
    "failed": Text("没有成功", "Failed"),
}  # fmt: skip
RUN_STATES: Mapping[str, Text] = {
    "running": Text("正在导入", "running"),
    "done": Text("已导入", "imported"),
    "interrupted": Text("中断", "interrupted"),
    "undoing": Text("正在撤销", "being undone"),
    "undone": Text("已撤销", "undone"),
}  # fmt: skip
STATUS_FACTS: Mapping[str, Text] = {
    "unpaid": Text("未付款", "Not paid"),
    "placed": Text("已下单", "Placed"),
    "paid": Text("已付款", "Paid"),
    "shipped": Text("已发货", "Shipped"),
    "shipped_paid": Text("已发货且已付款", "Shipped and paid"),
    "delivered": Text("已送达", "Delivered"),
    "delivered_paid": Text("已送达且已付款", "Delivered and paid"),
    "completed": Text("已完成", "Completed"),
    "cancelled": Text("已取消", "Cancelled"),
    "refunded": Text("已退款", "Refunded"),
}  # fmt: skip
#: what a dry run counts, in this order
COUNTED: Mapping[str, Text] = {
    "orders": Text("订单", "Orders"),
    "paid": Text("已付款", "Paid"),
    "shipped": Text("已发货", "Shipped"),
    "delivered": Text("已送达", "Delivered"),
    "cancelled": Text("已取消", "Cancelled"),
    "refunded": Text("有退款", "Refunded"),
    "parcels": Text("包裹", "Parcels"),
    "units": Text("件数", "Units"),
    "report_rows": Text("报表行", "Report rows"),
}  # fmt: skip

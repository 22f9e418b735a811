"""What is said about a file: its questions, its notes, and why nothing of it can be read."""

from __future__ import annotations

from scoring.wording.text import Text

COLUMN_TWICE = Text(
    "表头里“{shown}”列出现了两次，读取第一个。请给另一个改名，或用 --mapping 指定",
    "column {shown!r} appears twice in the header; the first is read. Rename the other, or say which with --mapping",
)
DAMAGED_IDS = Text(
    "{n:,} 行：订单号被表格软件截断（如 1.1812E+11），无法计数。请重新导出，不要用表格软件打开，直接导入",
    "{n:,} rows: a spreadsheet has cut the order numbers' digits (such as 1.1812E+11); they cannot be counted. Export again and import the file without opening it",
)
HIDDEN_SHEETS = Text(
    "隐藏的工作表没有读取：{names}。需要导入的话，请在 Excel 或 WPS 里取消隐藏、保存，再重新导入",
    "hidden sheets are left out: {names}. To import one, show it in Excel or WPS, save, and import the file again",
)
KNOWN_BY_NAME = Text(
    "{n:,} 个订单没有平台订单 ID（没填，或被表格软件截断），按订单名识别。店铺若已连接，会重复计数：请重新导出，不要用表格软件打开，直接导入",
    "{n:,} orders have no id of the platform's (empty, or cut by a spreadsheet) and are known by their name. If the shop is connected too, they count twice: export again and import the file without opening it",
)
DAY_FIRST = Text(
    "日在前",
    "day first",
)
DIFFERING_TOTALS = Text(
    "{n:,} 个订单各行的订单总额不同；是每行自己的金额吗？",
    "{n:,} orders have a different order total on each line; is it the line's own?",
)
LOST_THOUSANDS = Text(
    "“{shown}”列：{currency} 金额如 14.977 丢失了千位；请以文本格式重新导出",
    "column {shown!r}: amounts in {currency} such as 14.977 have lost their thousands; export it again as text",
)
MIXED_DATES = Text(
    "“{shown}”列有的日在前、有的月在前：表格软件改写了一部分；请重新导出",
    "column {shown!r} mixes day first and month first: a spreadsheet has rewritten some; export it again",
)
MIXED_DECIMALS = Text(
    "“{shown}”列的小数点有的用点、有的用逗号",
    "column {shown!r} writes some numbers with a decimal dot and some with a comma",
)
NO_CLOCKS = Text(
    "“{clocks}”列有 {n:,} 行没有时刻，这些行的“{days}”只有日期。请补上时刻；只需要日期的话，请删除“{clocks}”列再导入",
    "column {clocks!r} has no time of day in {n:,} rows that have a day in {days!r}. Fill them in, or remove column {clocks!r} to import days only",
)
NO_CURRENCY = Text(
    "文件没有说明金额的币种",
    "the file does not say which currency its amounts are in",
)
NO_HEADER = Text(
    "没有一行像已知导出的表头；可以用 `funnelwatch import suggest` 生成一份映射，修改后用 --mapping 传入",
    "no row looks like the header of an export that is known; `funnelwatch import suggest` writes a mapping to start from, to be given with --mapping",
)
NO_PERIOD = Text(
    "文件没有日期：它是哪段时间的？",
    "the file names no day: which period does it cover?",
)
NO_ROWS = Text(
    "只有表头、没有数据行：什么都没有导出；请换个日期范围重新导出",
    "a header and no rows: nothing was exported; choose other days and export again",
)
NO_STAGE = Text(
    "{n:,} 个“{name}”事件不属于任何环节，不导入",
    "{n:,} events {name!r} belong to no stage and are not imported",
)
NO_ZONE = Text(
    "文件没有说明时间和日期属于哪个时区",
    "the file does not say which zone its times and days are in",
)
OTHER_CURRENCY = Text(
    "文件里的金额是 {found}，而指定的是 {given}：是不是另一家店的文件？",
    "the file's amounts are in {found}, and {given} was said: is it another store's file?",
)
OTHER_SHEETS = Text(
    "其他工作表按设备拆分了同样的数字，不重复相加",
    "other sheets of it split the same figures by device and are not added",
)
SAME_PERIOD = Text(
    "{n:,} 个数字与同一天的另一个数字不同：还有哪一列区分这些行（广告系列、商品、设备……）？不说明的话只会留下一个",
    "{n:,} figures differ from another one of the same day: which column distinguishes the rows (campaign, product, device, …)? Without it only one of them would be kept",
)
SEVERAL_DAYS = Text(
    "{rows:,} 个数字中有 {spread:,} 个跨了多天，不归入任何一天",
    "{spread:,} of {rows:,} figures speak of several days and belong to none of them",
)
SHARED_ORDER_IDS = Text(
    "{n:,} 个订单号对应不同买家的多个订单；分别计数",
    "{n:,} order ids stand for several orders of different buyers; each is counted",
)
THE_FIRST = Text(
    "第一个",
    "the first",
)
TWO_COLUMNS = Text(
    "“{days}”列的日期和“{clocks}”列的时刻合并为一个时间",
    "the days of column {days!r} and the times of day of {clocks!r} are read as one time",
)
TWO_CURRENCIES = Text(
    "每笔销售都有两个币种：店铺收到的和买家支付的；两者不相加，事件采用前者",
    "each sale is given in two currencies: what the shop is paid, and what the buyer paid; they are not added, and events carry the first",
)
UNKNOWN_JSON = Text(
    "里面没有认得的订单、事件或数字列表：JSON 只导入平台接口返回的这类内容",
    "holds no known list of orders, events or figures: of JSON only a platform's own answers with those are imported",
)
UNKNOWN_STATUS = Text(
    "不认得状态“{text}”（{rows:,} 行）：这样的订单是已付款、已发货，还是已取消？",
    "status {text!r} ({rows:,} rows) is not known: is such an order paid, shipped, cancelled?",
)
UNKNOWN_SHEETS = Text(
    "没有读取这些工作表，因为里面没有认得的表头：{names}",
    "these sheets are left out, as none of their rows looks like a known header: {names}",
)
UNREAD_CLOCKS = Text(
    "“{clocks}”列应是“{days}”的时刻，但有 {n:,} 行读不懂（如“{example}”）。请写成 14:05 的形式；只需要日期的话，请删除该列再导入",
    "column {clocks!r} should hold the times of day of {days!r}, and {n:,} rows of it cannot be read (such as {example!r}). Write them as 14:05, or remove the column to import days only",
)
UNWORKED = Text(
    "“{shown}”列：{n:,} 个单元格（{cells}）的公式没有保存计算结果，读不到数值。请用 Excel 或 WPS 打开后保存，再重新导入",
    "column {shown!r} has formulas without a result in the file: {cells} ({n:,} in all). Open it once in Excel or WPS and save it, then import it again",
)
ERRORS = Text(
    "“{shown}”列：{n:,} 个单元格（{cells}）是公式错误（如 #REF!、#N/A），没有数值，按空处理。请先修正公式再导入",
    "column {shown!r} has errors instead of values (such as #REF! or #N/A): {cells} ({n:,} in all); they count as empty. Correct the formulas, then import it again",
)
WHICH_DATES = Text(
    "“{shown}”列：03/04 是 4 月 3 日（日在前），还是 3 月 4 日？",
    "column {shown!r}: is 03/04 the third of April (day first) or the fourth of March?",
)
WHICH_DECIMAL = Text(
    "“{shown}”列：1{sign}234 是一千多，还是一点几？",
    "column {shown!r}: is 1{sign}234 one thousand or one and a bit?",
)
WHICH_EXPORT = Text(
    "这是哪个平台的导出？",
    "which platform's export is this?",
)

"""A file of a shop's own history (CSV, gzip, Parquet), replayed by ``funnelwatch replay``."""

from __future__ import annotations

from scoring.events.event import Source
from scoring.wording.text import Text
from streams.sources.source import SourceSpec, Supply, every_stage

SOURCE = SourceSpec(
    name="files",
    words=Text("文件回放", "File replay"),
    supplies=every_stage(Supply.EVENT),
    definition=Text(
        "文件中的每一行按映射成为事件；映射说明哪一列是时间、类型和金额。映射没有提到的阶段不提供。",
        "A mapping makes events of a file's rows: it says which column is the time, the type and the amount. A stage that the "
        "mapping does not name is not supplied.",
    ),
    events_as=(Source.REPLAY,),
)

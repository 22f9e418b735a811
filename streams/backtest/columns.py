"""What files call their columns, brought to one form: store_id, minute, stage, count, and segment and zone where a file has them.

Called by ``files.py`` for each batch of rows. Four kinds of file are taken: counts (a row says how many of a stage came in a minute of
a store), events (a row is one event: without a column of counts each counts as one), pairs (a column of times for each
stage, named after it: a row is one visit, empty where it did not get that far) and wide counts (a time, and a column of counts for each
stage).
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from scoring.events.rejections import STAGE_SYNONYMS
from scoring.funnel.stages import STAGE_INDEX, STAGES, Stage
from scoring.wording.catalogue import STAGE_NAMES
from streams.backtest.errors import FileUnreadableError

#: by its name here, what a column may be called
_NAMES: dict[str, tuple[str, ...]] = {
    "minute": ("minute", "event_time", "timestamp", "datetime", "date_time", "time", "ts", "occurred_at", "created_at", "date", "hour", "时间", "日期", "日期时间"),
    "stage": ("stage", "type", "event", "event_type", "event_name", "action", "behaviour", "behavior", "behavior_type", "阶段", "事件"),
    "count": ("count", "counts", "events", "n", "数量"),
    "store_id": ("store_id", "store", "shop_id", "shop", "店铺", "店铺名称"),
    "segment": ("segment",),
    "zone": ("zone", "timezone", "tz", "时区"),
}  # fmt: skip
_SUFFIXES = ("_at", "_time", "_ts", "_timestamp", "时间", "数量", "次数", "数", "量")
#: what a stage may be called, besides its own name
_STAGE_NAMES: dict[str, str] = (
    STAGE_SYNONYMS
    | {name.zh: stage.value for stage, name in STAGE_NAMES.items()}
    | {"订单": Stage.ORDER.value, "付款": Stage.PAYMENT.value, "履约": Stage.FULFILMENT.value}
)
#: numbers below this are counts: as times they would be before the year 2000, in whatever unit
_EARLIEST = 15_778_080
COUNT_COLUMNS = _NAMES["count"]
EXPECTED = (
    "Needed: a time (minute, event_time or timestamp) and stage; where a row is more than one event, count. Optional: store_id, segment, "
    "zone. Or, instead of stage and count, a column of counts for each stage, such as clicks and orders; or, instead of time and stage, "
    "a column of times for each stage, such as click_at and order_at"
)


def stage_of(text: str) -> str:
    """The stage that a text means, in any of its usual names; the text itself if it is none."""
    plain = text.strip().lower().replace("-", "_").replace(" ", "_")
    for word in (plain, plain.removesuffix("s")):
        if word in STAGE_INDEX or word in _STAGE_NAMES:
            return _STAGE_NAMES.get(word, word)
    return text.strip()


def staged_columns(names: list[str]) -> dict[str, str]:
    """The columns that hold a stage's times or counts, with their stage: named after it, with or without ``_at``."""
    found: dict[str, str] = {}
    for name in names:
        base = next((name.removesuffix(end) for end in _SUFFIXES if name.endswith(end)), name)
        if stage_of(base) in STAGE_INDEX:
            found[name] = stage_of(base)
    return found


def with_plain_columns(batch: pa.RecordBatch, path: str, store: str) -> list[tuple[pa.RecordBatch, str]]:
    """The batch as rows of counts, and what the file calls their time; of pairs, one batch a stage.

    Args:
        batch: rows of a file, its columns named in small letters.
        path: what errors call the file.
        store: the store of rows that name none.

    Raises:
        FileUnreadableError: the time or the stage is not among its columns.
    """
    names = batch.schema.names
    known = {key: next((name for name in given if name in names), None) for key, given in _NAMES.items()}
    columns = {
        key: batch.column(name)
        for key, name in known.items()
        if name is not None and key not in ("minute", "stage")
    }
    columns.setdefault("store_id", pa.array([store] * batch.num_rows, pa.string()))
    columns.setdefault("count", pa.array([1] * batch.num_rows, pa.int64()))
    staged = staged_columns(names)
    time, kind = known["minute"], known["stage"]
    if kind is None and known["count"] is None and time is not None and _are_counts(batch, list(staged)):
        columns["minute"] = batch.column(time)
        return [(_counted(batch, name, stage, columns), time) for name, stage in staged.items()]
    if kind is None and len(staged) >= 2 and not _are_counts(batch, list(staged)):
        return [(_of_stage(batch, name, stage, columns), name) for name, stage in staged.items()]
    if time is None or kind is None:
        lacking = " and ".join(
            word for word, name in (("a column of times", time), ("stage", kind)) if name is None
        )
        raise FileUnreadableError(
            f"{path} lacks {lacking}; its columns are named {', '.join(names)}. {EXPECTED}"
        )
    return [(_batch(columns | {"minute": batch.column(time), "stage": _staged(batch, kind)}), time)]


def _batch(columns: dict[str, pa.Array]) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns))


def _staged(batch: pa.RecordBatch, name: str) -> pa.Array:
    """The column of stages, each in its own name here."""
    texts = pc.fill_null(batch.column(name).cast(pa.string()), "").dictionary_encode()
    named = pa.array([stage_of(text) for text in texts.dictionary.to_pylist()], pa.string())
    return named.take(texts.indices) if batch.num_rows else named


def _are_counts(batch: pa.RecordBatch, names: list[str]) -> bool:
    """Whether columns named after stages hold how many came, and not when."""
    found = False
    for name in names:
        values = batch.column(name)
        if pa.types.is_timestamp(values.type) or pa.types.is_date(values.type):
            return False
        if pa.types.is_string(values.type):
            values = pc.if_else(pc.equal(values, ""), None, values)
        try:
            most = pc.max(pc.abs(values.cast(pa.float64()))).as_py()
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            return False
        if most is not None and most >= _EARLIEST:
            return False
        found |= most is not None
    return found


def _counted(batch: pa.RecordBatch, name: str, stage: str, columns: dict[str, pa.Array]) -> pa.RecordBatch:
    """The rows of a stage's column of counts; an empty one is none."""
    values = batch.column(name)
    if pa.types.is_string(values.type):
        values = pc.if_else(pc.equal(values, ""), "0", values)
    counts = pc.fill_null(values.cast(pa.float64()), 0.0)
    stages = pa.array([stage] * batch.num_rows, pa.string())
    return _batch(columns | {"count": counts, "stage": stages})


def _of_stage(batch: pa.RecordBatch, name: str, stage: str, columns: dict[str, pa.Array]) -> pa.RecordBatch:
    """The rows that got as far as a stage, as counts of it."""
    times = batch.column(name)
    came = pc.is_valid(times)
    if pa.types.is_string(times.type):
        came = pc.and_(came, pc.not_equal(pc.fill_null(times, ""), ""))
    whole = _batch(columns | {"minute": times, "stage": pa.array([stage] * batch.num_rows, pa.string())})
    return whole.filter(came)


def unknown_stages(seen: set[str]) -> str:
    """What an error says of stages that a file names and nobody knows."""
    strangers = sorted(text for text in seen if text not in STAGE_INDEX)[:5]
    said = f" (the file says {', '.join(map(repr, strangers))})" if strangers else ""
    return f"stages are {', '.join(STAGES)}{said}"

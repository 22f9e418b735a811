"""What files call their columns, brought to one form: store_id, minute, stage, count, and segment and zone where a file has them.

Called by ``files.py`` for each batch of rows. Three kinds of file are taken: counts (a row says how many of a stage came in a minute of
a store), events (a row is one event: without a column of counts each counts as one) and pairs (a column of times for each
stage, named after it: a row is one visit, empty where it did not get that far).
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from scoring.events.rejections import STAGE_SYNONYMS
from scoring.funnel.stages import STAGE_INDEX, STAGES
from streams.backtest.errors import FileUnreadableError

#: by its name here, what a column may be called
_NAMES: dict[str, tuple[str, ...]] = {
    "minute": ("minute", "event_time", "timestamp", "datetime", "date_time", "time", "ts", "occurred_at", "created_at"),
    "stage": ("stage", "type", "event", "event_type", "event_name", "action", "behaviour", "behavior", "behavior_type"),
    "count": ("count", "counts", "events", "n"),
    "store_id": ("store_id", "store", "shop_id", "shop"),
    "segment": ("segment",),
    "zone": ("zone", "timezone", "tz"),
}  # fmt: skip
_SUFFIXES = ("_at", "_time", "_ts", "_timestamp")
COUNT_COLUMNS = _NAMES["count"]
EXPECTED = (
    "Needed: a time (minute, event_time or timestamp) and stage; where a row is more than one event, count. Optional: store_id, segment, "
    "zone. Or, instead of time and stage, a column of times for each stage, such as click_at and order_at"
)


def stage_of(text: str) -> str:
    """The stage that a text means, in any of its usual names; the text itself if it is none."""
    plain = text.strip().lower().replace("-", "_").replace(" ", "_")
    return plain if plain in STAGE_INDEX else STAGE_SYNONYMS.get(plain, text.strip())


def staged_columns(names: list[str]) -> dict[str, str]:
    """The columns that hold a stage's times, with their stage: named after it, with or without ``_at``."""
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
    if known["stage"] is None and len(staged) >= 2:
        return [(_of_stage(batch, name, stage, columns), name) for name, stage in staged.items()]
    time, kind = known["minute"], known["stage"]
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

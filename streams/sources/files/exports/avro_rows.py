"""An Avro file as a table: its objects are columns by the paths to their values, as JSON's are. BigQuery exports tables so."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from scoring.wording.text import Bilingual
from streams.sources.files.exports.cells import TableRows
from streams.sources.files.exports.json_tables import ObjectRows
from streams.sources.files.exports.unreadable import UnreadableExportError

MAGIC = b"Obj\x01"


def avro_rows(path: Path) -> TableRows:
    """The rows of an Avro file.

    Raises:
        UnreadableExportError: it is damaged.
    """
    return ObjectRows(partial(_objects, path))


def _objects(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    import fastavro

    number = 0
    try:
        with path.open("rb") as file:
            for number, record in enumerate(fastavro.reader(file), 1):
                if not isinstance(record, dict):
                    raise ValueError("its values are not objects")
                yield number, record
    # the library lets each kind of damage through as what it met: keys, ends of files, codecs
    except (ValueError, LookupError, EOFError, OSError, TypeError, ArithmeticError) as error:
        raise UnreadableExportError(
            Bilingual(
                f"Avro 文件在第 {number:,} 行之后损坏（{error}）；请重新获取",
                f"the Avro file is damaged after row {number:,} ({error}); fetch it again",
            )
        ) from error

"""A large answer of ClickHouse as Arrow record batches, one after the other, and certain to be whole.

The driver's own stream of Arrow stops at Arrow's end mark. The embedded engine writes that mark also when it gives up in the
middle (its time or memory is over), and says so only by how the response ends: whoever stops at the mark takes a part for the whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from clickhouse_connect.driver import Client

from streams.clickhouse.errors import ClickHouseUnreachableError, mapped

if TYPE_CHECKING:
    import pyarrow as pa

_STRINGS = {"output_format_arrow_string_as_string": 1}


def record_batches(client: Client, query: str, parameters: Mapping[str, Any]) -> Iterator[pa.RecordBatch]:
    """The rows of a query as they arrive; text as text.

    Raises:
        ClickHouseError: ClickHouse is unreachable, rejects the query, or ended its answer before it was whole.
    """
    import pyarrow as pa  # starts a thread, which the process from which roles are forked must not have

    with mapped():
        answer: Any = client.raw_stream(query, dict(parameters), settings=_STRINGS, fmt="ArrowStream")
        try:
            yield from pa.ipc.open_stream(answer)
            after = answer.read()  # raises if the response was cut off
        except pa.ArrowInvalid as error:
            raise ClickHouseUnreachableError(f"ClickHouse broke off its answer: {error}") from error
        finally:
            answer.close()
        if after:
            raise ClickHouseUnreachableError("ClickHouse broke off its answer")

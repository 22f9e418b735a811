"""The monitor role as shipped, except that it stops itself between a flush's check and its write when a file asks for it, and that
its clock is as wrong as another file says (``clocked_part.py``).

``python -m tests.faults.monitor_part monitor --parent PID``, as ``streams.roles``. The file is ``freeze`` in its data
folder: empty, it stops before the transaction; with ``mid`` in it, between the transaction's records and its commit.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import aiokafka

from streams import roles
from streams.monitor.records import Record
from streams.monitor.writer import PartitionWriter
from tests.faults.clocked_part import install

_write = PartitionWriter.write
_commit = aiokafka.AIOKafkaProducer.commit_transaction
FREEZE = "freeze"


def _asked() -> Path:
    return Path(os.environ["FUNNELWATCH_DATA"]) / FREEZE


async def _write_or_stop(self: PartitionWriter, records: Mapping[str, Sequence[Record]], at_ms: int) -> None:
    asked = _asked()
    if asked.exists() and not asked.read_text():
        asked.unlink()
        os.kill(os.getpid(), signal.SIGSTOP)
    await _write(self, records, at_ms)


async def _commit_or_stop(self: Any) -> None:
    asked = _asked()
    if asked.exists() and asked.read_text():
        asked.unlink()
        os.kill(os.getpid(), signal.SIGSTOP)
    await _commit(self)


if __name__ == "__main__":
    install()
    PartitionWriter.write = _write_or_stop  # type: ignore[method-assign]
    aiokafka.AIOKafkaProducer.commit_transaction = _commit_or_stop
    try:
        code = roles.main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)

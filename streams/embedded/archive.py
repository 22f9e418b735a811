"""The archive of the broker's loaded and linked classes (JEP 483, 514): Java then starts it in half the time. With it, what Kafka's
tool writes into a new folder, so that Java need not start twice.

Both are a convenience: without them, or with an archive that does not fit, the broker starts all the same.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from streams.embedded.broker import Broker, BrokerFailedError, archive_path, first_records_path
from streams.embedded.broker_files import FIRST_RECORDS
from streams.embedded.jars import fetch_jars
from streams.instance.files import write_atomically
from streams.settings import Settings

#: Java writes the archive when the broker has ended: about ten seconds of two cores
_WRITE_S = 120.0


def make_archive(settings: Settings) -> Path | None:
    """The archive for this Java and these jars, made by one short run of a broker if it is not there yet; None if
    that did not work."""
    jars = fetch_jars(settings)
    archive = archive_path(settings, jars)
    if archive.exists():
        return archive
    archive.parent.mkdir(parents=True, exist_ok=True)
    draft = archive.with_name(f".{archive.name}.{os.getpid()}")
    try:
        with tempfile.TemporaryDirectory(prefix="funnelwatch-") as folder:
            broker = Broker(
                Path(folder) / "kafka", Path(folder) / "logs", jars, heap_mb=settings.broker_heap_mb
            )
            broker.start(f"-XX:AOTCacheOutput={draft}")
            try:
                broker.wait_ready()
            finally:
                broker.stop(_WRITE_S)
            first_records = (broker.folder / "data" / FIRST_RECORDS).read_bytes()
            write_atomically(first_records_path(archive), first_records)
        if draft.exists():
            draft.replace(archive)
            return archive
    except BrokerFailedError:
        return None
    finally:
        for left in archive.parent.glob(f"{draft.name}*"):
            left.unlink(missing_ok=True)
    return None

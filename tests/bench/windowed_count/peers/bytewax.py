"""Bytewax: a tumbling count by event time (no recovery store), its values decoded with msgspec."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import bytewax.operators as op
import bytewax.operators.windowing as win
import msgspec
from bytewax.connectors.kafka import KafkaSource
from bytewax.dataflow import Dataflow
from bytewax.operators.windowing import EventClock, TumblingWindower
from bytewax.testing import TestingSink, run_main

from tests.bench.windowed_count.peers import read_job, say, write_counts

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: so late may an event be by the largest time of its key
WAIT = timedelta(minutes=1)


class FunnelEvent(msgspec.Struct, gc=False):
    store_id: str
    type: str
    event_time_ms: int


def main() -> None:
    job = read_job()
    decode = msgspec.json.Decoder(FunnelEvent).decode
    started: list[bool] = []
    counted: list[Any] = []

    def decoded(message: Any) -> FunnelEvent:
        if not started:
            started.append(True)
            say("start")
        return decode(message.value)

    flow = Dataflow("count")
    source = KafkaSource(job.kafka.split(","), [job.topic], tail=False, batch_size=1000)
    events = op.map("decode", op.input("events", flow, source), decoded)
    clock = EventClock(
        ts_getter=lambda event: datetime.fromtimestamp(event.event_time_ms / 1000, UTC),
        wait_for_system_duration=WAIT,
    )
    windower = TumblingWindower(align_to=EPOCH, length=timedelta(minutes=1))
    windows = win.count_window(
        "count", events, clock, windower, lambda event: f"{event.store_id}/{event.type}"
    )
    op.output("counted", windows.down, TestingSink(counted))
    run_main(flow)
    say("done")
    write_counts(
        job,
        (
            (key.rpartition("/")[0], minute, key.rpartition("/")[2], number)
            for key, (minute, number) in counted
        ),
    )


if __name__ == "__main__":
    main()

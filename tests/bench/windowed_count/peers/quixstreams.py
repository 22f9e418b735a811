"""Quix Streams: a tumbling reduce with its state store and its changelog topic."""

from __future__ import annotations

import os
from typing import Any

from quixstreams import Application

from tests.bench.windowed_count.peers import read_job, say, write_counts

job = read_job()
latest: dict[tuple[str, int], dict[str, int]] = {}
progress = {"seen": 0}


def event_time(value: Any, *_: Any) -> int:
    if not progress["seen"]:
        progress["seen"] = 1
        say("start")
    return int(value["event_time_ms"])


def first(event: Any) -> dict[str, int]:
    return {event["type"]: 1}


def further(counts: dict[str, int], event: Any) -> dict[str, int]:
    kind = event["type"]
    counts[kind] = counts.get(kind, 0) + 1
    return counts


def keep(window: Any, key: Any, timestamp: int, headers: Any) -> None:
    latest[key, window["start"]] = window["value"]
    progress["seen"] += 1
    if progress["seen"] == job.events + 1:
        say("done")
        write_counts(
            job,
            (
                (store, start // 60_000, kind, number)
                for (store, start), counts in latest.items()
                for kind, number in counts.items()
            ),
        )
        os._exit(0)


def main() -> None:
    app = Application(
        broker_address=job.kafka,
        consumer_group=job.run,
        auto_offset_reset="earliest",
        state_dir=job.folder,
        loglevel="ERROR",
    )
    topic = app.topic(
        job.topic, key_deserializer="str", value_deserializer="json", timestamp_extractor=event_time
    )
    windows = (
        app.dataframe(topic).tumbling_window(60_000, grace_ms=86_400_000).reduce(further, first).current()
    )
    windows.update(keep, metadata=True)
    app.run()


if __name__ == "__main__":
    main()

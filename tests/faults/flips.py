"""Bytes that the disk changes while nobody looks: in the broker's log and its indexes, in the collector's spool, and in the store's tables."""

from __future__ import annotations

import random
from pathlib import Path

import msgspec

from scoring.events.event import Event
from streams.collector.frames import HEAD, read_frame
from streams.kafka.topics import EVENTS

_EVENT = msgspec.json.Decoder(Event)


def flip(path: Path, place: int, chance: random.Random) -> None:
    """Change one byte of a file."""
    with path.open("r+b") as file:
        file.seek(place)
        (byte,) = file.read(1)
        file.seek(place)
        file.write(bytes([byte ^ chance.randrange(1, 256)]))


def flip_log(kafka: Path, chance: random.Random) -> str:
    """Change a byte of a segment, of any topic; what was changed. The leader's epoch (bytes 12 to 15 of a batch) is left out: nothing protects it, and nobody reads it."""
    written = [path for path in sorted((kafka / "data").glob("*/*.log")) if path.stat().st_size]
    path = chance.choice(written)
    place = chance.randrange(path.stat().st_size)
    flip(path, place, chance)
    return f"byte {place} of {path.parent.name}/{path.name}"


def flip_bit_of_store(store: Path, chance: random.Random) -> str:
    """Change a bit of a column's file of a part that is in use; what was changed."""
    written = [
        path
        for path in sorted((store / "clickhouse/engine/store").glob("*/*/*/*.bin"))
        if path.parent.name != "detached" and not path.parent.name.startswith("tmp")
    ]
    path = chance.choice(written)
    place = chance.randrange(path.stat().st_size)
    with path.open("r+b") as file:
        file.seek(place)
        (byte,) = file.read(1)
        file.seek(place)
        file.write(bytes([byte ^ 1 << chance.randrange(8)]))
    return f"a bit of byte {place} of {path.parent.name}/{path.name}"


def flip_index(kafka: Path, chance: random.Random) -> str:
    """Change a byte of an index; what was changed."""
    written = [path for path in sorted((kafka / "data").glob("*/*.index")) if path.stat().st_size]
    if not written:
        return "no index"
    path = chance.choice(written)
    place = chance.randrange(path.stat().st_size)
    flip(path, place, chance)
    return f"byte {place} of {path.parent.name}/{path.name}"


def flip_spool(folder: Path, chance: random.Random) -> tuple[str, set[tuple[str, str]]]:
    """Change a byte of a frame that waits in a spool; what was changed, and the events in the frame, by store and id."""
    frames: list[tuple[Path, int, int]] = []
    for path in sorted(folder.glob("*/*.seg")):
        content, at = path.read_bytes(), 0
        while (found := read_frame(content, at)) is not None:
            frames.append((path, at, found[1]))
            at += found[1]
    if not frames:
        return "an empty spool", set()
    path, at, size = chance.choice(frames)
    records, _ = read_frame(path.read_bytes(), at) or ([], 0)
    events = [_EVENT.decode(record.value) for record in records if record.topic == EVENTS]
    place = at + chance.randrange(HEAD.size, size)
    flip(path, place, chance)
    return f"byte {place} of {path.name}, {len(events)} events", {
        (one.store_id, one.event_id) for one in events
    }

"""What an event costs from the door to the tables, of each process, with everything running as ``funnelwatch up`` runs it.

Processor seconds differ by a factor of two from hour to hour on shared machines, so the cost is given in units: one unit is what
``json.loads`` of the same bodies costs in the same run, before and after.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import clickhouse_connect
from clickhouse_connect.driver import Client

from streams.embedded.ports import free_port
from streams.instance.files import Instance, read_instance, read_states
from streams.instance.files import secret as secret_of
from tests.bench.whole_path.collector import CONNECTIONS, FULL, KEY, STORES, Requests
from tests.bench.whole_path.ground import Figure, Ground, wait_until

EVENTS, QUICK_EVENTS, BATCH = 1_000_000, 50_000, 500
#: events that are sent before anything is measured: imports, connections, first parts
WARM_EVENTS = 20_000
#: how often it is looked whether all have landed: fifty looks a second would cost the store more than half of what it is measured for
LANDED_LOOK_S = 0.5
BAR_UNITS = 10.0
_TICKS_S = os.sysconf("SC_CLK_TCK")


def measure(ground: Ground) -> list[Figure]:
    """Units and microseconds an event of each process, and the rate at which events were acknowledged: of bare events."""
    return _measure(ground, "units", {})


def measure_full(ground: Ground) -> list[Figure]:
    """As ``measure``, of events with all that a page can say: a unit grows with them, and so does what is done with them."""
    return _measure(ground, "units_full", FULL)


def _measure(ground: Ground, name: str, more: Mapping[str, object]) -> list[Figure]:
    events = QUICK_EVENTS if ground.quick else EVENTS
    data = ground.folder / name
    data.mkdir()
    config = ground.folder / f"{name}.yaml"
    lines = (f"  - {{id: store-{n:04d}, platform: own_site, keys: ['env:BENCH_KEY']}}" for n in range(STORES))
    config.write_text("stores:\n" + "\n".join(lines) + "\n")
    settings = ground.settings.model_copy(
        update={
            "data": data,
            "config": config,
            "collector_rate": 1e9,
            "broker_heap_mb": 256,
            **{f"{name}_port": free_port() for name in ("collector", "page", "broker", "store")},
        }
    )
    ground.start(
        "up", ["-c", "from streams.cli.main import main; main()", "up"], data, settings, BENCH_KEY=KEY
    )
    wait_until(lambda: _is_ready(data), "everything to be ready")
    instance = read_instance(data)
    assert instance is not None
    client = _client(data, instance)
    requests = Requests(urlsplit(instance.collector_url).port or 0, BATCH, more)
    asyncio.run(_send(instance, requests, WARM_EVENTS // BATCH))
    wait_until(lambda: _landed(client) >= WARM_EVENTS, "the first events to land")
    unit_s = _unit_s(requests, events)
    before, began = _spent(data), time.monotonic()
    asyncio.run(_send(instance, requests, events // BATCH))
    acknowledged_s = time.monotonic() - began
    landed_at = wait_until(
        lambda: _landed(client) >= WARM_EVENTS + events, "all events to land", look_s=LANDED_LOOK_S
    )
    visible_s = landed_at - began
    spent = {name: one - before.get(name, 0.0) for name, one in _spent(data).items()}
    unit_s = (unit_s + _unit_s(requests, events)) / 2
    ground.end_parts()
    return _figures(name, spent, unit_s, events, acknowledged_s, visible_s)


def _figures(
    part: str, spent: Mapping[str, float], unit_s: float, events: int, acknowledged_s: float, visible_s: float
) -> list[Figure]:
    found = [Figure(part, "one unit: json.loads of an event's body", unit_s / events * 1e6, "µs/event")]
    for name, seconds in sorted(spent.items(), key=lambda one: -one[1]):
        found.append(Figure(part, name, seconds / unit_s, "units/event"))
        found.append(Figure(part, name, seconds / events * 1e6, "µs/event"))
    whole = sum(spent.values()) / unit_s
    bar = f"at most {BAR_UNITS:.0f}"
    found.append(Figure(part, "everything, door to tables", whole, "units/event", bar, whole <= BAR_UNITS))
    found.append(Figure(part, "acknowledged", events / acknowledged_s, "events/s"))
    found.append(Figure(part, "from the first sent to the last visible", visible_s, "s"))
    return found


def _unit_s(requests: Requests, events: int) -> float:
    """Processor seconds of ``json.loads`` of as many events, worked out from a part of them."""
    body = requests.next().partition(b"\r\n\r\n")[2]
    times = max(1, min(events, 100_000) // BATCH)
    began = time.process_time()
    for _ in range(times):
        json.loads(body)
    return (time.process_time() - began) * events / (times * BATCH)


async def _send(instance: Instance, requests: Requests, times: int) -> None:
    """Send this many bodies over a few connections, one at a time on each."""
    left = [times]
    port = urlsplit(instance.collector_url).port

    async def one() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while left[0] > 0:
            left[0] -= 1
            writer.write(requests.next())
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(
                int(line.split(b":")[1])
                for line in head.split(b"\r\n")
                if line.lower().startswith(b"content-length:")
            )
            await reader.readexactly(length)
            if not head.startswith(b"HTTP/1.1 202"):
                raise RuntimeError(f"the collector answered {head[:40]!r}")
        writer.close()

    await asyncio.gather(*(one() for _ in range(min(CONNECTIONS, 8))))


def _is_ready(data: Path) -> bool:
    states = read_states(data)
    return len(states) > 8 and all(state.state == "ready" for state in states)


def _client(data: Path, instance: Instance) -> Client:
    url = urlsplit(instance.clickhouse_url)
    return clickhouse_connect.get_client(
        host=url.hostname,
        port=url.port or 0,
        username="funnelwatch",
        password=secret_of(data, "clickhouse_password"),
        database="funnelwatch",
    )


def _landed(client: Client) -> int:
    return int(client.command("SELECT count() FROM events_raw"))  # type: ignore[arg-type]


def _spent(data: Path) -> dict[str, float]:
    """Processor seconds of each process of the instance, the broker with its Java."""
    return {state.name: sum(map(_cpu_s, [state.pid, *_children(state.pid)])) for state in read_states(data)}


def _children(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in text.split()]


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_S

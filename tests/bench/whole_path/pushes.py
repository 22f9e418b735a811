"""Pushes of a platform: how long an answer takes at a thousand a second, while Kafka is there and while it is unreachable, and whether all arrive.

Each push has its moment, a thousandth of a second after the one before, and its answer is timed from that moment: a server that
stalls does not slow its clock down. Bodies are signed as Lazada signs them, which wants an answer within half a second.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import subprocess
import time
from collections import Counter
from pathlib import Path

from confluent_kafka import Consumer, KafkaException, TopicPartition
from pydantic import SecretStr

from streams.clock import now_ms
from streams.embedded.ports import free_port
from streams.kafka import topics
from streams.kafka.admin import create_topics
from tests.bench.whole_path.collector import is_open
from tests.bench.whole_path.ground import PARTITIONS, Figure, Ground, wait_until
from tests.fakes.lying_lazada import lazada_connection, signed_push
from tests.fakes.workbench import SECRETS

A_SECOND, SECONDS, QUICK_SECONDS = 1000, 60.0, 10.0
SHOPS, SOCKETS, LIMIT_S = 50, 128, 0.5


def request(port: int, number: int) -> bytes:
    """One push of one shop, with an order of its own."""
    body = json.dumps(
        {
            "seller_id": "300222",
            "message_type": 0,
            "site": "lazada_sg",
            "timestamp": now_ms() // 1000,
            "data": {
                "order_status": "pending",
                "trade_order_id": str(10_000_000 + number),
                "trade_order_line_id": str(20_000_000 + number),
                "status_update_time": now_ms() // 1000,
            },
        }
    ).encode()
    signed = "".join(f"{name}: {value}\r\n" for name, value in signed_push(body).items())
    head = (
        f"POST /v1/hooks/lazada/shop-{number % SHOPS} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
        f"{signed}Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def _socket(
    port: int,
    first: int,
    count: int,
    began_s: float,
    turns: itertools.count[int],
    took: list[float],
    answers: Counter[int],
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        while (turn := next(turns)) < count:
            due_s = began_s + turn / A_SECOND
            await asyncio.sleep(max(0.0, due_s - time.monotonic()))
            writer.write(request(port, first + turn))
            head = await reader.readuntil(b"\r\n\r\n")
            for line in head.lower().split(b"\r\n"):
                if line.startswith(b"content-length:"):
                    await reader.readexactly(int(line.split(b":")[1]))
            took.append(time.monotonic() - due_s)
            answers[int(head[9:12])] += 1
    finally:
        writer.close()


async def push(port: int, first: int, seconds: float) -> tuple[list[float], Counter[int]]:
    """Pushes for ``seconds``; how long each answer took, ascending, and how many had which status."""
    took: list[float] = []
    answers: Counter[int] = Counter()
    turns, count, began_s = itertools.count(), round(seconds * A_SECOND), time.monotonic() + 0.2
    await asyncio.gather(
        *(_socket(port, first, count, began_s, turns, took, answers) for _ in range(SOCKETS))
    )
    return sorted(took), answers


def _kept(kafka: str) -> int:
    """Deliveries in the topic; 0 while a broker that has just come back does not lead all of it yet."""
    consumer = Consumer({"bootstrap.servers": kafka, "group.id": "bench-pushes"})
    try:
        ends = [
            consumer.get_watermark_offsets(TopicPartition(topics.RAW, number), timeout=20)[1]
            for number in range(PARTITIONS)
        ]
    except KafkaException:
        return 0
    finally:
        consumer.close()
    return sum(ends)


def _processor_s(process: subprocess.Popen[bytes] | None) -> float:
    """The processor time of a process so far: whatever else runs, a core does so many pushes a second."""
    assert process is not None
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _figures(what: str, took: list[float], answers: Counter[int]) -> list[Figure]:
    worst = took[min(len(took) - 1, round(len(took) * 0.999))]
    good = answers[200] + answers[202]
    bar = f"{LIMIT_S * 1000:.0f} ms"
    return [
        Figure("pushes", f"{what}, median", took[len(took) // 2] * 1000, "ms"),
        Figure("pushes", f"{what}, 99.9 %", worst * 1000, "ms", bar, worst <= LIMIT_S),
        Figure("pushes", f"{what}, longest", took[-1] * 1000, "ms"),
        Figure("pushes", f"{what}, accepted", good / len(took), "ratio", "all", good == len(took)),
    ]


def measure(ground: Ground) -> list[Figure]:
    """The answers with Kafka there and unreachable, and what is in Kafka at the end."""
    seconds = QUICK_SECONDS if ground.quick else SECONDS
    asyncio.run(create_topics(ground.kafka, partitions=PARTITIONS))
    data, config = ground.folder / "pushes", ground.folder / "pushes.yaml"
    data.mkdir()
    connections = [lazada_connection(name=f"shop-{number}", store="cn") for number in range(SHOPS)]
    config.write_text(
        json.dumps(
            {"stores": [{"id": "cn", "zone": "Asia/Shanghai", "currency": "CNY"}], "connections": connections}
        )
    )
    settings = ground.settings.model_copy(
        update={
            "kafka": ground.kafka,
            "data": data,
            "config": config,
            "collector_port": free_port(),
            "hash_key": SecretStr("hash-key-of-the-bench"),
        }
    )
    secrets = {reference.removeprefix("env:"): secret for reference, secret in SECRETS.items()}
    part = ground.start(
        "pushes",
        ["-m", "streams.roles", "collector", "--parent", str(os.getpid())],
        data,
        settings,
        **secrets,
    )
    port = settings.collector_port
    wait_until(lambda: is_open(port), "the collector to listen")
    asyncio.run(push(port, 0, 3.0))  # warm
    before = _kept(ground.kafka)
    each = round(seconds * A_SECOND)
    began_s = _processor_s(part.process)
    there = asyncio.run(push(port, each, seconds))
    used_s = _processor_s(part.process) - began_s
    ground.broker.stop()
    without = asyncio.run(push(port, 2 * each, seconds))
    ground.broker.start()
    ground.broker.wait_ready()
    accepted = sum(answers[200] + answers[202] for _, answers in (there, without))
    wait_until(lambda: _kept(ground.kafka) - before >= accepted, "what was accepted to be in Kafka", 120.0)
    lost = max(0, accepted - (_kept(ground.kafka) - before))
    ground.end_parts()
    return [
        *_figures("Kafka there", *there),
        *_figures("Kafka unreachable", *without),
        Figure("pushes", "Kafka there, processor time of a push", used_s / each * 1000, "ms"),
        Figure("pushes", "accepted and not in Kafka at the end", lost, "pushes", "none", lost == 0),
    ]

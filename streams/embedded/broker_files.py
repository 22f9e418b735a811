"""What the embedded broker is started with: its properties, its logging, its Java, and the folder of an instance that is new."""

from __future__ import annotations

import base64
import shutil
import string
import uuid
from pathlib import Path

from streams.instance.files import write_file

PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{host}:{controller_port}
listeners=PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller_port}
advertised.listeners=PLAINTEXT://{host}:{advertised_port}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
# relative to this folder, in which Java runs: a comma in a path would end it here
log.dirs=data
auto.create.topics.enable=false
num.network.threads=2
num.io.threads=2
listener.name.controller.num.network.threads=1
group.coordinator.threads=1
# there is nobody to whom a record without content, twice a second, would show that the controller lives
metadata.max.idle.interval.ms=0
message.max.bytes=10485760
log.message.timestamp.type=CreateTime
# a role whose clock is an hour ahead for a moment must not have its records rejected (the default, Kafka 4.0)
log.message.timestamp.after.max.ms=9223372036854775807
log.retention.hours=168
log.segment.bytes=268435456
# an entry of 12 bytes each 4 KB, so a whole segment's; the default, 10 MB, is laid out at the first record of each partition, and the
# kernel fills as much of its cache with zeros as it reads ahead (8 MB on some machines), twice a partition
log.index.size.max.bytes=1048576
# the default, 128 MB, is taken from the heap at start
log.cleaner.dedupe.buffer.size=16777216
offsets.topic.replication.factor=1
offsets.topic.num.partitions=8
offsets.topic.segment.bytes=16777216
offsets.retention.minutes=43200
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=8
transaction.state.log.segment.bytes=16777216
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
# a broker killed hard waits this long before its successor is let in
broker.session.timeout.ms=5000
broker.heartbeat.interval.ms=1000
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=3000
"""
LOGGING = """\
appender.file.type=RollingFile
appender.file.name=file
appender.file.fileName={log}
appender.file.filePattern={log}.%i
appender.file.layout.type=PatternLayout
appender.file.layout.pattern=%d{{yyyy-MM-dd'T'HH:mm:ss.SSSXXX}} %p %m (%c)%n
appender.file.policies.type=Policies
appender.file.policies.size.type=SizeBasedTriggeringPolicy
appender.file.policies.size.size=10MB
appender.file.strategy.type=DefaultRolloverStrategy
appender.file.strategy.max=3
rootLogger.level=info
rootLogger.appenderRef.file.ref=file
logger.config.name=org.apache.kafka.common.config
logger.config.level=warn
logger.server_config.name=kafka.server.KafkaConfig
logger.server_config.level=warn
"""
#: what the tool writes besides ``meta.properties``
FIRST_RECORDS = "bootstrap.checkpoint"
#: options on which the archive of classes depends: an archive made with others is not used
MACHINE = (
    "-XX:+UseSerialGC",
    "-XX:+UseCompactObjectHeaders",
    # its other compiler takes more at the start than it saves in a million events, and goes on for minutes (tests/bench/README.md)
    "-XX:TieredStopAtLevel=1",
    # what an hour of much work took from the system is given back
    "-XX:MinHeapFreeRatio=20",
    "-XX:MaxHeapFreeRatio=40",
    "-XX:ReservedCodeCacheSize=64m",
    "-XX:TrimNativeHeapInterval=60000",
    "-XX:-UsePerfData",
    "-XX:+ExitOnOutOfMemoryError",
)

_PLAIN = frozenset(b"/._-+@%(),~" + (string.ascii_letters + string.digits).encode())


def property_value(text: str) -> str:
    """``text`` as the value of a line in a file of Java properties, which Java reads as Latin-1.

    What is not plain ASCII, and what the format gives a meaning, is written as an escape (``java.util.Properties.load``).
    """
    units = text.encode("utf-16-be", "surrogatepass")
    found = (int.from_bytes(units[at : at + 2]) for at in range(0, len(units), 2))
    return "".join(chr(unit) if unit in _PLAIN else f"\\u{unit:04X}" for unit in found)


def new_id() -> str:
    """An id as Kafka makes them."""
    return base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")


def prepare(data: Path, first_records: Path) -> None:
    """Prepare the folder ``data`` of a broker as Kafka's own tool does, without the seconds in which Java starts for it.

    Args:
        data: the folder, which is not there yet.
        first_records: the features that the tool writes for these jars, as it left them in another folder (``archive.py``).
    """
    draft = data.with_name(f".{data.name}")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir()
    write_file(draft / FIRST_RECORDS, first_records.read_bytes(), 0o600, durable=True)
    lines = (f"cluster.id={new_id()}", f"directory.id={new_id()}", "node.id=1", "version=1")
    write_file(draft / "meta.properties", ("\n".join(lines) + "\n").encode(), 0o600, durable=True)
    draft.replace(data)

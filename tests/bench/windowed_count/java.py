"""Makes the Kafka Streams competitor: fetches its two jars and compiles its one source file, where there is a ``javac``."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pooch

from streams.embedded.broker import class_path
from streams.embedded.jars import fetch_jars, java_binary, locked_jars
from streams.settings import Settings

HERE = Path(__file__).parent
SOURCE = HERE / "peers" / "KafkaStreamsCount.java"
#: the class files are for this release, so that any newer Java runs them
RELEASE = "17"


class NoJava(Exception):
    """Kafka Streams is left out; the text says why."""


def streams_command(settings: Settings, folder: Path) -> list[str]:
    """The command that counts with Kafka Streams; the job is its one argument more.

    Raises:
        NoJava: there is no ``javac`` here, or the source does not compile.
    """
    compiler = shutil.which("javac")
    if compiler is None:
        raise NoJava("Kafka Streams is skipped: there is no javac on the path")
    jars = settings.cache / "bench-kafka-streams"
    mirror = settings.maven_mirror.rstrip("/")
    pooch.get_logger().setLevel("WARNING")
    for jar in locked_jars(HERE / "kafka_streams.lock"):
        pooch.retrieve(f"{mirror}/{jar.path}", f"sha256:{jar.sha256}", jar.file_name, jars)
    path = os.pathsep.join([str(folder), class_path(jars), class_path(fetch_jars(settings))])
    done = subprocess.run(
        [compiler, "--release", RELEASE, "-cp", path, "-d", str(folder), str(SOURCE)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise NoJava(f"Kafka Streams is skipped: its source does not compile: {done.stderr[-1500:]}")
    return [
        str(java_binary()),
        "--enable-native-access=ALL-UNNAMED",
        "--sun-misc-unsafe-memory-access=allow",
        f"-Djava.io.tmpdir={folder}",
        "-cp",
        path,
        "KafkaStreamsCount",
    ]

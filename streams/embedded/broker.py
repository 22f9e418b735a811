"""The embedded broker: Apache Kafka itself, one KRaft node on loopback, as a child process.

``python -m streams.embedded.broker --data DIR`` runs it as a part of an instance: prepares the folder, starts Java, reports
the state and stops the broker in order. ``Broker`` is the same for tests.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
from pathlib import Path

from streams.clock import monotonic
from streams.embedded.broker_files import LOGGING, MACHINE, PROPERTIES, new_id, prepare, property_value
from streams.embedded.jars import JarsUnavailableError, fetch_jars, java_binary
from streams.embedded.log_repair import missing, repair_logs
from streams.embedded.ports import choose_port
from streams.errors import StateError
from streams.instance.files import StateReport
from streams.instance.processes import command_of, end_with_parent, killed_with_us
from streams.printable import printable
from streams.settings import Settings, load_settings

_HOST = "127.0.0.1"
_READY_S = 90.0
_STOP_S = 20.0
_ORPHANED_S = 2.0
#: how often a running broker is asked whether it answers
_ASK_S = 5.0


class BrokerFailedError(StateError):
    """The broker did not start or exited; the text quotes its log. The supervisor restarts it."""


def answers_requests(port: int, timeout_s: float = 1.0) -> bool:
    """True if a broker on loopback ``port`` answers an ApiVersions request: it then serves every request."""
    request = struct.pack(">hhih", 18, 0, 1, 1) + b"f"
    try:
        with socket.create_connection((_HOST, port), timeout_s) as connection:
            connection.settimeout(timeout_s)
            connection.sendall(struct.pack(">i", len(request)) + request)
            return len(connection.recv(4)) == 4
    except OSError:
        return False


class Broker:
    """One Kafka node. ``folder`` holds its data, ``logs`` its log."""

    def __init__(
        self,
        folder: Path,
        logs: Path,
        jars: Path,
        *,
        port: int = 0,
        controller_port: int = 0,
        heap_mb: int = 256,
        archive: Path | None = None,
    ) -> None:
        self.folder = folder.resolve()
        self.logs = logs.resolve()
        self.port = choose_port(port)
        self.controller_port = choose_port(controller_port, taken=frozenset({self.port}))
        #: the port clients are sent to; 0: to ``port`` itself
        self.advertised_port = 0
        #: lines of server.properties that replace or extend those above
        self.more_properties = ""
        #: options of the tool that prepares the folder, besides those it needs
        self.format_options: tuple[str, ...] = ()
        self._jars = jars.resolve()
        self._heap_mb = heap_mb
        self._archive = archive
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """What clients connect to."""
        return f"{_HOST}:{self.port}"

    @property
    def pid(self) -> int | None:
        """The pid of Java while it runs."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def start(self, *more: str) -> None:
        """Prepare the folder (once) and start Java with the options ``more`` before the others; returns at once."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.logs.mkdir(parents=True, exist_ok=True)
        _end_leftover(self.folder)
        for found in repair_logs(self.folder):
            sys.stderr.write(f"the disk has changed the broker's log: {printable(found)}\n")
        shutil.rmtree(self.folder / "tmp", ignore_errors=True)  # native libraries unpacked by a killed Java
        (self.folder / "tmp").mkdir()
        properties = self.folder / "server.properties"
        properties.write_text(
            PROPERTIES.format(
                host=_HOST,
                port=self.port,
                advertised_port=self.advertised_port or self.port,
                controller_port=self.controller_port,
            )
            + self.more_properties,
            encoding="ascii",
        )
        log = property_value(os.path.relpath(self.logs / "broker.log", self.folder))
        (self.folder / "log4j2.properties").write_text(LOGGING.format(log=log), encoding="ascii")
        if not (self.folder / "data" / "meta.properties").exists():
            self._format(properties)
        with (self.logs / "broker.out").open("wb") as output:
            self._process = subprocess.Popen(
                killed_with_us([*self._java(), *more, "kafka.Kafka", str(properties)]),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env=_environment(),
                cwd=self.folder,
            )
        (self.folder / "broker.pid").write_text(str(self._process.pid))

    def check(self) -> None:
        """Raise BrokerFailedError if Java has ended."""
        if self._process is None or self._process.poll() is not None:
            code = self._process.returncode if self._process else None
            raise BrokerFailedError(f"the broker ended with code {code}; its log says: {self._last_words()}")

    def wait_ready(self, timeout_s: float = _READY_S, stop: threading.Event | None = None) -> bool:
        """True once the broker answers; False if ``stop`` was set before.

        Raises:
            BrokerFailedError: it ended, or did not answer in time.
        """
        pause = stop or threading.Event()
        deadline = monotonic() + timeout_s
        while not answers_requests(self.port):
            if pause.wait(0.03):
                return False
            self.check()
            if monotonic() > deadline:
                raise BrokerFailedError(
                    f"the broker did not answer within {timeout_s:.0f} s; its log says: {self._last_words()}"
                )
        return True

    def stop(self, timeout_s: float = _STOP_S) -> None:
        """End the broker in order; hard after ``timeout_s``."""
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(timeout_s)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        (self.folder / "broker.pid").unlink(missing_ok=True)

    def kill(self) -> None:
        """End it as a power cut would; for tests of faults."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _java(self) -> list[str]:
        options = [
            str(java_binary()),
            f"-Xmx{self._heap_mb}m",
            # it takes what it needs, and turns over the same eighth of it instead of a third
            f"-Xms{self._heap_mb // 4}m",
            f"-Xmn{self._heap_mb // 8}m",
            *MACHINE,
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-Djava.awt.headless=true",
            "-Dfile.encoding=UTF-8",
            "-Dsun.jnu.encoding=UTF-8",
            f"-Djava.io.tmpdir={self.folder / 'tmp'}",
            f"-Dlog4j2.configurationFile={self.folder / 'log4j2.properties'}",
        ]
        if self._archive is not None and self._archive.exists():
            options += [f"-XX:AOTCache={self._archive}", "-Xlog:aot=off", "-Xlog:cds=off"]
        return [*options, "-cp", class_path(self._jars)]

    def _format(self, properties: Path) -> None:
        if self._archive is not None and not self.format_options:
            first_records = first_records_path(self._archive)
            if first_records.exists():
                prepare(self.folder / "data", first_records)
                return
        # with =, for one id in 64 begins with a dash and would be read as an option
        options = [f"--cluster-id={new_id()}", "-c", str(properties), *self.format_options]
        command = [*self._java(), "kafka.tools.StorageTool", "format", *options]
        done = subprocess.run(
            command,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=120,
            check=False,
            env=_environment(),
            cwd=self.folder,
        )
        if done.returncode:
            shutil.rmtree(self.folder / "data", ignore_errors=True)
            raise BrokerFailedError(
                f"the broker's folder could not be prepared: {(done.stdout + done.stderr)[-800:]}"
            )

    def _last_words(self) -> str:
        lines: list[str] = []
        for name in ("broker.out", "broker.log"):
            path = self.logs / name
            if path.exists():
                written = path.read_text(encoding="utf-8", errors="replace").splitlines()
                lines += [
                    line for line in written if "ERROR" in line or "Exception" in line or "rror:" in line
                ][-3:]
        return " | ".join(lines) or f"nothing; see {self.logs}"


def _environment() -> dict[str, str]:
    """Java's environment: names of files are UTF-8, whatever the locale this process was started in; few arenas for its many threads."""
    return {**os.environ, "LC_ALL": "C.UTF-8", "MALLOC_ARENA_MAX": "1"}


def class_path(jars: Path) -> str:
    """Java's class path of the jars in ``jars``, in a fixed order (an archive holds only for the same one)."""
    return os.pathsep.join(str(path) for path in sorted(jars.glob("*.jar")))


def archive_path(settings: Settings, jars: Path) -> Path:
    """Where the archive of loaded classes lies that lets this Java start these jars twice as fast."""
    made_of = " ".join((class_path(jars.resolve()), str(java_binary().resolve()), *MACHINE))
    named = hashlib.sha256(made_of.encode()).hexdigest()[:12]
    return settings.cache / f"broker-{named}.aot"


def first_records_path(archive: Path) -> Path:
    """Where the records lie, next to the archive, with which the folder of a new broker begins."""
    return archive.with_suffix(".checkpoint")


def broker_of(settings: Settings, data: Path, *, port: int = 0, controller_port: int = 0) -> Broker:
    """The broker of the instance under ``data``, its jars fetched if they are missing.

    Raises:
        JarsUnavailableError: they are missing and cannot be fetched.
    """
    jars = fetch_jars(settings)
    return Broker(
        data / "kafka",
        data / "logs",
        jars,
        port=port,
        controller_port=controller_port,
        heap_mb=settings.broker_heap_mb,
        archive=archive_path(settings, jars),
    )


def _end_leftover(folder: Path) -> None:
    """End a broker that an earlier run left over this folder (possible only where no kernel does it)."""
    try:
        pid = int((folder / "broker.pid").read_text())
    except (OSError, ValueError):
        return
    if str(folder / "server.properties") in command_of(pid):
        os.kill(pid, signal.SIGTERM)
        deadline = monotonic() + _STOP_S
        while monotonic() < deadline:
            if not command_of(pid):
                return
            threading.Event().wait(0.1)
        os.kill(pid, signal.SIGKILL)


def main() -> int:
    """Run the broker of an instance until SIGTERM or until the parent has gone."""
    parser = argparse.ArgumentParser(prog="python -m streams.embedded.broker", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the instance's folder")
    parser.add_argument("--port", type=int, default=0, help="port of the broker; 0 takes a free one")
    parser.add_argument(
        "--controller-port", type=int, default=0, help="port of its controller; 0 takes a free one"
    )
    asked = parser.parse_args()
    parent = os.getppid()
    end_with_parent(parent, grace_s=_STOP_S + 5)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    report = StateReport(asked.data, "broker")
    report.say("starting", "looking through the log")
    try:
        broker = broker_of(
            load_settings(data=asked.data), asked.data, port=asked.port, controller_port=asked.controller_port
        )
        broker.start()
    except (JarsUnavailableError, BrokerFailedError, OSError) as error:
        report.say("failed", str(error))
        sys.stderr.write(f"{printable(str(error), lines=True)}\n")
        return 69
    try:
        if broker.wait_ready(stop=stop):
            report.ready("Apache Kafka" + missing(broker.folder), {"kafka": broker.address})
        asks_at = monotonic()
        while not stop.wait(1.0):
            broker.check()
            if monotonic() < asks_at:
                continue
            asks_at = monotonic() + _ASK_S
            if answers_requests(broker.port, timeout_s=5):
                report.ready("Apache Kafka" + missing(broker.folder))
            else:
                report.say("degraded", "the broker does not answer")
    except BrokerFailedError as error:
        report.say("failed", str(error))
        sys.stderr.write(f"{printable(str(error), lines=True)}\n")
        return 1
    finally:
        if os.getppid() != parent:
            threading.Event().wait(_ORPHANED_S)  # the roles end at this moment too and have something to say
        broker.stop()
    report.clear()
    return 0


if __name__ == "__main__":
    sys.exit(main())

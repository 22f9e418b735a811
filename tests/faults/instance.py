"""``funnelwatch up`` on a folder of its own, as a user runs it; what the faults of a whole instance need of it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from streams.instance.processes import command_of
from streams.settings import Settings, load_settings
from tests.deadlines import within
from tests.faults.system import KEY
from tests.places import ROOT

PARTITIONS = 4
STORES = [f"shop-{number}" for number in range(6)]
#: seconds within which all of it is ready
READY_S = 240.0
#: bytes of the spool: so few that it is full, too, where the broker is unreachable for long
SPOOL_BYTES = 2_000_000


class Instance:
    """``funnelwatch up`` on a folder; what the checker needs of it."""

    def __init__(self, data: Path, logs: Path) -> None:
        self.folder, self.partitions = data, PARTITIONS
        self._output = logs / "up.out"
        config = logs / "funnelwatch.yaml"
        lines = [f"  - {{id: {store}, platform: own_site, keys: ['env:FAULTS_KEY']}}" for store in STORES]
        config.write_text("stores:\n" + "\n".join(lines) + "\n")
        ports = {f"FUNNELWATCH_{name}_PORT": "0" for name in ("BROKER", "STORE", "COLLECTOR", "PAGE")}
        self._environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("FUNNELWATCH_")},
            **ports,
            "FAULTS_KEY": KEY,
            "FUNNELWATCH_CONFIG": str(config),
            "FUNNELWATCH_PARTITIONS": str(PARTITIONS),
            "FUNNELWATCH_SPOOL_BYTES": str(SPOOL_BYTES),
            "FUNNELWATCH_MONITOR_FLUSH_S": "0.5",
            "FUNNELWATCH_MONITOR_TICK_S": "1",
            "FUNNELWATCH_MONITOR_GRACE_S": "2",
            "FUNNELWATCH_DUPLICATE_HORIZON_MINUTES": "120",
        }
        self._program = [
            sys.executable,
            "-c",
            "import sys; from streams.cli.main import main; sys.exit(main())",
        ]
        self.process: subprocess.Popen[bytes] | None = None
        self.settings: Settings = load_settings(data=data)

    def start(self) -> None:
        with self._output.open("ab") as output:
            self.process = subprocess.Popen(
                [*self._program, "up", "--data", str(self.folder)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=self._environment,
                cwd=ROOT,
            )

    def said(self) -> str:
        """What it printed."""
        return self._output.read_text(errors="replace")

    def status(self) -> dict[str, Any]:
        """What ``funnelwatch status --json`` says; empty if it says nothing."""
        done = subprocess.run(
            [*self._program, "status", "--json", "--data", str(self.folder)],
            capture_output=True,
            env=self._environment,
            cwd=ROOT,
            check=False,
        )
        with contextlib.suppress(ValueError):
            return dict(json.loads(done.stdout))
        return {}

    def run(self, *arguments: str) -> str:
        """What a command of ``funnelwatch`` prints about it."""
        done = subprocess.run(
            [*self._program, *arguments, "--data", str(self.folder)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=self._environment,
            cwd=ROOT,
            check=False,
        )
        return done.stdout.decode(errors="replace")

    async def is_ready(self) -> bool:
        """Whether every part and role says that it is ready."""
        return bool((await asyncio.to_thread(self.status)).get("ready"))

    def processes(self) -> dict[str, int]:
        """Pids of the children by name of the role or part."""
        assert self.process is not None
        found = {}
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        for pid in map(int, children):
            words = command_of(pid).split()
            if "-m" in words:
                module = words[words.index("-m") + 1 :]
                found[module[1] if module[0] == "streams.roles" else module[0].rpartition(".")[2]] = pid
        return found

    def connect(self) -> None:
        """Find its addresses."""
        addresses = self.status()["addresses"]
        self.collector_url, self.page_url = addresses["collector"], addresses["page"]
        secrets = self.folder / "secrets"
        self.store_port = int(addresses["clickhouse"].rpartition(":")[2])
        self.settings = load_settings(
            data=self.folder,
            kafka=addresses["kafka"],
            clickhouse_url=addresses["clickhouse"],
            clickhouse_reader_password=(secrets / "clickhouse_reader_password").read_text(),
            partitions=PARTITIONS,
        )

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(within(60))
            except subprocess.TimeoutExpired:
                self.process.kill()

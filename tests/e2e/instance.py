"""An instance of Funnelwatch as a person runs it: ``funnelwatch up`` in a folder, and commands next to it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from streams.clickhouse.asking import ask
from streams.instance.files import connect_settings
from streams.instance.state import instance_state
from streams.settings import load_settings
from tests.deadlines import within
from tests.fixtures.forking import run_python, start_python

#: the program that is installed as ``funnelwatch``
COMMAND = "import sys; from streams.cli.main import main; sys.exit(main())"
_START_S = 240
_STOP_S = 60


class Instance:
    """``funnelwatch up`` over ``data`` with some roles and settings. ``start`` returns once everything is ready."""

    def __init__(self, data: Path, roles: str, **settings: str) -> None:
        self.data = data
        #: of ``funnelwatch up``, such as ``--no-parts``
        self.options: tuple[str, ...] = ()
        self._roles = roles
        self._process: subprocess.Popen[bytes] | None = None
        self._environment = {
            key: value for key, value in os.environ.items() if not key.startswith("FUNNELWATCH_")
        }
        self._environment |= {
            "FUNNELWATCH_COLLECTOR_PORT": "0",
            "FUNNELWATCH_PAGE_PORT": "0",
            "FUNNELWATCH_BROKER_PORT": "0",
            "FUNNELWATCH_STORE_PORT": "0",
            **settings,
        }

    def start(self) -> None:
        self.data.mkdir(parents=True, exist_ok=True)
        output = (self.data / "up.txt").open("ab")
        said_before = len(self.said())
        up = (*self._command("up"), "--roles", self._roles, *self.options)
        self._process = start_python(*up, env=self._environment, cwd=self.data, stdout=output)
        deadline = time.monotonic() + within(_START_S)
        while "everything is ready" not in self.said()[said_before:]:
            assert self._process.poll() is None, self.said()
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.1)
        self.wait(lambda: bool(self.status().get("ready")))

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(within(_STOP_S))

    def kill(self, name: str) -> int:
        """SIGKILL the process ``name``, unless it is dead already; the pid it had."""
        state = json.loads((self.data / "run" / f"{name}.json").read_text())
        with suppress(ProcessLookupError):
            os.kill(state["pid"], signal.SIGKILL)
        return int(state["pid"])

    def status(self) -> dict[str, Any]:
        """What ``funnelwatch status --json`` prints, without a process for it."""
        return dict(json.loads(instance_state(self.data).as_json()))

    def said(self) -> str:
        return (self.data / "up.txt").read_text()

    def replay(self, file: Path, mapping: str, *options: str) -> str:
        return self._run("replay", str(file), "--mapping", mapping, "--wait", *options)

    def reconcile(self, *options: str) -> dict[str, Any]:
        return dict(json.loads(self._run("reconcile", "--json", *options)))

    def sql(self, query: str) -> list[dict[str, Any]]:
        """What ``funnelwatch sql QUERY --json`` prints, without a process for it: tests ask until something holds."""
        settings = connect_settings(load_settings(data=self.data))
        return [json.loads(line) for line in ask(settings, query, "JSONEachRow", {}, writer=False)]

    def command(self, *arguments: str, check: bool = True) -> str:
        """What a command of ``funnelwatch`` on this instance prints."""
        return self._run(*arguments, check=check)

    def wait(self, holds: Callable[[], bool]) -> None:
        """Return once it holds."""
        deadline = time.monotonic() + within(_START_S)
        while not holds():
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.5)

    def _command(self, *arguments: str) -> list[str]:
        return ["-c", COMMAND, *arguments, "--data", str(self.data)]

    def _run(self, *arguments: str, check: bool = True) -> str:
        command = self._command(*arguments)
        done = run_python(*command, env=self._environment, cwd=self.data, quiet_s=300)
        assert not check or done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}{self.said()}"
        return done.stdout

"""One process of an instance: started, watched, started again with growing pauses, ended in order."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from streams.clock import monotonic
from streams.embedded.plan import Command
from streams.embedded.preloaded import Preloader, RunningProcess
from streams.instance.files import PartState, read_state, state_mark

#: the first pause before a restart and the longest, in seconds; each is twice the one before
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0
#: after this long in readiness the next failure counts as the first
STABLE_S = 60.0
#: a process that has reported nothing for this long is ended and restarted; fitting many stores is silent for minutes
SILENT_S = 900.0
_RESTARTED_S = 120.0
#: pause between two lines on the same trouble
_NOTE_S = 60.0
#: a disk with less than this is full, and has room again with that much: in between, broker and store would start and end again and again
_FULL_BYTES, _ROOM_BYTES = 4_000_000, 16_000_000
_ROOM_LOOK_S = 0.5
_LOG_BYTES = 20_000_000
_SHORTEN_S = 20.0
_LOOK_S = 0.1
_CALM_LOOK_S = 1.0

#: called at each change: name of the process, what happened, details
Notify = Callable[[str, str, str], None]


class Child:
    """Keeps one process running until asked to stop."""

    def __init__(
        self,
        command: Command,
        data: Path,
        on_change: Notify,
        first_pause_s: float = FIRST_PAUSE_S,
        preloader: Preloader | None = None,
    ) -> None:
        self.name = command.name
        #: empty if it is a part
        self.role = command.role
        self.ready = asyncio.Event()
        self._command = command
        self._data = data
        self._notify = on_change
        self._first_pause_s = first_pause_s
        self._preloader = preloader
        self._process: RunningProcess | None = None
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._restarting = False
        self._failures = 0
        self._log_from = 0
        self._next_note = 0.0

    @property
    def pid(self) -> int | None:
        """The pid while it runs."""
        return self._process.pid if self._process and self._process.returncode is None else None

    def start(self) -> None:
        """Begin to keep it running."""
        self._task = asyncio.create_task(self._keep(), name=f"keep {self.name}")

    async def wait_ready(self) -> None:
        """Return once it has been ready for the first time."""
        await self.ready.wait()

    async def stop(self) -> None:
        """End it: SIGTERM, and SIGKILL when its grace is over."""
        self._stopping.set()
        await self._end()
        if self._task is not None:
            await self._task

    async def restart(self) -> None:
        """End it in order and start it again at once; returns when it is ready again, or after two minutes. Nothing is done where it is not running."""
        if self.pid is None or self._stopping.is_set():
            return  # whoever starts it next reads what there is then
        self._restarting = True
        self.ready.clear()
        await self._end()
        with contextlib.suppress(
            TimeoutError
        ):  # it is tried again and again; whoever asked goes on meanwhile
            await asyncio.wait_for(self.ready.wait(), _RESTARTED_S)

    async def _end(self) -> None:
        if (process := self._process) is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(asyncio.shield(process.wait()), self._command.grace_s)
            except TimeoutError:
                self._notify(self.name, "killed", f"it did not end within {self._command.grace_s:.0f} s")
                self._kill_hung(process)
                await process.wait()

    def kill(self) -> None:
        """End it at once."""
        self._stopping.set()
        if self.pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)

    async def _keep(self) -> None:
        while not self._stopping.is_set():
            started = monotonic()
            try:
                code, ready_s = await self._run_once()
            except OSError as error:
                self._notify(self.name, "failed", f"it cannot be started: {error}")
                code, ready_s = -1, 0.0
            if self._stopping.is_set():
                self._notify(self.name, "stopped", "")
                return
            if self._restarting:
                self._restarting = False
                continue
            if ready_s >= STABLE_S:
                self._failures = 0
            how = f"signal {signal.Signals(-code).name}" if code < 0 else f"code {code}"
            words, is_full = self._last_words(), self._free_bytes() < _FULL_BYTES
            if is_full:  # which holds no words
                words = "; ".join(filter(None, (f"the disk of {self._data} is full", words)))
            if is_full and self._command.needs_room:
                self._report_end(how, monotonic() - started, "once there is room", words)
                await self._wait_for_room()
                self._failures = 0
                continue
            pause = min(self._first_pause_s * 2**self._failures, LONGEST_PAUSE_S) * random.uniform(0.9, 1.1)  # noqa: S311
            self._failures += 1
            self._report_end(how, monotonic() - started, f"in {pause:.1f} s", words)
            await self._pause(pause)

    def _report_end(self, how: str, lasted_s: float, again: str, words: str) -> None:
        text = f"with {how} after {lasted_s:.0f} s; again {again}"
        self._notify(self.name, "ended", f"{text}: {words}" if words else text)

    async def _wait_for_room(self) -> None:
        while self._free_bytes() < _ROOM_BYTES and not self._stopping.is_set():
            await self._pause(_ROOM_LOOK_S)

    async def _pause(self, seconds: float) -> None:
        """Wait, unless asked to stop meanwhile."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)

    def _free_bytes(self) -> int:
        try:
            return shutil.disk_usage(self._data).free
        except OSError:  # it is gone: waiting would not help
            return _ROOM_BYTES

    async def _run_once(self) -> tuple[int, float]:
        """Start it and watch until it ends; its exit code and how long it was ready."""
        log = self._log()
        with log.open("ab") as output:
            self._log_from = output.tell()
            self._process = process = await self._start(output)
        if self._stopping.is_set():  # asked to stop while it was being started
            process.terminate()
        self._notify(self.name, "started", f"pid {process.pid}")
        ended = asyncio.create_task(process.wait())
        last_state: PartState | None = None
        ready_since: float | None = None
        heard = shortened = monotonic()
        seen: tuple[int, int] | None = None
        while not ended.done():
            mark = state_mark(self._data, self.name)
            state = read_state(self._data, self.name) if mark != seen else None
            if state is not None and state.pid == process.pid:
                seen = mark
                if last_state is None or state.updated_at_ms != last_state.updated_at_ms:
                    heard = monotonic()
                if not self._stopping.is_set():
                    self._note(state, last_state)
                if state.state == "ready" and ready_since is None:
                    ready_since = monotonic()
                    self.ready.set()
                last_state = state
            if monotonic() - heard > SILENT_S:
                self._notify(self.name, "silent", f"for {SILENT_S:.0f} s; it is ended and restarted")
                self._kill_hung(process)
                heard = monotonic()
            if monotonic() - shortened > _SHORTEN_S:
                self._shorten_log()
                shortened = monotonic()
            await asyncio.wait({ended}, timeout=_LOOK_S if ready_since is None else _CALM_LOOK_S)
        return ended.result(), monotonic() - ready_since if ready_since is not None else 0.0

    async def _start(self, output: BinaryIO) -> RunningProcess:
        command = self._command
        if command.role and self._preloader is not None:
            module = command.arguments.index("streams.roles")
            forked = await self._preloader.start(command.arguments[module + 1 :], command.environment, output)
            if forked is not None:
                return forked
        return await asyncio.create_subprocess_exec(
            sys.executable,
            *command.arguments,
            env=command.environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,  # Ctrl-C is for the supervisor, who stops them in order
        )

    @staticmethod
    def _kill_hung(process: RunningProcess) -> None:
        """End a process that no longer answers, so that it is restarted."""
        with contextlib.suppress(ProcessLookupError):
            process.kill()

    def _note(self, state: PartState, before: PartState | None) -> None:
        if before is None or state.state != before.state:
            if state.state in ("ready", "degraded", "failed") or (state.detail and before is not None):
                self._notify(self.name, state.state, state.detail)
        elif state.state == "degraded" and state.detail != before.detail and monotonic() >= self._next_note:
            self._notify(self.name, state.state, state.detail)
        else:
            return
        self._next_note = monotonic() + _NOTE_S  # its figures change with each heartbeat

    def _log(self) -> Path:
        path = self._data / "logs" / f"{self.name}.log"
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def _shorten_log(self) -> None:
        # the process appends to the open file, so its content is moved and the file stays
        log = self._log()
        if log.exists() and log.stat().st_size > _LOG_BYTES:
            try:
                shutil.copyfile(log, log.with_suffix(".log.1"))
            except OSError:  # the disk is full: its older half is what can be given up
                log.with_suffix(".log.1").unlink(missing_ok=True)
                return
            os.truncate(log, 0)
            self._log_from = 0

    def _last_words(self) -> str:
        """What its log says last of why it ended, since it was started."""
        try:
            with self._log().open("rb") as log:
                log.seek(max(log.seek(0, os.SEEK_END) - 16_384, self._log_from))
                lines = log.read().decode(errors="replace").splitlines()
            return next((words for line in reversed(lines) if (words := _reason(line.strip()))), "")[:300]
        except OSError:
            return ""


def _reason(line: str) -> str:
    """The part of a log line that a person wants to see; empty if it reports nothing that went wrong."""
    try:
        record = json.loads(line)
    except ValueError:
        return line
    if not isinstance(record, dict) or record.get("level") not in ("error", "critical"):
        return ""
    event = str(record.get("event", ""))
    if event.startswith("Unclosed"):  # what libraries say of connections at any abrupt end
        return ""
    why = record.get("exception") or record.get("error") or ""
    last = str(why).strip().splitlines()[-1:] or [""]
    what = str(record.get("reason") or event)
    return f"{what}: {last[0]}" if last[0] else what

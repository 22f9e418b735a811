"""Roles are forked from one process that has imported what they need, instead of each importing it again.

Importing is most of what starting a role costs: nine roles spend some twenty seconds of processor time on it, most of it on the
same libraries. The preloaded process (``python -m streams.embedded.preloaded``) imports the modules of an instance's roles once
and then waits on a socket; it has one thread, no event loop and no connection, so that a copy of it is as good as a new process.

A role's process is a child of the supervisor all the same: the preloaded process forks twice, and the kernel hands the orphan to
the supervisor, which asks for that while it waits (``PR_SET_CHILD_SUBREAPER``). So exit codes, signals and the death of either
side are as for any other process, and the death of the preloaded one harms no role. Where something of this is not to be had (not
Linux, an old kernel, a library that starts threads when it is imported), roles are started the ordinary way.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import gc
import importlib
import os
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Protocol

import msgspec
import structlog

_log = structlog.get_logger()

_PR_SET_CHILD_SUBREAPER = 36
#: how long the supervisor waits for a role that it asked for, the imports of the preloaded process included
_ANSWER_S = 120.0
#: how long a forked process waits until it is the supervisor's child
_ADOPTED_S = 10.0
#: room for the command line that a forked process shows: arguments are written over those of the preloaded process
_SHOWN_BYTES = 400
#: a library's threads would not be there in a copy; numpy's linear algebra starts none with this
NO_THREADS = {"OPENBLAS_NUM_THREADS": "1"}


class RunningProcess(Protocol):
    """What ``Child`` needs of a process, as ``asyncio.subprocess.Process`` has it."""

    @property
    def pid(self) -> int: ...
    @property
    def returncode(self) -> int | None: ...
    async def wait(self) -> int: ...
    def send_signal(self, signal: int) -> None: ...
    def terminate(self) -> None: ...
    def kill(self) -> None: ...


class _Wanted(msgspec.Struct):
    """What the supervisor asks for: arguments of ``streams.roles``, the environment, and whose child it is to be."""

    arguments: list[str]
    environment: dict[str, str]
    parent: int


class ForkedProcess:
    """A child of this process that somebody else forked."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._ended = asyncio.Event()
        self._descriptor = os.pidfd_open(pid)
        asyncio.get_running_loop().add_reader(self._descriptor, self._collect)

    def _collect(self) -> None:
        asyncio.get_running_loop().remove_reader(self._descriptor)
        os.close(self._descriptor)
        _, status = os.waitpid(self.pid, 0)
        self.returncode = os.waitstatus_to_exitcode(status)
        self._ended.set()

    async def wait(self) -> int:
        """Its exit code once it has ended, negative if by a signal."""
        await self._ended.wait()
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, signal: int) -> None:
        """Send it a signal unless it has ended."""
        if self.returncode is None:
            os.kill(self.pid, signal)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)


class Preloader:
    """The supervisor's side: one preloaded process for ``modules``, from ``open`` to ``close``."""

    def __init__(self, modules: list[str], environment: dict[str, str]) -> None:
        self._modules = modules
        self._environment = environment
        self._process: asyncio.subprocess.Process | None = None
        self._control: socket.socket | None = None
        self._one_at_a_time = asyncio.Lock()

    async def open(self, log: Path) -> None:
        """Start it; it imports while other things are done. Where this cannot work, ``start`` will say so."""
        if not _is_possible():
            return
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        log.parent.mkdir(parents=True, exist_ok=True)
        with theirs, log.open("ab") as output:
            try:
                self._process = await asyncio.create_subprocess_exec(
                    sys.executable,
                    *("-m", "streams.embedded.preloaded", str(theirs.fileno()), *self._modules),
                    "-" * _SHOWN_BYTES,
                    env=self._environment | NO_THREADS,
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    pass_fds=(theirs.fileno(),),
                    start_new_session=True,  # Ctrl-C is for the supervisor
                )
            except OSError:
                ours.close()
                return
        self._control = ours

    async def start(
        self, arguments: tuple[str, ...], environment: dict[str, str], output: BinaryIO
    ) -> ForkedProcess | None:
        """A process of ``streams.roles`` with these arguments, or None: then start it the ordinary way."""
        async with self._one_at_a_time:
            if self._control is None:
                return None
            asked = _Wanted(list(arguments), environment, os.getpid())
            be_subreaper(True)
            try:
                async with asyncio.timeout(_ANSWER_S):
                    return ForkedProcess(await self._ask(msgspec.json.encode(asked), output))
            except (OSError, ValueError, TimeoutError) as error:
                _log.warning("preloading_failed", error=str(error) or type(error).__name__)
                self._give_up()
                return None
            finally:
                be_subreaper(False)

    async def _ask(self, asked: bytes, output: BinaryIO) -> int:
        loop = asyncio.get_running_loop()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        with ours:
            ours.setblocking(False)
            with theirs:
                assert self._control is not None
                socket.send_fds(self._control, [b"+"], [theirs.fileno(), output.fileno()])
            await loop.sock_sendall(ours, asked)
            ours.shutdown(socket.SHUT_WR)
            return int(
                await loop.sock_recv(ours, 32)
            )  # an empty answer, which cannot be read as one: it has ended

    def _give_up(self) -> None:
        if self._control is not None:
            self._control.close()
            self._control = None

    async def close(self) -> None:
        """End it."""
        self._give_up()
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()  # it holds nothing
            await self._process.wait()


def _is_possible() -> bool:
    if sys.platform != "linux":
        return False
    try:
        os.close(os.pidfd_open(os.getpid()))
    except (AttributeError, OSError):
        return False
    return True


def be_subreaper(is_wanted: bool) -> None:
    """Whether the orphans among our descendants become our children."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, int(is_wanted), 0, 0, 0)


# --- in the preloaded process


def serve(control: socket.socket, number: int, become: Callable[..., None]) -> None:
    """Fork for each group of descriptors that arrives, ``number`` of them, until who sends them has gone; ``become`` does not return."""
    while True:
        asked, descriptors, _, _ = socket.recv_fds(control, 1, number)
        if not asked:
            return
        between = os.fork()
        if between == 0:
            if os.fork() == 0:
                control.close()
                become(*descriptors)
            os._exit(0)
        for descriptor in descriptors:
            os.close(descriptor)
        os.waitpid(between, 0)


def _become(request: int, output: int) -> None:
    """Be the role that is asked for, and end with its exit code."""
    code = 1
    try:
        os.setsid()
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.close(output)
        with socket.socket(fileno=request) as asking:
            asked = msgspec.json.decode(b"".join(iter(lambda: asking.recv(65_536), b"")), type=_Wanted)
            wait_for_parent(asked.parent)
            asking.sendall(str(os.getpid()).encode())
        os.environ.clear()
        os.environ.update(asked.environment)
        show([sys.executable, "-m", "streams.roles", *asked.arguments])
        sys.argv = ["streams.roles", *asked.arguments]

        from streams.roles import main

        code = main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)  # as an ordinary role does


def wait_for_parent(parent: int) -> None:
    """Return once this process is the child of ``parent``; end it if that does not come about."""
    deadline = time.monotonic() + _ADOPTED_S
    while os.getppid() != parent:
        if time.monotonic() >= deadline:
            raise SystemExit(1)
        time.sleep(0.001)


def show(command: list[str]) -> None:
    """Let the process list show the command that an ordinary start would have."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
        begin, end = int(fields[45]), int(fields[46])
        shown = b"\0".join(part.encode() for part in command)
        room = end - begin
        ctypes.memmove(begin, shown[: room - 1].ljust(room, b"\0"), room)


def main() -> int:
    """Import, then serve the supervisor at the other end of the descriptor that is given."""
    control = socket.socket(fileno=int(sys.argv[1]))
    for module in ("streams.roles", "streams.metrics_server", "streams.logs", *sys.argv[2:-1]):
        with contextlib.suppress(ImportError):  # the role itself will say so
            importlib.import_module(module)
    if (threads := len(os.listdir("/proc/self/task"))) > 1:
        sys.stderr.write(f"{threads - 1} threads of libraries: roles are started the ordinary way\n")
        return 1
    gc.collect()
    gc.freeze()  # what is shared is not written to only because it is looked at
    serve(control, 2, _become)
    return 0


if __name__ == "__main__":
    sys.exit(main())

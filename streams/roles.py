"""The composition root: the registry of roles, and how a process becomes one.

``funnelwatch run ROLE`` calls ``run_role``; the supervisor starts the N-th process of a role with ``python -m streams.roles
ROLE --number N --parent PID``. A role's module is imported only in its own process.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import errno
import importlib
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog

from scoring.wording.text import Text
from streams.config.loading import find_config, load_config
from streams.config.model import Config
from streams.errors import InputError, StateError
from streams.instance.processes import end_with_parent, raise_open_files
from streams.printable import printable
from streams.schema import ConfigError
from streams.settings import Settings, load_settings

if TYPE_CHECKING:
    from streams.instance.files import StateReport

_log = structlog.get_logger()

#: what a process ends with when its configuration or settings are wrong (sysexits: EX_CONFIG)
EXIT_CONFIG = 78
#: a folder that cannot be written, a port that is taken
_PERSONS_ERRORS = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EADDRINUSE})
#: seconds between two cancellations of a role that goes on working after it was asked to stop
CANCEL_AGAIN_S = 2.0
#: how long a role may take to stop before it is cancelled in the middle of that
PARTING_S = 20.0


@dataclass(frozen=True, slots=True)
class Role:
    """One role of an instance.

    Attributes:
        name: as given to ``funnelwatch run``; also the service in docker-compose.yml and the label in Prometheus.
        module: offers ``run`` (a coroutine function) or ``main``, called with the settings, the configuration and the
            report through which the process publishes its state.
        words: its name on the page.
        page_place: its place in the page's list of parts, along the path of an event.
        needs_store: whether it starts only once the store's tables are up to date.
        answers_requests: whether senders or people wait for its answers, so that it is started even while the disk is full.
        has_replicas: whether more than one process shares its work, each with a data folder of its own.
    """

    name: str
    module: str
    words: Text
    page_place: int
    needs_store: bool = False
    answers_requests: bool = False
    has_replicas: bool = False


#: every role, in the order in which they are listed and get their ports. A further one is a module and a line here; tests then
#: ask for its service in docker-compose.yml, its target in deploy/prometheus and its line in deploy/runbook.md
ROLES: dict[str, Role] = {
    role.name: role
    for role in (
        Role("collector", "streams.sources.serving", Text("采集", "Collector"), 1, answers_requests=True),
        Role("monitor", "streams.monitor.app", Text("监控", "Monitor"), 2, has_replicas=True),
        Role("pools", "streams.pools.role", Text("跨店监控", "Pools"), 3),
        Role("sources", "streams.sources.role", Text("数据源", "Sources"), 9, has_replicas=True),
        Role(
            "landing", "streams.landing.role", Text("入库", "Landing"), 4, needs_store=True, has_replicas=True
        ),
        Role(
            "page",
            "streams.web.frame.server",
            Text("页面", "Page"),
            8,
            needs_store=True,
            answers_requests=True,
        ),
        Role("notifier", "streams.notifier.role", Text("通知", "Notifier"), 5),
        Role("digests", "streams.digests.role", Text("日报", "Digests"), 6),
        Role("jobs", "streams.jobs.role", Text("作业", "Jobs"), 7, needs_store=True),
    )
}

#: names of the roles in the order in which the page lists them
ROLES_ON_PAGE = tuple(sorted(ROLES, key=lambda name: ROLES[name].page_place))


def run_role(role: Role, settings: Settings, config: Config, number: int = 1) -> None:
    """Be the process ``number`` of ``role`` until SIGTERM or SIGINT."""
    from streams import logs, metrics_server, tracing
    from streams.instance.files import StateReport, process_name

    raise_open_files()
    os.umask(0o077)  # what is kept of people is for the instance's own user
    logs.configure(settings)
    report = StateReport(
        settings.data, process_name(role.name, number), {"metrics": metrics_server.serve(settings)}
    )
    report.say("starting")
    try:
        _run(role, settings, config, report)
    finally:
        tracing.stop()


def _run(role: Role, settings: Settings, config: Config, report: StateReport) -> None:
    from streams import tracing

    module: Any = importlib.import_module(role.module)
    if hasattr(module, "main"):
        tracing.start(settings, role.name)
        module.main(settings, config, report)
        return
    try:
        tracing.start(settings, role.name)
        with contextlib.suppress(asyncio.CancelledError, KeyboardInterrupt):
            asyncio.run(until_stopped(module.run(settings, config, report), lambda: report.is_stopping))
    except Exception as error:
        # what a person has to correct is said in a sentence; anything else is ours, with its traceback
        if isinstance(error, InputError | StateError) or getattr(error, "errno", None) in _PERSONS_ERRORS:
            _log.error("role_failed", role=role.name, error=str(error))
        else:
            _log.exception("role_failed", role=role.name)
        raise SystemExit(1) from None


async def until_stopped(work: Coroutine[Any, Any, None], is_stopping: Callable[[], bool]) -> None:
    """Await ``work``; at SIGTERM or SIGINT cancel it, and see to it that it ends.

    Libraries swallow a cancellation now and then (``asyncio.wait_for`` before Python 3.12 does when its inner call ends at that
    moment). So it is repeated until the work says that it is stopping, and again when stopping takes ``PARTING_S``.
    """
    task = asyncio.ensure_future(work)
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked.set)
    waiting = asyncio.ensure_future(asked.wait())
    await asyncio.wait((task, waiting), return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    asked_at = loop.time()
    while not task.done():
        if not is_stopping() or loop.time() - asked_at >= PARTING_S:
            task.cancel()
        await asyncio.wait((task,), timeout=CANCEL_AGAIN_S)
    await task


def main() -> int:
    """Run a role as a child of the supervisor."""
    parser = argparse.ArgumentParser(prog="python -m streams.roles", description=__doc__)
    parser.add_argument("role", choices=tuple(ROLES))
    parser.add_argument("--number", type=int, default=1, help="which of the role's processes it is")
    parser.add_argument("--parent", type=int, required=True, help="end when this process has ended")
    asked = parser.parse_args()
    end_with_parent(asked.parent)
    try:
        settings = load_settings()
        config = load_config(find_config(settings.data, settings.config))
    except (ConfigError, ValueError, OSError) as error:
        sys.stderr.write(f"{printable(str(error), lines=True)}\n")
        return EXIT_CONFIG
    run_role(ROLES[asked.role], settings, config, asked.number)
    return 0


if __name__ == "__main__":
    try:
        code = main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # libraries' threads (metrics, clients) must not hold up an orderly end

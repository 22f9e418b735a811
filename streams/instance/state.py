"""The state of a whole instance, put together from what its processes say and whether they live."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec

from streams.clock import now_ms
from streams.instance.config_file import config_mark, find_config
from streams.instance.files import Instance, PartState, read_instance, read_states, state_of
from streams.instance.lock import is_up
from streams.instance.processes import is_ours


class ProcessState(msgspec.Struct, frozen=True):
    """One part or role. ``state`` is what it says, or ``not_started``, ``dead`` or ``silent`` when it says nothing."""

    name: str
    state: str
    pid: int | None = None
    detail: str = ""
    heard_s: float | None = None
    addresses: dict[str, str] = {}


class InstanceState(msgspec.Struct, frozen=True):
    """The whole instance. ``ready``: every part and role is."""

    ready: bool
    running: bool
    data: str
    pid: int | None
    started_at_ms: int | None
    addresses: dict[str, str]
    #: there is a configuration now, and there was none at the start
    restart_needed: bool
    #: the configuration has changed and is about to be taken up
    config_pending: bool
    #: why a changed configuration is not used, one error a line
    config_problems: str
    processes: list[ProcessState]

    @property
    def config_note(self) -> str:
        """One sentence where the configuration is not the one in use; else empty."""
        if self.config_problems:
            first, *more = self.config_problems.splitlines()
            others = f" (and {len(more)} more)" if more else ""
            return (
                f"funnelwatch.yaml has changed and has errors; the one read before is in use: {first}{others}"
            )
        if self.config_pending:
            return "funnelwatch.yaml has changed and is being taken up"
        if self.restart_needed:
            return "there is a funnelwatch.yaml now, and there was none at the start: restart to use it"
        return ""

    def as_json(self) -> str:
        """For scripts: processes by name."""
        reported: dict[str, Any] = msgspec.to_builtins(self)
        reported["processes"] = {process.pop("name"): process for process in reported["processes"]}
        return json.dumps(reported, ensure_ascii=False, indent=2)


def instance_state(data: Path) -> InstanceState:
    """The state of the instance under ``data`` now."""
    instance = read_instance(data)
    running = is_up(data)
    reported = {state.name: state for state in read_states(data)}
    expected: list[str] = []
    if instance is not None and running:
        expected = [*instance.parts, *instance.roles]
    names = [*expected, *(name for name in sorted(reported) if name not in expected)]
    processes = [_process(name, reported.get(name)) for name in names]
    alive = running or any(process.state not in ("dead", "not_started") for process in processes)
    follows, problems = (bool(instance.config), instance.config_problems) if instance else (False, "")
    has_other = instance is not None and running and has_changed(data, instance)
    addresses = {}
    if instance is not None and alive:
        given = {
            "collector": instance.collector_url,
            "page": instance.page_url,
            "kafka": instance.kafka,
            "clickhouse": instance.clickhouse_url,
        }
        addresses = {name: address for name, address in given.items() if address}
    return InstanceState(
        ready=alive and bool(processes) and all(process.state == "ready" for process in processes),
        running=alive,
        data=str(data.resolve()),
        pid=instance.pid if instance is not None and running else None,
        started_at_ms=instance.started_at_ms if instance is not None and running else None,
        addresses=addresses,
        restart_needed=has_other and not follows,
        config_pending=has_other and follows and not problems,
        config_problems=problems if has_other else "",
        processes=processes,
    )


def has_changed(data: Path, instance: Instance) -> bool:
    """Whether the configuration is another one than the one in use, or there is one where there was none."""
    return config_mark(find_config(data, Path(instance.config) if instance.config else None)) != (
        instance.config_mark
    )


def _process(name: str, reported: PartState | None) -> ProcessState:
    if reported is None:
        return ProcessState(name, "not_started")
    present_ms = now_ms()
    heard_ms = max(present_ms - reported.updated_at_ms, 0)
    state = state_of(reported, present_ms) if is_ours(reported.pid) else "dead"
    return ProcessState(
        name, state, reported.pid, reported.detail, round(heard_ms / 1000, 1), reported.addresses
    )

"""What an instance consists of: its ports, the addresses and secrets its processes get, and the command of each process."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path

import msgspec
from pydantic import SecretStr

from scoring.errors import UNDECODABLE
from streams.embedded.ports import choose_port
from streams.embedded.store.protocol import ROLES_READER
from streams.instance.files import process_name, secret, write_atomically
from streams.roles import ROLES
from streams.settings import LOOPBACK_HOSTS, Settings

#: seconds after SIGTERM at which a process is ended hard: parts write to the disk, roles finish what they hold
PART_GRACE_S = 25.0
ROLE_GRACE_S = 12.0
_LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Command:
    """How one process of the instance is started.

    ``role`` is empty if it is a part. One that ``needs_room`` is not started while the disk is full: it would end at once.
    """

    name: str
    role: str
    arguments: tuple[str, ...]
    environment: dict[str, str]
    grace_s: float
    needs_room: bool = True


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything decided before the first process starts. ``settings`` are those of every process."""

    settings: Settings
    parts: tuple[Command, ...]
    roles: tuple[Command, ...]
    collector_url: str
    page_url: str
    notes: tuple[str, ...]
    #: said once everything is ready: what is left to do
    first_steps: tuple[str, ...] = ()


def url_of(host: str, port: int) -> str:
    """The address a person on this machine opens."""
    if host in ("0.0.0.0", "::", ""):  # noqa: S104  we only translate it
        host = _LOOPBACK
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class _Ports:
    """Chooses ports: the one named by a setting, else the one of the last start, else the default; free ones only."""

    def __init__(self, settings: Settings, note: Callable[[str], None]) -> None:
        self._path = settings.data / "ports.json"
        self._settings = settings
        self._note = note
        try:
            self._last = msgspec.json.decode(self._path.read_bytes(), type=dict[str, int])
        except (FileNotFoundError, *UNDECODABLE):
            self._last = {}
        self.chosen: dict[str, int] = {}

    def choose(self, name: str, host: str = _LOOPBACK) -> int:
        field = f"{name}_port"
        default = int(getattr(self._settings, field, 0))
        wanted = (
            default if field in self._settings.model_fields_set and default else self._last.get(name, default)
        )
        port = choose_port(wanted, host, frozenset(self.chosen.values()))
        if wanted and port != wanted:
            self._note(f"port {wanted} is taken: {name} uses {port}")
        self.chosen[name] = port
        return port

    def keep(self) -> None:
        write_atomically(self._path, msgspec.json.encode(self.chosen))


def make_plan(settings: Settings, config: Path | None, roles: Sequence[str], with_parts: bool) -> Plan:
    """The plan of an instance under ``settings.data`` with ``roles``, ports chosen and secrets made."""
    notes: list[str] = []
    data = settings.data
    ports = _Ports(settings, notes.append)
    update: dict[str, object] = {"data": data}
    part_arguments: list[tuple[str, tuple[str, ...]]] = []
    if with_parts:
        broker, controller, store = (ports.choose(name) for name in ("broker", "controller", "store"))
        update |= {"kafka": f"{_LOOPBACK}:{broker}", "clickhouse_url": f"http://{_LOOPBACK}:{store}"}
        update |= {"replication": 1, "clickhouse_cluster": "", "kafka_security_protocol": "PLAINTEXT"}
        update |= {"kafka_username": ""}
        for field in ("clickhouse_password", "clickhouse_reader_password"):
            if not getattr(settings, field).get_secret_value():
                update[field] = SecretStr(secret(data, field))
        part_arguments = [
            (
                "broker",
                (
                    "-m",
                    "streams.embedded.broker",
                    "--port",
                    str(broker),
                    "--controller-port",
                    str(controller),
                ),
            ),
            ("store", ("-m", "streams.embedded.store", "--port", str(store))),
        ]
    for field in ("hash_key", "link_key"):
        if not getattr(settings, field).get_secret_value():
            update[field] = SecretStr(secret(data, field))
    if settings.page_host not in LOOPBACK_HOSTS and not settings.page_token.get_secret_value():
        update["page_token"] = SecretStr(secret(data, "page_token"))
        notes.append(f"the page is open to the network: its token is in {data / 'secrets' / 'page_token'}")
    update["collector_port"] = ports.choose("collector", settings.collector_host)
    update["page_port"] = ports.choose("page", settings.page_host)
    if config is not None:
        update["config"] = config.resolve()
    complete = settings.model_copy(update=update)
    ports.keep()
    environment = environment_of(complete)
    roles_read = {
        "clickhouse_reader": ROLES_READER,
        "clickhouse_reader_password": SecretStr(secret(data, "clickhouse_roles_password")),
    }
    of_roles = environment_of(complete.model_copy(update=roles_read)) if with_parts else environment
    return Plan(
        complete,
        tuple(
            Command(name, "", (*arguments, "--data", str(data)), environment, PART_GRACE_S)
            for name, arguments in part_arguments
        ),
        tuple(_role_commands(complete, roles, of_roles)),
        url_of(complete.collector_host, complete.collector_port),
        url_of(complete.page_host, complete.page_port),
        tuple(notes),
    )


def environment_of(settings: Settings) -> dict[str, str]:
    """The environment of a child: ours, and every setting that is not at its default as the child will read it."""
    environment = {key: value for key, value in os.environ.items() if not _is_secret_file(key)}
    environment["PYTHONUNBUFFERED"] = "1"
    defaults = Settings.model_fields
    for name in defaults:
        value = getattr(settings, name)
        if value == defaults[name].default or value is None:
            environment.pop(f"FUNNELWATCH_{name.upper()}", None)
        elif isinstance(value, SecretStr):
            environment[f"FUNNELWATCH_{name.upper()}"] = value.get_secret_value()
        elif isinstance(value, tuple):
            environment[f"FUNNELWATCH_{name.upper()}"] = ",".join(value)
        else:
            environment[f"FUNNELWATCH_{name.upper()}"] = str(value)
    return environment


def _is_secret_file(key: str) -> bool:
    name = key.removeprefix("FUNNELWATCH_").removesuffix("_FILE").lower()
    return key.startswith("FUNNELWATCH_") and key.endswith("_FILE") and name in Settings.model_fields


def _role_commands(
    settings: Settings, roles: Sequence[str], environment: dict[str, str]
) -> Iterator[Command]:
    """One process of each role, as many monitors as the settings say."""
    counts = {role: settings.monitors if role == "monitor" else 1 for role in roles}
    processes = [(role, number) for role, count in counts.items() for number in range(1, count + 1)]
    # one setting, many processes: the first role has that port, each further one the next; second processes come
    # after all roles, so that one more of them moves nobody's port
    ports = {
        process: settings.metrics_port + place
        for place, process in enumerate(sorted(processes, key=itemgetter(1)))
    }
    for role, number in processes:
        port = {"FUNNELWATCH_METRICS_PORT": str(ports[role, number])} if settings.metrics_port else {}
        arguments = ("-m", "streams.roles", role, "--number", str(number), "--parent", str(os.getpid()))
        yield Command(
            process_name(role, number),
            role,
            arguments,
            environment | port,
            ROLE_GRACE_S,
            needs_room=not ROLES[role].answers_requests,
        )

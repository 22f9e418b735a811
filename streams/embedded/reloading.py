"""What a running instance does with a changed ``funnelwatch.yaml``: check it, then restart the roles that read what has changed.

A role builds everything from its configuration once, so a restart is how it is taken up; nothing is counted or sent twice by one. A file
with errors is not taken up: everything goes on with the configuration that was read last, and the errors are reported.

Used by ``supervisor.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from streams.config.loading import read_config
from streams.config.model import Config
from streams.instance.config_file import config_mark

#: parts of the file that only say who is notified, and when, and who may see what: of no concern to who takes events in and counts them
_ABOUT_PEOPLE = frozenset({"access", "alerting", "digests", "reports", "groups", "targets", "target_file"})
_WITHOUT_PEOPLE = frozenset({"collector", "sources", "monitor", "landing"})


@dataclass(frozen=True, slots=True)
class ConfigChange:
    """A changed file: ``mark`` is of its content, ``changed`` its parts that differ, ``problems`` the errors in it."""

    mark: str
    changed: tuple[str, ...]
    problems: tuple[str, ...] = ()

    def concerns(self, role: str) -> bool:
        """Whether ``role`` reads what has changed."""
        if self.problems:
            return False
        return bool(set(self.changed) - _ABOUT_PEOPLE) or (bool(self.changed) and role not in _WITHOUT_PEOPLE)


class ConfigWatch:
    """Looks at the file from time to time. ``mark`` is of the content that the instance started with."""

    def __init__(self, path: Path, mark: str) -> None:
        self._path = path
        self._last_seen = self._taken = mark
        config, problems = read_config(path)
        # edited since: what it was is not known, so everything has changed
        self._config = config if config_mark(path) == mark and not problems else None

    def look(self) -> ConfigChange | None:
        """What has changed since the last change, once the file is at rest for a look; None if nothing has."""
        mark = config_mark(self._path)
        is_at_rest, self._last_seen = mark == self._last_seen, mark
        if not is_at_rest or mark == self._taken:
            return None
        config, problems = read_config(self._path, with_secrets=True)
        if config_mark(self._path) != mark:
            return None
        self._taken = mark
        if problems:
            return ConfigChange(mark, (), tuple(problems))
        before, self._config = self._config, config
        return ConfigChange(mark, _changed(before, config))


def _changed(before: Config | None, after: Config) -> tuple[str, ...]:
    """The parts of the file that say something else now."""
    parts = Config.model_fields
    if before is None:
        return tuple(parts)
    return tuple(part for part in parts if getattr(before, part) != getattr(after, part))

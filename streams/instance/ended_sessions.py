"""Which sessions of the page are over before their time: signed out, or ended by `funnelwatch sessions end`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import structlog

from streams.clock import now_ms
from streams.instance.files import write_atomically

_ONE, _PERSON, _ALL = "session", "person", "all"
#: no session lasts longer
_YEAR_S = 366 * 86_400
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Ending:
    """Of one session, or of all of a person or of everybody that began before a moment."""

    kind: str
    of: str
    #: until when it has to be remembered, in seconds
    until_s: int
    before_s: int

    def line(self) -> str:
        return f"{self.kind}\t{self.of}\t{self.until_s}\t{self.before_s}"


class EndedSessions:
    """Kept in the data folder and read again whenever the file changes. A page of another folder does not know of them."""

    def __init__(self, data: Path) -> None:
        self._path = data / "secrets" / "ended_sessions"
        self._read: tuple[int, tuple[_Ending, ...]] = (-1, ())

    def holds(self, session_id: str, subject: str, began_s: int) -> bool:
        """Whether the session is over. What cannot be read ends every session."""
        try:
            endings = self._all()
        except (OSError, ValueError):
            return True
        return any(
            (one.kind == _ONE and one.of == session_id)
            or (one.kind == _PERSON and one.of == subject and began_s <= one.before_s)
            or (one.kind == _ALL and began_s <= one.before_s)
            for one in endings
        )

    def _all(self) -> tuple[_Ending, ...]:
        try:
            changed = self._path.stat().st_mtime_ns
        except FileNotFoundError:
            return ()
        if changed != self._read[0]:
            lines = [line.split("\t") for line in self._path.read_text(encoding="utf-8").splitlines()]
            found = tuple(_Ending(kind, of, int(until), int(before)) for kind, of, until, before in lines)
            self._read = (changed, found)
        return self._read[1]

    def end(self, session_id: str, until_s: int) -> None:
        """Sign one session out, wherever a copy of its cookie is."""
        self._add(_Ending(_ONE, session_id, until_s, 0))

    def end_of(self, subject: str, longest_s: int) -> None:
        """Sign the account with this ``sub`` out everywhere; everybody, if it is empty."""
        present = now_ms() // 1000
        self._add(_Ending(_PERSON if subject else _ALL, subject, present + longest_s, present))

    def _add(self, ending: _Ending) -> None:
        present = now_ms() // 1000
        try:
            kept = [one for one in self._all() if one.until_s > present]
        except ValueError:  # who was in it is not known: everybody signs in again
            damaged = self._path.with_suffix(".damaged")
            self._path.replace(damaged)
            _log.warning("ended_sessions_damaged", kept=str(damaged))
            kept = [_Ending(_ALL, "", present + _YEAR_S, present)]
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_atomically(self._path, "".join(f"{one.line()}\n" for one in (*kept, ending)).encode())

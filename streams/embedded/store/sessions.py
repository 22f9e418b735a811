"""HTTP sessions: a connection is kept for a session once it holds something (SET, USE, a temporary table)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from streams.clock import monotonic
from streams.embedded.store.errors import SESSION_IS_LOCKED, SESSION_NOT_FOUND, StoreError
from streams.embedded.store.protocol import Query
from streams.embedded.store.statement import Statement

_MAX_SESSIONS = 256
_LONGEST_S = 3600.0
_KEEPING = {"SET", "USE"}


class Session:
    """What one client keeps between its queries."""

    def __init__(self) -> None:
        self.connection: Any = None
        self.lock = threading.Lock()
        self.ends_at = 0.0
        self._said: list[str] = []

    def settle(self, run: Callable[[str], Any], query: Query, statement: Statement) -> None:
        """Remove the query's own settings and repeat what the session's SET statements said."""
        if statement.kind == "SET" or (statement.kind == "USE"):
            self._said.append(statement.head)
        mine = [*query.settings, "max_memory_usage", "max_execution_time", "log_comment"]
        run("SET " + ", ".join(f"{name} = DEFAULT" for name in dict.fromkeys(mine)))
        for said in self._said:
            run(said)


class Sessions:
    """The open sessions by user and id."""

    def __init__(self) -> None:
        self._open: dict[tuple[str, str], Session] = {}
        self._lock = threading.Lock()

    @contextmanager
    def connection(
        self, query: Query, statement: Statement, connect: Callable[[], Any]
    ) -> Iterator[tuple[Any, Session | None]]:
        """The connection to run ``query`` on, with its session where one is kept."""
        session = self._find(query, statement)
        if session is None:
            connection = connect()
            try:
                yield connection, None
            finally:
                connection.close()
            return
        if not session.lock.acquire(blocking=False):
            raise StoreError(
                SESSION_IS_LOCKED,
                "SESSION_IS_LOCKED",
                f"Session {query.session_id} is locked by a concurrent client",
            )
        try:
            if session.connection is None:
                session.connection = connect()
            yield session.connection, session
        finally:
            session.ends_at = monotonic() + min(query.session_timeout_s, _LONGEST_S)
            session.lock.release()

    def close(self) -> None:
        """End every session."""
        with self._lock:
            for session in self._open.values():
                if session.connection is not None:
                    session.connection.close()
            self._open.clear()

    def _find(self, query: Query, statement: Statement) -> Session | None:
        # A reader keeps nothing: its role and readonly would have to be undone.
        if not query.session_id or query.user.reads_only or "readonly" in query.settings:
            return None
        key = (query.user.name, query.session_id)
        keeps = statement.kind in _KEEPING or statement.head.upper().split()[:2] == ["CREATE", "TEMPORARY"]
        with self._lock:
            self._end_old()
            session = self._open.get(key)
            if session is None and query.session_check:
                raise StoreError(
                    SESSION_NOT_FOUND, "SESSION_NOT_FOUND", f"Session {query.session_id} not found"
                )
            if session is None and keeps:
                session = self._open[key] = Session()
                session.ends_at = monotonic() + _LONGEST_S
            return session

    def _end_old(self) -> None:
        now = monotonic()
        idle = sorted(self._open.items(), key=lambda item: item[1].ends_at)
        surplus = len(self._open) - _MAX_SESSIONS + 1
        for at, (key, session) in enumerate(idle):
            if session.ends_at >= now and at >= surplus:
                break
            if session.lock.acquire(blocking=False):
                if session.connection is not None:
                    session.connection.close()
                del self._open[key]
                session.lock.release()

"""A connection added: its secrets sealed, its platform asked once, its past wished for. Command line and page do it alike."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from scoring.sources.backfills import PAST_DAYS
from streams.clock import now_ms
from streams.config.model import Config
from streams.sources.configs import CONNECTION
from streams.sources.connection import Connection, connection_of
from streams.sources.controlling import resumed, with_backfill
from streams.sources.directory import ConnectionDirectory, place_of
from streams.sources.questions import ConnectionRejectedError
from streams.sources.registry import source_named
from streams.sources.sealing import Sealer, resolve, sealed_secrets
from streams.sources.source_log import StoredConnection, StoredTrial, log_key
from streams.sources.trying import Trial, tried


class AddedConnection:
    """The settings of a connection that fit, with what is to be kept of them.

    Args:
        model: as checked (``streams/sources/questions.py``).
        content: the same as given, with secrets as they were typed.

    Raises:
        SealedUnreadableError: a secret was sealed for a connection of another name, or with a lost key.
    """

    def __init__(self, config: Config, model: Any, content: Mapping[str, Any], sealer: Sealer) -> None:
        self._sealer = sealer
        self.sealed = sealed_secrets(type(model), content, sealer, place_of(model.name))
        secret = partial(resolve, sealer=sealer, place=place_of(model.name))
        self.connection: Connection = connection_of(
            config, CONNECTION.validate_python(self.sealed), secret, is_in_file=False
        )

    async def tried(self, directory: ConnectionDirectory) -> Trial:
        """What it does when its platform is asked now; nothing is kept."""
        return await tried_now(self.connection, directory, self._sealer)

    def records(
        self, directory: ConnectionDirectory, trial: Trial | None, who: str, past_days: int = PAST_DAYS
    ) -> dict[str, Any]:
        """What is to be published to save it: a new one with its first tokens, and with its past to be read."""
        name, at_ms = self.connection.name, now_ms()
        control = resumed(directory.book.control(name), who, at_ms)
        records: dict[str, Any] = {
            log_key("connection", name): StoredConnection(self.sealed, at_ms, who),
            **self.first_tokens(directory, trial),
        }
        if trial is not None:
            records[log_key("trial", name)] = StoredTrial(0, at_ms, tuple(trial.lines))
        if directory.get(name) is None and past_days and self._has_past():
            zone = ZoneInfo(self.connection.zones.get(self.connection.stores[0], "UTC"))
            today = datetime.fromtimestamp(at_ms / 1000, zone).date()
            first = today - timedelta(days=past_days)
            control = with_backfill(control, self.connection, first, today, "", who, at_ms)
        return {**records, log_key("control", name): control}

    def first_tokens(self, directory: ConnectionDirectory, trial: Trial | None) -> dict[str, Any]:
        """The tokens that a trial got, to be published whether the connection is saved or not.

        A refresh token is good once on some platforms: what was typed would be worth nothing when it is typed again.
        """
        if trial is None or not trial.tokens or directory.get(self.connection.name) is not None:
            return {}
        return {log_key("token", self.connection.name): trial.tokens}

    def _has_past(self) -> bool:
        spec = source_named(self.connection.source)
        return spec is not None and any(poll.has_past for poll in spec.polls(self.connection.config))


async def tried_now(connection: Connection, directory: ConnectionDirectory, sealer: Sealer) -> Trial:
    """What a connection does when its platform is asked now; nothing is kept."""
    spec = source_named(connection.source)
    assert spec is not None
    return await tried(connection, spec, sealer, directory.book, now_ms)


def check_name(directory: ConnectionDirectory, name: str) -> None:
    """Nothing, if a connection of that name may be saved.

    Raises:
        ConnectionRejectedError: it is in the file, which would hold all the same.
    """
    existing = directory.get(name)
    if existing is not None and existing.is_in_file:
        raise ConnectionRejectedError([f"{name} is in funnelwatch.yaml; change it there"])

"""A connection added: its secrets sealed, its platform asked once, its past wished for. Command line and page do it alike."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from scoring.sources.backfills import PAST_DAYS
from scoring.sources.signatures import fingerprint
from streams.clock import now_ms
from streams.config.model import Config
from streams.sources.approval import approval_of
from streams.sources.asking import HttpSender
from streams.sources.configs import CONNECTION
from streams.sources.connection import Connection, connection_of
from streams.sources.controlling import resumed, with_past
from streams.sources.directory import ConnectionDirectory, place_of
from streams.sources.granting import exchanged, sealed_tokens, unsealed_pair
from streams.sources.questions import ConnectionRejectedError
from streams.sources.registry import source_named
from streams.sources.sealing import Sealer, resolve, sealed_secrets
from streams.sources.source_log import StoredAuthorisation, StoredConnection, StoredTrial, log_key
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
        self._sealer, self._config, self._name = sealer, config, model.name
        self.sealed = sealed_secrets(type(model), content, sealer, place_of(model.name))
        self.connection: Connection = self._connection()
        #: the tokens that it was authorised with, sealed, and what was typed for them
        self._tokens, self._given = "", ""

    def _connection(self) -> Connection:
        secret = partial(resolve, sealer=self._sealer, place=place_of(self._name))
        return connection_of(self._config, CONNECTION.validate_python(self.sealed), secret, is_in_file=False)

    async def authorised(
        self, directory: ConnectionDirectory, sender: HttpSender | None = None
    ) -> dict[str, Any]:
        """The code exchanged for tokens, if it has one: what is to be published at once, before anything else is asked.

        A code is good once. From here on the settings hold the refresh token in its place; a code that was exchanged before, for a
        connection that was not saved then, gives what it gave.

        Raises:
            CodeRejectedError: the platform does not accept the code.
            ConnectionRejectedError: it could not be asked.
            SealedUnreadableError: what was kept cannot be opened.
        """
        config = self.connection.config
        reference = getattr(config, "code", "") or getattr(config, "refresh_token", "")
        if not reference:
            return {}
        given = self.connection.secret(reference)
        is_code = reference == getattr(config, "code", "")
        self._given = fingerprint(approval_of(given).code if is_code else given)
        kept = directory.book.get(StoredAuthorisation, self._key())
        is_kept = kept is not None and kept.given == self._given
        if not is_code:
            self._tokens = kept.tokens if kept is not None and is_kept else ""
            return {}
        pair = unsealed_pair(kept.tokens, self._sealer, self._name) if kept is not None and is_kept else None
        if pair is None:
            pair = await exchanged(self.connection, now_ms, sender)
        settings = {name: value for name, value in self.sealed.items() if name != "code"}
        self.sealed = settings | {"refresh_token": self._sealer.seal(pair.refresh, place_of(self._name))}
        self.connection = self._connection()
        self._tokens = sealed_tokens(pair, self._sealer, self._name)
        return {self._key(): StoredAuthorisation(self._given, self._tokens)}

    def _key(self) -> str:
        return log_key("authorised", self._name)

    async def tried(self, directory: ConnectionDirectory, sender: HttpSender | None = None) -> Trial:
        """What it does when its platform is asked now; nothing is kept."""
        return await tried_now(
            self.connection, directory, self._sealer, self._tokens if self._given else None, sender
        )

    def records(
        self, directory: ConnectionDirectory, trial: Trial | None, who: str, past_days: int = PAST_DAYS
    ) -> dict[str, Any]:
        """What is to be published to save it: a new one with its first tokens, and with its past to be read."""
        name, at_ms = self.connection.name, now_ms()
        control = resumed(directory.book.control(name), who, at_ms)
        # the tokens first: whoever reads the new settings finds what belongs to them
        records: dict[str, Any] = {
            **self._saved_tokens(directory, trial),
            log_key("connection", name): StoredConnection(self.sealed, at_ms, who),
            self._key(): None,
        }
        if trial is not None:
            records[log_key("trial", name)] = StoredTrial(0, at_ms, tuple(trial.lines))
        if directory.get(name) is None:
            control = with_past(control, self.connection, past_days, who, at_ms)
        return {**records, log_key("control", name): control}

    def first_tokens(self, directory: ConnectionDirectory, trial: Trial | None) -> dict[str, Any]:
        """The tokens that a trial got, to be published whether the connection is saved or not.

        A refresh token is good once on some platforms: what was typed would be worth nothing when it is typed again.
        """
        if trial is None or not trial.tokens:
            return {}
        if trial.is_authorised and self._given:
            return {self._key(): StoredAuthorisation(self._given, trial.tokens)}
        if directory.get(self.connection.name) is not None:
            return {}
        return {log_key("token", self.connection.name): trial.tokens}

    def _saved_tokens(self, directory: ConnectionDirectory, trial: Trial | None) -> dict[str, Any]:
        """The tokens of a connection that is saved: those it was authorised with, as far as they have been renewed meanwhile."""
        tried_tokens = trial.tokens if trial is not None else ""
        is_its_own = directory.get(self._name) is None or (trial is not None and trial.is_authorised)
        tokens = (tried_tokens if is_its_own else "") or self._tokens
        return {log_key("token", self._name): tokens} if tokens else {}


async def tried_now(
    connection: Connection,
    directory: ConnectionDirectory,
    sealer: Sealer,
    given: str | None = None,
    sender: HttpSender | None = None,
) -> Trial:
    """What a connection does when its platform is asked now; nothing is kept. ``given`` as for ``tried``."""
    spec = source_named(connection.source)
    assert spec is not None
    return await tried(connection, spec, sealer, directory.book, now_ms, sender, given=given)


def check_name(directory: ConnectionDirectory, name: str) -> None:
    """Nothing, if a connection of that name may be saved.

    Raises:
        ConnectionRejectedError: it is in the file, which would hold all the same.
    """
    existing = directory.get(name)
    if existing is not None and existing.is_in_file:
        raise ConnectionRejectedError([f"{name} is in funnelwatch.yaml; change it there"])

"""A connection saved: its secrets sealed, its platform asked once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

from streams.cli.asking import failed
from streams.cli.terminal import confirm, say
from streams.clock import now_ms
from streams.config.model import Config
from streams.settings import Settings
from streams.sources.configs import CONNECTION
from streams.sources.connection import Connection, connection_of
from streams.sources.controlling import resumed
from streams.sources.directory import ConnectionDirectory, place_of
from streams.sources.registry import source_named
from streams.sources.sealing import Sealer, open_sealer, resolve, sealed_secrets
from streams.sources.source_log import StoredConnection, log_key
from streams.sources.trying import Trial, tried


def records_of(
    settings: Settings,
    config: Config,
    directory: ConnectionDirectory,
    model: Any,
    content: dict[str, Any],
    *,
    is_tested: bool,
    is_asking: bool,
    who: str,
) -> dict[str, Any]:
    """What is to be published to save a connection: sealed, and tested if it is to be. Ends the command if it does not work."""
    sealer = open_sealer(settings)
    sealed = sealed_secrets(type(model), content, sealer, place_of(model.name))
    connection = _connection_of(config, CONNECTION.validate_python(sealed), sealer)
    records: dict[str, Any] = {}
    if is_tested:
        is_new = directory.get(model.name) is None
        trial = tried_now(connection, directory, settings)
        print_trial(trial)
        if not trial.is_good and not (is_asking and confirm("Save it all the same?")):
            raise failed("not saved; correct it, or save it untested with --no-test")
        if trial.tokens and is_new:
            records[log_key("token", model.name)] = trial.tokens
    records[log_key("connection", model.name)] = StoredConnection(sealed, now_ms(), who)
    control = directory.book.control(model.name)
    records[log_key("control", model.name)] = resumed(control, who, now_ms())
    return records


def _connection_of(config: Config, model: Any, sealer: Sealer) -> Connection:
    secret: Callable[[str], str] = partial(resolve, sealer=sealer, place=place_of(model.name))
    return connection_of(config, model, secret, is_in_file=False)


def tried_now(connection: Connection, directory: ConnectionDirectory, settings: Settings) -> Trial:
    """What a connection does when its platform is asked now."""
    spec = source_named(connection.source)
    assert spec is not None
    return asyncio.run(tried(connection, spec, open_sealer(settings), directory.book, now_ms))


def print_trial(trial: Trial) -> None:
    """A line for each part of a trial."""
    for line in trial.lines:
        say(f"{'ok ' if line.is_good else 'bad'} {line.what}: {line.said}", err=not line.is_good)

"""A connection tried and saved from the command line."""

from __future__ import annotations

import asyncio
from collections.abc import Set
from typing import Any

import msgspec

from scoring.funnel.stages import Stage
from scoring.wording.catalogue import STAGE_NAMES
from scoring.wording.text import Language
from streams.cli.asking import failed
from streams.cli.sources_adding import ask_code
from streams.cli.sources_common import publish
from streams.cli.terminal import confirm, say, say_json
from streams.config.model import Config
from streams.settings import Settings
from streams.sources.adding import AddedConnection, check_name
from streams.sources.approval import CodeRejectedError
from streams.sources.connection import Connection
from streams.sources.directory import ConnectionDirectory
from streams.sources.granting import said_of
from streams.sources.questions import ConnectionRejectedError, checked
from streams.sources.registry import source_named
from streams.sources.sealing import open_sealer
from streams.sources.source import Supply
from streams.sources.supplies import SUPPLY_NAMES, supplied
from streams.sources.trial_words import part_name
from streams.sources.trying import Trial

#: codes that are asked for until one is accepted
_MAX_CODES = 3


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
    past_days: int,
    as_json: bool = False,
) -> dict[str, Any]:
    """What is to be published to save a connection: sealed, and tested if it is to be. Ends the command if it does not work."""
    try:
        check_name(directory, model.name)
    except ConnectionRejectedError as error:
        raise failed(str(error)) from error
    added = _authorised(settings, config, directory, model, content, is_asking)
    trial = None
    if is_tested:
        trial = asyncio.run(added.tried(directory))
        if as_json:
            say_json(trial_json(model.name, trial))
        else:
            print_trial(trial, settings.language)
            print_supply(added.connection, settings.language, trial.lost)
        if not trial.is_good and not (is_asking and confirm("Save it all the same?")):
            if tokens := added.first_tokens(directory, trial):
                publish(settings, tokens)
            raise failed("not saved; correct it, or save it untested with --no-test")
    return added.records(directory, trial, who, past_days)


def _authorised(
    settings: Settings,
    config: Config,
    directory: ConnectionDirectory,
    model: Any,
    content: dict[str, Any],
    is_asking: bool,
) -> AddedConnection:
    """The connection, its code exchanged; what that gives is kept before anything is tested, for a code is good once.

    A code that is not accepted is asked for again, where anything may be asked. Ends the command if none is.
    """
    for attempt in range(_MAX_CODES):
        added = AddedConnection(config, model, content, open_sealer(settings))
        try:
            if tokens := asyncio.run(added.authorised(directory)):
                publish(settings, tokens)
            return added
        except (CodeRejectedError, ConnectionRejectedError) as error:
            said = "\n".join(said_of(error, settings.language))
            if not is_asking or not isinstance(error, CodeRejectedError) or attempt == _MAX_CODES - 1:
                raise failed(said) from error
            say(said, err=True)
        ask_code(content, settings.language)
        try:
            model = checked(content, config)
        except ConnectionRejectedError as error:
            raise failed(str(error)) from error
    raise failed("not saved")


def print_trial(trial: Trial, language: Language) -> None:
    """A line for each part of a trial."""
    for line in trial.lines:
        name, said = part_name(line.what)(language), line.sentence(language)
        say(f"{'ok ' if line.is_good else 'bad'} {name}: {said}", err=not line.is_good)


def trial_json(name: str, trial: Trial) -> str:
    """A trial for scripts: whether every part is good, and each part."""
    return msgspec.json.encode({"name": name, "good": trial.is_good, "lines": trial.lines}).decode()


def print_supply(connection: Connection, language: Language, lost: Set[Stage] = frozenset()) -> None:
    """Which stages the connection gives, and why it does not give the others. ``lost`` are those that a trial could not have."""
    spec = source_named(connection.source)
    assert spec is not None
    given: dict[Supply, list[str]] = {}
    for stage, supply in supplied(spec, connection.config, lost).items():
        given.setdefault(supply, []).append(STAGE_NAMES[stage](language))
    for supply in Supply:
        if supply in given:
            say(f"    {SUPPLY_NAMES[supply](language)}: {', '.join(given[supply])}")
    if Supply.NEVER in given:
        say(f"    {spec.definition(language)}")

"""``funnelwatch sources``: connections to platforms: their state, and what to do about it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scoring.sources.backfills import MAX_BACKFILL_DAYS, PAST_DAYS
from streams.cli.asking import configuration, failed, login_name, running_instance
from streams.cli.sources_common import Data, Json, Name, Who, Yes, directory_of, done, group, known, publish
from streams.cli.terminal import confirm, say, say_json
from streams.clock import now_ms
from streams.printable import counted

if TYPE_CHECKING:
    from streams.sources.overview import ConnectionStatus


_Platform = Annotated[
    str,
    typer.Argument(
        metavar="PLATFORM",
        help="Its source: shopify, amazon, shopee, webhook, …; asked for if not given.",
        show_default=False,
    ),
]
_File = Annotated[
    Path | None,
    typer.Option(
        "--file",
        help="A YAML file with the connection as in funnelwatch.yaml; what it leaves open is asked for.",
    ),
]
_Given = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="A setting, such as auth.kind=bearer. May be repeated."),
]
_NoTest = Annotated[bool, typer.Option("--no-test", help="Save it without asking the platform.")]
_PastDays = Annotated[
    int,
    typer.Option(
        min=0,
        max=MAX_BACKFILL_DAYS - 1,
        help="Days of the past that a new connection reads next to what is live.",
    ),
]


@group.command("list")
def list_(as_json: Json = False, data: Data = None) -> None:
    """List all connections: state, last data, lag, days until the authorisation ends, days that differ.

    Ends with 1 if a connection is broken, denied by its platform or unknown, so that a script can react.
    """
    from streams.cli.sources_shown import print_statuses, status_json
    from streams.sources.overview import statuses

    settings = running_instance(data)
    found = statuses(directory_of(settings), now_ms())
    if as_json:
        for one in found:
            say_json(status_json(one))
    elif not found:
        say("no connections; add one with `funnelwatch sources add`, or `connections:` in funnelwatch.yaml")
    else:
        print_statuses(found, settings.language, now_ms())
    if any(one.state in ("broken", "unknown") for one in found):
        raise typer.Exit(1)


@group.command()
def show(name: Name, as_json: Json = False, data: Data = None) -> None:
    """Show one connection whole: why it is in its state and what to do, resources, deliveries, mapping gaps, days, backfills."""
    from streams.cli.sources_shown import print_status, status_json
    from streams.sources.overview import status_of

    settings = running_instance(data)
    known(directory := directory_of(settings), name)
    found: ConnectionStatus | None = status_of(directory, name, now_ms())
    assert found is not None
    if as_json:
        say_json(status_json(found))
        return
    print_status(found, settings.language)


@group.command("test")
def try_connection(name: Name, as_json: Json = False, data: Data = None) -> None:
    """Ask the platform once for each resource and translate what comes; nothing is kept. Ends with 1 if something is wrong.

    A connection by webhook is tested as far as its secret; send it something, then look at `funnelwatch sources show`.
    """
    from streams.cli.sources_saving import print_trial, trial_json
    from streams.sources.adding import tried_now
    from streams.sources.sealing import open_sealer

    settings = running_instance(data)
    directory = directory_of(settings)
    trial = asyncio.run(tried_now(known(directory, name), directory, open_sealer(settings)))
    if as_json:
        say_json(trial_json(name, trial))
    else:
        print_trial(trial, settings.language)
    if not trial.is_good:
        raise typer.Exit(1)


# ---------------------------------------------------------------- adding and removing


@group.command()
def add(
    platform: _Platform = "",
    file: _File = None,
    given: _Given = None,
    yes: Yes = False,
    no_test: _NoTest = False,
    past_days: _PastDays = PAST_DAYS,
    who: Who = "",
    as_json: Json = False,
    data: Data = None,
) -> None:
    """Add a connection, step by step: what is needed is asked for, the platform is asked once, then it is saved.

    Asked for is only what PLATFORM needs, with where to find it. What comes of the test is shown before anything is saved: each
    resource, the stages that it gives and does not give, how often may be asked, and when the authorisation ends. A new connection
    then also reads the past, newest days first.

    A secret may be given as env:NAME or file:PATH, or itself: then it is sealed with the instance's key before it is kept. A
    connection of the same name is replaced and goes on where it was, which is how access is renewed. A connection of
    funnelwatch.yaml is changed there.
    """
    from streams.cli.sources_adding import asked_settings, parsed_settings
    from streams.cli.sources_saving import records_of
    from streams.sources.registry import source_named

    settings = running_instance(data)
    config = configuration(settings)
    directory = directory_of(settings, config)
    content = parsed_settings(file, given or [], platform)
    model = asked_settings(content, config, settings.language, is_asking=not yes)
    records = records_of(
        settings,
        config,
        directory,
        model,
        content,
        is_tested=not no_test,
        is_asking=not yes,
        who=who or login_name(),
        past_days=past_days,
        as_json=as_json,
    )
    publish(settings, records)
    said = f"saved: {model.name}; `funnelwatch sources show {model.name}` says how it is"
    done(model.name, "saved", said, as_json, source=model.source, stores=model.all_stores)
    spec = source_named(model.source)
    if spec is not None and spec.hook is not None and not as_json:
        say(f"deliver to: COLLECTOR/v1/hooks/{model.source}/{model.name}")


@group.command()
def remove(name: Name, yes: Yes = False, as_json: Json = False, data: Data = None) -> None:
    """Remove a connection that was added here, its tokens and its progress. What it brought stays.

    A connection of funnelwatch.yaml is removed there.
    """
    from scoring.sources.source_alerts import SourceAlert, ended

    settings = running_instance(data)
    directory = directory_of(settings)
    connection = known(directory, name)
    if connection.is_in_file:
        raise failed(f"{name} is in funnelwatch.yaml; remove it there")
    if not (yes or confirm(f"Remove {name}? Deliveries to its address are rejected from then on.")):
        raise typer.Abort
    book = directory.book
    kept = [key for kind in ("cursor", "backfill") for key in book.keys(f"{kind}/{name}")]
    single = [
        f"{kind}/{name}"
        for kind in ("connection", "control", "trial", "alert", "token", "authorised", "health", "lease")
    ]
    alert = book.get(SourceAlert, f"alert/{name}")
    over = [ended(alert.newest, now_ms())] if alert is not None and alert.newest is not None else []
    publish(settings, dict.fromkeys([*single, *kept]), over)
    done(name, "removed", f"removed: {name}", as_json)


@group.command()
def paste(
    name: Name,
    collector: Annotated[
        str, typer.Option("--collector", help="Address of the collector as the platform sees it.")
    ],
    key: Annotated[
        str, typer.Option("--key", help="The page's key; default: the store's first pixel key.")
    ] = "",
    data: Data = None,
) -> None:
    """Print what is to be pasted at the platform, ready to use: a page's pixel, the app's webhooks and scopes.

    Each text is after a line with where it goes.
    """
    from streams.cli.sources_pasting import print_pastes

    settings = running_instance(data)
    print_pastes(known(directory_of(settings), name), settings, collector, key)


# ---------------------------------------------------------------- replaying, keys


@group.command()
def replay(
    name: Name,
    since: Annotated[
        str, typer.Option("--since", help="Since then: 90m, 2h, 3d ago, or an ISO time.")
    ] = "14d",
    is_all: Annotated[
        bool, typer.Option("--all", help="All deliveries, not only those that could not be translated.")
    ] = False,
    data: Data = None,
) -> None:
    """Translate deliveries again after a mapping was corrected: those that could not be, or all with --all. Nothing counts twice.

    Raw deliveries are kept for 14 days.
    """
    from contextlib import closing

    from streams.cli.moments import moment
    from streams.cli.sources_shown import replayed
    from streams.clickhouse.clients import open_reader_sync
    from streams.clickhouse.errors import ClickHouseError
    from streams.kafka.errors import KafkaUnreachableError
    from streams.sources.replaying import kept_deliveries

    settings = running_instance(data)
    connection = known(directory_of(settings), name)
    start = moment(since, "--since")
    try:
        with closing(open_reader_sync(settings)) as client:
            deliveries = kept_deliveries(client, connection, start, is_all)
            count = asyncio.run(replayed(settings, configuration(settings), deliveries))
    except (ClickHouseError, KafkaUnreachableError) as error:
        raise failed(str(error)) from error
    say(f"translated again: {count}; `funnelwatch deadletters list` shows what still cannot be")


@group.command("rotate-key")
def rotate_key(
    drop_old: Annotated[
        bool, typer.Option("--drop-old", help="Forget former keys, once nothing needs them.")
    ] = False,
    data: Data = None,
) -> None:
    """Replace the key that seals secrets and tokens. Run it, wait a minute, then run it with --drop-old.

    A key that the environment gives (FUNNELWATCH_SOURCES_KEY) is replaced there: put the new one before the old one, in a line of
    its own, and restart collector and sources.
    """
    from streams.cli.sources_keys import needs_former_keys, seal_again
    from streams.sources.sealing import add_key, keep_first_key, key_path

    settings = running_instance(data)
    if key_path(settings) is None:
        raise failed("the environment gives the key; put the new one before it, in a line of its own")
    directory = directory_of(settings)
    if drop_old:
        publish(settings, dict.fromkeys(needs_former_keys(settings, directory)))
        keep_first_key(settings)
        say("only the present key is left")
        return
    add_key(settings)
    records = seal_again(settings, directory)
    publish(settings, records)
    say(
        f"a new key seals from now on, {counted(len(records), 'connection')} already; tokens follow within a minute"
    )


def register(app: typer.Typer) -> None:
    """Add the command group ``sources``."""
    from streams.cli import sources_wishes  # noqa: F401  (its commands add themselves to the group)

    app.add_typer(group, name="sources")

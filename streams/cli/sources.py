"""``funnelwatch sources``: connections to platforms: their state, and what to do about it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scoring.sources.backfills import MAX_BACKFILL_DAYS, PAST_DAYS
from streams.cli.asking import audited, configuration, failed, login_name, running_instance
from streams.cli.terminal import confirm, say, say_json
from streams.clock import now, now_ms
from streams.kafka.servers import servers_of
from streams.printable import counted

if TYPE_CHECKING:
    from scoring.alerts.alert import AlertTransition
    from streams.config.model import Config
    from streams.settings import Settings
    from streams.sources.connection import Connection
    from streams.sources.directory import ConnectionDirectory
    from streams.sources.overview import ConnectionStatus
    from streams.sources.source_log import ConnectionControl

group = typer.Typer(
    no_args_is_help=True,
    help="Connect platforms, and see how each connection is. "
    "Those of funnelwatch.yaml and those added here are shown together.",
)
_Data = Annotated[
    Path | None, typer.Option("--data", help="Folder of the running instance.", show_default=False)
]
_Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of the connection.")]
_Json = Annotated[bool, typer.Option("--json", help="One JSON object a connection, for scripts.")]
_Who = Annotated[str, typer.Option("--who", help="Your name, as others will see it.", show_default=False)]
_Yes = Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing.")]


def _directory(settings: Settings, config: Config | None = None) -> ConnectionDirectory:
    """The connections as they are now; those of the file by ``config``, if it has been read already."""
    from streams.kafka.errors import KafkaUnreachableError
    from streams.sources.directory import ConnectionDirectory
    from streams.sources.sealing import SealedUnreadableError, open_sealer
    from streams.sources.source_log import read_book

    try:
        book = asyncio.run(read_book(servers_of(settings)))
        directory = ConnectionDirectory(config or configuration(settings), open_sealer(settings), book)
    except (KafkaUnreachableError, SealedUnreadableError) as error:
        raise failed(str(error)) from error
    directory.is_whole = True
    return directory


def _known(directory: ConnectionDirectory, name: str) -> Connection:
    import difflib

    found = directory.get(name)
    if found is None:
        names = sorted(one.name for one in directory)
        near = difflib.get_close_matches(name, names, 1)
        meant = f"; did you mean {near[0]}?" if near else "; `funnelwatch sources list` shows them"
        raise failed(f"no connection is called {name!r}{meant}")
    return found


def _publish(settings: Settings, records: dict[str, Any], alerts: Sequence[AlertTransition] = ()) -> None:
    from streams.kafka.errors import KafkaUnreachableError
    from streams.sources.source_log import publish_records

    try:
        audited(settings, f"sources {', '.join(sorted(records))}")
        asyncio.run(publish_records(settings, records, alerts=alerts))
    except KafkaUnreachableError as error:
        raise failed(str(error)) from error


# ---------------------------------------------------------------- looking


@group.command("list")
def list_(as_json: _Json = False, data: _Data = None) -> None:
    """List all connections: state, last data, lag, days until the authorisation ends, days that differ.

    Ends with 1 if a connection is broken, denied by its platform or unknown, so that a script can react.
    """
    from streams.cli.sources_shown import print_statuses, status_json
    from streams.sources.overview import statuses

    settings = running_instance(data)
    found = statuses(_directory(settings), now_ms())
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
def show(name: _Name, as_json: _Json = False, data: _Data = None) -> None:
    """Show one connection whole: why it is in its state and what to do, resources, deliveries, mapping gaps, days, backfills."""
    from streams.cli.sources_shown import print_status, status_json
    from streams.sources.overview import status_of

    settings = running_instance(data)
    _known(directory := _directory(settings), name)
    found: ConnectionStatus | None = status_of(directory, name, now_ms())
    assert found is not None
    if as_json:
        say_json(status_json(found))
        return
    print_status(found, settings.language)


@group.command("test")
def try_connection(name: _Name, data: _Data = None) -> None:
    """Ask the platform once for each resource and translate what comes; nothing is kept. Ends with 1 if something is wrong.

    A connection by webhook is tested as far as its secret; send it something, then look at `funnelwatch sources show`.
    """
    from streams.cli.sources_saving import print_trial, tried_now

    settings = running_instance(data)
    directory = _directory(settings)
    trial = tried_now(_known(directory, name), directory, settings)
    print_trial(trial)
    if not trial.is_good:
        raise typer.Exit(1)


# ---------------------------------------------------------------- adding and removing


@group.command()
def add(
    platform: Annotated[
        str,
        typer.Argument(
            metavar="PLATFORM",
            help="Its source: shopify, amazon, shopee, webhook, …; asked for if not given.",
            show_default=False,
        ),
    ] = "",
    file: Annotated[
        Path | None,
        typer.Option(
            "--file",
            help="A YAML file with the connection as in funnelwatch.yaml; what it leaves open is asked for.",
        ),
    ] = None,
    given: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="A setting, such as auth.kind=bearer. May be repeated."
        ),
    ] = None,
    yes: _Yes = False,
    no_test: Annotated[bool, typer.Option("--no-test", help="Save it without asking the platform.")] = False,
    past_days: Annotated[
        int,
        typer.Option(
            min=0,
            max=MAX_BACKFILL_DAYS - 1,
            help="Days of the past that a new connection reads next to what is live.",
        ),
    ] = PAST_DAYS,
    who: _Who = "",
    data: _Data = None,
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
    directory = _directory(settings, config)
    content = parsed_settings(file, given or [], platform)
    model = asked_settings(content, config, settings.language, is_asking=not yes)
    existing = directory.get(model.name)
    if existing is not None and existing.is_in_file:
        raise failed(f"{model.name} is in funnelwatch.yaml; change it there")
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
    )
    _publish(settings, records)
    say(f"saved: {model.name}; `funnelwatch sources show {model.name}` says how it is")
    spec = source_named(model.source)
    if spec is not None and spec.hook is not None:
        say(f"deliver to: COLLECTOR/v1/hooks/{model.source}/{model.name}")


@group.command()
def remove(name: _Name, yes: _Yes = False, data: _Data = None) -> None:
    """Remove a connection that was added here, its tokens and its progress. What it brought stays.

    A connection of funnelwatch.yaml is removed there.
    """
    from scoring.sources.source_alerts import SourceAlert, ended

    settings = running_instance(data)
    directory = _directory(settings)
    connection = _known(directory, name)
    if connection.is_in_file:
        raise failed(f"{name} is in funnelwatch.yaml; remove it there")
    if not (yes or confirm(f"Remove {name}? Deliveries to its address are rejected from then on.")):
        raise typer.Abort
    book = directory.book
    kept = [key for kind in ("cursor", "backfill") for key in book.keys(f"{kind}/{name}")]
    single = [
        f"{kind}/{name}" for kind in ("connection", "control", "trial", "alert", "token", "health", "lease")
    ]
    alert = book.get(SourceAlert, f"alert/{name}")
    over = [ended(alert.newest, now_ms())] if alert is not None and alert.newest is not None else []
    _publish(settings, dict.fromkeys([*single, *kept]), over)
    say(f"removed: {name}")


@group.command()
def paste(
    name: _Name,
    collector: Annotated[
        str, typer.Option("--collector", help="Address of the collector as the platform sees it.")
    ],
    key: Annotated[
        str, typer.Option("--key", help="The page's key; default: the store's first pixel key.")
    ] = "",
    data: _Data = None,
) -> None:
    """Print what is to be pasted at the platform, ready to use: a page's pixel, the app's webhooks and scopes.

    Each text is after a line with where it goes.
    """
    from streams.cli.sources_pasting import print_pastes

    settings = running_instance(data)
    print_pastes(_known(_directory(settings), name), settings, collector, key)


# ---------------------------------------------------------------- wishes


def _wish(name: str, data: Path | None, change: Callable[[ConnectionControl, Connection], Any]) -> Any:
    """Change what is wanted of a connection; the new wish."""
    from streams.sources.controlling import WishRejectedError
    from streams.sources.source_log import log_key

    settings = running_instance(data)
    directory = _directory(settings)
    connection = _known(directory, name)
    try:
        control = change(directory.book.control(name), connection)
    except WishRejectedError as error:
        raise failed(str(error)) from error
    _publish(settings, {log_key("control", name): control})
    return control


@group.command()
def pause(
    name: _Name,
    why: Annotated[str, typer.Option("--why", help="What others should know.")] = "",
    who: _Who = "",
    data: _Data = None,
) -> None:
    """Stop asking a platform. Its cursor stays; what it sends by webhook is still taken."""
    from streams.sources.controlling import paused

    _wish(name, data, lambda control, _: paused(control, why, who or login_name(), now_ms()))
    say(f"paused: {name}")


@group.command()
def resume(name: _Name, who: _Who = "", data: _Data = None) -> None:
    """Continue a connection where it was left, also after its platform denied access and that is corrected."""
    from streams.sources.controlling import resumed

    _wish(name, data, lambda control, _: resumed(control, who or login_name(), now_ms()))
    say(f"resumed: {name}")


@group.command()
def backfill(
    name: _Name,
    first: Annotated[str, typer.Option("--from", help="First day, such as 2026-11-01.")] = "",
    last: Annotated[str, typer.Option("--to", help="Last day, included; default: today.")] = "",
    resource: Annotated[str, typer.Option("--resource", help="Of this resource only.")] = "",
    pause_id: Annotated[str, typer.Option("--pause", metavar="ID", help="Pause this backfill.")] = "",
    resume_id: Annotated[str, typer.Option("--resume", metavar="ID", help="Let it go on.")] = "",
    cancel_id: Annotated[
        str, typer.Option("--cancel", metavar="ID", help="Withdraw it; what it read stays.")
    ] = "",
    who: _Who = "",
    data: _Data = None,
) -> None:
    """Read days of the past next to what is live: live first, the past takes what the budget leaves.

    The newest day is read first. `funnelwatch sources show NAME` shows days done, rows and time left. Reading a day again counts
    nothing twice.
    """
    from streams.sources.controlling import changed_backfill, day_of, with_backfill

    def change(control: ConnectionControl, connection: Connection) -> ConnectionControl:
        if pause_id or resume_id:
            return changed_backfill(control, pause_id or resume_id, is_paused=bool(pause_id))
        if cancel_id:
            return changed_backfill(control, cancel_id, is_gone=True)
        begin = day_of(first, "--from")
        end = day_of(last, "--to") if last else now().date()
        return with_backfill(control, connection, begin, end, resource, who or login_name(), now_ms())

    if not (first or pause_id or resume_id or cancel_id):
        raise typer.BadParameter("say from which day: --from 2026-11-01")
    control = _wish(name, data, change)
    wishes = ", ".join(wish.backfill_id for wish in control.backfills) or "none"
    say(f"backfills of {name}: {wishes}")


# ---------------------------------------------------------------- replaying, keys


@group.command()
def replay(
    name: _Name,
    since: Annotated[
        str, typer.Option("--since", help="Since then: 90m, 2h, 3d ago, or an ISO time.")
    ] = "14d",
    is_all: Annotated[
        bool, typer.Option("--all", help="All deliveries, not only those that could not be translated.")
    ] = False,
    data: _Data = None,
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
    connection = _known(_directory(settings), name)
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
    data: _Data = None,
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
    directory = _directory(settings)
    if drop_old:
        _publish(settings, dict.fromkeys(needs_former_keys(settings, directory)))
        keep_first_key(settings)
        say("only the present key is left")
        return
    add_key(settings)
    records = seal_again(settings, directory)
    _publish(settings, records)
    say(
        f"a new key seals from now on, {counted(len(records), 'connection')} already; tokens follow within a minute"
    )


def register(app: typer.Typer) -> None:
    """Add the command group ``sources``."""
    app.add_typer(group, name="sources")

"""What the commands of ``funnelwatch sources`` share: their group, their options, and the connections as they are now."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from streams.cli.asking import audited, configuration, failed
from streams.cli.terminal import say, say_json
from streams.kafka.servers import servers_of

if TYPE_CHECKING:
    from scoring.alerts.alert import AlertTransition
    from streams.config.model import Config
    from streams.settings import Settings
    from streams.sources.connection import Connection
    from streams.sources.directory import ConnectionDirectory

group = typer.Typer(
    no_args_is_help=True,
    help="Connect platforms, and see how each connection is. "
    "Those of funnelwatch.yaml and those added here are shown together.",
)
Data = Annotated[
    Path | None, typer.Option("--data", help="Folder of the running instance.", show_default=False)
]
Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of the connection.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, one object a connection, for scripts.")]
Who = Annotated[str, typer.Option("--who", help="Your name, as others will see it.", show_default=False)]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing.")]


def directory_of(settings: Settings, config: Config | None = None) -> ConnectionDirectory:
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


def known(directory: ConnectionDirectory, name: str) -> Connection:
    import difflib

    found = directory.get(name)
    if found is None:
        names = sorted(one.name for one in directory)
        near = difflib.get_close_matches(name, names, 1)
        meant = f"; did you mean {near[0]}?" if near else "; `funnelwatch sources list` shows them"
        raise failed(f"no connection is called {name!r}{meant}")
    return found


def publish(settings: Settings, records: dict[str, Any], alerts: Sequence[AlertTransition] = ()) -> None:
    from streams.kafka.errors import KafkaUnreachableError
    from streams.sources.source_log import publish_records

    try:
        audited(settings, f"sources {', '.join(sorted(records))}")
        asyncio.run(publish_records(settings, records, alerts=alerts))
    except KafkaUnreachableError as error:
        raise failed(str(error)) from error


def done(name: str, what: str, text: str, is_json: bool, **more: Any) -> None:
    """Say what was done with a connection: a sentence, or an object with its name and what it is now."""
    if is_json:
        say_json(msgspec.json.encode({"name": name, "done": what, **more}).decode())
    else:
        say(text)

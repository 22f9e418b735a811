"""``funnelwatch deadletters``: list, inspect and resend rejected records."""

from __future__ import annotations

import asyncio
from contextlib import closing
from typing import Annotated

import msgspec
import typer
from rich.table import Table
from rich.text import Text

from scoring.events.event import RejectReason
from streams.cli.asking import DataOption, configuration, failed, running_instance
from streams.cli.moments import moment
from streams.cli.sql import explain
from streams.cli.terminal import console, say, say_json
from streams.clickhouse.clients import open_reader_sync
from streams.clickhouse.errors import ClickHouseError
from streams.collector.intake import open_intake
from streams.collector.letters import (
    ResendResult,
    StoredLetter,
    count_reasons,
    find_letters,
    replay,
)
from streams.kafka.errors import KafkaUnreachableError
from streams.printable import printable
from streams.settings import Settings
from streams.sources.registry import types_claimable

_Reason = Annotated[RejectReason | None, typer.Option("--reason", help="Only records with this reason.")]
_Store = Annotated[str, typer.Option("--store", help="Only records of this store.")]
_Since = Annotated[
    str, typer.Option("--since", help="Only records since then: 90m, 2h or 3d ago, or an ISO time.")
]


def _find(
    settings: Settings,
    *,
    ids: list[str] | None = None,
    reason: RejectReason | None = None,
    store: str = "",
    since: str = "",
    most: int = 0,
) -> list[StoredLetter]:
    start = moment(since, "--since") if since else None
    try:
        with closing(open_reader_sync(settings)) as client:
            return find_letters(
                client,
                ids=ids or (),
                reason=reason.value if reason else "",
                store_id=store,
                since=start,
                most=most,
            )
    except ClickHouseError as error:
        raise failed(explain(error, settings)) from error


def _short(letter_id: str) -> str:
    """As much of an id as is needed to name it: ten digits of a digest, all of a place in the log."""
    return letter_id if "." in letter_id else letter_id[:10]


def _print_table(letters: list[StoredLetter]) -> None:
    table = Table(header_style="bold")
    for name in ("id", "received", "reason", "source", "store", "detail"):
        table.add_column(name, overflow="fold" if name == "detail" else "ellipsis", no_wrap=name != "detail")
    for letter in letters:
        when = letter.received_at.strftime("%Y-%m-%d %H:%M:%S")
        cells = (
            _short(letter.letter_id),
            when,
            letter.reason,
            letter.source,
            letter.store_id or "–",
            letter.detail,
        )
        table.add_row(*(Text(printable(cell[:300])) for cell in cells))
    console(wide=200).print(table)


async def _send(settings: Settings, letters: list[StoredLetter]) -> ResendResult:
    async with open_intake(settings, configuration(settings), spool=False, patience_s=10.0) as intake:
        return await replay(letters, intake, types_claimable)


group = typer.Typer(no_args_is_help=True, help="List, inspect and resend rejected records.")


@group.command("list")
def list_(
    reason: _Reason = None,
    store: _Store = "",
    since: _Since = "",
    most: Annotated[
        int, typer.Option("--limit", min=1, help="Maximum number of records, newest first.")
    ] = 100,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object per line.")] = False,
    data: DataOption = None,
) -> None:
    """List rejected records, newest first, with the reason of each."""
    settings = running_instance(data)
    letters = _find(settings, reason=reason, store=store, since=since, most=most)
    if as_json:
        for letter in letters:
            say_json(msgspec.json.encode(letter.as_json()).decode())
        return
    if not letters:
        say("no dead letters")
        return
    _print_table(letters)
    say(", ".join(f"{many} {name}" for name, many in count_reasons(letters)), err=True)


@group.command()
def show(
    letter: Annotated[str, typer.Argument(metavar="ID", help="Its id, or the beginning of it.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object.")] = False,
    data: DataOption = None,
) -> None:
    """Show one rejected record in full: why, from where, and what is kept of it."""
    found = _find(running_instance(data), ids=[letter], most=2)
    if not found:
        raise failed(f"no dead letter begins with {letter}; `funnelwatch deadletters list` shows them")
    if len(found) > 1:
        raise failed(f"several dead letters begin with {letter}; give more of the id")
    (one,) = found
    if as_json:
        say_json(msgspec.json.encode(one.as_json()).decode())
        return
    for name, value in one.as_json().items():
        say(f"{name:<12} {printable(str(value))}")


@group.command("replay")
def replay_(
    ids: Annotated[
        list[str] | None, typer.Argument(metavar="[ID]...", help="Ids, or beginnings of ids.")
    ] = None,
    reason: _Reason = None,
    store: _Store = "",
    since: _Since = "",
    data: DataOption = None,
) -> None:
    """Resend rejected records after their cause has been fixed. An event that is sent twice counts once.

    Records stay listed; those that cannot be sent again (cut, personal data removed) are named one by one.
    """
    if not (ids or reason or store or since):
        raise typer.BadParameter("expected IDs, --reason, --store or --since")
    settings = running_instance(data)
    letters = _find(settings, ids=ids, reason=reason, store=store, since=since)
    if not letters:
        raise failed("no such dead letter; `funnelwatch deadletters list` shows them")
    try:
        outcome = asyncio.run(_send(settings, letters))
    except KafkaUnreachableError as error:
        raise failed(str(error)) from error
    say(f"{outcome.accepted} of {len(letters)} accepted")
    for letter_id, problem in outcome.failed:
        say(f"{_short(letter_id)} not sent: {problem}", err=True)
    if outcome.failed:
        raise typer.Exit(1)


def register(app: typer.Typer) -> None:
    """Add the command group ``deadletters``."""
    app.add_typer(group, name="deadletters")

"""``funnelwatch restore``: an instance from its backup."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streams.cli.starting import checked_settings, data_option
from streams.cli.terminal import say
from streams.settings import Settings

if TYPE_CHECKING:
    from streams.privacy.receipts import Receipt


def restore(
    file: Annotated[Path, typer.Argument(help="A backup.", exists=True, dir_okay=False)],
    key: Annotated[
        Path | None, typer.Option("--key", help="File of its key; default: the one under `secrets/backups`.")
    ] = None,
    receipts: Annotated[
        Path | None,
        typer.Option(
            "--receipts",
            help="Folder with receipts of erasures; those next to the backup are found.",
            exists=True,
        ),
    ] = None,
    data: data_option = None,
) -> None:
    """Restore a backup into an empty data folder, or into the empty tables of your own ClickHouse.

    Who was erased after the backup was made is erased from it again, by the receipts in the folder `erasures` next to it.

    A data folder is as it was when the backup was made. Tables are filled, and `landing`, which must not run meanwhile, goes on
    reading Kafka where the backup ends: every minute that is in the backup or still in Kafka is exact, and what is in neither is listed.
    """
    from streams.backup.archive import is_encrypted
    from streams.backup.folder import restore_folder
    from streams.backup.keys import key_path, read_key
    from streams.backup.tables import restore_tables
    from streams.privacy.receipts import read_receipts, receipts_next_to

    settings = checked_settings(data=data)
    erased = read_receipts([*receipts_next_to(file), *(receipts.glob("erasure-*.json") if receipts else ())])
    secret = read_key(key or key_path(settings.data, file.stem)) if is_encrypted(file) else None
    if not {"kafka", "clickhouse_url"} <= settings.model_fields_set:
        made = restore_folder(file, secret, settings.data)
        say(f"{made.files:,} files of {made.made_at} (release {made.release}) restored into {settings.data}")
        _erase_again(settings, erased)
        say(f"everything received after {made.made_at} is missing: let senders resend it, or import it")
        say(f"next: funnelwatch up --data {settings.data}")
        return
    made, missing = asyncio.run(restore_tables(settings, file, secret))
    say(
        f"{len(made.tables)} tables, {sum(made.tables.values()):,} rows of {made.made_at} (release {made.release}) restored"
    )
    _erase_again(settings, erased)
    for span in missing:
        until = f", received before {span.until.isoformat(timespec='minutes')}" if span.until else ""
        say(f"missing: {span.partition}: {span.records:,} records after the backup{until}")
    if not missing:
        say("nothing is missing: Kafka still has everything since")
    say("next: start landing; it reads on where the backup ends")


def _erase_again(settings: Settings, receipts: list[Receipt]) -> None:
    """Whoever was erased since stays erased."""
    from streams.privacy.erasing import erase_again

    if receipts:
        made = asyncio.run(erase_again(settings, receipts, say))
        say(
            f"{sum(receipt.people for receipt in made):,} people who were erased since are erased from it, too"
        )


def register(app: typer.Typer) -> None:
    """Add ``restore``."""
    app.command()(restore)

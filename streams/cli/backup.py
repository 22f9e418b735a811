"""``funnelwatch backup``: everything an instance keeps, in one file."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from streams.cli.asking import audited, failed
from streams.cli.starting import checked_settings, data_option
from streams.cli.terminal import say


def backup(
    folder: Annotated[Path, typer.Argument(help="Folder to write the backup to; better on another disk.")],
    plain: Annotated[
        bool, typer.Option("--plain", help="Do not encrypt: then an erasure cannot make it unreadable.")
    ] = False,
    data: data_option = None,
) -> None:
    """Write everything an instance keeps to one file: its data folder, or the tables of your own ClickHouse.

    An instance with the embedded parts has to be stopped for it. With FUNNELWATCH_KAFKA and FUNNELWATCH_CLICKHOUSE_URL set, the
    tables are read while everything runs, and Kafka's topics are Kafka's own to keep. The file is encrypted by a key of its own
    under `secrets/backups`: keep a copy of the key at another place than the backup.
    """
    from streams.backup.folder import back_up_folder, new_name
    from streams.backup.keys import key_path, new_key, note_backup
    from streams.backup.tables import back_up_tables

    settings = checked_settings(data=data)
    has_servers = {"kafka", "clickhouse_url"} <= settings.model_fields_set
    if not has_servers and not settings.data.is_dir():
        raise failed(f"no instance in {settings.data}")
    if folder.resolve().is_relative_to(settings.data.resolve()):
        raise failed(
            f"{folder} is inside of what is backed up; choose a folder outside, better on another disk"
        )
    folder.mkdir(parents=True, exist_ok=True)
    name = new_name()
    path = folder / f"{name}.fwbackup"
    audited(settings, f"backup {name}")
    key = None if plain else new_key(settings.data, name)
    try:
        if has_servers:
            made = asyncio.run(back_up_tables(settings, path, name, key))
            what = f"{len(made.tables)} tables, {sum(made.tables.values()):,} rows"
        else:
            what = f"{back_up_folder(settings.data, path, name, key).files:,} files"
    except BaseException:
        key_path(settings.data, name).unlink(missing_ok=True)
        raise
    note_backup(settings.data, name, path, is_encrypted=key is not None)
    say(f"{path}: {what}, {path.stat().st_size / 1e6:,.1f} MB")
    if key is not None:
        say(
            f"its key: {key_path(settings.data, name)} (without it nobody can read the backup; keep a copy elsewhere)"
        )


def register(app: typer.Typer) -> None:
    """Add ``backup``."""
    app.command()(backup)

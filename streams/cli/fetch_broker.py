"""``funnelwatch fetch-broker``: fetch what the embedded broker needs, before it is needed."""

from __future__ import annotations

from typing import Annotated

import typer

from streams.cli.starting import checked_settings, fail
from streams.cli.terminal import console, say
from streams.settings import Settings


def fetch_with_progress(settings: Settings) -> None:
    """Fetch missing jars, with a progress bar on a terminal.

    Raises:
        JarsUnavailableError: they cannot be fetched.
    """
    from streams.embedded.jars import fetch_jars, locked_jars, missing_jars

    missing = missing_jars(settings)
    if not missing or settings.broker_jars is not None:
        fetch_jars(settings)
        return
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    progress_console = console(err=True)
    if not progress_console.is_terminal:
        megabytes = sum(jar.size for jar in missing) / 1e6
        say(
            f"fetching the broker: {len(missing)} of {len(locked_jars())} jars, {megabytes:.0f} MB, from {settings.maven_mirror}",
            err=True,
        )
    with Progress(
        TextColumn("Fetching the broker"), BarColumn(), DownloadColumn(), TransferSpeedColumn(), console=progress_console,
        disable=not progress_console.is_terminal,
    ) as bar:  # fmt: skip
        task = bar.add_task("jars", total=None)
        fetch_jars(settings, lambda done, total: bar.update(task, completed=done, total=total))


def fetch_broker(
    archive: Annotated[
        bool, typer.Option(help="Also build the class archive that halves the broker's start time.")
    ] = True,
) -> None:
    """Fetch the embedded broker's jars (40 MB, each verified by SHA-256) and prepare a quick start.

    Existing jars are not fetched again. FUNNELWATCH_MAVEN_MIRROR sets another repository, FUNNELWATCH_BROKER_JARS a
    folder that already has the jars, FUNNELWATCH_CACHE the folder where they are kept.
    """
    from streams.embedded.archive import make_archive
    from streams.embedded.jars import JarsUnavailableError, jars_folder

    settings = checked_settings()
    try:
        fetch_with_progress(settings)
        if archive:
            make_archive(settings)
    except JarsUnavailableError as error:
        fail(str(error), 69)
    say(f"the broker is ready in {jars_folder(settings)}")


def register(app: typer.Typer) -> None:
    """Add ``fetch-broker``."""
    app.command("fetch-broker")(fetch_broker)

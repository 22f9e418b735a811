"""Assembles the commands. Each command is a file of this folder that offers ``register(app)``."""

from __future__ import annotations

import errno
import importlib
import importlib.metadata
import sys
from typing import Any

import typer

from streams.errors import FunnelwatchError
from streams.logs import keep_quiet

#: files of this folder, in the order in which --help lists their commands
COMMANDS: tuple[str, ...] = (
    "up",
    "run",
    "prepare",
    "status",
    "doctor",
    "check",
    "fetch_broker",
    "replay",
    "import",
    "demo",
    "sql",
    "deadletters",
    "events",
    "schema",
    "reconcile",
    "repartition",
    "baseline",
    "backtest",
    "alerts",
    "notify",
    "route",
    "digest",
)

app = typer.Typer(
    name="funnelwatch",
    no_args_is_help=True,
    rich_markup_mode="markdown",  # else a line's end in a docstring is one in the help
    pretty_exceptions_show_locals=False,
    help="Watch the funnels of many stores: what is lost, where, since when, and what to check.",
)


def _print_version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(importlib.metadata.version("funnelwatch"))
        raise typer.Exit


@app.callback(help=app.info.help)
def common(
    version: bool = typer.Option(
        False, "--version", help="Print the version and exit.", is_eager=True, callback=_print_version
    ),
) -> None:
    """Options of every command."""


def main() -> Any:
    """Entry point of the ``funnelwatch`` command."""
    keep_quiet()  # `up`, `demo` and `run` write logs and say where
    asked = sys.argv[1].replace("-", "_") if len(sys.argv) > 1 else ""
    # a command's libraries take up to a second to load: load those of the command that is asked for
    for name in (asked,) if asked in COMMANDS else COMMANDS:
        importlib.import_module(f"streams.cli.{name}").register(app)
    try:
        return app()
    except FunnelwatchError as error:
        sys.stderr.write(f"{error}\n")
    except OSError as error:
        if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC):
            raise
        sys.stderr.write(f"cannot use {error.filename or 'a file'}: {error.strerror}\n")
    return 1

"""Assembles the commands. Each is a module of this folder that offers ``register(app)`` and is loaded when it is asked for."""

from __future__ import annotations

import errno
import os
import sys
from typing import Any

import typer

from streams.cli.lazy import group_of
from streams.cli.terminal import say
from streams.errors import FunnelwatchError

#: each command, a module of this folder, with the first sentence of its help, in the order of ``funnelwatch --help``
COMMANDS: dict[str, str] = {
    "up": "Run all of Funnelwatch on this machine, until Ctrl-C.",
    "run": "Run one role in this process, until Ctrl-C.",
    "prepare": "Create missing Kafka topics and ClickHouse tables, then exit.",
    "status": "Show the state of every part and role, and their addresses.",
    "doctor": "Check this machine and the instance, and say what to do about each finding.",
    "check": "Check the configuration and report every error with file, line and what was expected.",
    "fetch-broker": "Fetch the embedded broker's jars (40 MB, each verified by SHA-256) and prepare a quick start.",
    "replay": "Replay a CSV, CSV.GZ or Parquet file of events.",
    "import": "Import a platform's exports: orders, shop reports and ads reports, as CSV, TSV, XLSX, XLS, JSON, Parquet, Avro or zip.",
    "evaluate": "Evaluate a store from a folder of its exports: scores, losses, what is seen, what to do.",
    "report": "Write the evaluation of stores of the running instance as files, from its own tables.",
    "release": "Mark a release of a shop: a theme, an app, a checkout setting.",
    "ask": "Ask the running instance one question, as an agent would.",
    "mcp": "Let agents ask the running instance: a read-only server of the Model Context Protocol.",
    "demo": "Watch eight simulated shops live: a baseline is learned, something breaks, an alert fires and resolves.",
    "sql": "Ask ClickHouse in SQL.",
    "grafana": "Print what Grafana and Prometheus need to show the instance, or write it to a folder.",
    "deadletters": "List, inspect and resend rejected records.",
    "events": "Exclude a span of events from counts and learning, or restore it; show where an order comes from; split a step by product.",
    "schema": "Print the JSON Schema of an event as it is sent, of a record on a topic, or of funnelwatch.yaml.",
    "reconcile": "Compare stage_counts with a fresh count of the raw events, which are the truth.",
    "repartition": "Carry the monitor's counts and open alerts over to more partitions of funnel.events.v1.",
    "baseline": "Fit, show and export what the monitor expects of each store.",
    "backtest": "Run past minute counts through the live detector, and report what would have fired.",
    "alerts": "List alerts, and acknowledge, assign, silence or close them.",
    "notify": "Test the receivers of messages.",
    "route": "Show who is notified of an alert, and why.",
    "sources": "Connect platforms, and see how each connection is.",
    "tokens": "Give programs and colleagues a token of their own for the page and its API, with a scope and an end.",
    "sessions": "Sign people out of the page.",
    "audit": "Show and verify the log of what people and tokens changed.",
    "backup": "Write everything an instance keeps to one file: its data folder, or the tables of your own ClickHouse.",
    "restore": "Restore a backup into an empty data folder, or into the empty tables of your own ClickHouse.",
    "privacy": "Hand over or erase what is kept of a buyer.",
    "digest": "Preview, send and schedule the digest mail on how all stores are doing.",
}

app = typer.Typer(
    name="funnelwatch",
    cls=group_of(COMMANDS),
    no_args_is_help=True,
    rich_markup_mode="markdown",  # else a line's end in a docstring is one in the help
    pretty_exceptions_show_locals=False,
    help="Watch the funnels of many stores: what is lost, where, since when, and what to check.",
)


def _print_version(is_asked: bool) -> None:
    if is_asked:
        from importlib.metadata import version

        say(version("funnelwatch"))
        raise typer.Exit


@app.callback(help=app.info.help)
def common(
    version: bool = typer.Option(
        False, "--version", help="Print the version and exit.", is_eager=True, callback=_print_version
    ),
) -> None:
    """Options of every command."""


#: errors that say something about the machine, whatever file it is
_OF_THE_MACHINE = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT)


def _is_given(file: object) -> bool:
    """Whether a file is one that the command line named, in it, above it or next to it: then the error is about what was given."""
    given = [one.rpartition("=")[2] for one in sys.argv[1:]]
    paths = [os.path.abspath(one) for one in given if one and not one.startswith("-")]
    path = os.path.abspath(str(file)) if isinstance(file, str | os.PathLike) else ""
    return any(
        path
        and (path.startswith(one) or one.startswith(path) or os.path.dirname(path) == os.path.dirname(one))
        for one in paths
    )


def main() -> Any:
    """Entry point of the ``funnelwatch`` command."""
    try:
        return app()
    except FunnelwatchError as error:
        say(str(error), err=True)
    except OSError as error:
        if error.errno not in _OF_THE_MACHINE and not _is_given(error.filename):
            raise
        say(f"cannot use {error.filename or 'a file'}: {error.strerror}", err=True)
    return 1

"""``funnelwatch audit``: who changed what, and whether the log of it is whole."""

from __future__ import annotations

from typing import Annotated

import typer

from streams.cli.starting import checked_settings, data_option
from streams.cli.terminal import say

group = typer.Typer(no_args_is_help=True, help="Show and verify the log of what people and tokens changed.")


@group.command(name="list")
def list_entries(
    limit: Annotated[int, typer.Option("--limit", min=1, help="Newest entries to print.")] = 50,
    data: data_option = None,
) -> None:
    """Print the newest entries, the newest last."""
    from streams.instance.audit import entries

    for number, entry in list(entries(checked_settings(data=data).data))[-limit:]:
        if entry is None:
            say(f"{number}: not an entry")
            continue
        refers = f" (of entry {entry.refers_to})" if entry.refers_to else ""
        say(f"{entry.number}: {entry.at} {entry.who} [{entry.source}] {entry.what}{refers}")


@group.command()
def verify(
    head: Annotated[
        str,
        typer.Option("--head", help="A digest that an earlier `verify` printed: its entry has to be there."),
    ] = "",
    data: data_option = None,
) -> None:
    """Check that no entry was changed, taken out or put in; exits with 1 if one was.

    Keep the digest it prints at another place: with it, also a log whose end was cut off is found out.
    """
    from streams.instance.audit import verify as verified

    count, last, problems = verified(checked_settings(data=data).data, head)
    for problem in problems:
        say(problem)
    say(f"{count} entries, head {last}")
    raise typer.Exit(int(bool(problems)))


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(group, name="audit")

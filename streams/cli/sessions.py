"""``funnelwatch sessions``: sign people out of the page before their time."""

from __future__ import annotations

from typing import Annotated

import typer

from streams.cli.asking import audited, failed
from streams.cli.starting import checked_settings, data_option
from streams.cli.terminal import say

group = typer.Typer(no_args_is_help=True, help="Sign people out of the page.")


@group.command()
def end(
    account: Annotated[
        str, typer.Argument(help="Whose sessions end: the account as the audit log has it in brackets.")
    ] = "",
    everybody: Annotated[bool, typer.Option("--all", help="End the sessions of everybody.")] = False,
    data: data_option = None,
) -> None:
    """Sign an account out everywhere, or everybody; who has no grant any more cannot sign in again."""
    from streams.instance.ended_sessions import EndedSessions

    if bool(account) == everybody:
        raise failed("name the account, or give --all")
    if set(account) & set("\t\n\r"):
        raise failed("an account has no tabs and line breaks in it")
    settings = checked_settings(data=data)
    audited(settings, f"sessions end {account or '--all'}")
    EndedSessions(settings.data).end_of(account, round(settings.session_hours * 3600))
    say(f"{account or 'everybody'} is signed out of the pages that use {settings.data}")


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(group, name="sessions")

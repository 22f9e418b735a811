"""``funnelwatch tokens``: who else may use the page and its API, for what, and until when."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from scoring.funnel.units import DAY_MS
from streams.cli.asking import audited, failed
from streams.cli.starting import checked_config, checked_settings, data_option
from streams.cli.terminal import say
from streams.instance.page_tokens import Scope
from streams.printable import counted

_LONGEST_DAYS = 3_650
group = typer.Typer(
    no_args_is_help=True,
    help="Give programs and colleagues a token of their own for the page and its API, with a scope and an end.",
)


@group.command()
def add(
    name: Annotated[str, typer.Argument(help="Whose it is, as the audit log will show it.")],
    scope: Annotated[
        Scope, typer.Option("--scope", help="read; act: also on alerts; configure: everything.")
    ] = Scope.READ,
    days: Annotated[int, typer.Option("--days", min=1, max=_LONGEST_DAYS, help="Days until it ends.")] = 90,
    stores: Annotated[
        str,
        typer.Option("--group", help="Only stores of this group of funnelwatch.yaml; default: all stores."),
    ] = "",
    data: data_option = None,
) -> None:
    """Make a token and print it once. Send it as `Authorization: Bearer TOKEN`, or enter it at the sign-in.

    With SQL clients NAME is the user and the token the password: they read the rows of its stores.
    """
    from streams.clock import now_ms
    from streams.instance.page_tokens import TokenBook, new_token

    if not re.fullmatch(r"[\w.@-]{1,64}", name):
        raise failed(
            f"{name!r} is not a name for a token; expected up to 64 letters, digits, dots, dashes and @"
        )
    settings = checked_settings(data=data)
    if stores:
        _, known = checked_config(settings)
        if all(one.name != stores for one in known.groups):
            raise failed(f"unknown group {stores!r}; `groups` of funnelwatch.yaml names all")
    text, token = new_token(name, scope, now_ms() + days * DAY_MS, stores)
    audited(settings, f"tokens add {name} {scope} {days} {stores}".rstrip())
    TokenBook(settings).add(token)
    say(text)
    say(f"kept as: {token.line()}", err=True)


@group.command(name="list")
def list_tokens(data: data_option = None) -> None:
    """List the tokens: name, scope, end, and the group of stores if it is not for all."""
    from datetime import UTC, datetime

    from streams.clock import now_ms
    from streams.instance.page_tokens import TokenBook

    book = TokenBook(checked_settings(data=data))
    for token in book.all():
        end = datetime.fromtimestamp(token.ends_ms / 1000, UTC).date()
        of = f"  {token.group}" if token.group else ""
        say(
            f"{token.name:<24} {token.scope:<10} {'ended' if token.ends_ms <= now_ms() else 'until'} {end}{of}"
        )
    if damaged := book.damaged():
        lines = counted(damaged, "line")
        say(
            f"{lines} of secrets/page_tokens cannot be read, and open nothing; put the file back from a backup, or make new tokens",
            err=True,
        )


@group.command()
def end(
    name: Annotated[str, typer.Argument(help="Whose token ends.")],
    data: data_option = None,
) -> None:
    """End a token at once."""
    from streams.instance.page_tokens import TokenBook

    settings = checked_settings(data=data)
    audited(settings, f"tokens end {name}")
    TokenBook(settings).end(name)
    say(f"the token {name} opens nothing any more")


@group.command()
def policies(data: data_option = None) -> None:
    """Print the SQL that lets the tokens read on a ClickHouse server of your own, each the rows of its stores.

    Run it there as an administrator, again whenever tokens, groups or views have changed. The name is the user, the token the password,
    as with the store of `funnelwatch up`, which needs no such SQL.
    """
    from streams.clickhouse.clients import open_reader_sync
    from streams.clickhouse.errors import ClickHouseError, mapped
    from streams.clickhouse.literals import literal
    from streams.clickhouse.store_policies import COLUMNS_SQL, SqlReader, policy_statements
    from streams.clock import now_ms
    from streams.config.rights import rights_of_token
    from streams.instance.page_tokens import TokenBook

    settings = checked_settings(data=data)
    _, config = checked_config(settings)
    readers = [
        SqlReader(one.name, one.digest, one.ends_ms, rights_of_token(config, one).read)
        for one in TokenBook(settings).all()
        if one.ends_ms > now_ms()
    ]
    database = settings.clickhouse_database
    where = f"database = {literal(database)} AND NOT endsWith(table, '_raw')"
    try:
        with mapped():
            client = open_reader_sync(settings)
            found = client.query(COLUMNS_SQL.format(where)).result_rows
    except ClickHouseError as error:
        raise failed(f"the views cannot be listed: {error}") from error
    views = {view: bool(by_store) for _, view, by_store in found if view != "schema_migrations"}
    for statement in policy_statements(database, views, readers):
        say(f"{statement};")


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(group, name="tokens")

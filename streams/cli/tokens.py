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
    """Make a token and print it once. Send it as `Authorization: Bearer TOKEN`, or enter it at the sign-in."""
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

    for token in TokenBook(checked_settings(data=data)).all():
        end = datetime.fromtimestamp(token.ends_ms / 1000, UTC).date()
        of = f"  {token.group}" if token.group else ""
        say(
            f"{token.name:<24} {token.scope:<10} {'ended' if token.ends_ms <= now_ms() else 'until'} {end}{of}"
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


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(group, name="tokens")

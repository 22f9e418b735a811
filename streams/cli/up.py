"""``funnelwatch up``: the whole of Funnelwatch on this machine."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streams.cli.starting import checked_config, checked_settings, data_option, fail
from streams.settings import Settings

if TYPE_CHECKING:
    from streams.embedded.console import Console


def up(
    data: data_option = None,
    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            help="Configuration file; default: funnelwatch.yaml in --data, then in the current folder.",
        ),
    ] = None,
    no_parts: Annotated[
        bool,
        typer.Option(
            "--no-parts",
            help="Use the Kafka and ClickHouse named by FUNNELWATCH_KAFKA and FUNNELWATCH_CLICKHOUSE_URL "
            "instead of starting the embedded ones.",
        ),
    ] = False,
    roles: Annotated[
        str, typer.Option("--roles", help="Comma-separated roles to start; default: all of them.")
    ] = "",
) -> None:
    """Run all of Funnelwatch on this machine, until Ctrl-C.

    Starts the embedded broker and store, then every role; restarts whatever exits; prints one line per change and one
    per alert. All data is kept in the --data folder.
    """
    from streams.roles import ROLES

    settings = checked_settings(data=data, config=config)
    settings = settings.model_copy(update={"data": settings.data.expanduser().resolve()})
    chosen = [name.strip() for name in roles.split(",") if name.strip()] or list(ROLES)
    for name in chosen:
        if name not in ROLES:
            fail(f"unknown role {name!r}; expected one of {', '.join(ROLES)}", 2)
    path, content = checked_config(settings)
    wanted = [name for name in ROLES if name in chosen]
    _supervise(settings, path, wanted, with_parts=not no_parts, has_stores=bool(content.stores))


#: what ``up`` says to whoever has no store yet
FIRST_STORE = """  stores:
    - {id: my-shop, name: My shop, zone: Europe/Berlin, currency: EUR, keys: ["env:MY_SHOP_KEY"]}"""


def _first_steps(settings: Settings, config: Path | None, console: Console) -> tuple[str, ...]:
    path = config or settings.data / "funnelwatch.yaml"
    return (console.word("no_stores").format(path=path), *FIRST_STORE.splitlines())


def _supervise(
    settings: Settings, config: Path | None, roles: list[str], *, with_parts: bool, has_stores: bool
) -> None:
    """Run the instance in ``settings.data`` until it is stopped, or end the command with the reason why it cannot."""
    from contextlib import ExitStack

    from streams import logs
    from streams.cli.fetch_broker import fetch_with_progress
    from streams.embedded.console import Console
    from streams.embedded.jars import JarsUnavailableError
    from streams.embedded.plan import make_plan
    from streams.embedded.supervisor import CannotRunError, clear_leftovers, supervise
    from streams.instance.files import make_private
    from streams.instance.lock import AlreadyRunningError, instance_lock

    folder = settings.data
    if with_parts:
        try:
            fetch_with_progress(settings)
        except JarsUnavailableError as error:
            fail(str(error), 69)
    try:
        make_private(folder)
        with instance_lock(folder), ExitStack() as stack:
            (folder / "logs").mkdir(exist_ok=True)
            log = stack.enter_context((folder / "logs" / "up.log").open("a"))
            logs.configure(settings, log)
            console = Console(settings.language)
            clear_leftovers(folder, console)  # before ports are chosen: they may hold some
            plan = make_plan(settings, config, roles, with_parts=with_parts)
            steps = () if has_stores else _first_steps(settings, config, console)
            supervise(replace(plan, first_steps=steps), console)
    except AlreadyRunningError as error:
        fail(str(error), 73)
    except CannotRunError as error:
        fail(str(error), 78)
    except OSError as error:
        fail(f"cannot use {folder}: {error}", 73)


def register(app: typer.Typer) -> None:
    """Add ``up``."""
    app.command()(up)

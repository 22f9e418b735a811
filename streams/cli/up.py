"""``funnelwatch up``: the whole of Funnelwatch on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from streams.cli.starting import checked_config, checked_settings, data_option, fail


def register(app: typer.Typer) -> None:
    """Add ``up``."""

    @app.command()
    def up(
        data: data_option = None,
        config: Annotated[
            Path | None,
            typer.Option(
                "--config", help="Configuration file; default: funnelwatch.yaml in --data, then here."
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

        Starts the embedded broker and store, then every role; starts again what ends by itself; prints one line per
        change and one per alert. Everything it keeps is in the folder --data.
        """
        from contextlib import ExitStack

        from streams import logs
        from streams.embedded.console import Console
        from streams.embedded.jars import JarsUnavailableError
        from streams.embedded.plan import make_plan
        from streams.embedded.supervisor import CannotRunError, clear_leftovers, supervise
        from streams.instance.lock import AlreadyRunningError, instance_lock
        from streams.roles import ROLES

        settings = checked_settings(data=data, config=config)
        folder = settings.data.expanduser().resolve()
        settings = settings.model_copy(update={"data": folder})
        chosen = [name.strip() for name in roles.split(",") if name.strip()] or list(ROLES)
        for name in chosen:
            if name not in ROLES:
                fail(f"there is no role {name!r}; roles are {', '.join(ROLES)}", 2)
        path, _ = checked_config(settings)
        if not no_parts:
            from streams.cli.fetch_broker import fetch_with_progress

            try:
                fetch_with_progress(settings)
            except JarsUnavailableError as error:
                fail(str(error), 69)
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with instance_lock(folder), ExitStack() as stack:
                (folder / "logs").mkdir(exist_ok=True)
                log = stack.enter_context((folder / "logs" / "up.log").open("a"))
                logs.configure(settings, log)
                ordered = [name for name in ROLES if name in chosen]
                console = Console(settings.language)
                clear_leftovers(folder, console)  # before ports are chosen: they may hold some
                supervise(make_plan(settings, path, ordered, with_parts=not no_parts), console)
        except AlreadyRunningError as error:
            fail(str(error), 73)
        except CannotRunError as error:
            fail(str(error), 78)
        except OSError as error:
            fail(f"{folder} cannot be used: {error}", 73)

"""``funnelwatch run``: one process of one role."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from streams.cli.starting import checked_config, checked_settings, data_option, fail
from streams.roles import ROLES, run_role


def run(
    role: Annotated[str, typer.Argument(help=f"One of {', '.join(ROLES)}.")],
    data: data_option = None,
    config: Annotated[Path | None, typer.Option("--config", help="Configuration file.")] = None,
) -> None:
    """Run one role in this process, until Ctrl-C.

    For production: Kafka and ClickHouse come from FUNNELWATCH_KAFKA and FUNNELWATCH_CLICKHOUSE_URL. Monitors,
    landings and collectors may run on any number of machines and share the work; see Scaling in the documentation. Each
    process needs its own --data folder.
    """
    import contextlib
    import os

    from streams.instance.files import NoInstanceError, connect_settings, read_state
    from streams.instance.processes import is_ours

    if role not in ROLES:
        fail(f"unknown role {role!r}; expected one of {', '.join(ROLES)}", 2)
    settings = checked_settings(data=data, config=config)
    path, content = checked_config(settings)
    with contextlib.suppress(NoInstanceError):  # the defaults may be right; the role says so if not
        settings = connect_settings(settings)
    state = read_state(settings.data, role)
    if state is not None and state.pid != os.getpid() and is_ours(state.pid):
        fail(
            f"a {role} in {settings.data} is already running as process {state.pid}; give this one another --data folder "
            "and the addresses through FUNNELWATCH_KAFKA and FUNNELWATCH_CLICKHOUSE_URL",
            73,
        )
    run_role(ROLES[role], settings.model_copy(update={"config": path} if path else {}), content)


def register(app: typer.Typer) -> None:
    """Add ``run``."""
    app.command()(run)

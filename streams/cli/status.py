"""``funnelwatch status``: what runs, in which state, and where."""

from __future__ import annotations

from typing import Annotated

import typer

from streams.cli.starting import checked_settings, data_option
from streams.cli.terminal import say, say_json

_COLOURS = {
    "ready": "green",
    "starting": "cyan",
    "degraded": "yellow",
    "silent": "yellow",
    "stopping": "cyan",
}


def status(
    data: data_option = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")] = False,
) -> None:
    """Show the state of every part and role, and their addresses.

    Exits with 0 if everything is ready, 1 if something is not, 2 if nothing runs in the folder. Scripts use --json and
    wait for "ready": true.
    """
    from streams.instance.state import instance_state

    settings = checked_settings(data=data)
    state = instance_state(settings.data)
    code = 0 if state.ready else 1 if state.running else 2
    if as_json:
        say_json(state.as_json())
        raise typer.Exit(code)
    if not state.running:
        say(f"nothing runs in {state.data}; start it with `funnelwatch up --data {settings.data}`")
        raise typer.Exit(code)
    for process in state.processes:
        heard = (
            f", heard {process.heard_s:.0f} s ago" if process.state == "silent" and process.heard_s else ""
        )
        shown = typer.style(f"{process.state:<12}", fg=_COLOURS.get(process.state, "red"))
        pid = f"pid {process.pid}" if process.pid is not None else ""
        say(f"{process.name:<10} {shown} {pid:<12} {process.detail}{heard}".rstrip())
    for name, address in state.addresses.items():
        say(f"{name:<10} {address}")
    if state.config_note:
        say(state.config_note)
    raise typer.Exit(code)


def register(app: typer.Typer) -> None:
    """Add ``status``."""
    app.command()(status)

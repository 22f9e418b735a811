"""``funnelwatch sources pause|resume|accept|backfill``: what people want of a connection."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streams.cli.asking import failed, login_name, running_instance
from streams.cli.sources_common import Data, Json, Name, Who, directory_of, done, group, known, publish
from streams.clock import now, now_ms

if TYPE_CHECKING:
    from streams.sources.connection import Connection
    from streams.sources.source_log import ConnectionControl


def _wish(name: str, data: Path | None, change: Callable[[ConnectionControl, Connection], Any]) -> Any:
    """Change what is wanted of a connection; the new wish."""
    from streams.sources.controlling import WishRejectedError
    from streams.sources.source_log import log_key

    settings = running_instance(data)
    directory = directory_of(settings)
    connection = known(directory, name)
    try:
        control = change(directory.book.control(name), connection)
    except WishRejectedError as error:
        raise failed(str(error)) from error
    publish(settings, {log_key("control", name): control})
    return control


@group.command()
def pause(
    name: Name,
    why: Annotated[str, typer.Option("--why", help="What others should know.")] = "",
    who: Who = "",
    as_json: Json = False,
    data: Data = None,
) -> None:
    """Stop asking a platform. Its cursor stays; what it sends by webhook is still taken."""
    from streams.sources.controlling import paused

    control = _wish(name, data, lambda control, _: paused(control, why, who or login_name(), now_ms()))
    done(name, "paused", f"paused: {name}", as_json, control=control)


@group.command()
def resume(name: Name, who: Who = "", as_json: Json = False, data: Data = None) -> None:
    """Continue a connection where it was left, also after its platform denied access and that is corrected."""
    from streams.sources.controlling import resumed

    control = _wish(name, data, lambda control, _: resumed(control, who or login_name(), now_ms()))
    done(name, "resumed", f"resumed: {name}", as_json, control=control)


@group.command()
def accept(name: Name, who: Who = "", as_json: Json = False, data: Data = None) -> None:
    """Say that figures which are far from the usual are right: a new price level, currency or way to pay. From now on they are the usual."""
    from scoring.sources.health import ConnectionHealth
    from streams.sources.controlling import accepted
    from streams.sources.source_log import log_key

    settings = running_instance(data)
    health = directory_of(settings).book.get(ConnectionHealth, log_key("health", name))
    doubts = health.doubts.doubts if health is not None else ()
    control = _wish(name, data, lambda control, _: accepted(control, doubts, who or login_name(), now_ms()))
    done(name, "accepted", f"accepted: {name}", as_json, control=control)


@group.command()
def backfill(
    name: Name,
    first: Annotated[str, typer.Option("--from", help="First day, such as 2026-11-01.")] = "",
    last: Annotated[str, typer.Option("--to", help="Last day, included; default: today.")] = "",
    resource: Annotated[str, typer.Option("--resource", help="Of this resource only.")] = "",
    pause_id: Annotated[str, typer.Option("--pause", metavar="ID", help="Pause this backfill.")] = "",
    resume_id: Annotated[str, typer.Option("--resume", metavar="ID", help="Let it go on.")] = "",
    cancel_id: Annotated[
        str, typer.Option("--cancel", metavar="ID", help="Withdraw it; what it read stays.")
    ] = "",
    who: Who = "",
    as_json: Json = False,
    data: Data = None,
) -> None:
    """Read days of the past next to what is live: live first, the past takes what the budget leaves.

    The newest day is read first. `funnelwatch sources show NAME` shows days done, rows and time left. Reading a day again counts
    nothing twice.
    """
    from streams.sources.controlling import changed_backfill, day_of, with_backfill

    def change(control: ConnectionControl, connection: Connection) -> ConnectionControl:
        if pause_id or resume_id:
            return changed_backfill(control, pause_id or resume_id, is_paused=bool(pause_id))
        if cancel_id:
            return changed_backfill(control, cancel_id, is_gone=True)
        begin = day_of(first, "--from")
        end = day_of(last, "--to") if last else now().date()
        return with_backfill(control, connection, begin, end, resource, who or login_name(), now_ms())

    if not (first or pause_id or resume_id or cancel_id):
        raise typer.BadParameter("say from which day: --from 2026-11-01")
    control = _wish(name, data, change)
    wishes = ", ".join(wish.backfill_id for wish in control.backfills) or "none"
    done(name, "backfills", f"backfills of {name}: {wishes}", as_json, control=control)

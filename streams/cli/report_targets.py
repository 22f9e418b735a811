"""``funnelwatch report targets``: what evaluations are held against: listed, set from a file or one by one, taken back."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from scoring.alerts.actions import HumanActionKind
from streams.cli.asking import DataOption, configuration, failed, login_name, running_instance
from streams.cli.report_check import asked_of_tables
from streams.cli.terminal import say, say_json
from streams.clock import now_ms
from streams.errors import FunnelwatchError
from streams.printable import counted

if TYPE_CHECKING:
    from scoring.alerts.actions import SetTarget
    from streams.config.model import Config
    from streams.evaluation.set_targets import TargetSet
    from streams.settings import Settings

#: problems that are shown
_SHOWN = 20


def targets(
    file: Annotated[
        Path | None,
        typer.Argument(
            help="CSV or XLSX with the columns of and value, and store and set_by if needed.",
            show_default=False,
        ),
    ] = None,
    given: Annotated[
        str, typer.Option("--set", metavar="OF=VALUE", help="Set one, such as logistics.time_to_ship=20.")
    ] = "",
    store: Annotated[
        str, typer.Option("--store", help="Of --set: the store, or a pattern such as us-*.")
    ] = "",
    undo: Annotated[
        str, typer.Option("--undo", metavar="SET", help="Take a set of targets back whole.")
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be set.")] = False,
    who: Annotated[str, typer.Option("--who", help="Your name, as others will see it.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print the sets as JSON.")] = False,
    data: DataOption = None,
) -> None:
    """List the targets that were set; set those of FILE, or one with --set; take a set back with --undo.

    A file is set whole or not at all: each line that cannot be taken is named with its reason.

    Example: `funnelwatch report targets targets.csv --dry-run`
    """
    if sum(map(bool, (file, given, undo))) > 1:
        raise failed("give one of FILE, --set and --undo")
    settings = running_instance(data)
    config, name = configuration(settings), who or login_name()
    try:
        if undo:
            _undo(settings, undo, name)
        elif file or given:
            _set(settings, config, file, _one(given, store), name, dry_run)
        else:
            _list(settings, as_json)
    except FunnelwatchError as error:
        raise failed(str(error)) from error


def _one(given: str, store: str) -> dict[str, str]:
    of, _, value = given.partition("=")
    return {"of": of.strip(), "value": value.strip(), "store": store, "set_by": ""}


def _set(
    settings: Settings, config: Config, file: Path | None, one: dict[str, str], who: str, is_dry: bool
) -> None:
    from streams.evaluation.target_upload import read_target, read_targets
    from streams.incidents.action_log import publish_action, target_action

    stores = [each.id for each in config.stores]
    if file is not None:
        try:
            read = read_targets(file.read_bytes(), stores)
        except OSError as error:
            raise failed(f"{file}: {error.strerror or error}") from error
        for line, why in read.problems[:_SHOWN]:
            say(f"{file}:{line}: {why}")
        if read.problems:
            raise failed(f"{counted(len(read.problems), 'line')} cannot be taken; nothing was set")
        found = read.targets
    else:
        taken = read_target(one, stores)
        if isinstance(taken, str):
            raise failed(taken)
        found = (taken,)
    _say(found)
    if is_dry:
        say(f"{counted(len(found), 'target')} would be set; nothing was set")
        return
    action = target_action(
        HumanActionKind.SET_TARGETS,
        now_ms(),
        who,
        "command",
        about="",
        name=file.name if file else "",
        targets=found,
    )
    asyncio.run(publish_action(settings, action))
    say(f"{counted(len(found), 'target')} set; take them back with --undo '{action.about}'")


def _undo(settings: Settings, asked: str, who: str) -> None:
    from streams.evaluation.set_targets import read_target_sets, set_to_undo
    from streams.incidents.action_log import publish_action, target_action

    found = set_to_undo(asked_of_tables(settings, read_target_sets), asked)
    action = target_action(
        HumanActionKind.UNDO_TARGETS, now_ms(), who, "command", about=found.id, name=found.name
    )
    asyncio.run(publish_action(settings, action))
    say(f"{counted(len(found.targets), 'target')} taken back")


def _list(settings: Settings, as_json: bool) -> None:
    from streams.evaluation.set_targets import read_target_sets

    sets: list[TargetSet] = asked_of_tables(settings, read_target_sets)
    if as_json:
        say_json(msgspec.json.encode(sets).decode())
        return
    if not sets:
        say("no targets were set by file or on the page; those of `targets` in funnelwatch.yaml hold")
    for one in sets:
        state = f", taken back by {one.undone_by}" if one.undone_ms else ""
        say(f"{one.id}  {one.who}, {one.name or 'by hand'}{state}")
        _say(one.targets)


def _say(found: tuple[SetTarget, ...]) -> None:
    for one in found:
        say(
            f"  {one.of} = {one.value:g}"
            + (f"  {one.store}" if one.store else "")
            + (f"  {one.set_by}" if one.set_by else "")
        )

"""``funnelwatch report advice``: the advice that a store was given, and what people did about it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from scoring.alerts.actions import HumanActionKind
from streams.cli.asking import (
    DataOption,
    configuration,
    configured_store,
    failed,
    login_name,
    running_instance,
)
from streams.cli.report_check import asked_of_tables
from streams.cli.terminal import say, say_json
from streams.clock import now_ms
from streams.errors import FunnelwatchError

if TYPE_CHECKING:
    from streams.evaluation.advice_lines import AdviceLine
    from streams.settings import Settings


def advice(
    store: Annotated[str, typer.Argument(help="Id of a store.", show_default=False)],
    key: Annotated[
        str,
        typer.Argument(
            metavar="[ADVICE]", help="Key of a piece of advice, as the list shows it.", show_default=False
        ),
    ] = "",
    accept: Annotated[bool, typer.Option("--accept", help="Accept it.")] = False,
    decline: Annotated[
        str, typer.Option("--decline", metavar="WHY", help="Decline it, and say why.", show_default=False)
    ] = "",
    done: Annotated[bool, typer.Option("--done", help="Say that it is done.")] = False,
    who: Annotated[str, typer.Option("--who", help="Your name, as others will see it.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print the list as JSON.")] = False,
    data: DataOption = None,
) -> None:
    """List the advice that a store was given with what became of it; accept or decline a piece of it, or say that it is done.

    Example: `funnelwatch report advice us-own "advice|us-own|walk_checkout|2026-10-01/2026-10-31|step:order_to_payment" --done`
    """
    from streams.evaluation.knowing import known_store
    from streams.evaluation.page import stored_view

    given = {HumanActionKind.ACCEPT: accept, HumanActionKind.DECLINE: decline, HumanActionKind.DONE: done}
    chosen = [kind for kind, is_given in given.items() if is_given]
    if bool(key) != (len(chosen) == 1):
        raise failed(
            "give the key of a piece of advice and one of --accept, --decline and --done; without a key, neither"
        )
    settings = running_instance(data)
    config = configuration(settings)
    named = configured_store(config, store)
    try:
        known = asked_of_tables(
            settings,
            lambda database: known_store(database, config, named, None, now_ms(), has_attribution=False),
        )
        seen = stored_view(known, "en").seen if known is not None else None
        lines = [*seen.actions, *seen.earlier] if seen is not None else []
        if chosen:
            _act(settings, lines, chosen[0], key, who or login_name(), decline)
            return
    except FunnelwatchError as error:
        raise failed(str(error)) from error
    if as_json:
        say_json(msgspec.json.encode(lines).decode())
        return
    _say(lines)


def _act(
    settings: Settings, lines: list[AdviceLine], kind: HumanActionKind, key: str, who: str, text: str
) -> None:
    """Record what somebody does about a piece of advice. Ends the command if there is none of that key."""
    from streams.incidents.action_log import advice_action, publish_action

    line = next((one for one in lines if one.key == key), None)
    if line is None:
        raise failed(f"no such advice: {key}; the list without a key shows all")
    action = advice_action(kind, now_ms(), who, "command", about=key, check_ms=line.check_ms, text=text)
    asyncio.run(publish_action(settings, action))
    say(f"{kind.value}: {line.text}")


def _say(lines: list[AdviceLine]) -> None:
    if not lines:
        say("no advice: nothing was found in the last complete period, and nobody took any on before")
    for one in lines:
        say(one.key)
        for text in (one.text, one.check, one.record, one.life):
            if text:
                say(f"  {text}")

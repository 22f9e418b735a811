"""``funnelwatch ask``: one question to the running instance, answered as ``funnelwatch mcp`` answers an agent."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from streams.agents.offered import OFFERED
from streams.cli.asking import DataOption, failed
from streams.cli.starting import checked_settings
from streams.cli.terminal import say, say_json
from streams.errors import FunnelwatchError, InputError
from streams.instance.files import read_instance, secret
from streams.settings import Settings

_HELP = f"""Ask the running instance one question, as an agent would.

QUESTION is one of {", ".join(OFFERED)}; what it takes is given as NAME=VALUE. The numbers are those
of page and API. `status` says what an answer is: known, zero, unknown, not_yet or refused. Ends with 0 unless the question makes no sense.

Example: `funnelwatch ask evaluation store=us-own period=month --json`
"""
#: where `up` keeps the page's token that it made
KEPT_PAGE = "page_token"
PageOption = Annotated[
    str,
    typer.Option(
        "--page", help="Address of the page to ask. Default: that of the instance.", show_default=False
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="ask", help=_HELP)(ask)


def page_address(data: Path | None, page: str) -> tuple[Settings, str]:
    """The settings and the address of the page to ask; where there is none, says so and ends the command."""
    settings = checked_settings(data=data)
    instance = read_instance(settings.data)
    address = page or (instance.page_url if instance else "") or settings.public_url
    if not address:
        raise failed(
            f"no running page is known in {settings.data}; start one with `funnelwatch up --data {settings.data}`, "
            "or name one with --page http://127.0.0.1:8711"
        )
    return settings, address


def token_of_page(settings: Settings) -> str:
    """The page's token: as it is set, else as the instance made it; empty on loopback."""
    kept = (settings.data / "secrets" / KEPT_PAGE).exists()
    return settings.page_token.get_secret_value() or (secret(settings.data, KEPT_PAGE) if kept else "")


def ask(
    question: Annotated[str, typer.Argument(help="The question.", show_default=False)],
    given: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME=VALUE]...", help="What the question takes.", show_default=False),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")] = False,
    page: PageOption = "",
    data: DataOption = None,
) -> None:
    """Ask and print."""
    if question not in OFFERED:
        raise failed(f"unknown question {question!r}; expected one of: {', '.join(OFFERED)}")
    asked = {}
    for one in given or []:
        name, equals, value = one.partition("=")
        if not equals:
            raise failed(f"{one!r} is not of the form NAME=VALUE")
        asked[name] = value
    settings, address = page_address(data, page)
    try:
        answer = asyncio.run(_answer(settings, address, question, asked))
    except FunnelwatchError as error:
        raise failed(f"{question}: {error}") from error
    if as_json:
        say_json(json.dumps(answer, ensure_ascii=False))
    else:
        for line in _lines(answer):
            say(line)


async def _answer(settings: Settings, address: str, question: str, asked: dict[str, str]) -> dict[str, Any]:
    from pydantic import ValidationError, validate_call

    from streams.agents.api import ReadApi
    from streams.agents.questions import Questions, answered

    api = ReadApi(address, token_of_page(settings))
    method = getattr(Questions(api), question)
    kinds = get_type_hints(method)
    given = {
        name: int(value) if value.isdecimal() and kinds.get(name) is not str else value
        for name, value in asked.items()
    }
    try:
        return await answered(validate_call(method), **given)
    except ValidationError as error:
        raise InputError(
            "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        ) from error
    finally:
        await api.close()


def _lines(value: Any, indent: str = "") -> Iterator[str]:
    """An answer for people: one line a value, what belongs together indented."""
    pairs = value.items() if isinstance(value, dict) else [("-", one) for one in value]
    for name, one in pairs:
        mark = name if name == "-" else f"{name}:"
        if isinstance(one, dict) and set(one) <= {"status", "why", "value"} and "status" in one:
            said = one["why"] if "why" in one else one.get("value", "")
            yield f"{indent}{mark} {said} ({one['status']})"
        elif isinstance(one, dict | list) and one:
            yield f"{indent}{mark}"
            yield from _lines(one, indent + "  ")
        else:
            yield f"{indent}{mark} {one if one not in ([], {}) else '(none)'}"

"""``funnelwatch doctor``: what is wrong, and what to do."""

from __future__ import annotations

import asyncio
import json
from typing import Annotated

import typer

from streams.cli.starting import data_option
from streams.cli.terminal import marked, say, say_json

_MARKS = {"good": ("✓", "green"), "warning": ("!", "yellow"), "bad": ("✗", "red")}


def doctor(
    data: data_option = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")] = False,
) -> None:
    """Check this machine and the instance, and say what to do about each finding.

    Exits with 0 if nothing is bad (warnings are allowed), else with 1.
    """
    from streams.doctor.machine import examine

    findings = asyncio.run(examine(data))
    worst = any(finding.level == "bad" for finding in findings)
    if as_json:
        say_json(
            json.dumps(
                [{"level": f.level, "what": f.what, "found": f.found, "advice": f.advice} for f in findings],
                ensure_ascii=False,
                indent=2,
            )
        )
        raise typer.Exit(int(worst))
    for finding in findings:
        mark, colour = _MARKS[finding.level]
        marked(mark, colour)
        say(f" {finding.what:<15} {finding.found}")
        if finding.advice:
            say(f"{'':<18}→ {finding.advice}")
    raise typer.Exit(int(worst))


def register(app: typer.Typer) -> None:
    """Add ``doctor``."""
    app.command()(doctor)

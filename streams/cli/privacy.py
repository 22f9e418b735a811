"""``funnelwatch privacy``: what is kept of a buyer, handed over or erased."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Annotated

import typer

from streams.cli.asking import audited, failed, login_name
from streams.cli.starting import checked_settings, data_option
from streams.cli.terminal import confirm, say
from streams.instance.files import write_atomically

group = typer.Typer(
    no_args_is_help=True,
    help="Hand over or erase what is kept of a buyer. An instance with the embedded parts has to be stopped for it.",
)
_Buyer = Annotated[
    str,
    typer.Option(
        "--buyer",
        help="The buyer's id as the shop sends it, or a pseudonym behind a tilde, as `~abcdefghijklmnop`.",
    ),
]
_Store = Annotated[str, typer.Option("--store", help="The store of which this person is a buyer.")]
_Who = Annotated[str, typer.Option("--who", help="Your name, for the receipt.", show_default=False)]
_Yes = Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing.")]


@group.command()
def export(
    buyer: _Buyer,
    store: _Store,
    out: Annotated[Path | None, typer.Option("--out", help="Write to this file; default: print.")] = None,
    data: data_option = None,
) -> None:
    """Write everything that is kept of a buyer as JSON: rows of tables, and records of topics."""
    from streams.privacy.erasing import export_buyer

    found = asyncio.run(export_buyer(checked_settings(data=data), store, buyer))
    text = json.dumps(found, ensure_ascii=False, indent=2, default=str)
    if out is None:
        say(text)
        return
    write_atomically(out, f"{text}\n".encode(), 0o600)
    say(f"{sum(map(len, found['kept'].values())):,} records written to {out}")


@group.command()
def erase(
    store: _Store,
    buyer: Annotated[
        list[str],
        typer.Option(
            "--buyer", help="As for `export`; several times for several buyers.", default_factory=list
        ),
    ],
    buyers: Annotated[
        Path | None,
        typer.Option("--buyers", help="A file with a buyer's id a line.", exists=True, dir_okay=False),
    ] = None,
    who: _Who = "",
    yes: _Yes = False,
    data: data_option = None,
) -> None:
    """Replace buyers' ids by new ones that lead nowhere, in tables, topics, spool, mails and logs, and destroy the keys of backups.

    Totals stay as they are. What was done is printed, and kept as a receipt in the folder `receipts` and next to the backups, so that
    `funnelwatch restore` erases them from an older backup as well. It cannot be undone; if it was interrupted, run it again.
    """
    from streams.privacy.erasing import erase_buyers

    settings = checked_settings(data=data)
    wanted = dict.fromkeys(buyer)
    if buyers is not None:
        wanted |= {line: None for line in buyers.read_text(encoding="utf-8-sig").splitlines() if line.strip()}
    if not wanted:
        raise failed("name buyers with --buyer or --buyers")
    whom = "this buyer" if len(wanted) == 1 else f"these {len(wanted):,} buyers"
    question = f"Erase {whom} of store {store}, and make all encrypted backups unreadable?"
    if not yes and not confirm(question):
        raise typer.Exit(1)
    audited(settings, f"privacy erase --store {store}: {len(wanted)}", who)
    receipt = asyncio.run(erase_buyers(settings, store, list(wanted), who or login_name(), say))
    for name, count in receipt.files.items():
        say(f"{name}: {count:,}")
    if receipt.backups:
        say(f"keys destroyed of the backups {', '.join(receipt.backups)}: make a new backup now")
    for line in receipt.stays:
        say(f"still there: {line}")
    say(f"{receipt.ids} ids erased; receipt: {settings.data / 'receipts'}/erasure-{receipt.request}.json")


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(group, name="privacy")

"""``funnelwatch import list`` and ``funnelwatch import undo ID``."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import msgspec
from rich.table import Table
from rich.text import Text

from streams.cli.asking import audited, failed, login_name
from streams.cli.terminal import confirm, console, plain, say, say_json
from streams.clock import now_ms
from streams.config.model import Config
from streams.imports.runs import ImportRun, ImportState, read_runs
from streams.imports.undoing import undo_import
from streams.printable import printable
from streams.settings import Settings


def list_imports(settings: Settings, store: str, *, as_json: bool) -> None:
    """Print all imports, the newest first."""
    runs = [one for one in asyncio.run(read_runs(settings, now_ms())) if store in ("", one.store_id)]
    if as_json:
        for run in runs:
            _say_record(run)
        return
    if not runs:
        say("no imports")
        return
    view = Table(header_style="bold")
    for name in ("id", "imported (UTC)", "store", "file", "state", "events", "orders", "report rows", "days"):
        view.add_column(name, no_wrap=name == "id", justify="right" if name in _NUMBERS else "left")
    for run in runs:
        at = datetime.fromtimestamp(run.started_ms / 1000, UTC)
        cells = (
            *(run.import_id, f"{at:%Y-%m-%d %H:%M}", run.store_id, run.file, run.state.value),
            *(f"{count:,}" for count in (run.events, run.orders, run.report_rows)),
            " – ".join(dict.fromkeys(filter(None, (run.first_day, run.last_day)))),
        )
        view.add_row(*(Text(printable(cell)) for cell in cells))
    console(wide=180).print(view)


def run_record(run: ImportRun) -> dict[str, Any]:
    """A kept import with every key that the record of a file has; None and nothing for what is not kept of it."""
    kept = {name: getattr(run, name) for name in run.__struct_fields__}
    own = {"store": run.store_id, "zone": run.zone or None, "first_day": run.first_day or None, "last_day": run.last_day or None}  # fmt: skip
    unknown = dict.fromkeys(("sure", "rows", "paid", "shipped", "cancelled", "units"))
    return {**kept, **own, **unknown, "left_out": {}, "money": {}, "questions": []}


def _say_record(run: ImportRun) -> None:
    say_json(msgspec.json.encode(run_record(run)).decode())


_NUMBERS = ("events", "orders", "report rows")


def undo_one(settings: Settings, config: Config, import_id: str, *, yes: bool, as_json: bool) -> None:
    """Undo an import after a confirmation, and print what that removed."""
    runs = asyncio.run(read_runs(settings, now_ms()))
    run = next((one for one in runs if one.import_id == import_id), None)
    if run is None:
        raise failed(f"unknown import {import_id!r}; `funnelwatch import list` shows all")
    if run.state is ImportState.UNDONE:
        if as_json:
            _say_record(run)
        else:
            say(f"{import_id} is undone already")
        return
    if not yes and not confirm(f"undo {import_id} ({plain(run.file)} into {plain(run.store_id)})?"):
        raise failed("nothing was undone")
    runs = asyncio.run(read_runs(settings, now_ms()))  # others may have undone some meanwhile
    audited(settings, f"import undo {import_id}")
    done = asyncio.run(undo_import(settings, config, runs, import_id, login_name()))
    if as_json:
        _say_record(done)
        return
    say(undone_text(done))
    say(
        "Pages, digests and stage_counts follow now, baselines at their next fit. Existing scores and alerts stay."
    )


def undone_text(run: ImportRun) -> str:
    """What undoing removed."""
    kept = f"; {run.kept_events:,} that others reported as well stay" if run.kept_events else ""
    return (
        f"{run.import_id} undone: {run.removed_events:,} events removed{kept}; "
        f"{run.removed_orders:,} orders' facts and {run.removed_report_rows:,} report rows withdrawn"
    )

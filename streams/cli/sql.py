"""``funnelwatch sql``: read the running instance's views, as a table, as JSON lines or as CSV."""

from __future__ import annotations

import itertools
import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streams.cli.asking import DataOption, running_instance
from streams.cli.csv_lines import without_formulas
from streams.cli.terminal import console, say, write_line
from streams.clickhouse.errors import ClickHouseError, ClickHouseUnreachableError, message_of
from streams.printable import printable

if TYPE_CHECKING:
    from streams.settings import Settings

#: rows that a table shows; the other forms have no limit
TABLE_ROWS = 1000
_VIEWS = (
    "events, stage_counts, scores, alerts, alert_transitions, dead_letters, store_windows, baselines, actions"
)
_HINTS = {
    60: f"The views are {_VIEWS}.",
    47: 'Try: funnelwatch sql "describe table NAME" for the columns.',
    456: "Give its value with --param NAME=VALUE.",
    164: "This user only reads. --writer uses the user that writes.",
    497: f"This user only reads the views: {_VIEWS}.",
    516: "User or password is wrong: check FUNNELWATCH_CLICKHOUSE_READER and …_READER_PASSWORD.",
    159: "The query took too long: narrow it by store_id and time.",
    241: "The query needs too much memory: narrow it by store_id and time, or add LIMIT.",
}
#: words of an error whose number says less
_HINTS_BY_WORDS = {
    "Multi-statements": "Ask one query at a time.",
    "OUTFILE": "The answer goes to standard output; to keep it, redirect that: … FORMAT Parquet > FILE",
}


def explain(error: ClickHouseError, settings: Settings) -> str:
    """What went wrong and what to do, for a person."""
    if isinstance(error, ClickHouseUnreachableError) and not error.code:
        return (
            f"ClickHouse does not answer at {settings.clickhouse_url}. "
            f"Is the instance running? Try: funnelwatch status --data {settings.data}"
        )
    message = message_of(str(error))
    hint = next((said for words, said in _HINTS_BY_WORDS.items() if words in message), "") or _HINTS.get(
        error.code, ""
    )
    return f"{message[:1500]}{'' if message.endswith('.') or not hint else '.'} {hint}".strip()


def _print_table(lines: Iterator[bytes]) -> None:
    from rich.table import Table
    from rich.text import Text

    names = next(lines, None)
    if names is None:
        return
    types = json.loads(next(lines))
    table = Table(header_style="bold", row_styles=("", "dim") if sys.stdout.isatty() else None)
    for name, kind in zip(json.loads(names), types, strict=True):
        right = bool(re.match(r"(Nullable\(|LowCardinality\()*(U?Int|Float|Decimal)", kind))
        table.add_column(Text(printable(name)), justify="right" if right else "left", overflow="fold")
    shown = 0
    for line in itertools.islice(lines, TABLE_ROWS):
        table.add_row(*(Text(printable(_cell(value), lines=True)) for value in json.loads(line)))
        shown += 1
    console(wide=400).print(table)
    more = shown == TABLE_ROWS and next(lines, None) is not None
    note = f"the first {shown} rows; --json or --csv give all" if more else f"{shown} row{'s' * (shown != 1)}"
    say(note, err=True)


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def _parameters(given: list[str]) -> dict[str, str]:
    parameters = {}
    for pair in given:
        name, equals, value = pair.partition("=")
        if not equals or not name.isidentifier():
            raise typer.BadParameter(f"{pair!r} is not of the form NAME=VALUE", param_hint="--param")
        parameters[name] = value
    return parameters


def _question(query: str | None, file: Path | None) -> str:
    if (query is None) == (file is None):
        raise typer.BadParameter("give one query, as text or with --file", param_hint="QUERY")
    if query is None and file is not None:
        try:
            query = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
        except (OSError, UnicodeError) as error:
            raise typer.BadParameter(f"{file} cannot be read: {error}", param_hint="--file") from error
    text = (query or "").strip().rstrip(";").strip()
    if not text:
        raise typer.BadParameter("the query is empty", param_hint="QUERY")
    return text


def sql(
    query: Annotated[
        str | None,
        typer.Argument(help="One query, for example: select * from alerts", show_default=False),
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--file", "-f", help="Read the query from a file; - is standard input.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object per row, written as it arrives.")
    ] = False,
    as_csv: Annotated[
        bool,
        typer.Option(
            "--csv",
            help="CSV with a header line, written as it arrives; texts that a spreadsheet would take for formulas begin with '.",
        ),
    ] = False,
    param: Annotated[
        list[str] | None,
        typer.Option("--param", "-p", help="Value of {NAME:Type} in the query, as NAME=VALUE."),
    ] = None,
    writer: Annotated[
        bool, typer.Option("--writer", help="Use the user that writes. It can change and lose data.")
    ] = False,
    data: DataOption = None,
) -> None:
    """Ask ClickHouse in SQL. Times are UTC. A FORMAT in the query is obeyed: the answer is written as it comes.

    Views, each right when read plainly: events, stage_counts, scores, alerts, alert_transitions, dead_letters,
    store_windows, baselines, stores, alert_actions, alert_responses.

    Example: funnelwatch sql "select stage, sum(count) from stage_counts group by stage" --json
    """
    from streams.clickhouse.asking import answer

    text = _question(query, file)
    parameters = _parameters(param or [])
    settings = running_instance(data)
    form = "JSONEachRow" if as_json else "CSVWithNames" if as_csv else "JSONCompactEachRowWithNamesAndTypes"
    try:
        answered = answer(settings, text, form, parameters, writer=writer)
        is_own = answered.form != form
        if as_json or as_csv or is_own:
            if is_own and (as_json or as_csv):
                option = "--json" if as_json else "--csv"
                say(f"the query has FORMAT {answered.form}, so {option} is not used", err=True)
            for line in without_formulas(answered.lines) if as_csv and not is_own else answered.lines:
                write_line(line, as_json=as_json and not is_own)
            sys.stdout.buffer.flush()
        else:
            _print_table(answered.lines)
    except BrokenPipeError:
        # whoever read us has enough, `… | head` for one
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except ClickHouseError as error:
        say(f"error: {explain(error, settings)}", err=True)
        raise typer.Exit(1) from error


def register(app: typer.Typer) -> None:
    """Add the command ``sql``."""
    app.command()(sql)

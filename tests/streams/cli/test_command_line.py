"""The command line as a whole: the version, and what ``--help`` says of each command."""

from __future__ import annotations

import importlib.metadata
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from streams.cli.lazy import load
from streams.cli.main import COMMANDS, app, main
from streams.roles import ROLES
from tests.places import ROOT

#: what takes a command's start longer than its question
HEAVY = ("aiohttp", "aiokafka", "clickhouse_connect", "faust", "matplotlib", "numpy", "pyarrow", "scipy")


def test_the_version_is_printed_without_a_command() -> None:
    result = CliRunner().invoke(app, ["--version"])
    assert (result.exit_code, result.output.strip()) == (0, importlib.metadata.version("funnelwatch"))


@pytest.mark.parametrize("name", COMMANDS)
def test_help_says_what_a_command_does(name: str) -> None:
    result = CliRunner().invoke(app, [name, "--help"])
    assert result.exit_code == 0
    assert len(result.output.splitlines()) > 8


def commands_below(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    """The command and those below it, by their words."""
    yield path, command
    for name, sub in getattr(command, "commands", {}).items():
        yield from commands_below(sub, f"{path} {name}")


def test_the_examples_of_every_help_can_be_pasted() -> None:
    found = 0
    for name in COMMANDS:
        below = dict(commands_below(load(name), name))
        for command in below.values():
            for example in re.findall(r"Examples?: `?funnelwatch (.*)", command.help or ""):
                words = shlex.split(example.split("`")[0])
                assert not example.replace("`", "").endswith((".", ",", ";")), example
                deepest = max((path for path in below if f"{example} ".startswith(f"{path} ")), key=len)
                chosen = below[deepest]
                rest = words[len(deepest.split()) :]
                chosen.make_parser(chosen.context_class(chosen)).parse_args(rest)
                found += 1
    assert found > 10


@pytest.mark.parametrize(
    ("option", "place"),
    [("--out", "file"), ("--out", "file/below"), ("--explain", "file/below"), ("--explain", "folder")],
)
def test_a_place_that_cannot_be_written_ended_in_a_traceback(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    option: str,
    place: str,
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "orders.csv").write_text(
        "order,amount,date\n1,2.50,2026-11-01 10:00\n2,3.50,2026-11-02 11:00\n"
    )
    asked = [
        "evaluate",
        str(tmp_path / "orders.csv"),
        "--zone",
        "UTC",
        "--currency",
        "USD",
        "--out",
        str(tmp_path / "out"),
    ]
    monkeypatch.setattr(sys, "argv", ["funnelwatch", *asked, option, str(tmp_path / place)])
    assert main() == 1
    assert f"cannot use {tmp_path}/f" in capsys.readouterr().err


def test_run_names_every_role() -> None:
    result = CliRunner().invoke(app, ["run", "--help"], env={"COLUMNS": "200"}).output
    assert [role for role in ROLES if role not in result] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_says_what_each_help_says(name: str) -> None:
    assert load(name).get_short_help_str(limit=1000) == COMMANDS[name]


@pytest.mark.parametrize(
    "words", [["--help"], ["status"], ["sql", "--help"], ["alerts", "list"], ["alerts", "--help"]]
)
def test_a_short_command_loads_no_heavy_library(words: list[str], tmp_path: object) -> None:
    asked = [*words, *(["--data", str(tmp_path)] if words[-1] in ("status", "list") else [])]
    program = f"import sys; sys.argv[1:] = {asked!r}\nfrom streams.cli.main import app\n"
    program += "try: app()\nexcept SystemExit: pass\nprint('loaded', *sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT)
    loaded = done.stdout.splitlines()[-1].split()
    assert loaded[0] == "loaded"
    assert set(HEAVY) & set(loaded) == set()


@pytest.mark.parametrize(
    "words",
    [
        ["alerts", "list"],
        ["alerts", "close"],
        ["sql"],
        ["status"],
    ],
)
def test_a_help_text_loaded_settings_logs_and_the_http_client(words: list[str]) -> None:
    program = f"import sys; sys.argv[1:] = {[*words, '--help']!r}\nfrom streams.cli.main import app\n"
    program += "try: app()\nexcept SystemExit: pass\nprint('loaded', *sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT)
    loaded = done.stdout.splitlines()[-1].split()
    assert loaded[0] == "loaded"
    assert {"pydantic_settings", "structlog", "urllib3"} & set(loaded) == set()


def test_completion_offers_commands_without_loading_them() -> None:
    asked = {"_FUNNELWATCH_COMPLETE": "complete_bash", "COMP_WORDS": "funnelwatch st", "COMP_CWORD": "1"}
    assert "status" in CliRunner().invoke(app, [], env=asked, prog_name="funnelwatch").output

"""The command line as a whole: the version, and what ``--help`` says of each command."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from streams.cli.lazy import load
from streams.cli.main import COMMANDS, app
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


def test_completion_offers_commands_without_loading_them() -> None:
    asked = {"_FUNNELWATCH_COMPLETE": "complete_bash", "COMP_WORDS": "funnelwatch st", "COMP_CWORD": "1"}
    assert "status" in CliRunner().invoke(app, [], env=asked, prog_name="funnelwatch").output

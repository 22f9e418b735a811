"""The command line as a whole: the version, and what ``--help`` says of each command."""

from __future__ import annotations

import importlib
import importlib.metadata

import pytest
from typer.testing import CliRunner

from streams.cli.main import COMMANDS, app
from streams.roles import ROLES


@pytest.fixture(scope="module", autouse=True)
def every_command() -> None:
    for name in COMMANDS:
        importlib.import_module(f"streams.cli.{name}").register(app)


def test_the_version_is_told_without_a_command() -> None:
    told = CliRunner().invoke(app, ["--version"])
    assert (told.exit_code, told.output.strip()) == (0, importlib.metadata.version("funnelwatch"))


@pytest.mark.parametrize("name", COMMANDS)
def test_help_says_what_a_command_does(name: str) -> None:
    told = CliRunner().invoke(app, [name.replace("_", "-"), "--help"])
    assert told.exit_code == 0
    assert len(told.output.splitlines()) > 8


def test_run_names_every_role() -> None:
    told = CliRunner().invoke(app, ["run", "--help"], env={"COLUMNS": "200"}).output
    assert [role for role in ROLES if role not in told] == []

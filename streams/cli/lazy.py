"""The command group that loads a command's module only when that command is asked for.

The list of commands, their help and their completion need names and one sentence each; what a command imports (the store's
client, the detector, pictures) takes seconds of processor time.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

#: of the folder in which each command is a module that offers ``register(app)``
_PACKAGE = "streams.cli"


def module_of(name: str) -> str:
    """The module that registers the command ``name``."""
    return f"{_PACKAGE}.{name.replace('-', '_')}"


def load(name: str) -> Any:
    """The command ``name`` with everything that it imports; what it logs is kept quiet, for it answers in sentences."""
    app = typer.Typer(rich_markup_mode="markdown")
    app.callback()(lambda: None)  # a group whatever the number of its commands
    importlib.import_module(module_of(name)).register(app)
    group: Any = typer.main.get_command(app)
    command = group.commands[name]
    _keep_quiet(command)
    return command


def _keep_quiet(command: Any) -> None:
    """Nothing is logged once ``command``, or one of its own commands, begins: its help needs no library of logs for that."""
    for own in getattr(command, "commands", {}).values():
        _keep_quiet(own)
    if not hasattr(command, "commands"):
        begin = command.invoke

        def invoke(ctx: Any) -> Any:
            from streams.logs import keep_quiet

            keep_quiet()  # `up`, `demo` and `run` write logs and say where
            return begin(ctx)

        command.invoke = invoke


def group_of(summaries: Mapping[str, str]) -> type[TyperGroup]:
    """The class of a group of the commands in ``summaries`` (name → the first sentence of its help), for ``typer.Typer(cls=…)``."""

    class LazyGroup(TyperGroup):
        def __init__(self, **made_with: Any) -> None:
            super().__init__(**made_with)
            self._are_listed = False
            for name, summary in summaries.items():
                self.commands[name] = TyperCommand(name, help=summary, rich_markup_mode=self.rich_markup_mode)

        def get_command(self, ctx: Any, cmd_name: str) -> Any:
            if self._are_listed or cmd_name not in summaries:
                return super().get_command(ctx, cmd_name)
            return load(cmd_name)

        def format_help(self, ctx: Any, formatter: Any) -> None:
            self._are_listed = True
            try:
                super().format_help(ctx, formatter)
            finally:
                self._are_listed = False

        def shell_complete(self, ctx: Any, incomplete: str) -> Any:
            self._are_listed = True
            try:
                return super().shell_complete(ctx, incomplete)
            finally:
                self._are_listed = False

    return LazyGroup

"""What commands that start or check something share: settings and configuration, or a clear end of the command."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from streams.cli.terminal import say

if TYPE_CHECKING:
    from streams.config.model import Config
    from streams.settings import Settings

data_option = Annotated[
    Path | None,
    typer.Option(
        "--data", help="Folder of the instance; default: FUNNELWATCH_DATA, else ./funnelwatch-data."
    ),
]


def fail(message: str, code: int = 1) -> NoReturn:
    """End the command with ``message`` on standard error."""
    say(message, err=True)
    raise typer.Exit(code)


def checked_settings(**overrides: object) -> Settings:
    """The settings with those ``overrides`` that are not None, or the end of the command naming every bad one."""
    # it takes longer to load than a help text to print
    from pydantic import ValidationError

    from streams.settings import load_settings, setting_errors

    try:
        return load_settings(**{name: value for name, value in overrides.items() if value is not None})
    except ValidationError as error:
        fail("\n".join(setting_errors(error)), 78)
    except OSError as error:
        fail(f"environment: cannot read a secret's file: {error}", 78)


def checked_config(settings: Settings) -> tuple[Path | None, Config]:
    """The configuration file in use and its content, or the end of the command naming every error in it."""
    # its model knows every channel, source and calendar: half a second that commands without a configuration need not spend
    from streams.config.loading import find_config, load_config
    from streams.schema import ConfigError

    path = find_config(settings.data, settings.config)
    try:
        return path, load_config(path)
    except ConfigError as error:
        fail(str(error), 78)

"""What commands that ask a running instance share: the option that names it, its settings and configuration, how a command fails."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streams.cli.starting import checked_settings
from streams.cli.terminal import say

if TYPE_CHECKING:
    from streams.config.model import Config, StoreConfig
    from streams.settings import Settings
#: of every command that asks a running instance
DataOption = Annotated[
    Path | None, typer.Option("--data", help="Folder of the running instance.", show_default=False)
]


def failed(text: str) -> typer.Exit:
    """Print what went wrong; raise what is given back to end the command with 1."""
    say(f"error: {text}", err=True)
    return typer.Exit(1)


def login_name() -> str:
    """The name of whoever runs the command, as the machine knows it; empty where it knows none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""


def audited(settings: Settings, what: str, who: str = "") -> None:
    """Note in the audit log what a command is about to change; it is not changed if that cannot be noted."""
    from streams.instance.audit import record

    record(settings.data, who or login_name(), what.strip(), "command")


def running_instance(data: Path | None) -> Settings:
    """The settings of the running instance; where there is none, says so and ends the command."""
    from streams.instance.files import NoInstanceError, connect_settings

    try:
        return connect_settings(checked_settings(data=data))
    except NoInstanceError as error:
        raise failed(str(error)) from error


def configuration(settings: Settings) -> Config:
    """The configuration in use; where it has errors, says so and ends the command."""
    from streams.config.loading import find_config, load_config
    from streams.schema import ConfigError

    try:
        return load_config(find_config(settings.data, settings.config))
    except ConfigError as error:
        raise failed(str(error)) from error


def configured_store(config: Config, store: str) -> StoreConfig:
    """The store of this id; where none is configured, says which are and ends the command."""
    named = config.store(store)
    if named is None:
        known = ", ".join(one.id for one in config.stores) or "(none is configured; add `stores:`)"
        raise failed(f"unknown store {store!r}; expected one of: {known}")
    return named

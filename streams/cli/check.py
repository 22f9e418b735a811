"""``funnelwatch check``: check the configuration"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import ValidationError

from streams.cli.starting import data_option, fail
from streams.cli.terminal import console, say
from streams.printable import counted
from streams.settings import LOOPBACK_HOSTS, Settings

if TYPE_CHECKING:
    from streams.config.model import Config


def check(
    file: Annotated[
        Path | None,
        typer.Argument(help="Configuration file, the same as --config.", show_default=False),
    ] = None,
    data: data_option = None,
    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            help="Configuration file; default: funnelwatch.yaml in --data, then in the current folder.",
        ),
    ] = None,
    no_secrets: Annotated[
        bool, typer.Option("--no-secrets", help="Do not check that the secrets referred to exist.")
    ] = False,
    backtest: Annotated[
        int | None,
        typer.Option(
            help="Also run the instance's last N days through the configuration's thresholds.",
            min=2,
        ),
    ] = None,
    budget: Annotated[
        float,
        typer.Option(help="With --backtest: the maximum acceptable number of alerts per store-week.", min=0),
    ] = 0.5,
) -> None:
    """Check the configuration and report every error with file, line and what was expected.

    Checks funnelwatch.yaml, the secrets it refers to and the FUNNELWATCH_ environment variables. Exits with 0 if
    everything is valid, otherwise with 1. With --backtest it also fails if the configuration would have fired more
    often than the budget.
    """
    from streams.config.loading import find_config, read_config
    from streams.instance.state import instance_state
    from streams.settings import unknown_variables

    config = _named_file(file, config)
    settings, problems = _settings(data, config)
    path = find_config(settings.data, settings.config)
    named = path.read_text("utf-8", "replace") if path is not None and path.is_file() else ""
    problems += unknown_variables(named)
    summary = "no funnelwatch.yaml: defaults apply, and no store is configured"
    if path is not None:
        content, found = read_config(path, with_secrets=not no_secrets, with_idle=True)
        problems += found
        problems += _file_problems(content)
        problems += _useless_access(settings, content)
        counts = counted(len(content.stores), "store"), counted(len(content.alerting.receivers), "receiver")
        summary = f"{path}: {', '.join(counts)}, no errors"
    problems += _open_page(settings)
    if problems:
        fail("\n".join([*problems, counted(len(problems), "error")]))
    say(summary)
    if note := instance_state(settings.data).config_note:
        say(f"the running instance: {note}")
    if backtest is not None:
        _hold_to_budget(data, config, backtest, budget)


def _named_file(file: Path | None, config: Path | None) -> Path | None:
    """The configuration file that the command names, in either way."""
    if file is None:
        return config
    if config not in (None, file):
        fail(f"two configuration files: {file} and --config {config}; give one", 2)
    if not file.is_file():
        fail(f"{file} is not a file; give a funnelwatch.yaml", 2)
    return file


def _settings(data: Path | None, config: Path | None) -> tuple[Settings, list[str]]:
    """The settings of the environment, and what is wrong with them."""
    from streams.settings import load_settings, setting_errors

    overrides = {name: value for name, value in (("data", data), ("config", config)) if value is not None}
    try:
        return load_settings(**overrides), []
    except ValidationError as error:
        return Settings.model_construct(**overrides), setting_errors(error)  # type: ignore[arg-type]
    except OSError as error:
        return Settings.model_construct(), [f"environment: cannot read a secret file: {error}"]


def _open_page(settings: Settings) -> list[str]:
    """That the page would be open to a network without a token: ``run page`` does not start so."""
    token = settings.page_token.get_secret_value()
    if (
        settings.page_host in LOOPBACK_HOSTS
        or token
        or settings.oidc_issuer
        or (settings.data / "secrets" / "page_token").exists()
    ):
        return []
    return [
        f"FUNNELWATCH_PAGE_HOST: the page would listen on {settings.page_host} without a token; set FUNNELWATCH_PAGE_TOKEN "
        "(`funnelwatch up` makes one)"
    ]


def _useless_access(settings: Settings, content: Config) -> list[str]:
    """Grants without a provider, and a provider at which nobody has a grant."""
    if content.access and not settings.oidc_issuer:
        return ["access: nobody signs in at a provider; set FUNNELWATCH_OIDC_ISSUER, or take the grants out"]
    if settings.oidc_issuer and not content.access:
        return [
            "FUNNELWATCH_OIDC_ISSUER: nobody who signs in there may do anything; say who may do what in `access`"
        ]
    return []


def _file_problems(content: Config) -> list[str]:
    """What is wrong with the files that the configuration names: exchange rates, targets."""
    from streams.config.targets import target_problems

    rates = content.alerting.exchange_rates
    return [*(_rate_problems(Path(rates)) if rates else ()), *target_problems(content)]


def _rate_problems(path: Path) -> list[str]:
    """What is wrong with the file of exchange rates."""
    from streams.incidents.rates import read_rates
    from streams.schema import ConfigError

    try:
        read_rates(path)
    except ConfigError as error:
        return [str(error)]
    return []


def _hold_to_budget(data: Path | None, config: Path | None, days: int, budget: float) -> None:
    """End the command if the instance's own history would have fired more often than ``budget``."""
    from streams.backtest.errors import FileUnreadableError
    from streams.cli.backtest import backtest_own
    from streams.cli.backtest_report import sentence
    from streams.schema import ConfigError

    try:
        outcome, weeks = backtest_own(data, days, config, console(err=True))
    except (FileUnreadableError, ConfigError) as error:
        fail(f"cannot run the backtest: {error}")
    say(sentence(outcome, weeks))
    per_week = len(outcome.alerts) / max(weeks, 1e-9)
    if per_week > budget:
        fail(f"over budget: {per_week:.3f} alerts per store-week; budget {budget:g}")
    say(f"within budget: {per_week:.3f} alerts per store-week in {weeks:.1f} store-weeks; budget {budget:g}")


def register(app: typer.Typer) -> None:
    """Add ``check``."""
    app.command()(check)

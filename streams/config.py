"""The business's configuration as code: ``funnelwatch.yaml``.

Stores with their zones, currencies and keys, the segments, the thresholds, and who is told. Secrets stand in it only
by reference: ``env:NAME`` or ``file:PATH``.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import AfterValidator, Field, ValidationError, model_validator

from scoring.events.event import Platform
from scoring.events.incoming import CURRENCIES
from streams.business_config import WarehouseConfig
from streams.calendar_config import CalendarConfig
from streams.config_errors import (
    Problem,
    hidden_problems,
    repeated_keys,
    secret_problems,
    syntax_problem,
    validation_problems,
)
from streams.config_values import Part, Zone
from streams.digests.subscribers import SubscriberConfig
from streams.notifier.rules import AlertingConfig

FILE_NAME = "funnelwatch.yaml"


class ConfigError(Exception):
    """The configuration cannot be used; its text names each error with file and line. The command line prints it."""


StoreId = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]


def _known_currency(code: str) -> str:
    if code not in CURRENCIES:
        raise ValueError(f"{code!r} is no ISO 4217 code; the collector takes codes such as USD or CNY")
    return code


class StoreConfig(Part):
    """One store."""

    id: StoreId
    name: str = ""
    platform: Platform = Platform.OTHER
    zone: Zone = "UTC"
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$"), AfterValidator(_known_currency)] = "USD"
    country: Annotated[str, Field(pattern=r"^([A-Z]{2})?$")] = ""
    category: str = ""
    warehouse: WarehouseConfig | None = None
    keys: tuple[str, ...] = Field((), description="Write keys by reference: env:NAME or file:PATH.")
    pixel_keys: tuple[str, ...] = Field(
        (), description="Keys that stand in web pages, by reference: they open the pixel's door only."
    )


class SegmentsConfig(Part):
    """How a store's traffic is split in the stream."""

    dimensions: tuple[
        Literal["device_class", "channel", "country", "payment_method", "platform", "campaign", "category"],
        ...,
    ] = ("device_class", "channel")
    most: int = Field(32, ge=1, le=64)


class PoolsConfig(Part):
    """Stores judged together, for drops that no single small store can show."""

    dimensions: tuple[Literal["platform", "payment_method", "country"], ...] = Field(
        ("platform", "payment_method", "country"),
        description="What the stores of a pool share; empty: no pools. Payment methods need that segment dimension.",
    )
    least_stores: int = Field(3, ge=2, description="Fewer stores make no pool.")


class ThresholdsConfig(Part):
    """Surprise (−log10 tail probability) from which an alert of each level opens."""

    notice: float = Field(6.0, gt=0)
    page: float = Field(7.0, gt=0)

    @model_validator(mode="after")
    def _in_order(self) -> ThresholdsConfig:
        if self.page < self.notice:
            raise ValueError("page must not be below notice")
        return self


class Config(Part):
    """Everything a business configures."""

    stores: tuple[StoreConfig, ...] = ()
    segments: SegmentsConfig = SegmentsConfig()
    thresholds: ThresholdsConfig = ThresholdsConfig()
    calendar: CalendarConfig = CalendarConfig()
    pools: PoolsConfig = PoolsConfig()
    alerting: AlertingConfig = AlertingConfig()
    digests: tuple[SubscriberConfig, ...] = ()

    @model_validator(mode="after")
    def _subscribers_are_unique(self) -> Config:
        names = [subscriber.name for subscriber in self.digests]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"digest subscriber {twice[0]!r} is given twice")
        return self

    @model_validator(mode="after")
    def _store_ids_are_unique(self) -> Config:
        seen: set[str] = set()
        for store in self.stores:
            if store.id in seen:
                raise ValueError(f"store id {store.id!r} is given twice")
            seen.add(store.id)
        return self

    def store(self, store_id: str) -> StoreConfig | None:
        """The store of that id, None if it is not configured."""
        return next((store for store in self.stores if store.id == store_id), None)


def resolve_secret(reference: str) -> str:
    """The secret behind ``env:NAME`` or ``file:PATH``.

    Raises:
        ConfigError: the reference has another form, or nothing is there.
    """
    kind, _, rest = reference.partition(":")
    if kind == "env":
        value = os.environ.get(rest)
        if value is None:
            raise ConfigError(f"environment variable {rest} is not set (needed by the configuration)")
        if not value.strip():
            raise ConfigError(f"environment variable {rest} is empty (needed by the configuration)")
        return value
    if kind == "file":
        try:
            value = Path(rest).expanduser().read_text().strip()
        except OSError as error:
            raise ConfigError(f"secret file {rest} cannot be read: {error.strerror}") from error
        if not value:
            raise ConfigError(f"secret file {rest} is empty")
        return value
    raise ConfigError(f"a secret is written env:NAME or file:PATH, not {kind!r}:…")


def find_config(data: Path, given: Path | None) -> Path | None:
    """The configuration file in force: the one given, else in the data folder, else in the working folder."""
    if given is not None:
        return given
    for folder in (data, Path.cwd()):
        if (folder / FILE_NAME).exists():
            return folder / FILE_NAME
    return None


def load_config(path: Path | None) -> Config:
    """The configuration in ``path``; an empty one for None.

    Raises:
        ConfigError: the file cannot be read or holds errors; the text names all of them, one a line.
    """
    if path is None:
        return Config()
    config, problems = read_config(path)
    if problems:
        raise ConfigError("\n".join(problems))
    return config


def read_config(path: Path, with_secrets: bool = False) -> tuple[Config, list[str]]:
    """The configuration in ``path`` and every error in it, as ``path:line:column: what is wrong``.

    With ``with_secrets`` also references behind which no secret is. The configuration is empty if there are errors.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        return Config(), [f"{path}: cannot be read: {error.strerror}"]
    except UnicodeDecodeError as error:
        return Config(), [
            f"{path}: is not UTF-8 text: byte {error.start} is {error.object[error.start]:#04x}"
        ]
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        content: Any = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError) as error:
        wrong = syntax_problem(error) if isinstance(error, yaml.YAMLError) else Problem(1, 1, str(error))
        return Config(), [wrong.shown(path)]
    try:
        problems = repeated_keys(root)
    except RecursionError:
        return Config(), [
            Problem(1, 1, "an alias stands within its own anchor; YAML ends nowhere").shown(path)
        ]
    config = Config()
    try:
        config = Config.model_validate({} if content is None else content)
    except ValidationError as error:
        problems += validation_problems(error, root, Config)
        problems += hidden_problems(error, root, content, Config)
    if with_secrets:
        problems += secret_problems(root, resolve_secret, ConfigError)
    return config, [problem.shown(path) for problem in sorted(set(problems))]

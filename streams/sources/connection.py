"""A connection as the collector and the role see it: its settings, its stores' terms and its secrets, and where it comes from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from scoring.sources.translated import ConnectionTerms
from streams.config.model import Config
from streams.sources.config import ConnectionConfig


@dataclass(frozen=True, slots=True)
class Connection:
    """One connection.

    Attributes:
        config: its settings; of the source's own model.
        zones, currencies: of its stores.
        secret: gives the secret behind a reference; raises ConfigError or SealedUnreadableError.
        paged: stores whose pages send events; orders that no page leads to are set apart there.
        is_in_file: from funnelwatch.yaml; else it was added at run time.
    """

    config: Any
    zones: Mapping[str, str]
    currencies: Mapping[str, str]
    secret: Callable[[str], str]
    is_in_file: bool = True
    paged: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """As configured."""
        return str(self.config.name)

    @property
    def source(self) -> str:
        """The name of its source."""
        return str(self.config.source)

    @property
    def stores(self) -> tuple[str, ...]:
        """The stores it reports for; the first where a record names none."""
        stores: tuple[str, ...] = self.config.all_stores
        return stores

    @property
    def key(self) -> str:
        """The key of its raw deliveries."""
        return f"{self.source}/{self.name}"

    def terms(self, settings: Any) -> ConnectionTerms:
        """What its mapping knows of it."""
        return ConnectionTerms(
            self.name, self.source, self.stores, dict(self.zones), dict(self.currencies), settings
        )


def connection_of(
    config: Config, settings: ConnectionConfig, secret: Callable[[str], str], is_in_file: bool
) -> Connection:
    """The connection of some settings, with what the configuration says of its stores."""
    stores = {store.id: store for store in config.stores}
    known = [stores[name] for name in settings.all_stores if name in stores]
    return Connection(
        settings,
        {store.id: store.zone for store in known},
        {store.id: store.currency for store in known},
        secret,
        is_in_file,
        frozenset(store.id for store in known if store.pixel_keys and config.cleaning.set_apart_without_page),
    )

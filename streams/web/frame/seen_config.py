"""The configuration as whoever asks may see it: that of their stores, without what names others."""

from __future__ import annotations

from typing import Any, cast

from streams.clickhouse.seen import stores_seen
from streams.config.model import Config

#: people with the same stores share a copy
_MOST_COPIES = 64


class _SeenConfig:
    """Stands for a ``Config``: each attribute is asked of the copy of whoever asks."""

    def __init__(self, config: Config) -> None:
        self._whole = config
        self._copies: dict[frozenset[str], Config] = {}

    def _now(self) -> Config:
        stores = stores_seen()
        if stores is None:
            return self._whole
        if stores not in self._copies:
            if len(self._copies) >= _MOST_COPIES:
                self._copies.clear()
            self._copies[stores] = self._whole.limited_to(stores)
        return self._copies[stores]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._now(), name)

    def __reduce__(self) -> tuple[Any, ...]:
        """Another process gets the plain copy of whoever asks."""
        return _itself, (self._now(),)


def _itself(config: Config) -> Config:
    return config


def seen_config(config: Config) -> Config:
    """What subjects of the page are given instead of ``config``. Outside of a request it is the whole."""
    return cast(Config, _SeenConfig(config))

"""Which stores the overview shows: by words of their name, platform, country, owner and state."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from aiohttp import web

from streams.config.evaluating import GroupConfig
from streams.config.model import Config, StoreConfig
from streams.web.frame.arguments import one_of
from streams.web.frame.queries import store_or_bare
from streams.web.grid.answers import StoreTile

UNJUDGED = ("not_enough_data", "no_baseline", "missing_stage", "no_data", "data_late")
#: what people ask for, and the states of tiles that it means
STATES: Mapping[str, tuple[str, ...]] = {
    "off": ("firing", "breach"),
    "normal": ("normal",),
    "unjudged": UNJUDGED,
}
MAX_QUERY = 100
PIN_COOKIE = "funnelwatch_pins"
MOST_PINS = 50


@dataclass(frozen=True, slots=True)
class StoreSelection:
    """What was asked for; an empty field does not narrow."""

    q: str = ""
    platform: str = ""
    country: str = ""
    owner: str = ""
    state: str = ""
    group: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> StoreSelection:
        """What a request asks for."""
        return cls(
            q=query.get("q", "")[:MAX_QUERY].strip(),
            platform=query.get("platform", ""),
            country=query.get("country", ""),
            owner=query.get("owner", ""),
            state=one_of(query, "state", ("", *STATES), ""),
            group=query.get("group", ""),
        )

    @property
    def is_narrow(self) -> bool:
        """Whether it leaves any store out."""
        return any((self.q, self.platform, self.country, self.owner, self.state, self.group))

    def takes(self, tile: StoreTile, store: StoreConfig, groups: Sequence[GroupConfig] = ()) -> bool:
        """Whether a store is shown."""
        if self.group and not any(one.name == self.group and one.holds(store) for one in groups):
            return False
        text = f"{store.name} {store.names.zh} {store.names.en} {store.id} {store.platform} {store.country} {store.owner}".casefold()
        return (
            all(word in text for word in self.q.casefold().split())
            and self.platform in ("", str(store.platform))
            and self.country in ("", store.country)
            and self.owner in ("", store.owner)
            and (not self.state or tile.state in STATES[self.state])
        )


@dataclass(frozen=True, slots=True)
class StoreChoices:
    """What can be asked for: a list of a single value is left out."""

    platforms: tuple[str, ...]
    countries: tuple[str, ...]
    owners: tuple[str, ...]
    groups: tuple[str, ...] = ()

    @classmethod
    def of(cls, stores: Iterable[StoreConfig], groups: Sequence[GroupConfig] = ()) -> StoreChoices:
        """The choices that some stores give."""
        known = list(stores)

        def each(values: Iterable[str]) -> tuple[str, ...]:
            found = sorted({value for value in values if value})
            return tuple(found) if len(found) > 1 else ()

        return cls(
            each(str(s.platform) for s in known),
            each(s.country for s in known),
            each(s.owner for s in known),
            tuple(group.name for group in groups),
        )


def selected(tiles: Iterable[StoreTile], config: Config, wanted: StoreSelection) -> tuple[StoreTile, ...]:
    """The tiles that were asked for, in their order."""
    return tuple(
        tile for tile in tiles if wanted.takes(tile, store_or_bare(config, tile.store_id), config.groups)
    )


def pinned(request: web.Request) -> tuple[str, ...]:
    """The stores that the reader keeps at the top, as the page's script noted them in this browser."""
    return tuple(unquote(request.cookies.get(PIN_COOKIE, "")).split(",")[:MOST_PINS])


def pinned_first(tiles: Iterable[StoreTile], pins: Collection[str]) -> tuple[StoreTile, ...]:
    """Stores that are off first, then those that the reader keeps at the top; else in their order."""
    return tuple(sorted(tiles, key=lambda tile: (tile.state not in STATES["off"], tile.store_id not in pins)))

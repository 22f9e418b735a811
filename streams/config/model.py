"""The business's configuration as a model: what ``funnelwatch.yaml`` may hold.

Stores with their zones, currencies and keys, the segments, the thresholds, and who is notified. Secrets are in it only
by reference: ``env:NAME`` or ``file:PATH``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, model_validator

from scoring.events.event import Platform
from scoring.wording.text import Language
from streams.config.access import GrantConfig
from streams.config.alerting import AlertingConfig
from streams.config.calendar import CalendarConfig
from streams.config.evaluating import GroupConfig, ReportConfig, TargetConfig, named_exactly, stores_of
from streams.config.store_id import StoreId
from streams.config.subscribers import SubscriberConfig
from streams.config.warehouse import WarehouseConfig
from streams.schema import ConfigPart, Currency, SecretRef, Zone
from streams.sources.config import ConnectionConfig
from streams.sources.configs import connection_type

if TYPE_CHECKING:
    AnyConnection = ConnectionConfig
else:
    AnyConnection = connection_type()


class StoreNames(ConfigPart):
    """What a store is called in one language each."""

    zh: str = Field("", description="The name for readers of Chinese; default: `name`.")
    en: str = Field("", description="The name for readers of English; default: `name`.")


class StoreConfig(ConfigPart):
    """One store."""

    id: StoreId = Field(
        description="What events, alerts and addresses call it; letters, digits, `.`, `_` and `-`."
    )
    name: str = Field("", description="What people call it, in every language; default: its id.")
    names: StoreNames = Field(
        StoreNames(),
        description="The name in one language each, for readers of that language: {zh: …, en: …}.",
    )
    platform: Platform = Field(
        Platform.OTHER, description="Where it sells; stores of one may be judged together."
    )
    zone: Zone = Field("UTC", description="The clock on which its habits are learned, such as Asia/Shanghai.")
    currency: Currency = Field("USD", description="In which its amounts are summed: an ISO 4217 code.")
    country: Annotated[str, Field(pattern=r"^([A-Z]{2})?$")] = Field(
        "", description="Whose holidays and sales days it has: two letters, such as US."
    )
    category: str = Field("", description="What it sells, in your own words; young stores borrow within one.")
    owner: Annotated[
        str, Field(max_length=64, description="Who runs the store: the overview can be narrowed to theirs.")
    ] = ""
    warehouse: WarehouseConfig | None = None
    ship_within_days: int | None = Field(
        None,
        ge=1,
        le=60,
        description="Days after payment within which the store promises to ship; the evaluation says how many orders were in time.",
    )
    answer_within_hours: Literal[1, 4, 8, 12, 24, 48] | None = Field(
        None,
        description="Hours within which a person answers a buyer; the evaluation says how many conversations were in time.",
    )
    keys: tuple[SecretRef, ...] = Field((), description="Write keys by reference: env:NAME or file:PATH.")
    pixel_keys: tuple[SecretRef, ...] = Field(
        (), description="Keys embedded in web pages, by reference: accepted by the pixel endpoint only."
    )

    def called(self, language: Language) -> str:
        """What the store is called by readers of ``language``; its id if it has no name at all."""
        mine, other = (self.names.zh, self.names.en) if language == "zh" else (self.names.en, self.names.zh)
        return mine or self.name or other or self.id


class SegmentsConfig(ConfigPart):
    """How a store's traffic is split in the stream."""

    dimensions: tuple[
        Literal["device_class", "channel", "country", "payment_method", "platform", "campaign", "category"],
        ...,
    ] = Field(("device_class", "channel"), description="What traffic is split by.")
    most: int = Field(32, ge=1, le=64, description="Most segments of a store; the rest is counted together.")


class PoolsConfig(ConfigPart):
    """Stores judged together, for drops that no single small store can show."""

    dimensions: tuple[Literal["platform", "payment_method", "country"], ...] = Field(
        ("platform", "payment_method", "country"),
        description="What the stores of a pool share; empty: no pools. Payment methods need that segment dimension.",
    )
    least_stores: int = Field(3, ge=2, description="Fewer stores make no pool.")


class ThresholdsConfig(ConfigPart):
    """Surprise (−log10 tail probability) from which an alert of each level opens."""

    notice: float = Field(6.0, gt=0, description="From where on it is a warning.")
    page: float = Field(7.0, gt=0, description="From where on it is critical.")

    @model_validator(mode="after")
    def _in_order(self) -> ThresholdsConfig:
        if self.page < self.notice:
            raise ValueError("page must not be below notice")
        return self


class CleaningConfig(ConfigPart):
    """What is left out of the counts besides what never counts (bots, repeats, test orders)."""

    set_apart_without_page: bool = Field(
        True,
        description="Keep orders that no page led to (agents, apps, point of sale, staff, subscriptions, marketplaces) out of the steps before the order, in stores with `pixel_keys`: they count from the order on.",
    )
    leave_out_brushing: bool = Field(
        False,
        description="Leave orders that several signs mark as brushing (刷单) out of counts, expectations and slow steps. Minutes that were judged already are not judged again.",
    )


class Config(ConfigPart):
    """Everything a business configures."""

    stores: tuple[StoreConfig, ...] = ()
    segments: SegmentsConfig = SegmentsConfig()
    thresholds: ThresholdsConfig = ThresholdsConfig()
    calendar: CalendarConfig = CalendarConfig()
    pools: PoolsConfig = PoolsConfig()
    cleaning: CleaningConfig = CleaningConfig()
    alerting: AlertingConfig = AlertingConfig()
    digests: tuple[SubscriberConfig, ...] = ()
    groups: tuple[GroupConfig, ...] = Field((), description="Stores that are reported on together.")
    reports: tuple[ReportConfig, ...] = Field((), description="Reports that are sent by mail.")
    targets: tuple[TargetConfig, ...] = Field((), description="What indicators and steps are to reach.")
    target_file: str = Field(
        "",
        description="A CSV file of targets with the columns of, value, and, where they differ, store and set_by; its lines come after `targets`.",
    )
    access: tuple[GrantConfig, ...] = Field(
        (), description="What people may do who sign in at your provider (`FUNNELWATCH_OIDC_ISSUER`)."
    )
    connections: tuple[AnyConnection, ...] = Field((), description="Where data comes from on its own.")

    @model_validator(mode="after")
    def _subscribers_are_unique(self) -> Config:
        names = [subscriber.name for subscriber in self.digests]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"digest subscriber {twice[0]!r} is given twice")
        return self

    @model_validator(mode="after")
    def _groups_reports_and_targets_name_what_there_is(self) -> Config:
        for what, named in (("group", self.groups), ("report", self.reports), ("grant", self.access)):
            names = [one.name for one in named]
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"{what} {twice[0]!r} is given twice")
        known, groups = {store.id for store in self.stores}, {group.name for group in self.groups}
        about = [(f"group {one.name!r}", one.stores, "") for one in self.groups]
        about += [(f"report {one.name!r}", one.stores, one.group) for one in self.reports]
        about += [(f"target of {one.of}", one.stores, one.group) for one in self.targets]
        about += [(f"grant {one.name!r}", one.stores, one.group) for one in self.access]
        for what, stores, group in about:
            missing = next((store for store in named_exactly(stores) if store not in known), None)
            if missing is not None:
                raise ValueError(f"{what}: unknown store {missing!r}")
            if group and group not in groups:
                raise ValueError(f"{what}: unknown group {group!r}")
            if group and stores:
                raise ValueError(f"{what}: give `group` or `stores`, not both")
        empty = next((one for one in self.groups if not any(map(one.holds, self.stores))), None)
        if empty is not None:
            raise ValueError(f"group {empty.name!r} holds no store; name some, or say what they match")
        return self

    @model_validator(mode="after")
    def _connections_are_unique_and_report_for_stores(self) -> Config:
        known = {store.id for store in self.stores}
        seen: set[str] = set()
        for connection in self.connections:
            if connection.name in seen:
                raise ValueError(f"connection {connection.name!r} is given twice")
            seen.add(connection.name)
            for store in connection.all_stores:
                if store not in known:
                    raise ValueError(f"connection {connection.name!r}: unknown store {store!r}")
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

    def limited_to(self, ids: frozenset[str]) -> Config:
        """The configuration of these stores: of the rest only what names no other store."""
        return self.model_copy(
            update={
                "stores": tuple(store for store in self.stores if store.id in ids),
                "groups": tuple(
                    group
                    for group in self.groups
                    if ids.issuperset(store.id for store in self.stores if group.holds(store))
                ),
                "connections": tuple(one for one in self.connections if ids.issuperset(one.all_stores)),
                "digests": (),
                "reports": (),
                "access": (),
            }
        )

    def chosen(self, patterns: tuple[str, ...], group: str) -> list[StoreConfig]:
        """The stores of a group of that name, else those of the patterns, else all."""
        return stores_of(self.stores, patterns, next((one for one in self.groups if one.name == group), None))

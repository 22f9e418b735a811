"""What the connections to marketplaces share: their shops, the clocks and money of countries, and what signs.

Like ``config.py`` it lies below ``streams/config``, which imports it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator

from streams.schema import SecretRef
from streams.sources.config import ConnectionConfig


@dataclass(frozen=True, slots=True)
class Country:
    """The clock and the money of a platform's shop in a country; its reports are in both."""

    zone: str
    currency: str


COUNTRIES: dict[str, Country] = {
    "SG": Country("Asia/Singapore", "SGD"),
    "MY": Country("Asia/Kuala_Lumpur", "MYR"),
    "TH": Country("Asia/Bangkok", "THB"),
    "TW": Country("Asia/Taipei", "TWD"),
    "ID": Country("Asia/Jakarta", "IDR"),
    "VN": Country("Asia/Ho_Chi_Minh", "VND"),
    "PH": Country("Asia/Manila", "PHP"),
    "BR": Country("America/Sao_Paulo", "BRL"),
    "MX": Country("America/Mexico_City", "MXN"),
    "CO": Country("America/Bogota", "COP"),
    "CL": Country("America/Santiago", "CLP"),
}


#: asked for only without a code, and only with a code or a refresh token
NO_CODE: tuple[str, tuple[str, ...]] = ("!code", ())
CODE_OR_TOKEN: tuple[str, tuple[str, ...]] = ("code/refresh_token", ())


class MarketConnection(ConnectionConfig):
    """An account of a marketplace: one shop, or several."""

    #: setting that names the shop, of several the first
    own_shop: ClassVar[str] = "shop_id"

    shops: dict[str, str] = Field(
        {},
        description="What the platform calls a shop (its number, country or marketplace) → the store that it is. "
        "Needed where the account has several.",
    )
    interval_s: float = Field(300.0, ge=30, description="Seconds between two polls of changed orders.")
    first_days: float = Field(
        1.0, ge=0, le=90, description="Days before now that the first poll begins with."
    )

    @model_validator(mode="after")
    def _names_each_store(self) -> Self:
        if unknown := sorted(set(self.shops.values()) - set(self.all_stores)):
            raise ValueError(
                f"connection {self.name!r}: `shops` names the store {unknown[0]!r}, which is not in `stores`"
            )
        if len(self.all_stores) > 1 and not self.shops:
            raise ValueError(
                f"connection {self.name!r}: with several stores, `shops` must say which shop is which store"
            )
        own = getattr(self, self.own_shop)
        if self.shops and own not in self.shops:
            raise ValueError(f"connection {self.name!r}: `shops` must name `{self.own_shop}` {own!r}, too")
        return self

    @property
    def stores_of_shops(self) -> dict[str, str]:
        """The store of each shop."""
        return self.shops or {getattr(self, self.own_shop): self.all_stores[0]}


class SignedMarketConnection(MarketConnection):
    """An account of a marketplace whose app signs its requests, and the platform its pushes, with one secret."""

    secret: Annotated[
        SecretRef, Field(description="Reference to the app's secret; it signs requests and pushes.")
    ] = ""
    old_secret: Annotated[
        SecretRef, Field(description="Reference to the former app secret, while it is being replaced.")
    ] = ""
    refresh_token: Annotated[
        SecretRef,
        Field(description="Reference to the refresh token that authorising gave; none for pushes alone."),
    ] = ""
    code: Annotated[
        SecretRef,
        Field(
            description="Reference to the authorisation code, or to the address that approving led to; in place of `refresh_token`. "
            "It is exchanged once."
        ),
    ] = ""

    @property
    def is_authorised(self) -> bool:
        """Whether its shop has approved the app: without, there are pushes alone."""
        return bool(self.refresh_token or self.code)

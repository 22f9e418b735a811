"""The settings of a connection to a Shopee shop."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from streams.schema import SecretRef
from streams.sources.config import AskedOf, is_on_this_machine
from streams.sources.market_config import (
    CODE_OR_TOKEN,
    COUNTRIES,
    NO_CODE,
    Country,
    SignedMarketConnection,
)

#: where the API is; shops in China mainland's centre and in Brazil have hosts of their own
HOSTS = {
    "global": "https://partner.shopeemobile.com",
    "china": "https://openplatform.shopee.cn",
    "brazil": "https://openplatform.shopee.com.br",
}


class ShopeeConnection(SignedMarketConnection):
    """A Shopee shop, through an app of the Open Platform. Pushes of other shops of the app may come to the same address."""

    needs = ("partner_id", "secret", "shop_id", "country", "callback")
    asks = (
        *("partner_id", "secret", "region", "redirect", "code", "refresh_token", "shop_id", "country", "callback"),
        "reads",
    )  # fmt: skip
    asked_of: ClassVar[AskedOf] = {"refresh_token": NO_CODE, "reads": CODE_OR_TOKEN}

    source: Literal["shopee"]
    partner_id: str = Field(
        "", pattern=r"^\d*$", description="The app's partner id (Open Platform, App List)."
    )
    secret: Annotated[
        SecretRef, Field(description="Reference to the app's partner key; it signs requests and pushes.")
    ] = ""
    push_secret: Annotated[
        SecretRef,
        Field(description="Reference to the push partner key, if pushes are signed with one of their own."),
    ] = ""
    shop_id: str = Field("", pattern=r"^\d*$", description="The shop's number; it is asked for.")
    country: Literal["", "SG", "MY", "TH", "TW", "ID", "VN", "PH", "BR", "MX", "CO", "CL"] = Field(
        "", description="The shop's country: the days and the money of its reports."
    )
    callback: str = Field(
        "", description="The address of pushes exactly as registered: it is part of what Shopee signs."
    )
    redirect: str = Field(
        "",
        description="Where approving the app leads: an address under the redirect domain that is registered at the app.",
    )
    region: Literal["global", "china", "brazil"] = Field("global", description="Which host serves the shop.")
    url: str = Field("", description="Address of the API; default: the region's.")
    reads: tuple[Literal["orders", "returns", "lost_pushes", "ads", "standing"], ...] = Field(
        ("orders", "returns", "lost_pushes", "ads", "standing"),
        description="What is asked for; leave out what the app has no permission for. `standing` is metrics, issues and penalties.",
    )
    rate: float = Field(5.0, gt=0, le=100, description="Requests a second at most.")

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if not (self.callback.startswith("https://") or is_on_this_machine(self.callback)):
            raise ValueError(f"connection {self.name!r}: `callback` must begin with https://")
        return self

    @property
    def base(self) -> str:
        """Beginning of every address."""
        return self.url.rstrip("/") or HOSTS[self.region]

    @property
    def site(self) -> Country:
        """Clock and money of its reports."""
        return COUNTRIES[self.country]


CONNECTION = ShopeeConnection

"""The settings of a connection to an advertiser of TikTok Ads."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from streams.schema import SecretRef
from streams.sources.config import AskedOf, ConnectionConfig


class TiktokAdsConnection(ConnectionConfig):
    """An advertiser of TikTok Ads and the shop that its GMV Max campaigns are for."""

    needs = ("advertiser", "token")
    asks = ("advertiser", "token", "reads", "shop_id")
    asked_of: ClassVar[AskedOf] = {"shop_id": ("reads", ("gmv_max_product", "gmv_max_live"))}

    source: Literal["tiktok_ads"]
    advertiser: str = Field(
        "", pattern=r"^\d{0,20}$", description="Number of the advertiser (TikTok Ads Manager)."
    )
    token: Annotated[
        SecretRef,
        Field(
            description="Reference to the access token that authorising an app of TikTok API for Business gave."
        ),
    ] = ""
    reads: tuple[Literal["gmv_max_product", "gmv_max_live", "auction"], ...] = Field(
        ("gmv_max_product", "gmv_max_live", "auction"),
        description="The kinds of campaigns whose figures are asked for; `auction` are those that are not GMV Max.",
    )
    shop_id: str = Field(
        "",
        pattern=r"^\d{0,20}$",
        description="Number of the shop that GMV Max is for, as GMV Max calls it (store_id).",
    )
    interval_s: float = Field(900.0, ge=300, description="Seconds between two polls of hours.")
    first_days: float = Field(
        28.0, ge=0, le=365, description="Days before now that the first poll begins with."
    )
    rate: float = Field(1.0, gt=0, le=10, description="Requests a second at most; the limit is the app's.")
    url: str = Field(
        "https://business-api.tiktok.com", pattern="^https?://", description="Address of the API."
    )

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if not self.shop_id and any(kind.startswith("gmv_max") for kind in self.reads):
            raise ValueError(f"connection {self.name!r}: GMV Max is asked for by shop: give `shop_id`")
        return self

    def address(self, path: str = "") -> str:
        """Where something is asked for."""
        return f"{self.url.rstrip('/')}/open_api/v1.3{path}"


CONNECTION = TiktokAdsConnection

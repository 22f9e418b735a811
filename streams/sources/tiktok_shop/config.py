"""The settings of a connection to a TikTok Shop account."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from streams.schema import SecretRef
from streams.sources.config import MarketConnection


class TiktokShopConnection(MarketConnection):
    """An account of TikTok Shop. A cross-border seller has a shop in each region, with one token and a cipher each."""

    needs = ("app_key", "secret", "shop_id")
    asks = ("app_key", "secret", "shop_id", "refresh_token")

    source: Literal["tiktok_shop"]
    app_key: str = Field("", description="The app's key (Partner Center, App & Service).")
    secret: Annotated[
        SecretRef, Field(description="Reference to the app's secret; it signs requests and pushes.")
    ] = ""
    old_secret: Annotated[
        SecretRef, Field(description="Reference to the former app secret, while it is being replaced.")
    ] = ""
    shop_id: str = Field("", pattern=r"^\d*$", description="The shop's number; of several the first.")
    url: str = Field("https://open-api.tiktokglobalshop.com", description="Address of the API.")
    auth_url: str = Field("https://auth.tiktok-shops.com", description="Address where tokens are renewed.")
    refresh_token: Annotated[
        SecretRef,
        Field(description="Reference to the refresh token that authorising gave; none for pushes alone."),
    ] = ""
    reads: tuple[Literal["orders", "returns", "cancellations", "analytics", "lives", "service"], ...] = Field(
        ("orders", "returns", "cancellations", "analytics", "lives", "service"),
        description="What is asked for; leave out what the app has no permission for.",
    )
    page_size: int = Field(100, ge=1, le=100, description="Rows a page.")
    rate: float = Field(
        10.0, gt=0, le=50, description="Requests a second at most; TikTok takes 50 of each shop."
    )

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.shops and self.shop_id not in self.shops:
            raise ValueError(f"connection {self.name!r}: `shops` must name `shop_id` {self.shop_id!r}, too")
        return self

    @property
    def stores_of_shops(self) -> dict[str, str]:
        """The store of each shop."""
        return self.shops or {self.shop_id: self.all_stores[0]}


CONNECTION = TiktokShopConnection

"""The settings of a connection to a TikTok Shop account."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from streams.sources.config import AskedOf
from streams.sources.market_config import CODE_OR_TOKEN, NO_CODE, SignedMarketConnection


class TiktokShopConnection(SignedMarketConnection):
    """An account of TikTok Shop. A cross-border seller has a shop in each region, with one token and a cipher each."""

    needs = ("app_key", "secret", "shop_id")
    asks = ("app_key", "secret", "seller", "service_id", "code", "refresh_token", "shop_id", "reads")
    asked_of: ClassVar[AskedOf] = {"refresh_token": NO_CODE, "reads": CODE_OR_TOKEN}

    source: Literal["tiktok_shop"]
    app_key: str = Field("", description="The app's key (Partner Center, App & Service).")
    shop_id: str = Field("", pattern=r"^\d*$", description="The shop's number; of several the first.")
    service_id: str = Field(
        "",
        pattern=r"^\d*$",
        description="The app's service id: the link by which a shop approves it is made of it.",
    )
    seller: Literal["global", "us"] = Field(
        "global", description="Where the shop is: `us` in the United States, `global` elsewhere."
    )
    url: str = Field("https://open-api.tiktokglobalshop.com", description="Address of the API.")
    auth_url: str = Field("https://auth.tiktok-shops.com", description="Address where tokens are renewed.")
    reads: tuple[Literal["orders", "returns", "cancellations", "analytics", "lives", "service"], ...] = Field(
        ("orders", "returns", "cancellations", "analytics", "lives", "service"),
        description="What is asked for; leave out what the app has no permission for.",
    )
    page_size: int = Field(100, ge=1, le=100, description="Rows a page.")
    rate: float = Field(
        10.0, gt=0, le=50, description="Requests a second at most; TikTok takes 50 of each shop."
    )


CONNECTION = TiktokShopConnection

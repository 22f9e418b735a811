"""The settings of a connection to a Lazada account."""

from __future__ import annotations

from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from streams.sources.config import AskedOf
from streams.sources.market_config import CODE_OR_TOKEN, NO_CODE, SignedMarketConnection

#: where the API of each country is
SITES = {
    "SG": "https://api.lazada.sg/rest",
    "MY": "https://api.lazada.com.my/rest",
    "TH": "https://api.lazada.co.th/rest",
    "ID": "https://api.lazada.co.id/rest",
    "VN": "https://api.lazada.vn/rest",
    "PH": "https://api.lazada.com.ph/rest",
}


class LazadaConnection(SignedMarketConnection):
    """A Lazada account. One of the cross-border kind is a shop in each of six countries, with one token."""

    needs = ("app_key", "secret", "country")
    asks = ("app_key", "secret", "redirect", "code", "refresh_token", "country", "reads", "products")
    asked_of: ClassVar[AskedOf] = {
        "refresh_token": NO_CODE, "reads": CODE_OR_TOKEN, "products": ("reads", ("reviews",)),
    }  # fmt: skip

    own_shop: ClassVar[str] = "country"

    source: Literal["lazada"]
    app_key: str = Field("", description="The app's key (Open Platform, App Console).")
    country: Literal["", "SG", "MY", "TH", "ID", "VN", "PH"] = Field(
        "", description="The shop's country; of several the first."
    )
    redirect: str = Field(
        "", description="Where approving the app leads: its callback address exactly as registered."
    )
    url: str = Field("", description="Address of the API in place of each country's own.")
    auth_url: str = Field("https://auth.lazada.com/rest", description="Address where tokens are renewed.")
    reads: tuple[Literal["orders", "returns", "ads", "standing", "reviews", "chat"], ...] = Field(
        ("orders", "returns", "ads", "standing"),
        description="What is asked for; leave out what the app has no permission for. `reviews` are the stars of `products`, `chat` is how "
        "long a person takes to answer; no text of either is kept.",
    )
    products: tuple[str, ...] = Field(
        (), max_length=200, description="Item ids whose reviews are asked for, with `reviews`."
    )
    page_size: int = Field(100, ge=1, le=100, description="Rows a page.")
    rate: float = Field(5.0, gt=0, le=100, description="Requests a second at most.")

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if unknown := sorted(set(self.shops) - set(SITES)):
            raise ValueError(
                f"connection {self.name!r}: `shops` of Lazada are countries ({', '.join(SITES)}), got {unknown[0]!r}"
            )
        if ("reviews" in self.reads) != bool(self.products) or (self.products and len(self.shops) > 1):
            raise ValueError(
                f"connection {self.name!r}: reviews are asked for by product: `reads` and `products` go together, for one country"
            )
        return self

    def base(self, country: str) -> str:
        """Beginning of every address of a country."""
        return self.url.rstrip("/") or SITES[country]


CONNECTION = LazadaConnection

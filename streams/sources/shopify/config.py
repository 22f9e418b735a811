"""The settings of a connection to a Shopify shop."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, field_validator, model_validator

from streams.schema import SecretRef
from streams.sources.config import AskedOf, ConnectionConfig

#: the version that the queries and the mapping were written for
VERSION = "2026-07"
#: parts of the names of gateways by which the buyer pays on delivery
COD = ("cash on delivery", "cash_on_delivery", "(cod)")
_NEEDS = {"client_credentials": ("client_id",), "refresh_token": ("client_id", "refresh_token")}


class ShopifyConnection(ConnectionConfig):
    """A Shopify shop, through an app that is installed in it."""

    needs = ("shop", "secret")
    asks = ("shop", "access", "client_id", "secret", "refresh_token", "token")
    asked_of: ClassVar[AskedOf] = {
        "client_id": ("access", ("client_credentials", "refresh_token")),
        "refresh_token": ("access", ("refresh_token",)),
        "token": ("access", ("token",)),
    }

    source: Literal["shopify"]
    shop: str = Field("", description="The shop's own domain, such as my-shop.myshopify.com.")
    access: Literal["client_credentials", "refresh_token", "token", "none"] = Field(
        "client_credentials",
        description="`client_credentials` for an app of your own (Dev Dashboard), `refresh_token` for a public app's expiring token, "
        "`token` for one that does not expire, `none` for webhooks alone.",
    )
    client_id: str = Field("", description="The app's client id (Dev Dashboard, Settings).")
    secret: Annotated[
        SecretRef, Field(description="Reference to the app's client secret; it signs the webhooks, too.")
    ] = ""
    old_secret: Annotated[
        SecretRef, Field(description="Reference to the former client secret, while it is being replaced.")
    ] = ""
    refresh_token: Annotated[SecretRef, Field(description="Reference to the first refresh token.")] = ""
    token: Annotated[SecretRef, Field(description="Reference to an access token that does not expire.")] = ""
    version: Annotated[str, Field(pattern=r"^\d{4}-(01|04|07|10)$", description="Of the API.")] = VERSION
    url: str = Field("", description="Address of the API; default: the shop's own.")
    buyers: bool = Field(
        True,
        description="Ask for the customer's id (kept as a pseudonym) and the country: repurchase needs it, and the scope read_customers.",
    )
    carts: bool = Field(
        False, description="Carts by webhook count as adds to cart: for shops without a pixel."
    )
    channels: dict[
        str, Literal["page", "agent", "app", "pos", "staff", "subscription", "marketplace", "other"]
    ] = Field(
        {},
        description="Where an order is made, by its source name in Shopify (an app's number, for instance); all but `page` are without a page of the shop.",
    )
    cod: tuple[str, ...] = Field(
        COD, description="Parts of the names of gateways by which the buyer pays on delivery."
    )
    interval_s: float = Field(300.0, ge=30, description="Seconds between two polls of changed orders.")
    first_days: float = Field(
        1.0, ge=0, le=60, description="Days before now that the first poll begins with."
    )
    page_size: int = Field(25, ge=1, le=250, description="Orders a page; fewer if a page costs too much.")
    rate: float = Field(2.0, gt=0, le=100, description="Requests a second at most.")

    @field_validator("shop")
    @classmethod
    def _is_own_domain(cls, shop: str) -> str:
        name = shop.strip().lower().removeprefix("https://").rstrip("/")
        if name and not (name.endswith(".myshopify.com") and name.count(".") == 2 and name.isascii()):
            raise ValueError(
                f"expected the shop's own domain such as my-shop.myshopify.com, got {shop!r}; it is in the address of the admin "
                "(admin.shopify.com/store/my-shop)"
            )
        return name

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        for field in (*_NEEDS.get(self.access, ()), *(("token",) if self.access == "token" else ())):
            if not getattr(self, field):
                raise ValueError(f"connection {self.name!r}: access by {self.access} needs `{field}`")
        if self.url and not self.url.startswith(("https://", "http://")):
            raise ValueError(f"connection {self.name!r}: `url` must begin with https:// or http://")
        return self

    @property
    def base(self) -> str:
        """Beginning of every address."""
        return self.url.rstrip("/") or f"https://{self.shop}"

    @property
    def api_url(self) -> str:
        """Where queries go."""
        return f"{self.base}/admin/api/{self.version}/graphql.json"

    @property
    def token_url(self) -> str:
        """Where tokens are asked for."""
        return f"{self.base}/admin/oauth/access_token"


CONNECTION = ShopifyConnection

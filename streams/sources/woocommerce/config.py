"""The settings of a connection to a WooCommerce shop."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from streams.schema import SecretRef
from streams.sources.config import ConnectionConfig, is_on_this_machine

#: ids of payment methods by which the buyer pays on delivery; ``cod`` is WooCommerce's own
COD = ("cod",)


class WooCommerceConnection(ConnectionConfig):
    """A WooCommerce shop."""

    made = frozenset({"secret"})
    needs = ("url", "secret")
    asks = ("url", "secret", "consumer_key", "consumer_secret")

    source: Literal["woocommerce"]
    url: str = Field("", description="Address of the shop, such as https://shop.example.")
    secret: Annotated[
        SecretRef, Field(description="Reference to the secret of the webhooks (the same for all of them).")
    ] = ""
    old_secret: Annotated[
        SecretRef, Field(description="Reference to the former secret, while it is being replaced.")
    ] = ""
    consumer_key: Annotated[
        SecretRef,
        Field(description="Reference to the REST API's consumer key (Settings, Advanced, REST API; read)."),
    ] = ""
    consumer_secret: Annotated[
        SecretRef, Field(description="Reference to the REST API's consumer secret.")
    ] = ""
    cod: tuple[str, ...] = Field(
        COD, description="Ids of payment methods by which the buyer pays on delivery."
    )
    refunds: bool = Field(
        True, description="Read the list of refunds, which says when each was; WooCommerce 9.0 or newer."
    )
    interval_s: float = Field(300.0, ge=30, description="Seconds between two polls of changed orders.")
    first_days: float = Field(
        1.0, ge=0, le=400, description="Days before now that the first poll begins with."
    )
    page_size: int = Field(100, ge=1, le=100, description="Rows a page.")
    rate: float = Field(2.0, gt=0, le=50, description="Requests a second at most.")

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if not (self.url.startswith("https://") or is_on_this_machine(self.url)):
            raise ValueError(
                f"connection {self.name!r}: `url` must begin with https://, because the key is sent with each request "
                "(http:// is for a shop on this machine)"
            )
        if bool(self.consumer_key) != bool(self.consumer_secret):
            raise ValueError(
                f"connection {self.name!r}: `consumer_key` and `consumer_secret` belong together; give both, or none for webhooks alone"
            )
        return self

    def address(self, resource: str) -> str:
        """Where a resource is asked for."""
        return f"{self.url.rstrip('/')}/wp-json/wc/v3/{resource}"


CONNECTION = WooCommerceConnection

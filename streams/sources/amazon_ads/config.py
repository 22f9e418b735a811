"""The settings of a connection to an advertising profile of Amazon."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from streams.schema import SecretRef
from streams.sources.config import AskedOf, ConnectionConfig

#: where the API of each region is
HOSTS = {
    "na": "https://advertising-api.amazon.com",
    "eu": "https://advertising-api-eu.amazon.com",
    "fe": "https://advertising-api-fe.amazon.com",
}


class AmazonAdsConnection(ConnectionConfig):
    """An advertising profile of Amazon: one advertiser in one marketplace."""

    needs = ("client_id", "secret", "refresh_token", "profile")
    asks = (
        *("client_id", "secret", "refresh_token", "region", "profile", "reads"),
        *("queue", "aws_key_id", "aws_secret"),
    )
    asked_of: ClassVar[AskedOf] = {"aws_key_id": ("queue", ()), "aws_secret": ("queue", ())}

    source: Literal["amazon_ads"]
    client_id: str = Field("", description="The app's LWA client id; it needs access to the Ads API.")
    secret: Annotated[SecretRef, Field(description="Reference to the app's LWA client secret.")] = ""
    refresh_token: Annotated[
        SecretRef,
        Field(
            description="Reference to the refresh token of whoever may see the profile (scope advertising::campaign_management)."
        ),
    ] = ""
    region: Literal["na", "eu", "fe"] = Field("na", description="Which host serves the profile.")
    profile: str = Field(
        "", pattern=r"^\d{0,20}$", description="Number of the advertising profile (GET /v2/profiles)."
    )
    reads: tuple[Literal["sponsored_products", "sponsored_brands", "sponsored_display"], ...] = Field(
        ("sponsored_products", "sponsored_brands", "sponsored_display"),
        description="The kinds of ads whose reports are asked for.",
    )
    queue: str = Field(
        "", description="Address of the SQS queue that Marketing Stream sends to; none: there are no hours."
    )
    aws_key_id: Annotated[
        SecretRef, Field(description="Reference to the id of a key that may read the queue.")
    ] = ""
    aws_secret: Annotated[SecretRef, Field(description="Reference to that key's secret.")] = ""
    url: str = Field("", description="Address of the API; default: the region's.")
    token_url: str = Field(
        "https://api.amazon.com/auth/o2/token", description="Address where tokens are asked for."
    )
    interval_s: float = Field(6 * 3600.0, ge=900, description="Seconds between two reports of each kind.")
    first_days: float = Field(
        30.0, ge=0, le=90, description="Days before now that the first poll begins with."
    )
    rate: float = Field(1.0, gt=0, le=10, description="Requests a second at most.")

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.queue and not (self.queue.startswith("http") and self.aws_key_id and self.aws_secret):
            raise ValueError(
                f"connection {self.name!r}: a `queue` is an address, and needs `aws_key_id` and `aws_secret`"
            )
        return self

    @property
    def base(self) -> str:
        """Beginning of every address."""
        return self.url.rstrip("/") or HOSTS[self.region]


CONNECTION = AmazonAdsConnection

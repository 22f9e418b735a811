"""The settings of a connection to an Amazon seller account."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from streams.schema import SecretRef, Zone
from streams.sources.config import AskedOf
from streams.sources.market_config import Country, MarketConnection

#: where the API of each region is
REGIONS = {
    "na": "https://sellingpartnerapi-na.amazon.com",
    "eu": "https://sellingpartnerapi-eu.amazon.com",
    "fe": "https://sellingpartnerapi-fe.amazon.com",
}
#: marketplace → its region, clock and money
MARKETPLACES: dict[str, tuple[str, Country]] = {
    "ATVPDKIKX0DER": ("na", Country("America/Los_Angeles", "USD")),
    "A2EUQ1WTGCTBG2": ("na", Country("America/Los_Angeles", "CAD")),
    "A1AM78C64UM0Y8": ("na", Country("America/Mexico_City", "MXN")),
    "A2Q3Y263D00KWC": ("na", Country("America/Sao_Paulo", "BRL")),
    "A1F83G8C2ARO7P": ("eu", Country("Europe/London", "GBP")),
    "A28R8C7NBKEWEA": ("eu", Country("Europe/Dublin", "EUR")),
    "A1PA6795UKMFR9": ("eu", Country("Europe/Berlin", "EUR")),
    "A13V1IB3VIYZZH": ("eu", Country("Europe/Paris", "EUR")),
    "APJ6JRA9NG5V4": ("eu", Country("Europe/Rome", "EUR")),
    "A1RKKUPIHCS9HS": ("eu", Country("Europe/Madrid", "EUR")),
    "A1805IZSGTT6HS": ("eu", Country("Europe/Amsterdam", "EUR")),
    "AMEN7PMS3EDWL": ("eu", Country("Europe/Brussels", "EUR")),
    "A2NODRKZP88ZB9": ("eu", Country("Europe/Stockholm", "SEK")),
    "A1C3SOZRARQ6R3": ("eu", Country("Europe/Warsaw", "PLN")),
    "A33AVAJ2PDY3EV": ("eu", Country("Europe/Istanbul", "TRY")),
    "A17E79C6D8DWNP": ("eu", Country("Asia/Riyadh", "SAR")),
    "A2VIGQ35RCS4UG": ("eu", Country("Asia/Dubai", "AED")),
    "ARBP9OOSHTCHU": ("eu", Country("Africa/Cairo", "EGP")),
    "AE08WJ6YKNBMC": ("eu", Country("Africa/Johannesburg", "ZAR")),
    "A21TJRUUN4KGV": ("eu", Country("Asia/Kolkata", "INR")),
    "A1VC38T7YXB528": ("fe", Country("Asia/Tokyo", "JPY")),
    "A39IBJ37TRP1C6": ("fe", Country("Australia/Sydney", "AUD")),
    "A19VAU5U5O7RUS": ("fe", Country("Asia/Singapore", "SGD")),
}

#: marketplace → what files of orders call it
SALES_CHANNELS: dict[str, str] = {
    "ATVPDKIKX0DER": "amazon.com",
    "A2EUQ1WTGCTBG2": "amazon.ca",
    "A1AM78C64UM0Y8": "amazon.com.mx",
    "A2Q3Y263D00KWC": "amazon.com.br",
    "A1F83G8C2ARO7P": "amazon.co.uk",
    "A28R8C7NBKEWEA": "amazon.ie",
    "A1PA6795UKMFR9": "amazon.de",
    "A13V1IB3VIYZZH": "amazon.fr",
    "APJ6JRA9NG5V4": "amazon.it",
    "A1RKKUPIHCS9HS": "amazon.es",
    "A1805IZSGTT6HS": "amazon.nl",
    "AMEN7PMS3EDWL": "amazon.com.be",
    "A2NODRKZP88ZB9": "amazon.se",
    "A1C3SOZRARQ6R3": "amazon.pl",
    "A33AVAJ2PDY3EV": "amazon.com.tr",
    "A17E79C6D8DWNP": "amazon.sa",
    "A2VIGQ35RCS4UG": "amazon.ae",
    "ARBP9OOSHTCHU": "amazon.eg",
    "AE08WJ6YKNBMC": "amazon.co.za",
    "A21TJRUUN4KGV": "amazon.in",
    "A1VC38T7YXB528": "amazon.co.jp",
    "A39IBJ37TRP1C6": "amazon.com.au",
    "A19VAU5U5O7RUS": "amazon.sg",
}
#: what can be asked for, and the role that the app needs for it
ROLES: dict[str, str] = {
    "orders": "Inventory and Order Tracking",
    "sales": "",
    "traffic": "Brand Analytics",
    "kiosk": "Brand Analytics",
    "health": "Selling Partner Insights",
    "feedback": "Brand Analytics",
}


class AmazonConnection(MarketConnection):
    """An Amazon seller account in one region: a shop in each of its marketplaces."""

    needs = ("client_id", "secret", "marketplace", "refresh_token")
    asks = (
        *("client_id", "secret", "marketplace", "refresh_token", "reads", "products"),
        *("queue", "aws_key_id", "aws_secret"),
    )
    asked_of: ClassVar[AskedOf] = {
        "products": ("reads", ("feedback",)),
        "aws_key_id": ("queue", ()),
        "aws_secret": ("queue", ()),
    }

    own_shop: ClassVar[str] = "marketplace"

    source: Literal["amazon"]
    client_id: str = Field("", description="The app's LWA client id (Developer Central).")
    secret: Annotated[SecretRef, Field(description="Reference to the app's LWA client secret.")] = ""
    refresh_token: Annotated[
        SecretRef, Field(description="Reference to the refresh token that authorising the app gave.")
    ] = ""
    marketplace: str = Field(
        "", description="The marketplace's id, such as ATVPDKIKX0DER; of several the first."
    )
    zone: Zone | None = Field(
        None,
        description="Zone of the days of Amazon's reports, which Amazon does not say; default: the marketplace's.",
    )
    url: str = Field("", description="Address of the API; default: the region's.")
    token_url: str = Field(
        "https://api.amazon.com/auth/o2/token", description="Address where tokens are asked for."
    )
    queue: str = Field(
        "", description="Address of the SQS queue that notifications are sent to; none: they are not read."
    )
    aws_key_id: Annotated[
        SecretRef, Field(description="Reference to the id of a key that may read the queue.")
    ] = ""
    aws_secret: Annotated[SecretRef, Field(description="Reference to that key's secret.")] = ""
    reads: tuple[Literal["orders", "sales", "traffic", "kiosk", "health", "feedback"], ...] = Field(
        ("orders", "sales", "traffic"),
        description="What is asked for; leave out what the app has no role for. `kiosk` is sales and traffic by product and day (and by "
        "day, in place of the report that `traffic` is), `health` Amazon's own measures of the account, `feedback` the topics of reviews "
        "of `products`.",
    )
    products: tuple[str, ...] = Field(
        (), max_length=100, description="ASINs whose topics of reviews are asked for, with `feedback`."
    )
    reconciled_by: Literal["report", "search"] = Field(
        "report",
        description="How closed days are counted again: by the file of all orders, or by searching them by time of creation "
        "(with one marketplace).",
    )
    interval_s: float = Field(
        900.0,
        ge=180,
        description="Seconds between two searches of changed orders; Amazon takes one in three minutes.",
    )
    rate: float = Field(0.5, gt=0, le=10, description="Requests a second at most.")

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        known = self.shops or {self.marketplace: ""}
        if unknown := sorted(set(known) - set(MARKETPLACES)):
            raise ValueError(
                f"connection {self.name!r}: unknown marketplace {unknown[0]!r}; the ids are in Amazon's list"
            )
        if self.queue and not (self.queue.startswith("http") and self.aws_key_id and self.aws_secret):
            raise ValueError(
                f"connection {self.name!r}: a `queue` is an address, and needs `aws_key_id` and `aws_secret`"
            )
        if ("feedback" in self.reads) != bool(self.products):
            raise ValueError(
                f"connection {self.name!r}: `feedback` is asked for by product: `reads` and `products` go together"
            )
        if {"traffic", "kiosk"} <= set(self.reads):
            raise ValueError(
                f"connection {self.name!r}: `traffic` and `kiosk` are the same days; leave one of them out of `reads`"
            )
        if len({MARKETPLACES[one][0] for one in known}) > 1:
            raise ValueError(
                f"connection {self.name!r}: marketplaces of several regions need a connection each"
            )
        return self

    @property
    def base(self) -> str:
        """Beginning of every address."""
        return self.url.rstrip("/") or REGIONS[MARKETPLACES[self.marketplace][0]]

    def zone_of(self, marketplace: str) -> str:
        """The zone of a marketplace's days."""
        return self.zone or MARKETPLACES[marketplace][1].zone


CONNECTION = AmazonConnection

"""The settings of a connection to the Data API of a GA4 property."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from streams.schema import SecretRef
from streams.sources.config import ConnectionConfig


class Ga4ReportsConnection(ConnectionConfig):
    """A GA4 property."""

    needs = ("property", "key")
    asks = ("property", "key")

    source: Literal["ga4_reports"]
    property: str = Field("", pattern=r"^\d{0,20}$", description="Number of the property (Admin, Property).")
    key: Annotated[
        SecretRef,
        Field(
            description="Reference to the JSON key of a service account that is a Viewer of the property; file:PATH."
        ),
    ] = ""
    interval_s: float = Field(3600.0, ge=300, description="Seconds between two polls.")
    first_days: float = Field(
        28.0, ge=0, le=400, description="Days before now that the first poll begins with."
    )
    rate: float = Field(1.0, gt=0, le=10, description="Requests a second at most.")
    url: str = Field(
        "https://analyticsdata.googleapis.com", pattern="^https?://", description="Address of the Data API."
    )
    token_url: str = Field(
        "https://oauth2.googleapis.com/token", pattern="^https?://", description="Where tokens are asked for."
    )

    def address(self) -> str:
        """Where a report is asked for."""
        return f"{self.url.rstrip('/')}/v1beta/properties/{self.property}:runReport"


CONNECTION = Ga4ReportsConnection

"""The settings of a connection to a GA4 property's export in BigQuery."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from streams.schema import SecretRef, Zone
from streams.sources.config import ConnectionConfig


class Ga4ExportConnection(ConnectionConfig):
    """The export of a GA4 property."""

    needs = ("project", "dataset", "zone", "key")
    asks = ("project", "dataset", "zone", "key")

    source: Literal["ga4_export"]
    project: str = Field(
        "", pattern=r"^[a-z0-9:.-]{0,64}$", description="The Google Cloud project that pays for queries."
    )
    data_project: str = Field(
        "",
        pattern=r"^[a-z0-9:.-]{0,64}$",
        description="The project that holds the data set, if it is another one.",
    )
    dataset: str = Field(
        "", pattern=r"^\w{0,128}$", description="The export's data set, such as analytics_213025502."
    )
    zone: Zone | None = Field(
        None, description="The property's time zone (Admin, Property): the export does not say it."
    )
    key: Annotated[
        SecretRef,
        Field(
            description="Reference to the JSON key of a service account with BigQuery Data Viewer of the data set and BigQuery Job User; file:PATH."
        ),
    ] = ""
    interval_s: float = Field(
        3600.0,
        ge=900,
        description="Seconds between two queries of today's events; finished days are read every six hours.",
    )
    first_days: float = Field(
        28.0, ge=0, le=400, description="Days before now that the first poll begins with."
    )
    max_gigabytes: int = Field(
        20,
        ge=1,
        le=10_000,
        description="Gigabytes that one query may read; a larger one is rejected and costs nothing.",
    )
    rate: float = Field(1.0, gt=0, le=10, description="Requests a second at most.")
    url: str = Field(
        "https://bigquery.googleapis.com", pattern="^https?://", description="Address of BigQuery."
    )
    token_url: str = Field(
        "https://oauth2.googleapis.com/token", pattern="^https?://", description="Where tokens are asked for."
    )

    def address(self) -> str:
        """Where a query is asked for."""
        return f"{self.url.rstrip('/')}/bigquery/v2/projects/{self.project}/queries"

    @property
    def tables(self) -> str:
        """The tables of all days."""
        return f"{self.data_project or self.project}.{self.dataset}.events_*"


CONNECTION = Ga4ExportConnection

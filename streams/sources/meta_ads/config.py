"""The settings of a connection to an ad account of Meta."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field, field_validator

from streams.schema import SecretRef
from streams.sources.config import ConnectionConfig

_ACCOUNT = re.compile(r"(act_)?\d{1,20}")
#: of the Graph API; a version is served for about a year
VERSION = "v26.0"


class MetaAdsConnection(ConnectionConfig):
    """An ad account of Meta."""

    needs = ("account", "token")
    asks = ("account", "token")

    source: Literal["meta_ads"]
    account: str = Field("", description="Number of the ad account, with or without act_.")
    token: Annotated[
        SecretRef, Field(description="Reference to a system user's token with ads_read for the account.")
    ] = ""
    app_secret: Annotated[
        SecretRef, Field(description="Reference to the app's secret, if the app asks for a proof of it.")
    ] = ""
    version: str = Field(VERSION, pattern=r"^v\d{1,3}\.\d$", description="Of the Graph API.")
    is_only_account: bool = Field(
        True,
        description="The store has no other ad account: its figures are the store's. Otherwise they name the account.",
    )
    interval_s: float = Field(
        900.0, ge=60, description="Seconds between two polls of hours and rejected ads."
    )
    first_days: float = Field(
        28.0, ge=0, le=400, description="Days before now that the first poll begins with."
    )
    rate: float = Field(1.0, gt=0, le=50, description="Requests a second at most.")
    url: str = Field(
        "https://graph.facebook.com", pattern="^https?://", description="Address of the Graph API."
    )

    @field_validator("account")
    @classmethod
    def _is_number(cls, account: str) -> str:
        if account and not _ACCOUNT.fullmatch(account.strip()):
            raise ValueError(f"expected the number of an ad account such as act_1234567890, got {account!r}")
        return account.strip().removeprefix("act_")

    def address(self, edge: str = "") -> str:
        """Where the account, or what it has, is asked for."""
        return f"{self.url.rstrip('/')}/{self.version}/act_{self.account}{edge}"


CONNECTION = MetaAdsConnection

"""The settings of a connection that asks a JSON API."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from streams.schema import ConfigPart, SecretRef
from streams.sources.config import AskedOf, ConnectionConfig, MappingConfig, Path


class AuthConfig(ConfigPart):
    """How requests are authorised."""

    asked_of: ClassVar[AskedOf] = {
        "name": ("kind", ("header", "query")),
        "user": ("kind", ("basic",)),
        "secret": ("kind", ("header", "query", "basic", "bearer")),
        "token_url": ("kind", ("client_credentials", "refresh_token")),
        "client_id": ("kind", ("client_credentials", "refresh_token")),
        "client_secret": ("kind", ("client_credentials", "refresh_token")),
        "refresh_token": ("kind", ("refresh_token",)),
    }

    kind: Literal["none", "header", "query", "basic", "bearer", "client_credentials", "refresh_token"] = (
        "none"
    )
    name: str = Field("", description="Of the header or query parameter that carries `secret`.")
    user: str = Field("", description="Of kind basic.")
    secret: Annotated[SecretRef, Field(description="Reference to the key, password or token.")] = ""
    token_url: str = Field("", description="Where tokens are asked for.")
    client_id: str = ""
    client_secret: Annotated[SecretRef, Field(description="Reference to the app's secret.")] = ""
    refresh_token: Annotated[SecretRef, Field(description="Reference to the first refresh token.")] = ""
    scope: str = ""

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        for field in _AUTH_NEEDS[self.kind]:
            if not getattr(self, field):
                raise ValueError(f"authorisation of kind {self.kind} needs `{field}`")
        return self


_AUTH_NEEDS: dict[str, tuple[str, ...]] = {
    "none": (),
    "header": ("name", "secret"),
    "query": ("name", "secret"),
    "basic": ("user", "secret"),
    "bearer": ("secret",),
    "client_credentials": ("token_url", "client_id", "client_secret"),
    "refresh_token": ("token_url", "client_id", "refresh_token"),
}


class PagingConfig(ConfigPart):
    """How the pages of one answer follow each other."""

    asked_of: ClassVar[AskedOf] = {
        "parameter": ("kind", ("page", "offset", "cursor")),
        "next": ("kind", ("cursor",)),
    }

    kind: Literal["none", "page", "offset", "cursor", "link"] = "none"
    parameter: str = Field("", description="Query parameter of the page's number, offset or cursor.")
    first: int = Field(1, ge=0, description="Number of the first page.")
    size_parameter: str = Field("", description="Query parameter of the page's size.")
    size: int = Field(100, ge=1, le=10_000, description="Rows a page.")
    next: Path | None = Field(None, description="Of kind cursor: where the answer says the next cursor.")
    more: Path | None = Field(None, description="Where the answer says whether there is more.")
    total: Path | None = Field(None, description="Where the answer says how many rows there are in all.")

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.kind in ("page", "offset", "cursor") and not self.parameter:
            raise ValueError(f"paging of kind {self.kind} needs `parameter`")
        if self.kind == "cursor" and not self.next:
            raise ValueError("paging of kind cursor needs `next`, where the answer says the next cursor")
        return self


class ResourceConfig(ConfigPart):
    """One thing that is asked for on a schedule."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")] = "orders"
    path: str = Field("", description="Added to `url`.")
    query: dict[str, str] = Field({}, description="Query parameters of every request.")
    from_parameter: str = Field("", description="Query parameter of the beginning of a window (included).")
    to_parameter: str = Field("", description="Query parameter of its end.")
    since_parameter: str = Field(
        "",
        description="Query parameter of where to go on, if the API takes the last row's mark instead of times.",
    )
    time: Literal["iso", "s", "ms", "day"] = Field("iso", description="How times are written in the query.")
    interval_s: float = Field(300.0, ge=5, description="Seconds between two polls.")
    window_days: float = Field(1.0, gt=0, le=400, description="The longest window asked for at once.")
    overlap_s: float = Field(
        900.0, ge=0, description="Seconds before the last poll's end that are asked for again."
    )
    settle_s: float = Field(0.0, ge=0, description="Seconds in which a change may still be missing.")
    first_days: float = Field(
        1.0, ge=0, le=400, description="Days before now that the first poll begins with."
    )
    restated_days: int = Field(
        0,
        ge=0,
        le=90,
        description="Days that the source still restates: they are asked for again once a day.",
    )
    rows: Path = Field("$", description="Where the rows are.")
    id: Path = Field("id", description="Where a row's id is.")
    changed: Path | None = Field(None, description="Where a row says when it was changed.")
    mark: Path | None = Field(None, description="Where a row has what `since_parameter` takes.")
    paging: PagingConfig = PagingConfig()
    version: Path | None = Field(None, description="Where the answer says its version.")
    mapping: tuple[MappingConfig, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _can_go_on(self) -> Self:
        if not (self.from_parameter or self.since_parameter):
            raise ValueError(
                f"resource {self.name!r} needs `from_parameter`, or `since_parameter` with `mark`: without them it cannot go on "
                "where it was"
            )
        if bool(self.since_parameter) != bool(self.mark):
            raise ValueError(f"resource {self.name!r}: `since_parameter` and `mark` belong together")
        return self


class SecondWayConfig(ConfigPart):
    """The figures of closed days asked for by another way, to compare them with what is stored."""

    path: str = Field("", description="Added to `url`: where the API gives a day's figures.")
    query: dict[str, str] = Field({}, description="Query parameters of the request.")
    from_parameter: str = "from"
    to_parameter: str = "to"
    time: Literal["iso", "s", "ms", "day"] = "day"
    rows: Path = "$"
    day: Path = "day"
    orders: Path | None = None
    paid: Path | None = None
    amount: Path | None = None
    currency: Path | None = None


class JsonApiConnection(ConnectionConfig):
    """An API that answers with JSON."""

    needs = ("url", "resources")
    asks = (
        "url", "auth.kind", "auth.name", "auth.user", "auth.token_url", "auth.client_id", "auth.client_secret",
        "auth.refresh_token", "auth.secret", "resources.path", "resources.from_parameter", "resources.to_parameter", "resources.time",
        "resources.rows", "resources.id", "resources.changed", "resources.paging.kind", "resources.paging.parameter",
        "resources.paging.next", "resources.mapping",
    )  # fmt: skip

    source: Literal["json_api"]
    url: str = Field("", description="Beginning of every address, such as https://shop.example/api.")
    app: str = Field(
        "", description="Connections with the same word share one budget; default: the host of `url`."
    )
    auth: AuthConfig = AuthConfig()
    headers: dict[str, str] = Field({}, description="Headers of every request; no secrets.")
    rate: float = Field(5.0, gt=0, le=1000, description="Requests a second at most.")
    app_rate: float | None = Field(None, gt=0, description="Requests a second of all connections of `app`.")
    timeout_s: float = Field(30.0, gt=0, le=300)
    left_header: str = Field("", description="Header in which the server says how many requests are left.")
    version_header: str = Field("", description="Header in which the server says the version it served.")
    version: str = Field("", description="The version that is meant; another one served is reported.")
    personal: tuple[str, ...] = Field(
        (), description="Names of fields that hold personal data, besides those that are recognised."
    )
    people: tuple[str, ...] = Field(
        (), description="Names of fields that hold ids of people; a pseudonym is kept of them."
    )
    resources: tuple[ResourceConfig, ...] = ()
    second_way: SecondWayConfig | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if not self.url.startswith(("https://", "http://")):
            raise ValueError(f"connection {self.name!r}: `url` must begin with https:// or http://")
        names = [resource.name for resource in self.resources]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"connection {self.name!r}: resource {twice[0]!r} is given twice")
        if not self.all_stores:
            raise ValueError(f"connection {self.name!r}: give `store` or `stores`")
        return self


CONNECTION = JsonApiConnection

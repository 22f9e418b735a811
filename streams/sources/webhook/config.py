"""The settings of a connection by signed webhook."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from scoring.sources.signatures import (
    DigestCode,
    HashName,
    SignatureScheme,
    SignatureSchemeError,
    check_scheme,
)
from streams.schema import ConfigPart, SecretRef
from streams.sources.config import (
    AskedOf,
    ConnectionConfig,
    MappingConfig,
    Path,
    SignatureConfig,
    TopicConfig,
)


class HandshakeConfig(ConfigPart):
    """How the address is checked before anything is delivered."""

    query: str = Field("", description="Of a GET: the value of this query parameter is the answer.")
    token_query: str = Field("", description="Of a GET: this query parameter must hold `token`.")
    token: Annotated[SecretRef, Field(description="Reference to what `token_query` must hold.")] = ""
    path: Path | None = Field(
        None, description="Of a POST: the value there is the answer, under the same name."
    )


class WebhookConnection(ConnectionConfig):
    """A system that signs what it sends."""

    made = frozenset({"secret"})
    needs = ("secret",)
    asks = ("secret", "signature.header", "signature.encoding", "signature.prefix", "format", "mapping")
    asked_of: ClassVar[AskedOf] = {"mapping": ("format", ("mapping",))}

    source: Literal["webhook"]
    secret: Annotated[SecretRef, Field(description="Reference to the secret that signs.")] = ""
    old_secret: Annotated[
        SecretRef, Field(description="Reference to the former secret, while it is being replaced.")
    ] = ""
    signature: SignatureConfig = SignatureConfig()
    url: str = Field("", description="The address that the sender knows, if it signs it.")
    topic: TopicConfig = Field(TopicConfig(), description="Where a delivery says what it is about.")
    delivery_id: TopicConfig = Field(
        TopicConfig(), description="Where a delivery says its id; default: a hash of its bytes."
    )
    handshake: HandshakeConfig = HandshakeConfig()
    personal: tuple[str, ...] = Field(
        (), description="Names of fields that hold personal data, besides those that are recognised."
    )
    people: tuple[str, ...] = Field(
        (), description="Names of fields that hold ids of people; a pseudonym is kept of them."
    )
    format: Literal["mapping", "events"] = Field(
        "mapping", description="`events`: deliveries have the form of POST /v1/events."
    )
    mapping: tuple[MappingConfig, ...] = ()

    def scheme(self) -> SignatureScheme:
        """The value of the core."""
        given = self.signature
        return SignatureScheme(
            header=given.header,
            hash_name=HashName(given.algorithm),
            code=DigestCode(given.encoding),
            prefix=given.prefix,
            signed=given.signed,
            timestamp_header=given.timestamp_header,
            tolerance_s=given.tolerance_s,
            secret_code=DigestCode(given.secret_encoding),
        )

    @model_validator(mode="after")
    def _can_verify_and_read(self) -> Self:
        try:
            check_scheme(self.scheme())
        except SignatureSchemeError as error:
            raise ValueError(f"connection {self.name!r}: {error}") from error
        if "{url}" in self.signature.signed + self.signature.prefix and not self.url:
            raise ValueError(f"connection {self.name!r}: `signed` holds {{url}}, so `url` is needed")
        if (self.format == "mapping") != bool(self.mapping):
            raise ValueError(
                f"connection {self.name!r}: give `mapping`, or `format: events` for deliveries in our own form"
            )
        return self


CONNECTION = WebhookConnection

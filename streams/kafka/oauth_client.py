"""Who asks for tokens to sign in at Kafka: of settings and of the client alike, without what it takes to ask."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class OAuthClient:
    """Who asks which token service, for what; ``ca`` as for the brokers."""

    token_url: str
    client_id: str
    client_secret: str = field(repr=False)
    scope: str = ""
    ca: Path | None = None

"""The Kafka servers of an instance, and how a client proves itself to them: the one place where clients get both.

Every consumer, producer and admin client of the project is made with ``**connection(servers)``.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from streams.kafka.oauth_client import OAuthClient
from streams.settings import Settings

if TYPE_CHECKING:
    from streams.kafka.oauth import TokenProvider


@dataclass(frozen=True, slots=True)
class KafkaServers:
    """Bootstrap addresses with what a connection to them needs. As text it is its addresses.

    Attributes:
        protocol: ``PLAINTEXT``, ``SSL``, ``SASL_PLAINTEXT`` or ``SASL_SSL``.
        mechanism: of SASL.
        ca: certificates that may sign a broker's, PEM; None: those that the system trusts.
        certificate: of this client, PEM; its key is in ``key`` or in the same file.
        checks_hostname: a broker's certificate has to name the address.
        oauth: where tokens come from, for ``OAUTHBEARER``.
    """

    addresses: str
    protocol: str = "PLAINTEXT"
    mechanism: str = "PLAIN"
    username: str = ""
    password: str = field(default="", repr=False)
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    key_password: str = field(default="", repr=False)
    checks_hostname: bool = True
    oauth: OAuthClient | None = None
    kerberos_service: str = "kafka"
    kerberos_domain: str = ""

    def __str__(self) -> str:
        return self.addresses

    @property
    def uses_tls(self) -> bool:
        """Whether connections are encrypted."""
        return self.protocol in ("SSL", "SASL_SSL")

    @property
    def uses_sasl(self) -> bool:
        """Whether a client signs in."""
        return self.protocol.startswith("SASL_")


#: a plain address stands for servers without encryption and sign-in: the embedded broker
Servers = KafkaServers | str


def servers_of(settings: Settings) -> KafkaServers:
    """The Kafka servers that the settings name."""
    oauth = None
    if settings.kafka_oauth_token_url:
        oauth = OAuthClient(
            settings.kafka_oauth_token_url,
            settings.kafka_oauth_client_id,
            settings.kafka_oauth_client_secret.get_secret_value(),
            settings.kafka_oauth_scope,
            settings.kafka_ca,
        )
    return KafkaServers(
        settings.kafka,
        settings.kafka_security_protocol,
        settings.kafka_sasl_mechanism,
        settings.kafka_username,
        settings.kafka_password.get_secret_value(),
        settings.kafka_ca,
        settings.kafka_client_certificate,
        settings.kafka_client_key,
        settings.kafka_client_key_password.get_secret_value(),
        settings.kafka_check_hostname,
        oauth,
        settings.kafka_kerberos_service,
        settings.kafka_kerberos_domain,
    )


def connection(servers: Servers) -> dict[str, Any]:
    """The arguments by which an aiokafka client reaches ``servers``.

    Raises:
        OSError: a certificate or key cannot be read.
        ssl.SSLError: it is not one.
    """
    if isinstance(servers, str):
        return {"bootstrap_servers": servers}
    arguments: dict[str, Any] = {
        "bootstrap_servers": servers.addresses,
        "security_protocol": servers.protocol,
    }
    if servers.uses_tls:
        arguments["ssl_context"] = tls_context(servers)
    if servers.uses_sasl:
        arguments["sasl_mechanism"] = servers.mechanism
        if servers.mechanism == "OAUTHBEARER":
            arguments["sasl_oauth_token_provider"] = _provider(servers.oauth)
        elif servers.mechanism == "GSSAPI":
            arguments["sasl_kerberos_service_name"] = servers.kerberos_service
            arguments["sasl_kerberos_domain_name"] = servers.kerberos_domain or None
        else:
            arguments["sasl_plain_username"] = servers.username
            arguments["sasl_plain_password"] = servers.password
    return arguments


@lru_cache(maxsize=8)
def tls_context(servers: KafkaServers) -> ssl.SSLContext:
    """What TLS connections are made with. Read once a process: renewed certificates are taken up at the next start.

    Raises:
        OSError: a file cannot be read.
        ssl.SSLError: it holds no certificate, or the key does not fit.
    """
    context = ssl.create_default_context(cafile=servers.ca)
    context.check_hostname = servers.checks_hostname
    if servers.certificate is not None:
        context.load_cert_chain(servers.certificate, servers.key, servers.key_password or None)
    return context


@lru_cache(maxsize=8)
def _provider(oauth: OAuthClient | None) -> TokenProvider:
    """One a process, so that its clients share a token."""
    from streams.kafka.oauth import TokenProvider

    if oauth is None:
        raise ValueError("OAUTHBEARER needs the address of a token service")
    return TokenProvider(oauth)

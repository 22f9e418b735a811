"""How Faust's own clients prove themselves to Kafka: the same servers as everybody's, in Faust's words."""

from __future__ import annotations

from faust.auth import Credentials, GSSAPICredentials, OAuthCredentials, SASLCredentials, SSLCredentials

from streams.kafka.servers import KafkaServers, connection


def credentials_of(servers: KafkaServers) -> Credentials | None:
    """What ``broker_credentials`` of an app has to be; None without encryption and sign-in.

    Raises:
        OSError: a certificate or key cannot be read.
    """
    arguments = connection(servers)
    context = arguments.get("ssl_context")
    if not servers.uses_sasl:
        return SSLCredentials(context) if servers.uses_tls else None
    if servers.mechanism == "OAUTHBEARER":
        return OAuthCredentials(oauth_cb=arguments["sasl_oauth_token_provider"], ssl_context=context)
    if servers.mechanism == "GSSAPI":
        return GSSAPICredentials(
            kerberos_service_name=servers.kerberos_service,
            kerberos_domain_name=servers.kerberos_domain or None,
            ssl_context=context,
            mechanism=servers.mechanism,
        )
    return SASLCredentials(
        username=servers.username,
        password=servers.password,
        ssl_context=context,
        mechanism=servers.mechanism,
    )

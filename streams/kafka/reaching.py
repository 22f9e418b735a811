"""Why a client cannot reach Kafka, found by trying step by step: aiokafka says of all of it that it cannot bootstrap."""

from __future__ import annotations

import ssl
from collections.abc import Iterator

from aiokafka.conn import create_conn
from aiokafka.errors import AuthenticationFailedError, KafkaError, SaslAuthenticationFailed

from streams.kafka.servers import KafkaServers, connection
from streams.tls import TRY_S, TlsTrouble, speaks_tls, trouble_of

_ADVICE = {
    TlsTrouble.NOT_TRUSTED: "name the authority that signed it: FUNNELWATCH_KAFKA_CA",
    TlsTrouble.OTHER_NAME: "use a name that is in the certificate in FUNNELWATCH_KAFKA",
    TlsTrouble.NOT_SPOKEN: "it is a port without encryption: another port, or FUNNELWATCH_KAFKA_SECURITY_PROTOCOL without SSL",
    TlsTrouble.WANTS_CERTIFICATE: "set FUNNELWATCH_KAFKA_CLIENT_CERTIFICATE",
    TlsTrouble.FAILED: "does it ask for FUNNELWATCH_KAFKA_CLIENT_CERTIFICATE?",
}


async def why_unreachable(servers: KafkaServers) -> tuple[str, str]:
    """What is wrong with the first address that does not let us in, and what to do about it; two empty texts if all do."""
    try:
        arguments = connection(servers)
    except (OSError, ssl.SSLError) as error:
        return _of_files(servers, error)
    del arguments["bootstrap_servers"]
    for host, port in _addresses(servers):
        try:
            made = await create_conn(
                host, port, client_id="funnelwatch-probe", request_timeout_ms=int(TRY_S * 1000), **arguments
            )
        except (KafkaError, OSError, TimeoutError) as error:
            problem, advice = await _meaning(servers, host, port, error)
            return f"{host}:{port}: {problem}", advice
        made.close()
    return "", ""


async def reason(servers: KafkaServers | str, error: Exception) -> str:
    """Why ``error`` was raised on the way to Kafka, as far as another try shows it; else what it says itself."""
    if isinstance(servers, KafkaServers):
        problem, advice = await why_unreachable(servers)
        if problem:
            return f"{problem}; {advice}"
    return f"{servers}: {error or type(error).__name__}"


def _addresses(servers: KafkaServers) -> Iterator[tuple[str, int]]:
    for address in servers.addresses.split(","):
        host, _, port = address.strip().rpartition(":")
        if port.isdecimal():
            yield host.strip("[]"), int(port)
        else:
            yield address.strip(), 9092


def _of_files(servers: KafkaServers, error: OSError) -> tuple[str, str]:
    named = ", ".join(str(path) for path in (servers.ca, servers.certificate, servers.key) if path)
    return (
        f"its certificates cannot be used ({named}): {error}",
        "they are files in PEM form: FUNNELWATCH_KAFKA_CA, _CLIENT_CERTIFICATE and _CLIENT_KEY",
    )


async def _meaning(servers: KafkaServers, host: str, port: int, error: Exception) -> tuple[str, str]:
    text = str(error) or type(error).__name__
    if isinstance(error, ssl.SSLError):
        trouble, problem = trouble_of(error)
        return problem, _ADVICE[trouble]
    if isinstance(error, AuthenticationFailedError | SaslAuthenticationFailed):
        return (
            f"the sign-in failed ({text})",
            "check FUNNELWATCH_KAFKA_USERNAME, _PASSWORD and _SASL_MECHANISM",
        )
    if "token service" in text:
        return text, "check FUNNELWATCH_KAFKA_OAUTH_TOKEN_URL, _CLIENT_ID and _CLIENT_SECRET"
    if isinstance(error, ConnectionRefusedError):
        return "the connection is refused", "is it running? check FUNNELWATCH_KAFKA"
    if not servers.uses_tls and await speaks_tls(host, port):
        return (
            "it speaks TLS, and FUNNELWATCH_KAFKA_SECURITY_PROTOCOL has none",
            "set FUNNELWATCH_KAFKA_SECURITY_PROTOCOL=SSL, or SASL_SSL if it signs clients in",
        )
    if "mechanism" in text.lower():
        return text, "set FUNNELWATCH_KAFKA_SASL_MECHANISM to one that it offers"
    if servers.uses_tls:
        if not await speaks_tls(host, port):
            return TlsTrouble.NOT_SPOKEN.value, _ADVICE[TlsTrouble.NOT_SPOKEN]
        # a broker that wants a certificate lets the handshake pass and hangs up then
        return (
            f"it hung up after the TLS connection was made ({text}), as one does that asks for a certificate or a sign-in",
            "set FUNNELWATCH_KAFKA_CLIENT_CERTIFICATE, or FUNNELWATCH_KAFKA_SECURITY_PROTOCOL=SASL_SSL",
        )
    return f"it does not answer ({text})", "check FUNNELWATCH_KAFKA and FUNNELWATCH_KAFKA_SECURITY_PROTOCOL"

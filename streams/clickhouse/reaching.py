"""Why ClickHouse cannot be reached or does not let us in, found by trying step by step."""

from __future__ import annotations

import asyncio
import ssl
from urllib.parse import urlsplit

from streams.settings import Settings
from streams.tls import TRY_S, TlsTrouble, speaks_tls, trouble_of

#: ClickHouse's codes of who is not let in: WRONG_PASSWORD, REQUIRED_PASSWORD, AUTHENTICATION_FAILED
_NOT_LET_IN = ("193", "194", "516")
_ADVICE = {
    TlsTrouble.NOT_TRUSTED: "name the authority that signed it: FUNNELWATCH_CLICKHOUSE_CA",
    TlsTrouble.OTHER_NAME: "use a name that is in it in FUNNELWATCH_CLICKHOUSE_URL, or name it in FUNNELWATCH_CLICKHOUSE_SERVER_NAME",
    TlsTrouble.NOT_SPOKEN: "it is a port without encryption: another port, or http:// in FUNNELWATCH_CLICKHOUSE_URL",
    TlsTrouble.WANTS_CERTIFICATE: "set FUNNELWATCH_CLICKHOUSE_CLIENT_CERTIFICATE",
    TlsTrouble.FAILED: "does it ask for FUNNELWATCH_CLICKHOUSE_CLIENT_CERTIFICATE?",
}


async def why_unreachable(settings: Settings, error: Exception) -> tuple[str, str]:
    """What is behind ``error`` of a client, and what to do about it."""
    text = " ".join(str(error).split())[:200] or type(error).__name__
    if any(f"code: {code}" in text.lower() for code in _NOT_LET_IN):
        return (
            f"it does not accept user and password ({text})",
            "check FUNNELWATCH_CLICKHOUSE_USER and FUNNELWATCH_CLICKHOUSE_PASSWORD",
        )
    try:
        context = _context(settings)
    except OSError as bad:
        named = [
            settings.clickhouse_ca,
            settings.clickhouse_client_certificate,
            settings.clickhouse_client_key,
        ]
        return (
            f"its certificates cannot be used ({', '.join(str(path) for path in named if path)}): {bad}",
            "they are files in PEM form: FUNNELWATCH_CLICKHOUSE_CA, _CLIENT_CERTIFICATE and _CLIENT_KEY",
        )
    found = await _tried(settings, context)
    if found is not None:
        return found
    advice = "is it running? `funnelwatch status`; for your own ClickHouse, check FUNNELWATCH_CLICKHOUSE_URL and _PASSWORD"
    return text, advice


def _context(settings: Settings) -> ssl.SSLContext | None:
    if not settings.clickhouse_url.startswith("https"):
        return None
    context = ssl.create_default_context(cafile=settings.clickhouse_ca)
    if not settings.clickhouse_verify:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if settings.clickhouse_client_certificate is not None:
        context.load_cert_chain(settings.clickhouse_client_certificate, settings.clickhouse_client_key)
    return context


async def _tried(settings: Settings, context: ssl.SSLContext | None) -> tuple[str, str] | None:
    """What a request over a connection of our own shows; None if it is answered."""
    url = urlsplit(settings.clickhouse_url)
    host, port = url.hostname or "127.0.0.1", url.port or (443 if context else 80)
    name = settings.clickhouse_server_name or host
    try:
        async with asyncio.timeout(TRY_S):
            reader, writer = await asyncio.open_connection(
                host, port, ssl=context, server_hostname=name if context else None
            )
            writer.write(f"GET /ping HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode())
            answer = await reader.read(4)
            writer.close()
    except ssl.SSLError as error:
        trouble, problem = trouble_of(error)
        return problem, _ADVICE[trouble]
    except (OSError, TimeoutError) as error:
        if isinstance(error, ConnectionRefusedError):
            return "the connection is refused", "is it running? check FUNNELWATCH_CLICKHOUSE_URL"
        answer = b""
    if answer == b"HTTP":
        return None
    if context is None and await speaks_tls(host, port):
        return "it speaks TLS", "write https:// in FUNNELWATCH_CLICKHOUSE_URL"
    return (
        f"it hung up{', as one does that asks for a certificate' if context else ''}",
        _ADVICE[TlsTrouble.FAILED]
        if context
        else "is it ClickHouse's HTTP port? check FUNNELWATCH_CLICKHOUSE_URL",
    )

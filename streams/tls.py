"""What a TLS connection that fails is about: the same for every server, whose settings each names itself."""

from __future__ import annotations

import asyncio
import enum
import ssl

#: seconds for one try to reach a server
TRY_S = 5.0
#: how OpenSSL says that the answer of the other side was not TLS
_NOT_TLS = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "UNKNOWN_PROTOCOL", "HTTP_REQUEST")


class TlsTrouble(enum.Enum):
    """Why there is no TLS connection."""

    NOT_SPOKEN = "it does not speak TLS"
    NOT_TRUSTED = "its certificate is not trusted"
    OTHER_NAME = "its certificate is for another name"
    WANTS_CERTIFICATE = "it asks for a client's certificate"
    FAILED = "the TLS connection failed"


def trouble_of(error: ssl.SSLError) -> tuple[TlsTrouble, str]:
    """What ``error`` is about, and the same as a text with OpenSSL's own words where they say more."""
    text = str(error)
    if isinstance(error, ssl.SSLCertVerificationError):
        is_name = "ostname" in error.verify_message or "IP address" in error.verify_message
        found = TlsTrouble.OTHER_NAME if is_name else TlsTrouble.NOT_TRUSTED
        return found, f"{found.value} ({error.verify_message})"
    if any(sign in text for sign in _NOT_TLS):
        return TlsTrouble.NOT_SPOKEN, TlsTrouble.NOT_SPOKEN.value
    if "CERTIFICATE_REQUIRED" in text.upper().replace(" ", "_"):
        return TlsTrouble.WANTS_CERTIFICATE, TlsTrouble.WANTS_CERTIFICATE.value
    return TlsTrouble.FAILED, f"{TlsTrouble.FAILED.value} ({text})"


async def speaks_tls(host: str, port: int) -> bool:
    """Whether a TLS handshake succeeds, whoever signed the certificate: nothing is sent over it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        async with asyncio.timeout(TRY_S):
            _, writer = await asyncio.open_connection(host, port, ssl=context)
    except ssl.SSLError as error:  # what answers in TLS, and wants something of us, speaks it
        return trouble_of(error)[0] is not TlsTrouble.NOT_SPOKEN
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True

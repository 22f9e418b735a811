"""Whether a delivery is genuine: an HMAC (RFC 2104) over its raw bytes, in the variants that platforms and shops use.

The bytes are those that came over the wire: whoever parses first and writes the JSON again compares something else.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from scoring.errors import ScoringError

#: between signatures or parts of one header: ``t=1,v1=ab``, ``v1,ab v1,cd``
_PIECES = re.compile(r"\s+")
_PLACE = re.compile(r"\{([^{}]*)\}")
#: what may be put into the signed text besides headers
PLACES = ("body", "timestamp", "url", "path")


class HashName(StrEnum):
    """The hash under the HMAC."""

    SHA1 = "sha1"
    SHA256 = "sha256"
    SHA512 = "sha512"


class DigestCode(StrEnum):
    """How the signature, or a secret, is written."""

    HEX = "hex"
    BASE64 = "base64"
    TEXT = "text"


class SignatureVerdict(StrEnum):
    """Whether a delivery is genuine, and if not, why; the reason of the answer 401."""

    GENUINE = "genuine"
    NO_SIGNATURE = "no_signature"
    BAD_SIGNATURE = "bad_signature"
    NO_TIMESTAMP = "no_timestamp"
    STALE_TIMESTAMP = "stale_timestamp"
    OTHER_ACCOUNT = "other_account"


class SignatureSchemeError(ScoringError):
    """Raised for a scheme that could verify nothing; the configuration reports it."""


@dataclass(frozen=True, slots=True)
class SignatureScheme:
    """How a sender signs.

    Attributes:
        header: carries the signature, or several of them.
        hash_name: under the HMAC.
        code: how the signature is written: hex or base64.
        prefix: before it, such as ``sha256=`` or ``v1=``; what does not begin with it is not a signature.
        signed: the text that is signed; ``{body}`` is replaced by the raw body, ``{timestamp}`` by the timestamp, ``{url}`` and
            ``{path}`` by the registered address, ``{NAME}`` by the header of that name.
        timestamp_header: carries the timestamp in seconds or milliseconds; empty: the part of ``header`` that begins with ``t=``,
            if ``signed`` uses it.
        tolerance_s: how far a timestamp may be from now.
        secret_code: how the secret is written: as text, or its bytes in base64 (after ``whsec_``) or hex.
    """

    header: str
    hash_name: HashName = HashName.SHA256
    code: DigestCode = DigestCode.HEX
    prefix: str = ""
    signed: str = "{body}"
    timestamp_header: str = ""
    tolerance_s: float = 300.0
    secret_code: DigestCode = DigestCode.TEXT

    @property
    def has_timestamp(self) -> bool:
        """Whether the time of sending is part of what is signed."""
        return "{timestamp}" in self.signed


def check_scheme(scheme: SignatureScheme) -> None:
    """See that a scheme can verify.

    Raises:
        SignatureSchemeError: it cannot; the text says why.
    """
    if scheme.signed.count("{body}") != 1:
        raise SignatureSchemeError(
            "`signed` must hold {body} once: a signature that leaves it out proves nothing"
        )
    if scheme.timestamp_header and not scheme.has_timestamp:
        raise SignatureSchemeError(
            "`signed` must hold {timestamp} if there is a `timestamp_header`: one that is not signed proves nothing"
        )
    if scheme.code is DigestCode.TEXT:
        raise SignatureSchemeError("`encoding` of a signature is hex or base64")


def verify(
    scheme: SignatureScheme,
    raw: bytes,
    headers: Mapping[str, str],
    secrets: Sequence[str],
    now_s: float,
    url: str = "",
) -> SignatureVerdict:
    """Whether ``raw`` was signed with one of ``secrets``.

    Args:
        scheme: how the sender signs.
        raw: the body as it came.
        headers: of the request, names without regard to case.
        secrets: the present one and, while it is being replaced, the former one. All are tried, each in constant time.
        now_s: seconds since 1970.
        url: the address that the sender knows, for schemes that sign it.
    """
    given = headers.get(scheme.header, "").strip()
    signatures = _signatures(scheme, given)
    if not signatures:
        return SignatureVerdict.NO_SIGNATURE
    timestamp = _timestamp(scheme, headers, given)
    if scheme.has_timestamp:
        at_s = _seconds(timestamp)
        if at_s is None:
            return SignatureVerdict.NO_TIMESTAMP
        if abs(now_s - at_s) > scheme.tolerance_s:
            return SignatureVerdict.STALE_TIMESTAMP
    message = _message(scheme, raw, headers, timestamp, url)
    is_genuine = False
    for secret in secrets:
        key = secret_bytes(secret, scheme.secret_code)
        digest = hmac.new(key, message, scheme.hash_name.value).digest() if key else b""
        for signature in signatures:
            is_genuine |= bool(digest) and hmac.compare_digest(digest, signature)
    return SignatureVerdict.GENUINE if is_genuine else SignatureVerdict.BAD_SIGNATURE


def sign(scheme: SignatureScheme, raw: bytes, headers: Mapping[str, str], secret: str, url: str = "") -> str:
    """The value of the signature's header for a body, as a sender makes it. The timestamp must be in its header.

    For commands that try a door, and for tests.
    """
    timestamp = headers.get(scheme.timestamp_header, "") if scheme.timestamp_header else ""
    message = _message(scheme, raw, headers, timestamp, url)
    digest = hmac.new(secret_bytes(secret, scheme.secret_code), message, scheme.hash_name.value).digest()
    written = digest.hex() if scheme.code is DigestCode.HEX else base64.b64encode(digest).decode()
    return scheme.prefix + written


def secret_bytes(secret: str, code: DigestCode) -> bytes:
    """The key behind a secret as it is written; empty if it is not written so."""
    text = secret.strip()
    if code is DigestCode.TEXT:
        return text.encode("utf-8", "surrogateescape")
    return _decoded(text.removeprefix("whsec_"), code)


def fingerprint(secret: str) -> str:
    """A few letters by which a person recognises a secret without learning it."""
    return hashlib.blake2b(secret.encode("utf-8", "surrogateescape"), digest_size=4).hexdigest()


def _signatures(scheme: SignatureScheme, given: str) -> list[bytes]:
    """The digests that a header carries; those that are not written as they should be are left out."""
    pieces = _PIECES.split(given)
    if scheme.prefix and not any(piece.startswith(scheme.prefix) for piece in pieces):
        pieces = [part.strip() for part in given.split(",")]
    elif scheme.prefix.endswith("="):
        pieces = [part for piece in pieces for part in piece.split(",")]
    digests = (
        _decoded(piece.removeprefix(scheme.prefix), scheme.code)
        for piece in pieces
        if piece.startswith(scheme.prefix)
    )
    return [digest for digest in digests if digest]


def _decoded(text: str, code: DigestCode) -> bytes:
    raw = text.strip().encode("ascii", "replace")
    try:
        if code is DigestCode.HEX:
            return binascii.unhexlify(raw)
        return base64.b64decode(raw, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _timestamp(scheme: SignatureScheme, headers: Mapping[str, str], given: str) -> str:
    if scheme.timestamp_header:
        return headers.get(scheme.timestamp_header, "").strip()
    parts = (part.strip() for part in given.split(","))
    return next((part[2:] for part in parts if part.startswith("t=")), "")


def _seconds(timestamp: str) -> float | None:
    if not (timestamp.isascii() and timestamp.isdigit() and 9 <= len(timestamp) <= 13):
        return None
    number = int(timestamp)
    return number / 1000 if len(timestamp) > 11 else float(number)


def _message(
    scheme: SignatureScheme, raw: bytes, headers: Mapping[str, str], timestamp: str, url: str
) -> bytes:
    def put(place: re.Match[str]) -> str:
        name = place.group(1)
        if name == "timestamp":
            return timestamp
        if name == "url":
            return url
        if name == "path":
            return _path_of(url)
        return headers.get(name, "")

    before, _, after = scheme.signed.partition("{body}")
    return (
        _PLACE.sub(put, before).encode("utf-8", "surrogateescape")
        + raw
        + _PLACE.sub(put, after).encode("utf-8", "surrogateescape")
    )


def _path_of(url: str) -> str:
    return "/" + url.split("://", 1)[-1].partition("/")[2] if url else ""

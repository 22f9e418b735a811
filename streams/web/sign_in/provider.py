"""The company's provider (OpenID Connect): where it is, where people are sent to, and who came back.

The flow is the authorization code with PKCE, a state and a nonce. authlib builds requests and checks claims, joserfc the signature.
"""

from __future__ import annotations

import asyncio
import hmac
import secrets
import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

import aiohttp
import msgspec

from scoring.errors import UNDECODABLE
from streams.clock import monotonic, now_ms
from streams.errors import RejectedError, UnreachableError
from streams.settings import LOOPBACK_HOSTS, Settings
from streams.web.frame.sessions import Account

#: where the provider sends people back to
BACK_PATH = "/sign-in/back"
#: of public keys alone: a signature by the client's secret, or none, proves nothing
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
#: seconds for which a started sign-in may be finished
STARTED_S = 600
_PATIENCE_S = 10.0
_MOST_BYTES = 1_000_000
#: the provider's own description is asked for again after this
_FRESH_S = 3600.0
#: an unknown key has the keys asked for again, but not more often than this
_KEYS_REST_S = 30.0
#: how far its clock may be from ours
_LEEWAY_S = 60
_NAMES = ("name", "preferred_username", "email")


class ProviderUnreachableError(UnreachableError):
    """The provider does not answer, or not as one does. The sign-in page says so."""


class SignInRejectedError(RejectedError):
    """What came back is not from the provider, not for us, or too old. The sign-in page says so; the log says what it was."""


class Started(msgspec.Struct, frozen=True):
    """A sign-in on its way: kept by the browser, sealed."""

    state: str
    nonce: str
    verifier: str
    target: str
    until_s: int


class Provider:
    """Asks one provider. One per process."""

    def __init__(self, settings: Settings, wanted_claims: frozenset[str]) -> None:
        """Look for ``wanted_claims`` with the provider's user information, too, if the token does not hold them."""
        self._issuer = settings.oidc_issuer
        self._client_id, self._secret = (
            settings.oidc_client_id,
            settings.oidc_client_secret.get_secret_value(),
        )
        self._scope, self._ca = settings.oidc_scope, settings.oidc_ca
        self._back = settings.public_url.rstrip("/") + BACK_PATH
        self._wanted = wanted_claims
        self._described: tuple[float, dict[str, Any]] = (0.0, {})
        self._keys: tuple[float, Any] = (-_KEYS_REST_S, None)
        self._asking = asyncio.Lock()

    async def start(self, target: str) -> tuple[str, Started]:
        """The address to send somebody to who wants ``target``, and what to keep until they come back.

        Raises:
            ProviderUnreachableError: the provider does not answer.
        """
        from authlib.oauth2.rfc7636 import create_s256_code_challenge

        described = await self._description()
        started = Started(
            secrets.token_urlsafe(24),
            secrets.token_urlsafe(24),
            secrets.token_urlsafe(48),
            target,
            now_ms() // 1000 + STARTED_S,
        )
        asked = {
            "response_type": "code",
            "client_id": self._client_id,
            "redirect_uri": self._back,
            "scope": self._scope,
            "state": started.state,
            "nonce": started.nonce,
            "code_challenge": create_s256_code_challenge(started.verifier),
            "code_challenge_method": "S256",
        }
        address = self._address(described, "authorization_endpoint")
        return f"{address}{'&' if '?' in address else '?'}{urlencode(asked)}", started

    async def finish(self, started: Started | None, answer: Mapping[str, str]) -> Account:
        """Who came back with ``answer``.

        Raises:
            ProviderUnreachableError: the provider does not answer.
            SignInRejectedError: the answer proves nothing.
        """
        if started is None or started.until_s < now_ms() // 1000:
            raise SignInRejectedError("no sign-in was begun in this browser, or it took too long")
        if not hmac.compare_digest(answer.get("state", "").encode(), started.state.encode()):
            raise SignInRejectedError("the state is not that of the sign-in that was begun")
        if answer.get("iss", self._issuer) != self._issuer:
            raise SignInRejectedError("another provider answered")
        if "error" in answer:
            raise SignInRejectedError(f"the provider says {answer['error'][:80]!r}")
        if not answer.get("code"):
            raise SignInRejectedError("the provider sent no code")
        described = await self._description()
        tokens = await self._tokens(described, answer["code"], started.verifier)
        claims = await self._claims(described, tokens, started.nonce)
        if not self._wanted.issubset(claims) and described.get("userinfo_endpoint"):
            claims = await self._more(described, tokens, claims)
        name = next((str(claims[one]) for one in _NAMES if claims.get(one)), str(claims["sub"]))
        kept = {key: claims[key] for key in self._wanted if key in claims}
        return Account(str(claims["sub"]), " ".join(name.split())[:100], kept)

    # ------------------------------------------------------------ what the provider says

    async def _description(self) -> dict[str, Any]:
        async with self._asking:
            known_at, described = self._described
            if described and monotonic() - known_at < _FRESH_S:
                return described
            address = self._issuer.rstrip("/") + "/.well-known/openid-configuration"
            described = await self._json("GET", address)
            if described.get("issuer") != self._issuer:
                raise ProviderUnreachableError(
                    f"{address} is of the issuer {str(described.get('issuer'))[:200]!r}, not of {self._issuer!r} (FUNNELWATCH_OIDC_ISSUER)"
                )
            self._described = (monotonic(), described)
            return described

    def _address(self, described: Mapping[str, Any], name: str) -> str:
        address = str(described.get(name, ""))
        url = urlsplit(address)
        if url.scheme != "https" and (url.scheme != "http" or url.hostname not in LOOPBACK_HOSTS):
            raise ProviderUnreachableError(
                f"the provider's {name} is not an https address: {address[:200]!r}"
            )
        return address

    async def _tokens(self, described: Mapping[str, Any], code: str, verifier: str) -> dict[str, Any]:
        from authlib.oauth2.auth import ClientAuth

        methods = described.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        method = "client_secret_basic" if "client_secret_basic" in methods else "client_secret_post"
        form = urlencode(
            {
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": self._back,
                "code_verifier": verifier,
            }
        )
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        client = ClientAuth(self._client_id, self._secret, method if self._secret else "none")
        address, headers, form = client.prepare(
            "POST", self._address(described, "token_endpoint"), headers, form
        )
        return await self._json("POST", address, headers, form)

    async def _claims(
        self, described: Mapping[str, Any], tokens: Mapping[str, Any], nonce: str
    ) -> dict[str, Any]:
        """The claims of the ID token, if every one that matters is right."""
        from authlib.oidc.core import CodeIDToken
        from joserfc import jwt
        from joserfc.errors import InvalidKeyIdError, JoseError

        text = tokens.get("id_token")
        if not isinstance(text, str):
            raise SignInRejectedError("the provider sent no ID token")
        try:
            try:
                token = jwt.decode(text, await self._key_set(described), algorithms=list(ALGORITHMS))
            except InvalidKeyIdError:
                token = jwt.decode(
                    text, await self._key_set(described, again=True), algorithms=list(ALGORITHMS)
                )
            claims = CodeIDToken(
                token.claims,
                token.header,
                {
                    "iss": {"essential": True, "value": self._issuer},
                    "aud": {"essential": True, "value": self._client_id},
                },
                {"nonce": nonce, "client_id": self._client_id, "access_token": tokens.get("access_token")},
            )
            claims.validate(now_ms() // 1000, _LEEWAY_S)
        except (JoseError, ValueError, TypeError) as error:
            raise SignInRejectedError(f"the ID token is not valid: {error}") from error
        return dict(claims)

    async def _key_set(self, described: Mapping[str, Any], again: bool = False) -> Any:
        from joserfc.jwk import KeySet

        async with self._asking:
            asked_at, keys = self._keys
            if keys is None or (again and monotonic() - asked_at >= _KEYS_REST_S):
                found = await self._json("GET", self._address(described, "jwks_uri"))
                self._keys = (monotonic(), KeySet.import_key_set(found))  # type: ignore[arg-type]
            return self._keys[1]

    async def _more(
        self, described: Mapping[str, Any], tokens: Mapping[str, Any], claims: dict[str, Any]
    ) -> dict[str, Any]:
        """The claims and those of the provider's user information, which has to be of the same person."""
        headers = {"Authorization": f"Bearer {tokens.get('access_token')}"}
        more = await self._json("GET", self._address(described, "userinfo_endpoint"), headers)
        if more.get("sub") != claims["sub"]:
            raise SignInRejectedError("the user information is of somebody else")
        return {**more, **claims}

    async def _json(
        self, method: str, address: str, headers: Mapping[str, str] | None = None, form: str | None = None
    ) -> dict[str, Any]:
        context = ssl.create_default_context(cafile=str(self._ca)) if self._ca else True
        timeout = aiohttp.ClientTimeout(total=_PATIENCE_S)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as client,
                client.request(
                    method, address, headers=headers, data=form, ssl=context, allow_redirects=False
                ) as answer,
            ):
                body = await answer.content.read(_MOST_BYTES)
                status = answer.status
            found = msgspec.json.decode(body)
        except (aiohttp.ClientError, TimeoutError, OSError, *UNDECODABLE) as error:
            raise ProviderUnreachableError(
                f"{address} does not answer as a provider: {error or 'no answer in time'}"
            ) from error
        if not isinstance(found, dict) or status >= 500:
            raise ProviderUnreachableError(f"{address} answered with {status}")
        if status >= 400:
            raise SignInRejectedError(f"{address} answered {str(found.get('error', status))[:80]!r}")
        return found

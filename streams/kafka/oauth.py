"""Tokens for SASL OAUTHBEARER, by the grant of client credentials (RFC 6749, section 4.4)."""

from __future__ import annotations

import asyncio
import json
import ssl
import threading

import urllib3
from aiokafka.abc import AbstractTokenProvider
from aiokafka.errors import KafkaError

from streams.clock import monotonic
from streams.kafka.oauth_client import OAuthClient

_ANSWER_WITHIN_S = 10.0
#: a token is replaced when this part of its life has passed: it is still valid while the next is fetched
_LIFE = 0.8
#: seconds, where the answer names no end
_DEFAULT_LIFE_S = 300.0


class TokenError(KafkaError):  # type: ignore[misc]
    """The token service gave none; whoever connects takes it for an unreachable broker, reports it and tries again."""


class TokenProvider(AbstractTokenProvider):  # type: ignore[misc]
    """Gives a token that is valid, to clients on any thread or loop."""

    def __init__(self, client: OAuthClient) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._token = ""
        self._until = float("-inf")

    async def token(self) -> str:
        """A valid token.

        Raises:
            TokenError: the service gave none.
        """
        return await asyncio.to_thread(self._valid)

    def _valid(self) -> str:
        with self._lock:
            if monotonic() >= self._until:
                self._token, life_s = self._fetched()
                self._until = monotonic() + life_s * _LIFE
            return self._token

    def _fetched(self) -> tuple[str, float]:
        client = self._client
        fields = {"grant_type": "client_credentials"} | ({"scope": client.scope} if client.scope else {})
        try:
            trusted = ssl.create_default_context()
            if client.ca is not None:  # next to those of the system: the service may be a public one
                trusted.load_verify_locations(client.ca)
            with urllib3.PoolManager(retries=False, timeout=_ANSWER_WITHIN_S, ssl_context=trusted) as pool:
                answer = pool.request(
                    "POST",
                    client.token_url,
                    fields=fields,
                    encode_multipart=False,
                    headers=urllib3.make_headers(basic_auth=f"{client.client_id}:{client.client_secret}"),
                )
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise TokenError(f"the token service {client.token_url} does not answer: {error}") from error
        if answer.status != 200:
            raise TokenError(f"the token service {client.token_url} answered {answer.status}")
        try:
            found = json.loads(answer.data)
            return str(found["access_token"]), float(found.get("expires_in", _DEFAULT_LIFE_S))
        except (ValueError, KeyError, TypeError) as error:
            raise TokenError(f"the token service {client.token_url} answered without a token") from error

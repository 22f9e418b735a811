"""Tokens asked for with a form (RFC 6749, 4.4 and 6): the part that platforms have in common."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from scoring.sources.json_values import UnreadableValueError, whole_of
from scoring.sources.tokens import TokenPair
from streams.sources.asking import (
    AccessDeniedError,
    AnswerGarbledError,
    HttpRequest,
    PlatformApi,
    PlatformRejectedError,
)
from streams.sources.connection import Connection

#: what a token is taken to last that does not say it, in seconds
_TOKEN_LASTS_S = 3600


async def pair_by_form(
    api: PlatformApi, url: str, form: Mapping[str, str], old: TokenPair | None
) -> TokenPair:
    """A new pair; by the refresh token of ``old``, if one is given.

    Raises:
        AccessDeniedError: the platform does not accept what is in the form.
        PlatformUnreachableError, PlatformFailedError, PlatformThrottledError, AnswerGarbledError: none came; it may be asked again.
    """
    fields = dict(form)
    if old is not None:
        fields["refresh_token"] = old.refresh
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    try:
        answer = await api.ask(HttpRequest(url, "POST", headers=headers, body=urlencode(fields).encode()))
    except PlatformRejectedError as error:
        raise AccessDeniedError("the token was rejected") from error
    given = answer.json()
    if not isinstance(given, dict) or not isinstance(given.get("access_token"), str):
        raise AnswerGarbledError(f"{answer.host} answered without an access_token")
    try:
        lasts_s = whole_of(given.get("expires_in", _TOKEN_LASTS_S), "expires_in")
        ends_s = whole_of(given.get("refresh_token_expires_in", 0), "refresh_token_expires_in")
    except UnreadableValueError as error:
        raise AnswerGarbledError(f"{answer.host}: {error}") from error
    refresh = given.get("refresh_token") or (old.refresh if old is not None else "")
    return TokenPair(
        access=given["access_token"],
        refresh=str(refresh),
        expires_ms=api.now_ms + lasts_s * 1000,
        refresh_expires_ms=api.now_ms + ends_s * 1000 if ends_s else 0,
        given_ms=api.now_ms,
    )


async def refreshed_pair(connection: Connection, api: PlatformApi, old: TokenPair | None) -> TokenPair:
    """A new pair by the refresh token of ``old``, or the connection's first; the settings say of which app, and where."""
    config = connection.config
    form = {
        "grant_type": "refresh_token",
        "client_id": config.client_id,
        "client_secret": connection.secret(config.secret),
    }
    return await pair_by_form(api, config.token_url, form, old or first_pair(connection))


def first_pair(connection: Connection) -> TokenPair | None:
    """The pair to begin with: only what a new one is asked for by. None without a refresh token."""
    if not connection.config.refresh_token:
        return None
    return TokenPair(access="", refresh=connection.secret(connection.config.refresh_token), expires_ms=1)

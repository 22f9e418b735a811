"""The read API as agents ask it: GET alone, by the page's address and token, and every error in a class of its own."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import aiohttp

from streams.agents.errors import BadQuestionError, NotAllowedError, NotThereError, PageUnreachableError

#: the page gives a query up after eight seconds
_PATIENCE_S = 20.0
_MOST_BYTES = 8_000_000


class ReadApi:
    """Asks the API of one page. One connection pool; close it at the end."""

    def __init__(self, page_url: str, token: str) -> None:
        self._base = page_url.rstrip("/") + "/api/v1"
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._session: aiohttp.ClientSession | None = None

    async def get(self, path: str, **asked: Any) -> Any:
        """The answer to ``GET /api/v1/PATH``; parameters that are empty are left out.

        Raises:
            PageUnreachableError: no page answers there.
            BadQuestionError, NotThereError, NotAllowedError: the page answered that.
        """
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=_PATIENCE_S)
            self._session = aiohttp.ClientSession(timeout=timeout, headers=self._headers)
        parameters = {name: str(value) for name, value in asked.items() if value not in ("", None)}
        try:
            async with self._session.get(
                self._base + path, params=parameters, allow_redirects=False
            ) as answer:
                content = await answer.content.read(_MOST_BYTES)
                status = answer.status
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise PageUnreachableError(
                f"the page does not answer at {self._base}: {error or 'no answer in time'}. Is the instance running, with the role page?"
            ) from error
        try:
            found = json.loads(content)
        except ValueError as error:
            raise PageUnreachableError(f"{self._base} does not answer as Funnelwatch's API does") from error
        if status == 200:
            return found
        detail = str(found.get("detail", "")) if isinstance(found, dict) else ""
        if status in (401, 403, 429):
            raise NotAllowedError(detail or "the page does not accept the token")
        if status == 404:
            raise NotThereError(detail)
        if status < 500:
            raise BadQuestionError(detail)
        raise PageUnreachableError(detail or f"the page answered with {status}")

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()


def of_store(store: str, what: str = "") -> str:
    """The path of a store's API."""
    return f"/stores/{quote(store, safe='')}{what}"

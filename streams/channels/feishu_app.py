"""A Feishu or Lark group by an app's bot: one card an incident, which changes as the incident does.

A custom bot can only send; an app's bot can also change what it sent. The card goes from firing to acknowledged to recovered in its
place. Changing a card calls nobody, so what people have to notice (more alerts, a reminder, the end) is a reply to it as well.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec
import structlog

from streams.channels.app_token import AppToken
from streams.channels.message import Message, MessageKind, SendRejectedError, SendRetryableError
from streams.channels.picture import pictures_of
from streams.channels.posting import check_code, post_json

if TYPE_CHECKING:
    import aiohttp

_log = structlog.get_logger()
#: 230020 and 99991400: too many requests
_BUSY = frozenset({230020, 99991400})
#: the token has run out or was replaced: another is asked for
_STALE_TOKEN = frozenset({99991661, 99991663, 99991668})
_UUID_LETTERS = 50


class FeishuAppChannel:
    """A group by an app's bot. ``render`` makes the card of a message (``feishu_payload``) and its pictures."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        address: str,
        app: tuple[str, str],
        chat: str,
        render: Callable[[Message, Mapping[str, str]], dict[str, Any]],
        now_ms: Callable[[], int],
    ) -> None:
        self._session, self._address, self._app, self._chat = session, address.rstrip("/"), app, chat
        self._render = render
        self._token = AppToken(self._ask_for_token, now_ms)

    async def send(self, message: Message) -> str:
        """Send the incident's card, or bring it up to date; the receipt is the card's id."""
        card = self._card(message, await pictures_of(message, self._upload))
        if not message.parent:
            return await self._create(message, card)
        if message.is_quiet or (message.kind is MessageKind.ACKNOWLEDGED and not message.is_shared):
            await self._update(message, card)
            return message.parent
        body = {
            "msg_type": "interactive",
            "content": card,
            "uuid": message.key[:_UUID_LETTERS],
        }
        await self._call("POST", f"/im/v1/messages/{message.parent}/reply", body)
        if message.is_shared:
            return message.parent
        try:  # the reply has been sent: trouble here must not send it again
            await self._update(message, card)
        except (SendRejectedError, SendRetryableError) as error:
            _log.warning("feishu_card_not_updated", reason=str(error))
        return message.parent

    async def _create(self, message: Message, card: str) -> str:
        body = {
            "receive_id": self._chat,
            "msg_type": "interactive",
            "content": card,
            "uuid": message.key[:_UUID_LETTERS],
        }
        answer = await self._call("POST", "/im/v1/messages?receive_id_type=chat_id", body)
        data = answer.get("data")
        return str(data.get("message_id", "")) if isinstance(data, dict) else ""

    async def _update(self, message: Message, card: str) -> None:
        await self._call("PATCH", f"/im/v1/messages/{message.parent}", {"content": card})

    async def _upload(self, picture: bytes) -> str:
        import aiohttp  # already loaded where there is a session

        form = aiohttp.FormData({"image_type": "message"})
        form.add_field("image", picture, filename="alert.png", content_type="image/png")
        data = (await self._call("POST", "/im/v1/images", form)).get("data")
        return str(data.get("image_key", "")) if isinstance(data, dict) else ""

    def _card(self, message: Message, pictures: Mapping[str, str]) -> str:
        card = self._render(replace(message, kind=MessageKind.FIRING), pictures)["card"]
        shared = {**card, "config": {**card["config"], "update_multi": True}}  # else it cannot be changed
        return msgspec.json.encode(shared).decode()

    async def _call(self, method: str, path: str, body: object) -> Mapping[str, Any]:
        headers = {"Authorization": f"Bearer {await self._token.valid()}"}
        answer = await post_json(self._session, self._url(path), body, headers, method=method)
        if answer.get("code") in _STALE_TOKEN:
            self._token.drop()
            raise SendRetryableError("Feishu no longer takes the app's token; another one is asked for")
        check_code(answer, "Feishu", "code", _BUSY)
        return answer

    async def _ask_for_token(self) -> tuple[str, int]:
        app_id, secret = self._app
        asked = {"app_id": app_id, "app_secret": secret}
        answer = await post_json(self._session, self._url("/auth/v3/tenant_access_token/internal"), asked)
        check_code(answer, "Feishu", "code", _BUSY)
        return str(answer.get("tenant_access_token", "")), int(answer.get("expire", 0))

    def _url(self, path: str) -> str:
        return f"{self._address}/open-apis{path}"

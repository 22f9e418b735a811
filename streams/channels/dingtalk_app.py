"""A DingTalk group by an app's robot: one interactive card an incident, which changes as the incident does.

A custom robot can only send; an app's robot can also change its cards. The card goes from firing to acknowledged to recovered in its
place, in DingTalk's standard card, which needs no template of one's own. Changing a card calls nobody and DingTalk has no threads, so
what people have to notice (more alerts, a reminder, the end) is one short message as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec
import structlog

from scoring.wording.card import ActionKind, Card
from streams.channels.app_token import AppToken
from streams.channels.markdown import cut_bytes, emphasised, escape
from streams.channels.message import Message, MessageKind, SendRejectedError, SendRetryableError
from streams.channels.picture import pictures_of
from streams.channels.posting import post_json

if TYPE_CHECKING:
    from collections.abc import Callable

    import aiohttp

_log = structlog.get_logger()
#: what an answer's code says of a token that has run out, and of too many requests (an answer 403)
_STALE_TOKEN, _BUSY = "InvalidAuthentication", "QpsLimit"
#: the largest card that is sent, in bytes
_MAX_CARD_BYTES = 20_000


class DingTalkAppChannel:
    """A group by an app's robot."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        address: str,
        app: tuple[str, str],
        group: str,
        mention: tuple[str, ...],
        now_ms: Callable[[], int],
    ) -> None:
        self._session, self._address, self._app, self._group = session, address.rstrip("/"), app, group
        self._mention = mention
        self._token = AppToken(self._ask_for_token, now_ms)

    async def send(self, message: Message) -> str:
        """Send the incident's card, or bring it up to date; the receipt is the card's id, which we choose."""
        data = await self._data(message)
        if not message.parent:
            body = {
                "cardTemplateId": "StandardCard",
                "cardBizId": message.key,  # the same card sent twice is one
                "cardData": data,
                "openConversationId": self._group,
                "robotCode": self._app[0],
                "sendOptions": self._calls(message),
            }
            await self._call("POST", "/v1.0/im/v1.0/robot/interactiveCards/send", body)
            return message.key
        changed = {"cardBizId": message.parent, "cardData": data}
        if message.is_quiet or (message.kind is MessageKind.ACKNOWLEDGED and not message.is_shared):
            await self._call("PUT", "/v1.0/im/robots/interactiveCards", changed)
            return message.parent
        await self._call("POST", "/v1.0/robot/groupMessages/send", self._news(message))
        if message.is_shared:
            return message.parent
        try:  # the news has been sent: trouble here must not send it again
            await self._call("PUT", "/v1.0/im/robots/interactiveCards", changed)
        except (SendRejectedError, SendRetryableError) as error:
            _log.warning("dingtalk_card_not_updated", reason=str(error))
        return message.parent

    def _calls(self, message: Message) -> dict[str, Any]:
        """Whom the card calls."""
        called = self._mention if message.cards[0].is_firing else ()
        people = [{"userId": one, "nickName": one} for one in called if one != "all"]
        options: dict[str, Any] = {"atAll": "all" in called}
        if people:
            options["atUserListJson"] = msgspec.json.encode(people).decode()
        return options

    def _news(self, message: Message) -> dict[str, Any]:
        """The short message: the verdict of each alert; everything else is on the card."""
        lines = [message.note, *([message.summary] if message.summary else [])]
        lines += [card.headline for card in message.cards]
        text = "\n\n".join(escape(line) for line in lines if line)
        said = {"title": message.title, "text": cut_bytes(text, _MAX_CARD_BYTES)}
        return {
            "robotCode": self._app[0],
            "openConversationId": self._group,
            "msgKey": "sampleMarkdown",
            "msgParam": msgspec.json.encode(said).decode(),
        }

    async def _data(self, message: Message) -> str:
        """The card, with as many of its alerts as it takes, and their pictures where they can be uploaded."""
        shown = replace(message, kind=MessageKind.FIRING)
        pictures = await pictures_of(message, self._upload)
        for kept in range(len(shown.cards), 0, -1):
            data = msgspec.json.encode(standard_card(replace(shown, cards=shown.cards[:kept]), pictures))
            if len(data) <= _MAX_CARD_BYTES:
                break
        return data.decode()

    async def _upload(self, picture: bytes) -> str:
        import aiohttp  # already loaded where there is a session

        form = aiohttp.FormData()
        form.add_field("media", picture, filename="alert.png", content_type="image/png")
        # files still have an address of their own
        address = self._address.replace("//api.dingtalk.com", "//oapi.dingtalk.com")
        url = f"{address}/media/upload?type=image&access_token={await self._token.valid()}"
        answer = await post_json(self._session, url, form)
        if not answer.get("media_id"):
            raise SendRejectedError(f"DingTalk answered errcode {answer.get('errcode')} to a picture")
        return str(answer["media_id"])

    async def _call(self, method: str, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        headers = {"x-acs-dingtalk-access-token": await self._token.valid()}
        try:
            return await post_json(self._session, self._address + path, body, headers, method=method)
        except SendRejectedError as error:
            if _STALE_TOKEN in str(error):
                self._token.drop()
                raise SendRetryableError(
                    "DingTalk no longer takes the app's token; another one is asked for"
                ) from error
            if _BUSY in str(error):
                raise SendRetryableError(str(error), 60.0) from error
            raise

    async def _ask_for_token(self) -> tuple[str, int]:
        key, secret = self._app
        url = f"{self._address}/v1.0/oauth2/accessToken"
        answer = await post_json(self._session, url, {"appKey": key, "appSecret": secret})
        if not answer.get("accessToken"):
            raise SendRetryableError("DingTalk answered without accessToken")
        return str(answer["accessToken"]), int(answer.get("expireIn", 0))


def standard_card(message: Message, pictures: Mapping[str, str]) -> dict[str, Any]:
    """The data of DingTalk's standard card; ``pictures`` are ids of uploaded ones by alert."""
    contents: list[dict[str, Any]] = []
    if message.note:
        contents.append({"type": "markdown", "text": escape(message.note), "id": "note"})
    for index, card in enumerate(message.cards):
        if index:
            contents.append({"type": "divider", "id": f"divider_{index}"})
        contents += _contents(card, index, pictures, with_headline=bool(index or message.summary))
    return {
        "config": {"autoLayout": True, "enableForward": True},
        "header": {"title": {"type": "text", "text": _marked(message)}},
        "contents": contents,
    }


def _marked(message: Message) -> str:
    """The title with a mark to be seen from afar: the header has no colour."""
    return f"{'🔴' if any(card.is_firing for card in message.cards) else '🟢'} {message.title}"


def _contents(
    card: Card, index: int, pictures: Mapping[str, str], *, with_headline: bool
) -> list[dict[str, Any]]:
    rows = [f"**{escape(card.headline)}**"] if with_headline else []
    rows += [emphasised(line, escape) for line in card.lines]
    contents: list[dict[str, Any]] = [{"type": "markdown", "text": "\n\n".join(rows), "id": f"lines_{index}"}]
    if card.alert_id in pictures:
        contents.append({"type": "image", "image": pictures[card.alert_id], "id": f"picture_{index}"})
    if card.actions:
        buttons = [
            {
                "type": "button",
                "label": {"type": "text", "text": action.text, "id": f"label_{index}_{action.kind}"},
                "actionType": "openLink",
                "url": {"all": action.url},
                "status": "primary" if action.kind is ActionKind.ACKNOWLEDGE else "normal",
                "id": f"button_{index}_{action.kind}",
            }
            for action in card.actions
        ]
        contents.append({"type": "action", "actions": buttons, "id": f"actions_{index}"})
    return contents

"""A code exchanged for the first tokens, once; and the link by which a shop approves. All platforms alike, for command line and page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from scoring.sources.tokens import TokenPair, TokenState
from scoring.wording.text import Bilingual, Language, Text
from streams.errors import FunnelwatchError
from streams.outgoing import outgoing_session
from streams.schema import ConfigError, resolve_secret
from streams.sources.api import ConnectionApi
from streams.sources.approval import CodeRejectedError, approval_of
from streams.sources.asking import AiohttpSender, HttpSender, PlatformError
from streams.sources.budgets import Budgets
from streams.sources.connection import Connection
from streams.sources.questions import ConnectionRejectedError, models
from streams.sources.registry import source_named
from streams.sources.sealing import SEALED, Sealer
from streams.sources.token_keeping import KeptTokens, origin_of, token_place

_FAILED = Text(
    "授权码还没有换成令牌：{said}。改好后再试一次；如果平台说授权码已用过，就重新打开授权链接。",
    "The authorisation code was not exchanged: {said}. Correct it and try again; if the code is then said to be used, open the link again.",
)
_OTHER_SHOP = Text(
    "授权的是店铺 {shop}，这里填的是 {given}：用店铺 {given} 的账号重新授权，或把店铺编号改成 {shop}。",
    "Shop {shop} approved, but the connection is of shop {given}: approve with the account of {given}, or correct the shop's number.",
)


def approval_link(content: Mapping[str, Any], secret: Callable[[str], str], at_ms: int) -> str:
    """The platform's own link by which a shop approves the app of these settings; empty where it has none, or needs more of them.

    Args:
        content: settings as given so far, ``source`` among them.
        secret: gives the secret behind what was typed; raises what ``resolve`` does.
        at_ms: the present; some links are signed with it.
    """
    spec = source_named(str(content.get("source", "")))
    if spec is None or spec.approval is None:
        return ""
    model = models()[spec.name]
    settings = model.model_construct(**{key: one for key, one in content.items() if one not in (None, "")})
    if not all(getattr(settings, name) for name in spec.approval.needs):
        return ""
    return spec.approval.link(settings, secret(getattr(settings, "secret", "")), at_ms)


def needs_of_link(source: str) -> tuple[str, ...]:
    """The settings that the link is made of; none where a source has no link."""
    spec = source_named(source)
    return spec.approval.needs if spec is not None and spec.approval is not None else ()


def said_of(error: FunnelwatchError, language: Language) -> tuple[str, ...]:
    """What an error says, in the reader's language as far as it has one."""
    texts = error.problems if isinstance(error, ConnectionRejectedError) else error.args[:1] or (str(error),)
    return tuple(str(getattr(text, "zh", text)) if language == "zh" else str(text) for text in texts)


def typed_secret(text: str) -> str:
    """The secret that was typed: itself, or behind its reference; empty if nothing is there."""
    try:
        return resolve_secret(text) if text.startswith(("env:", "file:")) else text
    except ConfigError:
        return ""


def complete_by_code(content: dict[str, Any]) -> None:
    """Take the shop's number out of a pasted address where it is not given.

    Raises:
        ConnectionRejectedError: the address is of another shop.
        CodeRejectedError: it holds no code.
    """
    given = content.get("code")
    if not isinstance(given, str) or not given or given.startswith(SEALED):
        return
    text = typed_secret(given)
    shop = approval_of(text).shop if text else ""
    spec = source_named(content["source"])
    if not shop or spec is None or spec.approval is None or "shop_id" not in spec.approval.gives:
        return
    if content.get("shop_id") not in (None, "", shop):
        said = _OTHER_SHOP.both(shop=shop, given=content["shop_id"])
        raise ConnectionRejectedError([said])
    content["shop_id"] = shop


async def exchanged(
    connection: Connection, now_ms: Callable[[], int], sender: HttpSender | None = None
) -> TokenPair:
    """The first tokens, by the connection's code; the platform is asked once.

    Raises:
        CodeRejectedError: the platform does not accept the code.
        ConnectionRejectedError: it could not be asked, or rejects something else; its text says what.
    """
    spec = source_named(connection.source)
    assert spec is not None
    assert spec.asking is not None
    asking = spec.asking(connection)
    assert asking.new_pair is not None
    async with outgoing_session() as session:
        api = ConnectionApi(
            connection.name, asking, sender or AiohttpSender(session), Budgets(), None, now_ms
        )
        try:
            return await asking.new_pair(api.for_pairs(), asking.first_pair())
        except CodeRejectedError:
            raise
        except PlatformError as error:
            zh = getattr(error.args[0], "zh", str(error)) if error.args else ""
            said = Bilingual(_FAILED("zh", said=zh), _FAILED("en", said=str(error).rstrip(".")))
            raise ConnectionRejectedError([said]) from error


def sealed_tokens(pair: TokenPair, sealer: Sealer, name: str) -> str:
    """The pair as the owner of a connection takes it up, whose settings have its refresh token."""
    kept = KeptTokens(TokenState(current=pair), origin_of(pair))
    return sealer.seal(msgspec.json.encode(kept).decode(), token_place(name))


def unsealed_pair(sealed: str, sealer: Sealer, name: str) -> TokenPair | None:
    """The newest pair of what was kept.

    Raises:
        SealedUnreadableError: no key opens it.
    """
    state = msgspec.json.decode(sealer.open(sealed, token_place(name)), type=KeptTokens).state
    return state.candidate or state.current

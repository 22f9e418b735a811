"""What a shop's approval of an app leaves: an address with a code, which is good once and for minutes."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from scoring.wording.text import Text
from streams.sources.asking import AccessDeniedError

_CODES = ("code", "auth_code")
_REJECTED = Text(
    "授权码不被接受：用过、已过期，或者不属于这个应用。重新打开授权链接并同意，马上粘贴新的地址。平台的原话：{said}",
    "The authorisation code is not accepted: it was used before, has expired, or is of another app. Open the link again, approve, and "
    "paste the new address at once. The platform's words: {said}",
)
_WITHOUT_CODE = Text(
    "粘贴的地址里没有 code：重新打开授权链接，同意之后再复制浏览器的整个地址。",
    "The pasted address holds no code: open the link again, and copy the browser's whole address after approving.",
)
#: before the link, and where there is none
LINK = Text(
    "授权链接：在浏览器打开，用店铺账号登录并同意，再复制跳转到的地址。Shopee 的链接 5 分钟内有效。",
    "The authorisation link: open it in a browser, sign in as the shop and approve, then copy the address that you land on. Shopee's link "
    "is good for five minutes.",
)
NO_LINK = Text("没有生成授权链接：需要 {needs}。", "No authorisation link can be made: it needs {needs}.")


class CodeRejectedError(AccessDeniedError):
    """The authorisation code cannot be exchanged, now or later: its text says what to do. Command line and page show it."""


@dataclass(frozen=True, slots=True)
class Approval:
    """What the address says. ``account`` is Shopee's main account, which approves for several shops.

    Attributes:
        code: to be exchanged.
        shop: its number; empty where the address does not say.
        account: of several shops; empty where one approved.
    """

    code: str
    shop: str = ""
    account: str = ""


def approval_of(text: str) -> Approval:
    """The approval in an address, the part of one after its ``?``, or a code alone.

    Raises:
        CodeRejectedError: it is an address without a code.
    """
    pasted = "".join(text.split())
    parts = urlsplit(pasted) if "://" in pasted else None
    query = (parts.query or parts.fragment.partition("?")[2]) if parts is not None else pasted.lstrip("?")
    found = {name: values[0] for name, values in parse_qs(query).items()}
    code = next((found[name] for name in _CODES if name in found), "")
    if not code and (parts is not None or not pasted):
        raise CodeRejectedError(_WITHOUT_CODE.both())
    return Approval(code or pasted, found.get("shop_id", ""), found.get("main_account_id", ""))


def rejected(code: str, said: str) -> CodeRejectedError:
    """What is raised for a code that the platform does not accept; its own words never show the code."""
    return CodeRejectedError(_REJECTED.both(said=said.replace(code, "…")))

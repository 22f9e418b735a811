"""The words of sign-in, zh and en."""

from __future__ import annotations

from collections.abc import Mapping

from scoring.wording.text import Text

SIGN_IN_WORDS: Mapping[str, Text] = {
    "sign_in": Text("登录", "Sign in"),
    "token_hint": Text(
        "令牌是设置 FUNNELWATCH_PAGE_TOKEN 的值。", "The token is the value of the setting FUNNELWATCH_PAGE_TOKEN."
    ),
    "wrong_token": Text("令牌不对，请核对后重试。", "Wrong token. Check it and try again."),
    "wait": Text("尝试过多，请等 {n} 秒。", "Too many attempts. Wait {n} s."),
    "token": Text("访问令牌", "Access token"),
}  # fmt: skip

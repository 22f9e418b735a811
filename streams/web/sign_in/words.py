"""The words of sign-in, zh and en."""

from __future__ import annotations

from collections.abc import Mapping

from scoring.wording.text import Text

SIGN_IN_WORDS: Mapping[str, Text] = {
    "sign_in": Text("登录", "Sign in"),
    "sign_in_at": Text("用{name}登录", "Sign in with {name}"),
    "company_account": Text("公司账号", "your company account"),
    "or_token": Text("用访问令牌登录", "Sign in with an access token"),
    "token_hint": Text(
        "令牌由管理员提供：FUNNELWATCH_PAGE_TOKEN 的值，或 funnelwatch tokens add 生成的令牌。",
        "You get a token from whoever runs Funnelwatch: the value of FUNNELWATCH_PAGE_TOKEN, or one made by funnelwatch tokens add.",
    ),
    "wrong_token": Text("令牌不对，请核对后重试。", "Wrong token. Check it and try again."),
    "wait": Text("尝试过多，请等 {n} 秒。", "Too many attempts. Wait {n} s."),
    "token": Text("访问令牌", "Access token"),
    "provider_unreachable": Text(
        "公司的登录服务没有响应，请稍后再试。原因见页面进程的日志。",
        "The sign-in service of your company does not answer. Try again later; the log of the page says why.",
    ),
    "sign_in_rejected": Text(
        "登录没有完成，请重新登录。原因见页面进程的日志。",
        "The sign-in was not completed. Please sign in again; the log of the page says why.",
    ),
    "no_grant": Text(
        "{name}，你已登录公司账号，但还没有本系统的权限，请联系管理员开通。",
        "{name}, you are signed in at your company, but have no access here yet. Ask whoever runs Funnelwatch for it.",
    ),
}  # fmt: skip

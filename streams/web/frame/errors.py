"""The errors that end a request, each with the answer that ``failures.py`` gives."""

from __future__ import annotations

from scoring.wording.text import Text
from streams.errors import InputError


class BadQueryError(InputError):
    """A request makes no sense; the text says what is expected. Answered with 400."""


class ConflictError(InputError):
    """A request contradicts an earlier one. Answered with 409."""


class NotFoundError(InputError):
    """What was asked for does not exist. Answered with 404."""


class ForgedFormError(InputError):
    """A form was not submitted from this page, or the page it came from is too old. Answered with 403."""


class PageNotSafeError(InputError):
    """The page would be open to strangers. Raised at start; the command line prints it."""


UNKNOWN_STORE = Text("没有店铺 {store}", "store: unknown store '{store}'")
NO_ALERT = Text("没有这个告警", "no such alert")
NOT_IN_LOG = Text("通知进程的日志里没有这条告警", "the notifier's log does not hold this alert")
NO_CONNECTION = Text("没有这个连接", "no such connection")

"""Logs: for people on a terminal, JSON lines elsewhere; libraries' own records take the same way; secrets and personal data are struck out."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from streams.printable import printable

if TYPE_CHECKING:
    from streams.settings import Settings

STRUCK = "***"
#: fields that quote what somebody sent or what a server answered to it
_QUOTES = frozenset({"error", "why", "detail", "exception", "answer", "reason"})
_SECRET_KEY = re.compile(
    r"passw|secret|token|authori[sz]ation|cookie|credential|api_?key|hash_?key|link_?key|write_?key|private",
    re.I,
)
#: user:password@ in an address
_SECRET_IN_URL = re.compile(r"(?<=://)[^/@\s]*:[^/@\s]*@")
#: libraries that log at "info" what nobody here needs
_QUIET = (
    "aiokafka",
    "faust",
    "mode",
    "clickhouse_connect",
    "urllib3",
    "asyncio",
    "aiohttp.access",
    "matplotlib",
)


def strike_secrets(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """The record with every value of a secret-looking key, and every password in an address, replaced by ``***``.

    What quotes a sender or a server loses people's mail addresses, telephone and card numbers as well.
    """
    for key, value in event.items():
        event[key] = _struck(key, value)
    return event


def _struck(key: str, value: object) -> object:
    if _SECRET_KEY.search(key) and value and not isinstance(value, bool | int | float):
        return STRUCK
    if isinstance(value, str):
        text = _SECRET_IN_URL.sub(f"{STRUCK}@", value)
        return _masked(text) if key in _QUOTES else text
    if isinstance(value, Mapping):
        return {name: _struck(str(name), part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_struck("", part) for part in value]
    return value


def _masked(text: str) -> str:
    # a tenth of what a short command costs; few have anything to mask
    from scoring.events.personal_values import mask_log

    return mask_log(text)


def _shown(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """The record fit for a terminal: a text in it is shown, never obeyed."""
    return {
        key: printable(value, lines=True) if isinstance(value, str) else value for key, value in event.items()
    }


def keep_quiet() -> None:
    """For commands that answer a person in sentences: libraries' log lines are not shown, of ours only errors are."""
    logging.raiseExceptions = False
    logging.getLogger().addHandler(logging.NullHandler())
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR),
        # what standard error is when something is said, not when this was called: tests and notebooks replace it
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )


class _Sparing:
    """Lets a library say the same thing a few times a minute: that a broker is gone need not be said a hundred times a second."""

    MAX_RECORDS, SPAN_S = 5, 60.0

    def __init__(self) -> None:
        self._said: dict[tuple[str, object], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether ``record`` is written."""
        if record.name.startswith("streams") or record.levelno >= logging.CRITICAL or record.exc_info:
            return True
        what = (record.name, record.msg if isinstance(record.msg, str) else type(record.msg))
        begun, count = self._said.get(what, (record.created, 0))
        if not 0 <= record.created - begun < self.SPAN_S:
            begun, count = record.created, 0
        if len(self._said) > 10_000:
            self._said.clear()
        self._said[what] = (begun, count + 1)
        return count < self.MAX_RECORDS


def configure(settings: Settings, stream: TextIO | None = None) -> None:
    """Send every log record of this process to ``stream`` (default: standard error) in the shape the settings ask for."""
    to = stream or sys.stderr
    as_text = settings.log_format == "console" or (settings.log_format == "auto" and to.isatty())
    level = getattr(logging, settings.log_level.upper())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="%H:%M:%S" if as_text else "iso", utc=not as_text),
        strike_secrets,
    ]
    last: list[Processor] = (
        [
            _shown,
            # tracebacks without the values of local variables: they may hold what must not be logged
            structlog.dev.ConsoleRenderer(
                colors=to.isatty(), exception_formatter=structlog.dev.plain_traceback
            ),
        ]
        if as_text
        else [structlog.processors.format_exc_info, strike_secrets, structlog.processors.JSONRenderer()]
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    # a full disk would else print a traceback of its own for every line that cannot be written
    logging.raiseExceptions = False
    handler = logging.StreamHandler(to)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.PositionalArgumentsFormatter(), *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    handler.addFilter(_Sparing())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in _QUIET:
        logging.getLogger(name).setLevel(
            max(level, logging.WARNING) if level > logging.DEBUG else logging.INFO
        )

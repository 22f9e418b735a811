"""What every part of ``funnelwatch.yaml`` is made of: the strict model, the named time zone, the reference to a secret.

Below ``streams/config``, so that each channel and each source declares its own part of the file here and the configuration
imports them, never the other way round.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
    field_validator,
)

from scoring.events.incoming import CURRENCIES
from streams.errors import InputError

#: control characters but tab and line feed, and those that turn the direction of text
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


#: what people write for a zone whose name has neither that city nor that spelling
_ZONES_MEANT = {
    "beijing": "Asia/Shanghai", "shenzhen": "Asia/Shanghai", "guangzhou": "Asia/Shanghai", "hangzhou": "Asia/Shanghai",
    "china": "Asia/Shanghai", "cst": "Asia/Shanghai", "+08:00": "Asia/Shanghai", "+8": "Asia/Shanghai", "utc+8": "Asia/Shanghai",
    "gmt+8": "Asia/Shanghai", "北京": "Asia/Shanghai", "上海": "Asia/Shanghai", "pst": "America/Los_Angeles",
    "pdt": "America/Los_Angeles", "edt": "America/New_York", "est": "America/New_York", "bst": "Europe/London",
    "hanoi": "Asia/Ho_Chi_Minh", "san_francisco": "America/Los_Angeles",
}  # fmt: skip


class ConfigError(InputError):
    """The configuration cannot be used; its text names each error with file and line. The command line prints it."""


Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
#: from Monday on, as ``datetime.weekday`` counts
WEEKDAYS: tuple[Weekday, ...] = get_args(Weekday)


class ConfigPart(BaseModel):
    """A part of the configuration: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @field_validator("*")
    @classmethod
    def _printable(cls, value: Any) -> Any:
        """Names and texts end up in mails' headers, on terminals and in pages."""
        _check_printable(value)
        return value


def _check_printable(value: object) -> None:
    if isinstance(value, str) and (found := _UNPRINTABLE.search(value)):
        raise ValueError(f"holds the character U+{ord(found.group()):04X}, which is not printable")
    if isinstance(value, tuple | list):
        for item in value:
            _check_printable(item)


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        meant = _zone_meant(name)
        said = f"did you mean {meant!r}?" if meant else "use an IANA name such as Asia/Shanghai"
        raise ValueError(f"unknown time zone {name!r}; {said}") from error
    return name


def _zone_meant(name: str) -> str:
    """The zone that is probably meant: of that city, else of nearly that spelling; empty if none is near."""
    wanted = name.strip().casefold().replace(" ", "_")
    if wanted in _ZONES_MEANT:
        return _ZONES_MEANT[wanted]
    of_name = {zone.casefold(): zone for zone in sorted(available_timezones())}
    of_city = {zone.rpartition("/")[2]: of_name[zone] for zone in reversed(of_name)}
    for zones in (of_city, of_name):
        near = difflib.get_close_matches(wanted, zones, n=1, cutoff=0.8)
        if near:
            return zones[near[0]]
    return ""


def _clock(value: object) -> object:
    """``8`` and ``"8:30"`` as ``08:00`` and ``08:30``. YAML reads an unquoted 8:30 as 510, sixty by sixty."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return f"{value // 60:02}:{value % 60:02}" if value >= 60 else f"{value:02}:00"
    if isinstance(value, str) and re.fullmatch(r"\d:[0-5]\d", value):
        return f"0{value}"
    return value


#: a time of day
Clock = Annotated[
    str,
    BeforeValidator(_clock),
    Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$"),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "integer", "minimum": 0, "maximum": 1439}]}),
]


def known_currency(code: str) -> str:
    """The code, if it is a currency's.

    Raises:
        ValueError: it is not.
    """
    if code not in CURRENCIES:
        meant = " (the code of the renminbi is CNY)" if code in ("RMB", "CNH", "YUAN") else ""
        raise ValueError(f"{code!r} is not an ISO 4217 code; expected one such as USD or CNY{meant}")
    return code


#: an ISO 4217 code
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$"), AfterValidator(known_currency)]


Zone = Annotated[str, AfterValidator(_known_zone)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]


class SecretMark:
    """Marks a field as a reference to a secret; ``streams/config/errors.py`` finds such fields by it."""


#: ``env:NAME`` or ``file:PATH``; never the secret itself
SecretRef = Annotated[str, SecretMark()]


#: a mail address; display names belong into what is sent
MAIL_ADDRESS = r"^[^@\s,<>\x00-\x1f\x7f]+@[^@\s,<>\x00-\x1f\x7f]+$"
MailAddress = Annotated[str, Field(pattern=MAIL_ADDRESS)]


def resolve_secret(reference: str) -> str:
    """The secret behind ``env:NAME`` or ``file:PATH``.

    Raises:
        ConfigError: the reference has another form, or nothing is there.
    """
    kind, _, rest = reference.partition(":")
    if kind == "env":
        value = os.environ.get(rest)
        if value is None:
            raise ConfigError(f"environment variable {rest} is not set (needed by the configuration)")
        if not value.strip():
            raise ConfigError(f"environment variable {rest} is empty (needed by the configuration)")
        return value
    if kind == "file":
        try:
            value = Path(rest).expanduser().read_text().strip()
        except OSError as error:
            raise ConfigError(f"secret file {rest} cannot be read: {error.strerror}") from error
        except ValueError as error:
            raise ConfigError(f"secret file {rest} is not UTF-8 text") from error
        if not value:
            raise ConfigError(f"secret file {rest} is empty")
        return value
    raise ConfigError(f"expected a reference to a secret, env:NAME or file:PATH, not {kind!r}:…")


def is_secret(model: type[BaseModel], field: str) -> bool:
    """Whether a field of ``model`` holds references to secrets (one, or a list of them)."""
    info = model.model_fields[field]
    return _has_mark(info.metadata) or _marks(info.annotation)


def _marks(annotation: Any) -> bool:
    return _has_mark(getattr(annotation, "__metadata__", ())) or any(map(_marks, get_args(annotation)))


def _has_mark(metadata: Iterable[object]) -> bool:
    return any(isinstance(item, SecretMark) for item in metadata)

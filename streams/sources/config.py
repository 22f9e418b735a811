"""What every connection of ``funnelwatch.yaml`` has, and how a mapping is written there.

A source's own ``config.py`` adds ``source`` and what the source needs. These files lie below ``streams/config``, which imports them; the
rest of a source's folder lies above it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, ClassVar, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from scoring.records.measures import MEASURE_BY_NAME
from scoring.records.signal import SignalKind
from scoring.sources.backfills import MAX_BACKFILL_DAYS, PAST_DAYS
from scoring.sources.json_mapping import (
    ORDER_FIELDS,
    REPORT_FIELDS,
    SIGNAL_FIELDS,
    RecordKind,
    RecordMapping,
    StatusMeaning,
)
from scoring.sources.json_paths import JsonPath, JsonPathError, json_path
from streams.schema import ConfigPart, Name, Zone, is_secret


def _is_path(text: str) -> str:
    try:
        json_path(text)
    except JsonPathError as error:
        raise ValueError(str(error)) from error
    return text


def _is_time_form(text: str) -> str:
    if not text:
        return text
    moment = datetime(2026, 11, 28, 13, 14, 15)  # noqa: DTZ001
    try:
        read = datetime.strptime(moment.strftime(text), text)  # noqa: DTZ007
    except ValueError as error:
        raise ValueError(f"{text!r} is not a form of a time; expected one such as %d/%m/%Y %H:%M") from error
    if (read.year, read.month, read.day) != (2026, 11, 28):
        raise ValueError(f"{text!r} does not say year, month and day; write it as %d/%m/%Y %H:%M")
    return text


Path = Annotated[str, AfterValidator(_is_path)]
TimeForm = Annotated[str, AfterValidator(_is_time_form)]


#: a setting that is asked for only if another one has one of these values, or, where there are none, any: setting → (other, values);
#: ``one/other`` is either of them, and ``!other`` its absence
AskedOf = Mapping[str, tuple[str, tuple[str, ...]]]


def is_on_this_machine(url: str) -> bool:
    """Whether what is sent to an address leaves this machine in no case: a trial shop, or a proxy that adds TLS."""
    parts = urlsplit(url)
    return parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1", "localhost")


class ConnectionConfig(ConfigPart):
    """One connection to a source. Secrets are references (``env:NAME`` or ``file:PATH``)."""

    #: fields that may not be empty; a source's own model lists them
    needs: ClassVar[tuple[str, ...]] = ()
    #: settings that are asked for when it is added step by step, after name and store
    asks: ClassVar[tuple[str, ...]] = ()
    asked_of: ClassVar[AskedOf] = {}
    #: secrets that a seller makes up, to be given to the other side: one is made where none is typed
    made: ClassVar[frozenset[str]] = frozenset()

    name: Name = Field(description="What commands, alerts and addresses call it.")
    source: str
    store: str = Field("", description="The store it reports for.")
    stores: tuple[str, ...] = Field(
        (), description="The stores it reports for, if it names one with each record."
    )
    owner: str = Field("", description="Whom its troubles concern: the label `owner` of its alerts.")
    past_days: int = Field(
        PAST_DAYS,
        ge=0,
        lt=MAX_BACKFILL_DAYS,
        description="Days of the past that a new connection of this file reads once, next to what is live.",
    )
    paused: bool = Field(False, description="It is not asked; what it sends by webhook is still taken.")

    @property
    def all_stores(self) -> tuple[str, ...]:
        """The stores it reports for."""
        return (self.store,) if self.store else self.stores

    @model_validator(mode="after")
    def _has_what_its_source_needs(self) -> Self:
        if bool(self.store) == bool(self.stores):
            raise ValueError(f"connection {self.name!r}: give either `store` or `stores`")
        for field in self.needs:
            if not getattr(self, field):
                reference = " (env:NAME or file:PATH)" if is_secret(type(self), field) else ""
                article = "an" if self.source[0] in "aeiou" else "a"
                raise ValueError(
                    f"connection {self.name!r}: {article} {self.source} connection needs `{field}`{reference}"
                )
        return self


class MappingConfig(ConfigPart):
    """How rows of one kind are read: paths into the JSON of a row."""

    kind: Literal["order", "event", "report", "signal"]
    rows: Path = Field("$", description="Where the rows are; the whole document by default.")
    topics: tuple[str, ...] = Field((), description="Topics that hold such rows; all by default.")
    fields: dict[str, Path] = Field({}, description="Our field → where it is in a row.")
    constants: dict[str, str] = Field({}, description="Our field → its value where the row does not say it.")
    values: dict[str, dict[str, str]] = Field({}, description="Our field → the source's value → ours.")
    statuses: dict[Literal[tuple(StatusMeaning)], tuple[str, ...]] = Field(  # type: ignore[valid-type]
        {}, description="Of an order: what a value of the field `status` says → the values that say it."
    )
    measures: dict[str, Path] = Field({}, description="Of a report: measure → where its figure is.")
    dimensions: dict[str, Path] = Field({}, description="Of a report: dimension → where it is.")
    details: dict[str, Path] = Field({}, description="Of a signal: detail → where it is.")
    zone: Zone | None = Field(None, description="Zone of times without an offset; default: the store's.")
    time_form: TimeForm = Field("", description="Times that are not ISO 8601, such as %d/%m/%Y %H:%M.")
    decimals: int = Field(
        0, ge=0, le=6, description="Digits of an amount that are its fraction, if it is in the smallest unit."
    )

    @model_validator(mode="after")
    def _names_are_known(self) -> Self:
        known = _FIELDS[self.kind]
        for name in (*self.fields, *self.constants, *self.values):
            if known and name not in known:
                raise ValueError(
                    f"unknown field {name!r} for kind {self.kind}; expected one of: {', '.join(sorted(known))}"
                )
        for name in self.measures:
            if name not in MEASURE_BY_NAME:
                raise ValueError(f"unknown measure {name!r}; the reference of measures lists them")
        given = {*self.fields, *self.constants}
        if missing := _NEEDED[self.kind] - given:
            raise ValueError(f"a mapping of kind {self.kind} needs the field {min(missing)!r}")
        if self.kind == "report" and not self.measures:
            raise ValueError("a mapping of kind report needs `measures`")
        if self.kind == "report" and not given & {"day", "hour"}:
            raise ValueError("a mapping of kind report needs the field 'day' or 'hour'")
        kind = self.constants.get("kind", "")
        if self.kind == "signal" and kind and kind not in set(SignalKind):
            raise ValueError(f"unknown signal {kind!r}; expected one of: {', '.join(SignalKind)}")
        return self

    def mapping(self) -> RecordMapping:
        """The value of the core."""
        return RecordMapping(
            kind=RecordKind(self.kind),
            rows=None if self.rows == "$" else json_path(self.rows),
            topics=frozenset(self.topics),
            fields=_paths(self.fields),
            constants=self.constants,
            values=self.values,
            statuses={
                value: StatusMeaning(meaning) for meaning, values in self.statuses.items() for value in values
            },
            measures=_paths(self.measures),
            dimensions=_paths(self.dimensions),
            details=_paths(self.details),
            zone=self.zone or "",
            time_form=self.time_form,
            decimals=self.decimals,
        )


#: None of them is listed for events: the intake judges their fields, as it does for every sender
_FIELDS: Mapping[str, frozenset[str]] = {
    "order": ORDER_FIELDS,
    "event": frozenset(),
    "report": REPORT_FIELDS,
    "signal": SIGNAL_FIELDS,
}
_NEEDED: Mapping[str, frozenset[str]] = {
    "order": frozenset({"order_id"}),
    "event": frozenset({"type"}),
    "report": frozenset(),
    "signal": frozenset({"kind"}),
}


def _paths(given: Mapping[str, str]) -> dict[str, JsonPath]:
    return {name: json_path(text) for name, text in given.items()}


class SignatureConfig(ConfigPart):
    """How a sender signs its deliveries: an HMAC over the raw body, in the variants that are in use."""

    header: str = Field("X-Signature", min_length=1, description="Carries the signature.")
    algorithm: Literal["sha1", "sha256", "sha512"] = "sha256"
    encoding: Literal["hex", "base64"] = "hex"
    prefix: str = Field("", description="Before the signature, such as `sha256=` or `v1=`.")
    signed: str = Field(
        "{body}",
        description="The text that is signed; places: {body}, {timestamp}, {url}, {path}, {Header-Name}.",
    )
    timestamp_header: str = Field(
        "", description="Carries the time of sending, if it is signed; empty: the part `t=` of `header`."
    )
    tolerance_s: float = Field(300.0, gt=0, description="Seconds that the time of sending may be off.")
    secret_encoding: Literal["text", "base64", "hex"] = Field(
        "text", description="How the secret is written."
    )


class TopicConfig(ConfigPart):
    """Where a delivery says what it is about, and what it is recognised by."""

    header: str = ""
    path: Path | None = None

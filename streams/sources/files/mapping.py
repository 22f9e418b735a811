"""What a file's columns mean: the mapping format, checked field by field.

A mapping is a small YAML file. ``streams/sources/files/mappings`` holds the ones that are shipped; a user's own is given by path.
"""

from __future__ import annotations

import difflib
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from scoring.events.event import EventType, Platform
from streams.config.store_id import StoreId
from streams.errors import InputError
from streams.schema import Zone

#: a field of an event that a column may fill
FieldName = Literal[
    "visitor",
    "buyer",
    "session",
    "order_id",
    "product",
    "category",
    "country",
    "device_class",
    "channel",
    "campaign",
    "payment_method",
    "quantity",
    "amount",
    "currency",
]
Column = Annotated[str, Field(min_length=1)]


class MappingError(InputError):
    """A mapping cannot be used, or does not fit the file; the command line prints its text."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class TimeColumn(_Part):
    """Where the event time is and how it is written.

    ``format``: ``unix_s``, ``unix_ms``, ``iso`` (an offset in the text wins over the mapping's zone) or a strptime pattern.
    """

    column: Column
    format: str = "iso"

    @model_validator(mode="after")
    def _known_format(self) -> TimeColumn:
        if self.format not in ("unix_s", "unix_ms", "iso") and "%" not in self.format:
            raise ValueError("format is unix_s, unix_ms, iso, or a strptime pattern such as %d/%m/%Y %H:%M")
        return self


class TypeColumn(_Part):
    """An event type read from a column: ``values`` says which text is which type."""

    column: Column
    values: dict[str, EventType] = Field(min_length=1)


class When(_Part):
    """A condition on a row. All given parts must hold."""

    column: Column
    one_of: tuple[str, ...] | None = Field(None, alias="in")
    starts_with: str | None = None
    not_starts_with: tuple[str, ...] | None = None
    above: float | None = None

    @model_validator(mode="after")
    def _says_something(self) -> When:
        if all(part is None for part in (self.one_of, self.starts_with, self.not_starts_with, self.above)):
            raise ValueError("give one of in, starts_with, not_starts_with, above")
        return self


class EventRule(_Part):
    """One event that a row (or a group of rows) may give.

    ``returning``: only if the buyer had such an event before in this file (that is how a repurchase is recognised).
    """

    type: EventType | TypeColumn
    when: tuple[When, ...] = ()
    returning: bool = False
    fields: dict[FieldName, Column] = {}


class RowGroup(_Part):
    """Rows that are lines of one thing, such as an invoice: one event for all rows of the same ``by``.

    ``sums`` names new columns and the product of columns each adds up: ``{amount: [Quantity, UnitPrice]}``. Every other
    column has the value of the group's first row. Rows of a group must be near each other (within ``most_open`` groups).
    """

    by: Column
    sums: dict[str, tuple[Column, ...]] = {}
    most_open: int = Field(500, ge=1, le=100_000)


class FileMapping(_Part):
    """What the columns of a file mean."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9_-]+$")]
    description: str = ""
    store: StoreId
    platform: Platform = Platform.OTHER
    zone: Zone = "UTC"
    currency: Annotated[str, Field(pattern=r"^([A-Z]{3})?$")] = ""
    header: bool = True
    columns: tuple[Column, ...] = Field((), description="Names in order, for files without a header line.")
    delimiter: Literal[",", ";", "\t", "|"] | None = Field(None, description="Found by looking if not given.")
    encoding: str = "utf-8"
    time: TimeColumn
    fields: dict[FieldName, Column] = {}
    attributes: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")], Column] = {}
    constants: dict[FieldName, str] = {}
    group: RowGroup | None = None
    events: tuple[EventRule, ...] = Field(min_length=1)
    ignore: tuple[When, ...] = Field(
        (), description="Rows for which any of these holds are left out, and counted."
    )
    identity: tuple[Column, ...] = Field(
        (),
        description="Columns that name an event; without it the whole row and how often it occurred before.",
    )

    @model_validator(mode="after")
    def _fits_itself(self) -> FileMapping:
        if not self.header and not self.columns:
            raise ValueError("columns: needed where header is false")
        made = set(self.group.sums) if self.group else set()
        if self.columns and (unknown := self.needed_columns() - set(self.columns)):
            raise ValueError(f"columns: {', '.join(sorted(unknown))} is used but not among them")
        if clash := made & set(self.columns):
            raise ValueError(f"group.sums: {', '.join(sorted(clash))} is already a column")
        return self

    def needed_columns(self) -> set[str]:
        """The columns that the file must have."""
        needed = {self.time.column, *self.fields.values(), *self.attributes.values(), *self.identity}
        conditions = list(self.ignore)
        for rule in self.events:
            needed.update(rule.fields.values())
            conditions.extend(rule.when)
            if isinstance(rule.type, TypeColumn):
                needed.add(rule.type.column)
        needed.update(condition.column for condition in conditions)
        if self.group:
            needed.add(self.group.by)
            needed.update(column for columns in self.group.sums.values() for column in columns)
            needed -= set(self.group.sums)
        return needed


def shipped_mappings() -> list[str]:
    """The names of the mappings that come with Funnelwatch."""
    folder = resources.files("streams.sources.files") / "mappings"
    return sorted(
        entry.name.removesuffix(".yaml") for entry in folder.iterdir() if entry.name.endswith(".yaml")
    )


def load_mapping(name_or_path: str) -> FileMapping:
    """The mapping of that name, or of that file if it looks like a path.

    Raises:
        MappingError: there is none, or it holds errors; the text names all of them.
    """
    if name_or_path in shipped_mappings():
        text = (resources.files("streams.sources.files") / "mappings" / f"{name_or_path}.yaml").read_text(
            "utf-8"
        )
        return parse_mapping(text, f"mapping {name_or_path}")
    path = Path(name_or_path)
    if path.suffix not in (".yaml", ".yml") and not path.exists():
        near = difflib.get_close_matches(name_or_path, shipped_mappings(), 1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise MappingError(
            f"There is no mapping {name_or_path!r}.{hint} Shipped: {', '.join(shipped_mappings())}; "
            "or give the path of your own .yaml file."
        )
    try:
        return parse_mapping(path.read_text("utf-8"), str(path))
    except OSError as error:
        raise MappingError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise MappingError(f"{path}: is not UTF-8 text") from error


def parse_mapping(text: str, source: str) -> FileMapping:
    """The mapping written in ``text``; ``source`` names it in errors."""
    try:
        content: Any = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise MappingError(f"{source}: is not YAML: {error}") from error
    if not isinstance(content, dict):
        raise MappingError(f"{source}: is empty; it needs at least name, store, time and events")
    try:
        return FileMapping.model_validate(content)
    except ValidationError as error:
        lines = [f"{source}: {_place(item['loc'])}: {_say(item)}" for item in error.errors()]
        raise MappingError("\n".join(lines)) from error


def _place(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in location) or "mapping"


def _say(item: Any) -> str:
    message = str(item["msg"]).removeprefix("Value error, ")
    if item["type"] == "extra_forbidden":
        return "unknown name; see 'Your own mapping' in deploy/docs/files.md"
    return message

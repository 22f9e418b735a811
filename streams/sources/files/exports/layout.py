"""A layout: what the columns of one kind of export mean, as data. The known ones are in ``layouts/*.yaml``; a user's own is a file."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from scoring.events.event import EventType
from scoring.wording.text import Bilingual
from streams.schema import Zone
from streams.sources.files.exports.cells import folded, header_name
from streams.sources.files.mapping import MappingError

#: columns that hold times, and those that hold numbers
TIME_FIELDS = (
    "placed",
    "paid",
    "shipped",
    "shipping_arranged",
    "delivered",
    "completed",
    "cancelled",
    "day",
    "until",
    "time",
)
#: columns that become attributes of an event, by the name of the attribute: texts, and numbers
TEXT_ATTRIBUTES = ("rating", "metric", "error", "page")
NUMBER_ATTRIBUTES = ("answered_min", "answered_s", "reference", "value", "results")
NUMBER_FIELDS = (
    *("quantity", "total", "refund_amount", "unit_price", "discount", "paid_by_buyer", "amount"),
    *NUMBER_ATTRIBUTES,
)
#: numbers that are read only where they distinguish a gift from what was bought
PRICES = ("unit_price", "discount")
STATUS_FIELDS = ("status", "substatus", "line_status", "financial", "fulfilment")

FieldOfExport = Literal[
    "order", "own_id", "line", "parcel", "placed", "paid", "shipped", "shipping_arranged", "delivered", "completed", "cancelled",
    "status", "substatus", "line_status", "financial", "fulfilment", "payment_method", "quantity", "total", "currency",
    "refund_amount", "unit_price", "discount", "paid_by_buyer", "buyer_currency", "country", "buyer", "product", "item_name",
    "shop", "replacement", "test", "day", "until", "action", "time", "event", "visitor", "details", "page", "amount",
    "session", "channel", "campaign", "medium", "landing", "referrer", "rating", "answered_min", "answered_s", "reference", "metric", "value", "results", "error",
]  # fmt: skip
Fact = Literal[
    "unpaid", "placed", "paid", "shipped", "shipped_paid", "delivered", "delivered_paid", "completed", "cancelled", "refunded"
]  # fmt: skip
#: what each word of a status means, as facts of the order
FACTS: Mapping[str, frozenset[str]] = {
    "unpaid": frozenset({"unpaid"}),
    "placed": frozenset(),
    "paid": frozenset({"paid"}),
    "shipped": frozenset({"shipped"}),
    "shipped_paid": frozenset({"shipped", "paid"}),
    "delivered": frozenset({"shipped", "delivered"}),
    "delivered_paid": frozenset({"shipped", "delivered", "paid"}),
    "completed": frozenset({"shipped", "delivered", "paid"}),
    "cancelled": frozenset({"cancelled"}),
    "refunded": frozenset({"refunded"}),
}


def _by_language(value: Any) -> Any:
    return value if isinstance(value, dict) else {"": value if isinstance(value, list) else [value]}


Headers = Annotated[dict[str, list[str]], BeforeValidator(_by_language)]


class _LayoutPart(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ReportMeasure(_LayoutPart):
    """A figure of a report: in which unit, and whether it may be added over days (people may not)."""

    headers: Headers
    unit: str = "events"
    unique: bool = False
    currency: str = ""


class ExportLayout(_LayoutPart):
    """One kind of export.

    ``row`` is what a row is; ``money`` how an order's worth is spread over its rows: ``once`` (the same on each), ``first`` (on the
    first only) or ``line`` (each row its own). ``signs`` are headers that only this platform writes.
    """

    name: Annotated[str, Field(pattern=r"^[a-z0-9_-]+$")]
    title: str = ""
    title_zh: str = Field("", description="The same in Chinese, where it is a sentence's part.")
    platform: str = "other"
    kind: Literal["orders", "report", "events"]
    row: Literal["line", "unit", "order", "parcel", "day", "range", "event", "none"] = "line"
    money: Literal["once", "first", "line"] = "line"
    units: Literal["quantity", "rows"] = "quantity"
    needs: tuple[FieldOfExport, ...] = ()
    signs: tuple[str, ...] = ()
    columns: dict[FieldOfExport, Headers] = {}
    statuses: dict[FieldOfExport, dict[Fact, list[str]]] = {}
    cod: tuple[str, ...] = ()
    gifts: Literal["", "price_equals_discount"] = ""
    measures: dict[str, ReportMeasure] = {}
    dimensions: dict[str, list[str]] = {}
    ratios: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    whole_when: dict[str, Any] | None = None
    never_added: bool = False
    first_sheet_only: bool = False
    types: dict[str, EventType] = {}
    type: EventType | None = Field(None, description="What every row is, where no column says it.")
    no_stage: tuple[str, ...] = ()
    order_keys: tuple[str, ...] = ()
    amount_keys: tuple[str, ...] = ()
    amount_currency: str = ""
    currency_by_language: dict[str, str] = {}
    currency_by_country: bool = False
    zone_by_language: dict[str, str] = {}
    cod_paid: Literal["delivery", "column"] = "delivery"
    is_guess: bool = False
    is_kept: bool = Field(
        False,
        description="A person corrected it; ``signs`` are all headers of the file that it was made from.",
    )
    rejected: str = Field(
        "",
        description="Recognised only to say that it is not imported: what it is and what to do.",
    )
    rejected_zh: str = Field("", description="The same in Chinese.")
    order_tail: bool = Field(
        False, description="An order's number is what follows the last slash, as in gid://shopify/Order/1."
    )
    day_first: bool | None = None
    decimal: Literal[".", ","] | None = None
    zone: Zone | None = None
    currency: str = ""

    @functools.cached_property
    def names(self) -> dict[str, list[tuple[str, str, int]]]:
        """A header as compared → the fields that it may be, each with the language and its place in their list."""
        found: dict[str, list[tuple[str, str, int]]] = {}
        for field, languages in self.columns.items():
            for language, headers in languages.items():
                for rank, header in enumerate(headers):
                    found.setdefault(header_name(header), []).append((field, language, rank))
        return found

    @functools.cached_property
    def measure_names(self) -> dict[str, tuple[str, str]]:
        """A header as compared → (measure, language)."""
        return {
            header_name(header): (measure, language)
            for measure, spec in self.measures.items()
            for language, headers in spec.headers.items()
            for header in headers
        }

    @property
    def said_title(self) -> str:
        """What it is called, in both languages."""
        if self.is_kept:  # the title is of what it was corrected from
            return Bilingual(self.name, self.name)
        title = self.title or self.name
        return Bilingual(self.title_zh or title, title)

    @functools.cached_property
    def sign_names(self) -> frozenset[str]:
        """The signs as compared."""
        return frozenset(map(header_name, self.signs))

    @functools.cached_property
    def dimension_names(self) -> dict[str, list[str]]:
        """Dimension → the headers it may have, as compared."""
        return {one: list(map(header_name, headers)) for one, headers in self.dimensions.items()}

    @functools.cached_property
    def known_names(self) -> frozenset[str]:
        """Every header the layout mentions."""
        dimensions = [one for headers in self.dimension_names.values() for one in headers]
        others = map(header_name, (*self.ratios, *self.parts))
        return frozenset((*self.names, *self.measure_names, *self.sign_names, *dimensions, *others))

    @functools.cached_property
    def status_words(self) -> dict[str, dict[str, str]]:
        """Status column → text as compared → fact."""
        return {
            field: {folded(text): fact for fact, texts in facts.items() for text in texts}
            for field, facts in self.statuses.items()
        }

    def fact_of(self, field: str, text: str) -> str | None:
        """The fact that a status means; a text that begins with a known one (a sentence with a date in it) means the same."""
        words = self.status_words.get(field, {})
        wanted = folded(text)
        if wanted in words:
            return words[wanted]
        near = [
            word
            for word in words
            if len(word) >= 5 and wanted.startswith(word) and not wanted[len(word)].isalnum()
        ]
        return words[max(near, key=len)] if near else None

    def is_cod(self, method: str) -> bool:
        """Whether a payment method is cash on delivery."""
        known = self.methods.get(method)
        if known is None:
            known = self.methods[method] = self._is_cod(method)
        return known

    @functools.cached_property
    def methods(self) -> dict[str, bool]:
        """Payment methods seen so far, and whether each is cash on delivery."""
        return {}

    def _is_cod(self, method: str) -> bool:
        wanted = folded(method)
        return any(
            folded(one) == wanted or (len(one) > 3 and folded(one) in wanted) for one in self.cod
        ) or any(
            len(one) == 3 and folded(one) in wanted.replace("(", " ").replace(")", " ").split()
            for one in self.cod
        )


@functools.cache
def known_layouts() -> tuple[ExportLayout, ...]:
    """The layouts that come with Funnelwatch, the guess for unknown platforms last."""
    found: list[ExportLayout] = []
    folder = resources.files("streams.sources.files.exports") / "layouts"
    for entry in sorted(folder.iterdir(), key=lambda one: one.name):
        if entry.name.endswith(".yaml"):
            found += _of_platform(yaml.safe_load(entry.read_text("utf-8")))
    return tuple(_with_shared_words(sorted(found, key=lambda layout: layout.is_guess)))


def _with_shared_words(layouts: list[ExportLayout]) -> Iterator[ExportLayout]:
    """The layouts; guesses at orders know the words for states that platforms agree on as well."""
    said: dict[str, dict[str, Fact]] = {}
    for layout in layouts:
        if layout.kind == "orders" and not layout.is_guess:
            for fact, texts in layout.statuses.get("status", {}).items():
                for text in texts:
                    said.setdefault(folded(text), {})[text] = fact
    agreed = [next(iter(facts.items())) for facts in said.values() if len(set(facts.values())) == 1]
    for layout in layouts:
        if layout.is_guess and layout.statuses:
            words = {fact: list(texts) for fact, texts in layout.statuses["status"].items()}
            known = {folded(text) for texts in words.values() for text in texts}
            for text, fact in agreed:
                if folded(text) not in known:
                    words.setdefault(fact, []).append(text)
            layout = layout.model_copy(update={"statuses": {**layout.statuses, "status": words}})
        yield layout


def _of_platform(content: dict[str, Any]) -> Iterator[ExportLayout]:
    shared = {key: value for key, value in content.items() if key != "layouts"}
    for one in content["layouts"]:
        yield ExportLayout.model_validate({**shared, **one})


def load_layout(path: Path) -> ExportLayout:
    """A user's own mapping of an export.

    Raises:
        MappingError: it cannot be read, or holds errors; the text names all of them.
    """
    try:
        content = yaml.safe_load(path.read_text("utf-8"))
        if not isinstance(content, dict):
            raise MappingError(
                f"{path}: is empty; `funnelwatch import suggest FILE` writes one to start from"
            )
        return ExportLayout.model_validate(content)
    except ValidationError as error:
        places = [".".join(map(str, item["loc"])) or "mapping" for item in error.errors()]
        texts = [item["msg"].removeprefix("Value error, ") for item in error.errors()]
        raise MappingError(
            "\n".join(f"{path}: {a}: {b}" for a, b in zip(places, texts, strict=True))
        ) from error
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise MappingError(f"{path}: cannot be read: {error}") from error

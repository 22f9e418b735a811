"""The tables of the reference, made from the code that they describe. ``deploy/document.py`` writes them into pages."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from scoring.wording.catalogue import REASON_NAMES
from streams import metrics
from streams.channels.registry import reference_rows
from streams.config.model import Config
from streams.kafka.topics import TOPICS
from streams.log_events import LOG_EVENTS
from streams.roles import ROLES
from streams.settings import Settings
from streams.sources import registry as sources
from streams.sources.files.mapping import shipped_mappings

ROOT = Path(__file__).parents[1]
SQL = ROOT / "deploy" / "clickhouse"

#: what each view holds, for people who query it
VIEWS: Mapping[str, str] = {
    "events": "Every accepted event, once; an order, its payment, fulfilment and repurchase once per order id.",
    "event_records": "Every report: also those of an order that do not count (`is_repeat`), and parcels.",
    "stage_counts": "Events a minute, by store, segment and stage. A count of zero has no row. Without what is set apart (`set_apart_counts`). Orders without a page are in the segments `[agents]` and `[no page]`.",
    "set_apart_counts": "Events a minute that are neither judged nor learned from: `bots`, or `marked` (`set_apart` in `events` says why).",
    "scores": "Each judged minute of a step: observed, expected with its band, surprise, and the state.",
    "alerts": "Every alert as it is now (its newest transition).",
    "alert_transitions": "Every change of every alert: pending, firing, resolved.",
    "alert_actions": "What people did about alerts. A link pressed twice is one row.",
    "alert_responses": "Every alert that fired, with minutes to acknowledge and to resolve; empty if that has not happened. `ended_at`: the store recovered or somebody closed the alert, whichever came first.",
    "dead_letters": "Every rejected record, with its reason and its payload (personal data masked).",
    "store_windows": "Counts of the last minutes of each store, by window length and stage.",
    "baselines": "What is expected of each store, as published (JSON).",
    "stores": "The configured stores.",
    "step_contributions": "Each step's part in the change of a store's counts against the same UTC day a week before, as logarithms that add up; an empty step is the traffic.",
    "exclusions": "Every `funnelwatch events exclude` and `restore`: span, by whom, why, how many events and minutes.",
    "report_rows": "Every figure that a platform reports of a period, as it is now: measure, value, whether it is `complete`, `restated` (another value was reported before) and `is_unique` (never add it over periods or parts). None of them is in `events`.",
    "report_versions": "Every report of every figure, older ones and withdrawn ones, too.",
    "signals": "States that explain what a funnel shows (out of stock, listing suppressed, payment declined); `until` is empty while one lasts.",
    "orders": "Every order once, by the facts that sources reported and by plain events: when it was placed, truly paid, shipped, delivered, cancelled; `state`; `left_out` says why it is not counted. Empty is unknown.",
    "order_channels": "Where each order was made: on the shop's page, by an agent, in an app, at a point of sale, by staff, on a marketplace; empty if nobody says.",
    "order_versions": "Every report of every order: what one source knew of it at one time (`as_of_ms`).",
    "order_lives": "The orders of which sources reported facts, merged: each field from the newest report that knows it. `orders` adds plain events.",
    "raw_deliveries": "What platforms sent, as it came (personal fields masked), for 14 days.",
    "event_days": "What a store's events of one day of its clock add up to, for the evaluation: in how many `cases` a `fact` was so (`hits`); of values their `total` and that of their `squares` (times as logs of minutes).",
    "evaluations": "Scores of every complete week, month and quarter of the last ninety days: `kind` is health, dimension, indicator or step, `comparator` own or peers, or target; `score` (50 is usual) with its 90 % interval, or empty with the `reason`; `is_headline`: the comparator that the page shows first. Of a step that is what it `lost` (events of the last stage) with its interval, and its worth in the store's `currency`. A row whose comparator is target has no score but the `target`, and met or missed as its `reason`, with _unsure where too few cases leave that open; of a target that was taken back since, `evaluated_at` is older than that of the health.",
    "order_days": "What a store's orders add up to by day of a zone's clock, one row a store and zone, for the evaluation: `windows` of waiting (of the orders that begin it on a day how many get there within so many days, and their hours), `hours` from payment to shipping, and what orders are `worth`.",
    "order_marks": "All that the orders of a store are worked out from, as one number (`digest`): it changes whenever any of it does. `count`: rows of it.",
    "compared_prices": "Events in which a shop's price was compared with another's (`attributes['reference']`): those of type `price`.",
    "counted_extents": "From which minute to which anything of a store is counted.",
    "indicators": "The figures behind the scores: `value`, number of `cases`, `g` with its `variance` as it is scored, the `inputs` they were worked out from, and where the rows are (`relation`, `condition`). Steps are `step:ID`.",
    "findings": "What each rule came to in each period (`standing`: found, replaced, not_enough, absent), by which readings, what speaks against it, and what else it may be.",
    "advice": "What was advised in each period, whose it is, by which reading it is judged and when; what people did about it (`state`), what came of it (`outcome`), and how often the same advice helped in this store (`helped` of `judged`). Things to look at or try; no cause is claimed.",
    "advice_actions": "The last word of people on each piece of advice: accept, decline or done, by whom, when, with what remark.",
    "advice_outcomes": "What came of advice that was done, judged with the newest period of each length: helped, did_not or cannot_say, with the points gained over what was to be expected and their 90 % interval.",
    "attribution": "By which ways the orders of the newest complete week, month and quarter came: `kind` is channel, campaign or source (an ads platform), `model` last, linear, position, markov or shapley. Orders and money credited add up over the channels of a model; what is paid, claimed, and why a figure is not given (`reasons`), is with the model `last`. Each row leads back to its own (`relation`, `condition`).",
    "visits": "Visits of a span, each with the channel and campaign of its first event that names one: `visits(first = …, last = …, zone = …)`, in milliseconds since 1970, half-open; without a session, one visitor's day of that zone.",
    "order_journeys": "Every order that was placed in a span and counts, with the visits of the thirty days before (`touches`: channel and campaign, the oldest first) and the last that says where it came from: `order_journeys(first = …, last = …, zone = …)`, as `visits`.",
    "cleaned": "What was left out of the counts, by store, UTC day and reason, with some ids to look at; `is_counted`: only marked, and counted nevertheless.",
    "cleaned_rows": "The same row by row.",
    "brushing": "Orders that several signs together mark as brushing (刷单). They are counted.",
    "repeats": "Every time an event came again; when it first came is in `events`.",
    "score_minutes": "A minute's score as it enters `score_sums`.",
    "score_sums": "Scores added up over a span, fast for a month of all stores: `score_sums(first = …, last = …, point_s = 3600)`, in seconds since 1970, both ends included. A row is a whole hour where possible, else a minute; both always equal the minutes.",
    "count_minutes": "A minute's counts as they enter `count_sums`.",
    "count_sums": "Counts added up over a span, fast for a month of all stores: `count_sums(first = …, last = …)`, in seconds since 1970, both ends included. `pageless` are those of `counts` of orders without a page.",
}
#: made for other views and jobs; nobody needs to query it
INTERNAL_VIEWS = frozenset({"actions"})


def row(*cells: str) -> str:
    """A row of a Markdown table."""
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def table(*rows: str) -> str:
    """A Markdown table; the first row is its head."""
    head, *rest = rows
    return "\n".join([head, "|" + "---|" * (head.count(" | ") + 1), *rest])


def settings_table() -> str:
    """A row a setting: variable, default, meaning."""
    rows = [row("variable", "default", "meaning")]
    for name, field in Settings.model_fields.items():
        default = "" if field.default is PydanticUndefined or field.default is None else field.default
        if isinstance(default, SecretStr):
            default = ""
        if isinstance(default, Path):
            default = str(default).replace(str(Path.home()), "~")
        if isinstance(default, tuple):
            default = ",".join(map(str, default))
        choices = ""
        if get_origin(field.annotation) is not None and all(
            isinstance(a, str) for a in get_args(field.annotation)
        ):
            choices = " (" + ", ".join(get_args(field.annotation)) + ")"
        shown = f"`{default}`" if str(default) else ""
        rows.append(row(f"`FUNNELWATCH_{name.upper()}`", shown, f"{field.description or ''}{choices}"))
    return table(*rows)


def metrics_table() -> str:
    """A row a metric: name, labels, meaning."""
    rows = [row("metric", "labels", "meaning")]
    for value in vars(metrics).values():
        if hasattr(value, "_name") and hasattr(value, "_documentation"):
            suffix = "_total" if value._type == "counter" else ""
            rows.append(row(f"`{value._name}{suffix}`", ", ".join(value._labelnames), value._documentation))
    return table(*rows)


def topics_table() -> str:
    """A row a topic: name, partitions, how it is kept."""
    rows = [row("topic", "partitions", "kept")]
    for topic in TOPICS:
        kept = "the newest of each key" if topic.configs["cleanup.policy"] == "compact" else ""
        if not kept:
            days = int(topic.configs["retention.ms"]) // 86_400_000
            kept = f"{days} day{'s' if days > 1 else ''}"
        rows.append(row(f"`{topic.name}`", f"by {topic.key}" if topic.per_partition else "one", kept))
    return table(*rows)


def reasons_table() -> str:
    """A row a reject reason."""
    rows = [row("reason", "meaning", "说明")]
    rows += [row(f"`{reason.value}`", text("en"), text("zh")) for reason, text in REASON_NAMES.items()]
    return table(*rows)


def log_events_table() -> str:
    """A row a log event."""
    return table(
        row("event", "meaning"), *(row(f"`{name}`", meaning) for name, meaning in sorted(LOG_EVENTS.items()))
    )


def roles_table() -> str:
    """A row a role: its name and words, what it does, what it waits for, and whether several share its work."""
    rows = [row("role", "名称", "what it does", "waits for ClickHouse", "replicas share its work")]
    for role in ROLES.values():
        package = ROOT / Path(*role.module.split(".")[:2]) / "__init__.py"
        needs, shares = ("yes" if fact else "no" for fact in (role.needs_store, role.has_replicas))
        rows.append(row(f"`{role.name}`", role.words("zh"), summary_of(package), needs, shares))
    return table(*rows)


def channels_table() -> str:
    """A row a channel: its name and words, the keys of its receivers, its limits."""
    rows = [row("channel", "name", "名称", "keys of its own (* needed)", "messages a minute", "a second")]
    rows += [row(f"`{name}`", *rest) for name, *rest in reference_rows()]
    return table(*rows)


def sources_table() -> str:
    """A row a source of the registry: what events name, its words, how they come, which stages it can supply."""
    rows = [
        row("source", "name 名称", "label `source`", "stages it supplies", "doors"),
        *(row(f"`{name}`", *rest) for name, *rest in sources.reference_rows()),
    ]
    return (
        table(*rows)
        + "\n\nShipped mappings of files: "
        + ", ".join(f"`{m}`" for m in shipped_mappings())
        + "."
    )


def views_table() -> str:
    """A row a view: its name, its columns in order, what it holds."""
    found = views()
    rows = [row("view", "columns", "meaning")]
    rows += [
        row(f"`{name}`", ", ".join(found[name]), meaning) for name, meaning in VIEWS.items() if name in found
    ]
    return table(*rows)


def views() -> dict[str, list[str]]:
    """The views of ``deploy/clickhouse`` with their columns in order, internal ones left out."""
    found: dict[str, list[str]] = {}
    for path in sorted(SQL.glob("*.sql")):
        text = re.sub(r"--.*", "", path.read_text(encoding="utf-8"))
        for name, body in re.findall(r"CREATE OR REPLACE VIEW \$\{database\}\.(\w+)(.*?);", text, re.DOTALL):
            if name not in INTERNAL_VIEWS:
                found[name] = _columns(body)
    return found


def _columns(body: str) -> list[str]:
    """The names of the columns of the first SELECT that is in no brackets."""
    depth, flat = 0, []
    for character in body:
        depth += (character in "([") - (character in ")]")
        if depth == 0 and character not in ")]":
            flat.append(character)
    selected = re.search(r"\bSELECT\b(.*?)\bFROM\b", "".join(flat), re.DOTALL)
    assert selected is not None, body
    return [part.split()[-1].rpartition(".")[2] for part in selected.group(1).split(",")]


def configuration_table() -> str:
    """A row a key of ``funnelwatch.yaml``: its path, what it may hold, its default, its meaning."""
    return table(row("key", "value", "default", "meaning"), *_keys(Config, ""))


def _keys(model: type[BaseModel], above: str, seen: tuple[type[BaseModel], ...] = ()) -> Iterator[str]:
    for name, field in model.model_fields.items():
        parts, is_list = _parts_of(field.annotation)
        path = f"{above}{name}{'[]' if is_list else ''}"
        if not parts:
            yield _key(path, field)
        elif set(parts) & {*seen, model}:
            yield row(f"`{path}`", "the same keys again", "", field.description or "")
        elif len(parts) == 1:
            yield from _keys(parts[0], path + ".", (*seen, model))
        else:
            yield from _variant_keys(parts, path + ".")


def _variant_keys(parts: list[type[BaseModel]], above: str) -> Iterator[str]:
    """The keys of a part that has several forms, distinguished by the value of their first key of fixed text."""
    kind = next(name for name, field in parts[0].model_fields.items() if len(get_args(field.annotation)) == 1)
    names = {part: get_args(part.model_fields[kind].annotation)[0] for part in parts}
    yield row(f"`{above}{kind}`", ", ".join(f"`{name}`" for name in names.values()), "", "")
    fields = {name: field for part in parts for name, field in part.model_fields.items() if name != kind}
    for name, field in fields.items():
        meanings: dict[str, list[str]] = {}
        for part in (part for part in parts if name in part.model_fields):
            meanings.setdefault(part.model_fields[name].description or "", []).append(f"`{names[part]}`")
        is_common = len(meanings) == 1 and len(next(iter(meanings.values()))) == len(parts)
        shown = [f"{', '.join(of)}: {text}" for text, of in meanings.items()]
        defaults: dict[str, list[str]] = {}
        for part in (part for part in parts if name in part.model_fields):
            defaults.setdefault(_default(part.model_fields[name]), []).append(f"`{names[part]}`")
        by_form = "; ".join(f"{text or '–'} ({', '.join(of)})" for text, of in defaults.items())
        yield _key(
            above + name,
            field,
            next(iter(meanings)) if is_common else " ".join(shown),
            by_form if len(defaults) > 1 else None,
        )


def _default(field: FieldInfo) -> str:
    return "" if field.is_required() else _shown(field.default)


def _key(path: str, field: FieldInfo, meaning: str | None = None, default: str | None = None) -> str:
    default = _default(field) if default is None else default
    return row(
        f"`{path}`",
        _kind(field.annotation),
        default,
        (field.description or "") if meaning is None else meaning,
    )


def _parts_of(annotation: Any) -> tuple[list[type[BaseModel]], bool]:
    """The parts of the configuration that a field may hold, and whether it is a list of them."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation], False
    found = [part for inner in get_args(annotation) for part in _parts_of(inner)[0]]
    return found, get_origin(annotation) is tuple


def _kind(annotation: Any) -> str:
    """A type in words."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _kind(inner[0])
    if origin is Literal:
        return ", ".join(f"`{value}`" for value in inner)
    if origin is tuple:
        return "list: " + _kind(inner[0])
    if origin in (Union, UnionType):
        return " or ".join(_kind(one) for one in inner if one is not NoneType)
    if isinstance(annotation, type) and hasattr(annotation, "__members__"):
        return ", ".join(f"`{member.value}`" for member in annotation)  # type: ignore[attr-defined]
    words = {"str": "text", "bool": "true or false", "int": "whole number", "float": "number", "date": "date"}
    return words.get(getattr(annotation, "__name__", ""), getattr(annotation, "__name__", str(annotation)))


def _shown(default: Any) -> str:
    if default is None or default in ((), ""):
        return ""
    if isinstance(default, tuple):
        return ", ".join(f"`{one}`" for one in default)
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


def summary_of(path: Path) -> str:
    """The first sentence of a module's docstring."""
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return text.partition("\n\n")[0].replace("\n", " ").replace("``", "`")

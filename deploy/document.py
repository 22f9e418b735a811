"""Writes the README's tables of settings, metrics, topics and reject reasons from the code: ``python -m deploy.document``.

``--check`` only compares. A table stands between two comments that carry its name.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import get_args, get_origin

from pydantic import SecretStr
from pydantic_core import PydanticUndefined

from scoring.wording.catalogue import REASON_NAMES
from streams import metrics
from streams.kafka.topics import TOPICS
from streams.settings import Settings

README = Path(__file__).parents[1] / "README.md"


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def _table(*rows: str) -> str:
    head, *rest = rows
    return "\n".join([head, "|" + "---|" * (head.count(" | ") + 1), *rest])


def settings_table() -> str:
    """A row a setting: variable, default, meaning."""
    rows = [_row("variable", "default", "meaning")]
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
        rows.append(_row(f"`FUNNELWATCH_{name.upper()}`", shown, f"{field.description or ''}{choices}"))
    return _table(*rows)


def metrics_table() -> str:
    """A row a metric: name, labels, meaning."""
    rows = [_row("metric", "labels", "meaning")]
    for value in vars(metrics).values():
        if hasattr(value, "_name") and hasattr(value, "_documentation"):
            suffix = "_total" if value._type == "counter" else ""
            rows.append(_row(f"`{value._name}{suffix}`", ", ".join(value._labelnames), value._documentation))
    return _table(*rows)


def topics_table() -> str:
    """A row a topic: name, partitions, how it is kept."""
    rows = [_row("topic", "partitions", "kept")]
    for topic in TOPICS:
        kept = "the newest of each key" if topic.configs["cleanup.policy"] == "compact" else ""
        if not kept:
            kept = f"{int(topic.configs['retention.ms']) // 86_400_000} days"
        rows.append(_row(f"`{topic.name}`", "by store" if topic.per_partition else "one", kept))
    return _table(*rows)


def reasons_table() -> str:
    """A row a reject reason."""
    rows = [_row("reason", "meaning", "说明")]
    rows += [_row(f"`{reason.value}`", text("en"), text("zh")) for reason, text in REASON_NAMES.items()]
    return _table(*rows)


TABLES = {
    "settings": settings_table,
    "metrics": metrics_table,
    "topics": topics_table,
    "reasons": reasons_table,
}


def documented(text: str) -> str:
    """``text`` with every table made anew."""
    for name, make in TABLES.items():
        pattern = re.compile(rf"(<!-- {name} -->\n).*?(\n<!-- /{name} -->)", re.DOTALL)
        if not pattern.search(text):
            raise SystemExit(f"README.md has no place for {name}: <!-- {name} --> … <!-- /{name} -->")
        table = make()
        text = pattern.sub(lambda found, table=table: found.group(1) + table + found.group(2), text)
    return text


def main() -> int:
    """Write or compare; 1 if the README differs."""
    old = README.read_text(encoding="utf-8")
    new = documented(old)
    if "--check" in sys.argv:
        return 0 if old == new else 1
    README.write_text(new, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

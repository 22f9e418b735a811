"""Writes the pages of ``deploy/docs/reference`` and the schema of the configuration from the code: ``python -m deploy.document``.

``--check`` writes nothing and ends with 1 if a page is out of date. A page is written whole; what each says is in
``deploy/reference.py``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from deploy import reference
from streams.config.schema import config_schema

FOLDER = Path(__file__).parent / "docs" / "reference"
#: what editors check ``funnelwatch.yaml`` by
SCHEMA = Path(__file__).parent / "funnelwatch.schema.json"


@dataclass(frozen=True, slots=True)
class Page:
    """A generated page: its file, its title, what is before its table, and what makes the table."""

    name: str
    title: str
    opening: str
    make: Callable[[], str]

    @property
    def path(self) -> Path:
        """Where it is written."""
        return FOLDER / f"{self.name}.md"

    def text(self) -> str:
        """The page as it should be."""
        note = "<!-- Written by `python -m deploy.document`; do not edit. -->"
        return f"# {self.title}\n{note}\n\n{self.opening}\n\n{self.make()}\n"


PAGES = (
    Page(
        "settings",
        "Settings",
        "Environment variables of a process. A secret may be given as a file: add `_FILE` to the variable's name and name the file. "
        "`funnelwatch check` names every error.",
        reference.settings_table,
    ),
    Page(
        "configuration",
        "Keys of funnelwatch.yaml",
        "`[]` marks a list. An unknown key is an error. [Configuration](../configuration.md) shows them in use; "
        "`deploy/funnelwatch.schema.json` says the same to editors.",
        reference.configuration_table,
    ),
    Page(
        "metrics",
        "Metrics",
        "Every role serves its metrics on loopback in Prometheus format; `funnelwatch status --json` lists the addresses.",
        reference.metrics_table,
    ),
    Page(
        "topics",
        "Kafka topics",
        "Names others may rely on. `funnelwatch schema` prints the JSON Schema of an event. Topics with partitions by store are keyed by `store_id`.",
        reference.topics_table,
    ),
    Page(
        "reject-reasons",
        "Reject reasons",
        "Why a record was rejected: in the collector's answer, in the view `dead_letters` and in `funnelwatch deadletters list`.",
        reference.reasons_table,
    ),
    Page(
        "views",
        "ClickHouse views",
        "Names others may rely on. Each view gives the right result when queried plainly (no `FINAL`, no `argMax`). Times are UTC.",
        reference.views_table,
    ),
    Page(
        "log-events",
        "Log events",
        "One name for one situation, in whichever role it occurs. Details are fields of the record.",
        reference.log_events_table,
    ),
    Page(
        "roles",
        "Roles",
        "`funnelwatch run ROLE` runs one; `funnelwatch up` runs them all.",
        reference.roles_table,
    ),
    Page(
        "channels",
        "Channels",
        "How messages reach people. The limits are the services' own documented ones, or our restraint where they name none; "
        "a receiver's `per_minute` replaces the first.",
        reference.channels_table,
    ),
    Page(
        "sources",
        "Sources",
        "Where events come from. How to add one: [Architecture](../architecture.md#add-something).",
        reference.sources_table,
    ),
)


@dataclass(frozen=True, slots=True)
class SchemaFile:
    """The schema of the configuration, as a file next to the examples."""

    name: str = "funnelwatch.schema.json"
    path: Path = SCHEMA

    def text(self) -> str:
        """The file as it should be."""
        return json.dumps(config_schema(), indent=1, ensure_ascii=False) + "\n"


def outdated() -> Iterator[Page | SchemaFile]:
    """The pages that are missing or differ from what the code says."""
    for page in (*PAGES, SchemaFile()):
        if not page.path.is_file() or page.path.read_text(encoding="utf-8") != page.text():
            yield page


def main() -> int:
    """Write or compare; 1 if a page is out of date and was not to be written."""
    found = list(outdated())
    if "--check" in sys.argv:
        for page in found:
            print(f"out of date: {page.path.name}", file=sys.stderr)  # noqa: T201
        return 1 if found else 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    for page in found:
        page.path.write_text(page.text(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The house: which folder may import which. An arrow that is not listed here fails, and so does a circle of files."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.places import ROOT
from tests.trees import nodes_of, python_files

#: values that anything may use: they import nothing of the project
FLOOR = {"clock", "errors", "log_events", "printable", "schema", "settings"}

#: folder (or loose file) → what it may import of its own package, from the floor up
SCORING: Mapping[str, set[str]] = {
    "errors": set(),
    "funnel": {"errors"},
    "events": {"errors", "funnel"},
    "counting": {"errors", "funnel", "events"},
    "alerts": {"errors", "funnel"},
    "wording": {"errors", "funnel", "events", "alerts"},
    "records": {"errors", "funnel", "events", "wording"},
    "calendar": {"errors", "wording"},
    "baselines": {"errors", "funnel", "calendar"},
    "detection": {"errors", "funnel", "counting", "alerts", "calendar", "baselines"},
    "digest": {"errors", "funnel", "alerts", "wording", "calendar", "records", "evaluation"},
    "sources": {"errors", "funnel", "alerts", "wording", "records"},
    "evaluation": {"errors", "funnel", "wording", "records", "baselines", "events", "calendar"},
    "periods": {"errors", "funnel", "alerts", "calendar", "detection", "records"},
}
STREAMS: Mapping[str, set[str]] = {
    "clock": set(),
    "printable": set(),
    "errors": set(),
    "log_events": set(),
    "schema": {"errors"},
    "settings": {"errors"},
    "logs": FLOOR,
    "metrics": FLOOR,
    "metrics_server": FLOOR,
    "tracing": FLOOR,
    "connections": set(),
    "outgoing": set(),
    "tls": set(),
    "sources/config": FLOOR,
    "config": FLOOR | {"channels", "sources/config", "instance"},
    "instance": FLOOR,
    "kafka": FLOOR | {"instance", "tls"},
    "batches": FLOOR | {"kafka"},
    "transport": FLOOR | {"kafka", "batches"},
    "clickhouse": FLOOR | {"config", "tls"},
    "incidents": FLOOR | {"config", "clickhouse", "kafka", "channels"},
    "channels": FLOOR | {"instance", "metrics"},
    "collector": FLOOR | {"connections", "config", "instance", "kafka", "metrics", "tracing", "clickhouse"},
    "sources": FLOOR
    | {"outgoing", "sources/config", "config", "instance", "kafka", "collector", "clickhouse", "metrics"},
    # sends what a file holds, keeps the run on the topic of sources, and takes back what it added from the tables
    "imports": FLOOR | {"config", "instance", "kafka", "collector", "clickhouse", "sources"},
    # reads exports without an instance: of sources the files alone, of incidents how numbers are written
    "evaluation": FLOOR | {"sources", "incidents", "clickhouse", "config"},
    "monitor": FLOOR | {"config", "instance", "kafka", "metrics", "tracing", "batches", "transport"},
    "landing": FLOOR | {"config", "instance", "kafka", "metrics", "tracing", "clickhouse", "batches"},
    # the guard of ad spend reads what reports and signals say, and rates of exchange
    "pools": FLOOR | {"config", "instance", "kafka", "metrics", "clickhouse", "incidents"},
    "backtest": FLOOR | {"config"},
    "jobs": FLOOR | {"config", "instance", "kafka", "metrics", "clickhouse", "backtest", "evaluation"},
    "notifier": FLOOR
    | {"outgoing", "config", "instance", "kafka", "metrics", "tracing", "incidents", "channels"},
    "digests": FLOOR
    | {"config", "instance", "kafka", "metrics", "clickhouse", "incidents", "channels", "evaluation"},
    "web": FLOOR
    | {
        "connections",
        "config",
        "instance",
        "kafka",
        "metrics",
        "clickhouse",
        "incidents",
        "channels",
        "sources",
        "imports",
        "roles",
        "evaluation",
    },
    # what agents ask goes over the read API: of the project it knows words and definitions only
    "agents": FLOOR | {"connections"},
    "roles": FLOOR | {"config", "instance", "logs", "metrics_server", "tracing"},
    "embedded": FLOOR | {"config", "connections", "instance", "kafka", "clickhouse", "roles"},
    "backup": FLOOR | {"instance", "kafka", "clickhouse"},
    # works on the folder of an instance that does not run
    "doctor": FLOOR | {"config", "instance", "kafka", "clickhouse", "embedded", "channels"},
    "privacy": FLOOR | {"instance", "kafka", "clickhouse", "collector", "embedded", "backup"},
    "demo": FLOOR | {"config", "instance", "kafka", "clickhouse", "collector", "sources", "embedded", "jobs"},
    "cli": FLOOR
    | {
        "outgoing",
        "config",
        "instance",
        "kafka",
        "logs",
        "roles",
        "clickhouse",
        "collector",
        "sources",
        "sources/config",
        "imports",
        "incidents",
        "channels",
        "monitor",
        "jobs",
        "backtest",
        "digests",
        "embedded",
        "doctor",
        "demo",
        "notifier",
        "landing",
        "pools",
        "backup",
        "privacy",
        "evaluation",
        "agents",
    },
}
ALLOWED = {"scoring": SCORING, "streams": STREAMS}


def modules() -> dict[str, Path]:
    """Every module of the two packages by its dotted name."""
    found = {}
    for package in ALLOWED:
        for path in python_files(package):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


def imports(path: Path) -> Iterator[str]:
    """The project's modules that a file imports: while it is loaded, later, or for types alone."""
    for node in nodes_of(path):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in MODULES else node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


#: what a source declares for funnelwatch.yaml: below the configuration, which imports it; the rest of its folder is above it
_SOURCES_CONFIG = re.compile(r"streams\.sources\.((\w+\.)?configs?|market_config|folders)")


def room(module: str) -> tuple[str, str]:
    if _SOURCES_CONFIG.fullmatch(module):
        return "streams", "sources/config"
    package, _, rest = module.partition(".")
    return package, rest.partition(".")[0]


def arrows() -> dict[tuple[str, str, str], str]:
    """(package, folder, folder imported) → the first file that draws the arrow."""
    found: dict[tuple[str, str, str], str] = {}
    for name, path in MODULES.items():
        package, own = room(name)
        for target in imports(path):
            other, folder = room(target)
            if other == package and folder not in ("", own):
                found.setdefault((package, own, folder), str(path.relative_to(ROOT)))
    return found


def test_folders_import_only_what_lies_below_them() -> None:
    new = {
        arrow: where
        for arrow, where in arrows().items()
        if arrow[2] not in ALLOWED[arrow[0]].get(arrow[1], set())
    }
    assert new == {}, "an arrow that tests/test_layout.py does not allow"


def test_every_folder_is_in_the_list_and_every_listed_one_exists() -> None:
    rooms = {room(name) for name in MODULES} - {("scoring", ""), ("streams", "")}
    assert rooms == {(package, folder) for package, folders in ALLOWED.items() for folder in folders}


def test_the_allowed_arrows_run_one_way() -> None:
    for folders in ALLOWED.values():
        left = {folder: set(below) for folder, below in folders.items()}
        while free := [folder for folder, below in left.items() if not below & set(left)]:
            for folder in free:
                del left[folder]
        assert left == {}, "these folders import each other in a circle"


def test_the_core_imports_nothing_of_the_shell() -> None:
    upward = {
        name
        for name, path in MODULES.items()
        if name.startswith("scoring")
        for t in imports(path)
        if t.startswith("streams")
    }
    assert upward == set()


def test_no_files_import_each_other_in_a_circle() -> None:
    left = {
        name: {target for target in imports(path) if target in MODULES and target != name}
        for name, path in MODULES.items()
        if path.name != "__init__.py"
    }
    while free := [name for name, needed in left.items() if not needed & set(left)]:
        for name in free:
            del left[name]
    assert left == {}, "these files import each other in a circle"


def test_two_migrations_had_one_number() -> None:
    """Each then took the other for itself, changed: nothing that migrates twice started again."""
    numbers = Counter(
        path.name.partition("_")[0] for path in (ROOT / "deploy" / "clickhouse").glob("[0-9]*.sql")
    )
    assert len(numbers) > 30
    assert [number for number, files in numbers.items() if files > 1] == []


def test_no_two_test_files_outside_packages_share_a_name() -> None:
    """pytest imports such a file by its name alone: the second of two is an error of the whole run."""
    alone = [
        path for path in (ROOT / "tests").rglob("test_*.py") if not (path.parent / "__init__.py").exists()
    ]
    names = Counter(path.name for path in alone)
    assert [name for name, count in names.items() if count > 1] == []

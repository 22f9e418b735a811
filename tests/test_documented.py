"""The documentation says what there is, says it once, and its links, commands, keys and paths exist."""

import functools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from deploy.document import FOLDER
from streams.cli.lazy import load
from streams.cli.main import COMMANDS, app
from streams.config.model import Config
from streams.settings import Settings
from tests.places import ROOT

DOCS = ROOT / "deploy" / "docs"
README = ROOT / "README.md"
RUNBOOK = ROOT / "deploy" / "runbook.md"
MAX_README_BYTES = 8 * 1024

WRITTEN = [README, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", RUNBOOK, *sorted(DOCS.rglob("*.md"))]
GUIDES = [path for path in WRITTEN if path.parent != FOLDER]
TWINS = sorted(path for path in (DOCS / "zh").glob("*.md") if path.name != "README.md")

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$|((?:^    [^\n]*\n)+)", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^(#+) (.+)$", re.MULTILINE)


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def without_blocks(text: str) -> str:
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


def blocks(text: str) -> list[tuple[str, str]]:
    """Kind and content of each block of code, fenced or indented."""
    return [(kind, fenced or indented) for kind, fenced, indented in _BLOCK.findall(text)]


def anchor(heading: str) -> str:
    """The anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


# ---------------------------------------------------------------- the README


def test_the_readme_is_short() -> None:
    assert len(README.read_bytes()) <= MAX_README_BYTES


# ---------------------------------------------------------------- what the guides name


@pytest.mark.parametrize("path", WRITTEN, ids=name_of)
def test_every_link_leads_somewhere(path: Path) -> None:
    text = without_blocks(path.read_text(encoding="utf-8"))
    targets = [t for t in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in t]
    lost = []
    for target in targets:
        file, _, fragment = target.partition("#")
        place = path if not file else (path.parent / file).resolve()
        headings = _HEADING.findall(without_blocks(place.read_text("utf-8"))) if fragment else []
        if not place.exists() or (fragment and fragment not in {anchor(text) for _, text in headings}):
            lost.append(target)
    assert lost == []


def commands_in(text: str) -> Iterator[list[str]]:
    """The words of every ``funnelwatch …`` in code, up to the end of its line or span."""
    spans = re.findall(r"`([^`\n]+)`", without_blocks(text))
    lines = [line for _, block in blocks(text) for line in block.splitlines()]
    for line in spans + lines:
        for found in re.findall(r"(?:^|\s)funnelwatch ((?:[a-z-]+|-)(?: [^#]*)?)", line):
            yield re.split(r"\s+", re.sub(r'"[^"]*"', "TEXT", found).strip())


def test_a_command_line_that_does_not_exist_is_noticed() -> None:
    assert unknown_of(["alerts", "list", "--state", "all"]) == ""
    assert unknown_of(["alerts", "lists"]) == "lists"
    assert unknown_of(["backtest", "--day", "90"]) == "--day"
    assert ["backtest", "--day", "90"] in list(commands_in("Run `funnelwatch backtest --day 90` now."))


@functools.cache
def command_line() -> Any:
    """The whole command, as ``streams.cli.main`` assembles it."""
    group: Any = typer.main.get_command(app)
    group.commands = {name: load(name) for name in COMMANDS}
    return group


def unknown_of(words: list[str]) -> str:
    """What of a command line does not exist; empty if all does."""
    command = command_line()
    while words and hasattr(command, "commands") and not words[0].startswith("--"):
        name, *words = words
        if name not in command.commands:
            return name
        command = command.commands[name]
    known = {option for parameter in command.params for option in parameter.opts + parameter.secondary_opts}
    return next((word for word in words if word.startswith("--") and word not in known | {"--help"}), "")


@pytest.mark.parametrize("path", GUIDES, ids=name_of)
def test_every_command_and_option_exists(path: Path) -> None:
    wrong = {" ".join(words): unknown_of(words) for words in commands_in(path.read_text(encoding="utf-8"))}
    listed = re.compile(r"^[\w-]+( [\w-]+)? \|")  # a choice of commands, written with bars
    assert {line: part for line, part in wrong.items() if part and not listed.match(line)} == {}


@pytest.mark.parametrize("path", GUIDES, ids=name_of)
def test_every_setting_named_exists(path: Path) -> None:
    known = {f"FUNNELWATCH_{name.upper()}" for name in Settings.model_fields}
    named = set(re.findall(r"FUNNELWATCH_[A-Z_]*[A-Z]", path.read_text(encoding="utf-8")))
    assert {name for name in named if name.removesuffix("_FILE") not in known} == set()


@pytest.mark.parametrize("path", GUIDES, ids=name_of)
def test_every_configuration_shown_is_valid(path: Path) -> None:
    parts = [yaml.safe_load(block) for kind, block in blocks(path.read_text("utf-8")) if kind == "yaml"]
    parts = [part for part in parts if set(part) <= set(Config.model_fields)]
    whole = {key: value for part in parts for key, value in part.items()}
    assert set(Config.model_validate(whole).model_dump(exclude_unset=True)) == set(whole)


@pytest.mark.parametrize("path", GUIDES, ids=name_of)
def test_every_path_named_exists(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:scoring|streams|deploy|tests)/[\w/.-]+)`", text))
    assert {name for name in named if not (ROOT / name).exists()} == set()


# ---------------------------------------------------------------- Chinese next to English


def english_of(path: Path) -> Path:
    return RUNBOOK if path.name == "runbook.md" else DOCS / path.name


@pytest.mark.parametrize("path", TWINS, ids=name_of)
def test_both_languages_have_the_same_parts(path: Path) -> None:
    own, english = path.read_text(encoding="utf-8"), english_of(path).read_text(encoding="utf-8")
    levels = [[level for level, _ in _HEADING.findall(without_blocks(text))] for text in (own, english)]
    assert levels[0] == levels[1]
    assert [block for _, block in blocks(own)] == [block for _, block in blocks(english)]
    rows = [re.findall(r"^\|", without_blocks(text), re.MULTILINE) for text in (own, english)]
    assert len(rows[0]) == len(rows[1])

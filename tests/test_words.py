"""The words of CONTRIBUTING.md, held over everything that is written in English: code, comments, docstrings, names, documents.

A word that is right somewhere is allowed by the phrase around it, never by leaving out a file.
"""

from __future__ import annotations

import functools
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.places import ROOT

#: the first column of CONTRIBUTING.md's table → what its words look like
PATTERNS = {
    "tell, told": r"\b(?:re)?(?:tell|tells|told|telling|tellings)\b",
    "anew, once more": r"\banew\b|\bonce more\b",
    "away": r"\b(?:is|are|was|were|be|been|being|be|goes|went|while|kafka|broker|clickhouse|server) away\b",
    "refused (our verdict on a record)": r"\brefus(?:e|es|ed|al|als|ing)\b",
    "mend, mended": r"\bmend(?:s|ed|ing)?\b",
    "so many, most": r"\b(?:after|with|for|to|first|at|every|fewer than|more than|on) so (?:many|much)\b(?! (?:as|that))|\bat the most\b|\bso many-th\b",
    "stands (in a file)": r"\b(?:stand|stands|stood)\b",
    "x is no step; one is …": r"(?<!there )\b(?:is|are|was|were) no (?!longer\b|more\b|less\b|fewer\b|later\b|older\b|such\b)\w+",
    "by itself": r"\b(?:by|of) (?:itself|themselves)\b",
    "beside": r"\bbeside\b",
    "what comes and goes": r"\bcomes? and goes?\b",
    "acts, deeds, people's actions": r"\b(?:acts|deeds?)\b|\bpeople's actions\b",
}
#: where such a word is right: the phrase that makes it so
PHRASES = {
    "tell, told": (
        r"\.tell\(\)",
        r"\btold at(?: ms)?\b",  # a column of the view report_rows, on which others rely
        r'name="told"',  # a stored field
        r"what a source's health is told by",  # in released migrations, which never change
        r"A telling of an order that does not count",
    ),
    "anew, once more": (
        r"written anew, whole",
        r"such a row once more with",
    ),  # in released migrations, which never change
    "away": (r"…broker away",),  # a former name of a metric
    "refused (our verdict on a record)": (
        r"\b(?:connections? (?:is |are |was )?refused|refused connections?|refus(?:e|es|ed|ing) (?:a |the )?connections?)\b",
        r"\brefus(?:e|es|ed|ing) to \w+",
        r"…refused total",  # a former name of a metric
        r"first time that a letter was refused",  # in a released migration, which never changes
        # the status of an answer to an agent, as those who ask name it
        r"AnswerStatus\.REFUSED|`refused`|\brefused = \"refused\"|\"status\"\] == \"refused\"|; refused \(out of|not yet or refused",
    ),
    "mend, mended": (r"…mended…",),  # a former name of a metric
    "so many, most": (),
    "stands (in a file)": (
        r"\bstands? for\b",
        r"holder stand charger",  # a thing that shops sell
        r"as it stands on funnel",  # in a released migration, which never changes
    ),
    "x is no step; one is …": (),
    "by itself": (),
    "beside": (),
    "what comes and goes": (),
    "acts, deeds, people's actions": (r"negligent acts",),  # the license
}
LANGUAGES = (
    ".py",
    ".md",
    ".html",
    ".j2",
    ".js",
    ".mjs",
    ".sql",
    ".yml",
    ".yaml",
    ".toml",
    ".sh",
    ".css",
    ".java",
    ".lock",
)
CHINESE = "deploy/docs/zh/"


@functools.cache
def texts() -> list[tuple[str, str, str]]:
    """Name, text and words of every file of the project that a person wrote in English."""
    return [(name, text, words(text)) for name, text in _texts()]


def _texts() -> Iterator[tuple[str, str]]:
    names = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in names.splitlines():
        path = ROOT / name
        if path == Path(__file__) or name.startswith(CHINESE):
            continue
        if path.suffix in LANGUAGES or not path.suffix:
            yield name, path.read_text(encoding="utf-8")


def words(text: str) -> str:
    """A text with the parts of its names as words of their own."""
    return re.sub(r"_+", " ", text)


@pytest.mark.parametrize("word", PATTERNS)
def test_no_text_uses_a_word_that_a_native_engineer_would_not(word: str) -> None:
    pattern = re.compile(PATTERNS[word], re.IGNORECASE)
    allowed = re.compile("|".join(PHRASES[word]) or r"(?!)", re.IGNORECASE)
    found = [
        f"{name}:{number}: {line.strip()}"
        for name, text, said in texts()
        if pattern.search(said)
        for number, (line, words_of_it) in enumerate(
            zip(text.splitlines(), said.splitlines(), strict=True), 1
        )
        if pattern.search(allowed.sub(" ", words_of_it)) and f"| {word} |" not in line
    ]
    assert found == []

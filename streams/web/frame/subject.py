"""What a member of the registry ``streams/web/subjects.py`` is, and what the page is made of from its members."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from scoring.wording.text import Text
from streams.clickhouse.reader import Database
from streams.config.model import Config
from streams.incidents.present import PresentReader
from streams.incidents.worth import WorthReader
from streams.settings import Settings
from streams.web.frame.access import Access
from streams.web.frame.actions import ActionSender
from streams.web.frame.forms import Forms
from streams.web.frame.render import Renderer
from streams.web.frame.routes import Routes
from streams.web.frame.source_state import SourceState
from streams.web.frame.words import FRAME_WORDS


@dataclass(frozen=True, slots=True)
class PageServices:
    """What the routes of a subject are built from; one of each per process."""

    settings: Settings
    config: Config
    database: Database
    access: Access
    forms: Forms
    renderer: Renderer
    actions: ActionSender
    sources: SourceState
    link_key: str
    worth: WorthReader
    present: PresentReader


@dataclass(frozen=True, slots=True)
class NavigationEntry:
    """A link in the head of every page: where it leads, and the key of its word."""

    path: str
    word: str


@dataclass(frozen=True, slots=True)
class Subject:
    """One subject of the page. ``file`` is the ``__file__`` of its ``pages`` module: the folder gives the name and holds the templates.

    ``open_paths`` are beginnings of paths that need no sign-in, because the address itself is the key. ``slow_paths`` take bodies for as
    long as their handlers allow. ``is_about_all`` is for what shows or changes all stores at once: it is closed to those who may see
    some stores only.
    """

    file: str
    build: Callable[[PageServices], Routes]
    words: Mapping[str, Text] = field(default_factory=dict)
    navigation: NavigationEntry | None = None
    open_paths: tuple[str, ...] = ()
    slow_paths: tuple[str, ...] = ()
    is_about_all: bool = False

    @property
    def name(self) -> str:
        """The name of its folder: what its templates are found by and what pages say they are part of."""
        return Path(self.file).parent.name

    @property
    def templates(self) -> Path:
        """Its folder of templates."""
        return Path(self.file).parent / "templates"


def load_subjects(packages: Iterable[str]) -> tuple[Subject, ...]:
    """The members of the registry: ``SUBJECT`` of the ``pages`` module of each package."""
    return tuple(importlib.import_module(f"{package}.pages").SUBJECT for package in packages)


def page_words(subjects: Iterable[Subject]) -> Mapping[str, Text]:
    """The words of the frame and of all subjects.

    Raises:
        ValueError: one key has two texts.
    """
    words = dict(FRAME_WORDS)
    for subject in subjects:
        twice = sorted(key for key in subject.words if key in words)
        if twice:
            raise ValueError(f"subject {subject.name}: words that exist already: {', '.join(twice)}")
        words.update(subject.words)
    return words

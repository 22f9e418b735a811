"""Turns a template and its values into a page, or only into its main part when the page's own script asks.

A template is named by its folder: ``frame/base`` and ``alerts/alert``, each with its suffix.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jinja2
from aiohttp import web

from scoring.wording.text import Text, in_language
from streams.clickhouse.seen import stores_seen
from streams.config.model import Config
from streams.settings import Settings
from streams.web.frame.forms import PERSON, Forms, name_of
from streams.web.frame.names import Names
from streams.web.frame.origin import local_path
from streams.web.frame.reader import PageReader, reader_of
from streams.web.frame.sessions import COOKIE

HERE = Path(__file__).parent
STATIC = HERE / "static"


class Renderer:
    """Renders pages. One per process."""

    def __init__(
        self,
        settings: Settings,
        config: Config,
        forms: Forms,
        words: Mapping[str, Text],
        templates: Mapping[str, Path],
        navigation: tuple[tuple[str, str, str], ...],
        about_all: frozenset[str],
    ) -> None:
        """
        Args:
            templates: the folder of templates of each subject.
            navigation: (subject, path, key of its word) of each entry in the head of a page.
            about_all: subjects that only those see who see every store.
        """
        self._settings, self._config, self._forms = settings, config, forms
        self._words, self._navigation = words, navigation
        self._limited_navigation = tuple(entry for entry in navigation if entry[0] not in about_all)
        self._versions = {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest()[:10] for path in STATIC.iterdir()
        }
        folders = {"frame": HERE / "templates", **templates}
        self._templates = jinja2.Environment(
            loader=jinja2.PrefixLoader(
                {name: jinja2.FileSystemLoader(path) for name, path in folders.items()}
            ),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def reader(self, request: web.Request) -> PageReader:
        """Who reads."""
        return reader_of(request, self._settings.language, self._words)

    def names(self, request: web.Request) -> Names:
        """Names of things for whoever reads."""
        return Names(self.reader(request), self._config)

    def render(self, request: web.Request, template: str, code: int = 200, **values: Any) -> web.Response:
        """A page, or only its main part when the page's own script asks."""
        reader = self.reader(request)
        if values.get("problem"):  # the words of an error
            values["problem"] = in_language(values["problem"], reader.language)
        is_fragment = "X-Funnelwatch-Fragment" in request.headers
        text = self._templates.get_template(template).render(
            layout="frame/fragment.html" if is_fragment else "frame/base.html",
            reader=reader,
            t=reader.word,
            names=Names(reader, self._config),
            asset=lambda name: f"/static/{name}?v={self._versions[name]}",
            with_query=_with_query(request),
            navigation=self._navigation if stores_seen() is None else self._limited_navigation,
            person=request.get(PERSON, ""),
            thresholds=self._config.thresholds,
            signed_in=COOKIE in request.cookies,
            form_token=lambda: self._forms.token(request),
            press=lambda: secrets.token_hex(8),
            me=name_of(request),
            **{"here": template.partition("/")[0], "live": 0, "bare": False, **values},
        )
        return web.Response(status=code, text=text, content_type="text/html")

    def missing(self, request: web.Request, what: str) -> web.Response:
        """A page that says that something does not exist."""
        word = self.reader(request).word
        heading, detail = word(what), word(f"{what}_detail")
        return self.render(request, "frame/message.html", 404, heading=heading, detail=detail)

    def failed(self, request: web.Request, status: int, heading: str, detail: str) -> web.Response:
        """A page that says what went wrong."""
        heading = self.reader(request).word(heading)
        return self.render(request, "frame/message.html", status, heading=heading, detail=detail)

    def not_allowed(self, request: web.Request) -> web.Response:
        """A page that says that whoever is signed in may not do this."""
        return self.failed(request, 403, "not_allowed", self.reader(request).word("not_allowed_detail"))


def _with_query(request: web.Request) -> Callable[..., str]:
    def link(**changes: Any) -> str:
        query = {k: v for k, v in request.query.items() if k != "lang"}
        query.update({k: str(v) for k, v in changes.items() if v is not None})
        for gone in (k for k, v in changes.items() if v is None):
            query.pop(gone, None)
        return local_path(str(request.rel_url.with_query(query)))

    return link

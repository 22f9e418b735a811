"""An evaluation as one HTML page that needs nothing else: nothing that runs, no address outside; the same input gives the same bytes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import jinja2
import msgspec

from scoring.evaluation.evaluating import StoreFigures, evaluate_store
from scoring.evaluation.explaining import explain
from streams.evaluation.folder import FROM_FILES, ReadFile, ReadFolder
from streams.evaluation.stored import FROM_TABLES, StoredStore
from streams.evaluation.view import EvaluationView, evaluation_view
from streams.evaluation.way_back import WAY_BACK, WayBack, embedded
from streams.evaluation.wording import EvaluationReader
from streams.evaluation.words import WORDS

_TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def evaluation_page(view: EvaluationView, way: WayBack, files: Sequence[ReadFile] = ()) -> str:
    """The page.

    Args:
        view: of the evaluation, in the reader's words.
        way: where its numbers came from, and the reader's language.
        files: that were read, if it was made from files.
    """
    language = way.language
    return _TEMPLATES.get_template("evaluation.html").render(
        language=language,
        t=lambda key, **values: WORDS[key](language, **values),
        v=view,
        files=files,
        way_back=embedded(way),
    )


def folder_page(read: ReadFolder, way: WayBack) -> str:
    """The page of what a folder holds."""
    view = evaluation_view(
        evaluate_store(read.figures), read.volumes, read.currency, EvaluationReader(way.language), FROM_FILES
    )
    return evaluation_page(view, way, read.files)


def stored_page(read: StoredStore, way: WayBack) -> str:
    """The page of what the tables know of a store."""
    view = evaluation_view(
        evaluate_store(read.figures),
        read.volumes,
        read.currency,
        EvaluationReader(way.language),
        FROM_TABLES,
        decoys=read.decoys,
        checked=read.checked,
    )
    return evaluation_page(view, way)


def explained(figures: StoreFigures, way: WayBack) -> str:
    """Every input of every score as JSON text, for whoever recomputes them, and where they came from."""
    inputs = {**explain(evaluate_store(figures)), WAY_BACK: msgspec.to_builtins(way)}
    return json.dumps(inputs, ensure_ascii=False, indent=1) + "\n"

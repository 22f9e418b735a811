"""An evaluation as one HTML page that needs nothing else: no script, no address outside; the same input gives the same bytes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import jinja2

from scoring.evaluation.evaluating import StoreFigures, evaluate_store
from scoring.evaluation.explaining import explain
from scoring.wording.text import Language
from streams.evaluation.folder import FROM_FILES, ReadFile, ReadFolder
from streams.evaluation.view import EvaluationView, evaluation_view
from streams.evaluation.wording import EvaluationReader
from streams.evaluation.words import WORDS

_TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def evaluation_page(view: EvaluationView, language: Language, files: Sequence[ReadFile] = ()) -> str:
    """The page.

    Args:
        view: of the evaluation, in the reader's words.
        language: of the reader.
        files: that were read, if it was made from files.
    """
    return _TEMPLATES.get_template("evaluation.html").render(
        language=language, t=lambda key, **values: WORDS[key](language, **values), v=view, files=files
    )


def folder_page(read: ReadFolder, language: Language) -> str:
    """The page of what a folder holds."""
    view = evaluation_view(
        evaluate_store(read.figures), read.volumes, read.currency, EvaluationReader(language), FROM_FILES
    )
    return evaluation_page(view, language, read.files)


def explained(figures: StoreFigures) -> str:
    """Every input of every score as JSON text, for whoever recomputes them."""
    return json.dumps(explain(evaluate_store(figures)), ensure_ascii=False, indent=1) + "\n"

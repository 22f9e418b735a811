"""An evaluation as one HTML page that needs nothing else: no script, no address outside; the same input gives the same bytes."""

from __future__ import annotations

import json
from pathlib import Path

import jinja2

from scoring.evaluation.evaluating import evaluate_store
from scoring.evaluation.explaining import explain
from scoring.wording.text import Language
from streams.evaluation.folder import FROM_FILES, ReadFolder
from streams.evaluation.view import evaluation_view
from streams.evaluation.wording import EvaluationReader
from streams.evaluation.words import WORDS

_TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def evaluation_page(read: ReadFolder, language: Language) -> str:
    """The page of what a folder holds.

    Args:
        read: of ``read_folder``.
        language: of the reader.
    """
    view = evaluation_view(
        evaluate_store(read.figures), read.volumes, read.currency, EvaluationReader(language), FROM_FILES
    )
    return _TEMPLATES.get_template("evaluation.html").render(
        language=language, t=lambda key, **values: WORDS[key](language, **values), v=view, files=read.files
    )


def explained(read: ReadFolder) -> str:
    """Every input of every score as JSON text, for whoever recomputes them."""
    return json.dumps(explain(evaluate_store(read.figures)), ensure_ascii=False, indent=1) + "\n"

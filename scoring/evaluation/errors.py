"""The errors of the evaluation."""

from __future__ import annotations

from scoring.errors import ScoringError


class EvaluationError(ScoringError):
    """Raised for a figure, a table or a benchmark that cannot be evaluated; whoever read it shows the text to the person it is from."""

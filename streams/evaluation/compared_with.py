"""What an evaluation is compared with, in one reader's words: what that answers, whose figures they are, which periods are left out."""

from __future__ import annotations

from collections.abc import Mapping

from scoring.evaluation.comparator import ComparatorKind
from scoring.evaluation.evaluating import StoreEvaluation
from scoring.evaluation.texts import COMPARATOR_ANSWERS
from scoring.wording.text import Language, in_language, joined
from streams.evaluation.words import WORDS


def said_comparison(
    evaluation: StoreEvaluation, kind: ComparatorKind, left_out: Mapping[str, str], language: Language
) -> str:
    """What a comparator answers.

    Args:
        evaluation: of the store.
        kind: the comparator.
        left_out: periods that it is not compared with, by name, and why.
        language: of the reader.
    """
    answers = COMPARATOR_ANSWERS[kind](language)
    return answers + _published(evaluation, kind, language) + _left_out(left_out, language)


def _left_out(periods: Mapping[str, str], language: Language) -> str:
    """The periods that it is not compared with, each with its reason."""
    if not periods:
        return ""
    said = [f"{name} ({in_language(why, language)})" for name, why in sorted(periods.items())]
    stop = "。" if language == "zh" else ". "
    return stop + WORDS["left_out"](language, periods=joined(language, said))


def _published(evaluation: StoreEvaluation, kind: ComparatorKind, language: Language) -> str:
    """Whose figures a benchmark is of; empty for every other comparator."""
    if kind is not ComparatorKind.BENCHMARK:
        return ""
    known = (one.comparators.get(kind) for one in evaluation.indicators)
    sources = sorted({name for one in known if one is not None for name in one.members})
    return ("：" if language == "zh" else ": ") + ("；" if language == "zh" else "; ").join(sources)

"""What a PDF prints, held against what the page that was derived again would print: run by run, and drawing by drawing.

A PDF keeps glyphs, not text. What it says of them is the same but for ligatures, for spaces, and for Chinese characters that share a
glyph with another (户 and 戶): which Chinese character it is, is held by what is drawn. None of these is a number.
"""

from __future__ import annotations

import re
import tempfile
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from streams.evaluation.pdf import NoPrinterError, PrintedPdf, print_pdf
from streams.evaluation.places import Differing, PrintedText, numbers_in, printed_by, said_by

_HAN = re.compile(r"[\u2e80-\u2fdf\u3400-\u9fff]")
#: characters of an anchor at which both are found to agree again, and how far it is looked for
_ANCHOR, _AHEAD, _RUNS = 12, 400, 60
_PICTURE = "picture"


@dataclass(frozen=True, slots=True)
class HeldPrint:
    """What came of holding a PDF against the page: places that differ, and how many numbers of pictures could not be held, and why."""

    differing: tuple[Differing, ...]
    undrawn: int = 0
    why: str = ""


def hold_printed(page: str, pdf: PrintedPdf) -> HeldPrint:
    """Hold a PDF against the page that was derived again.

    Args:
        page: the HTML.
        pdf: as it was given.
    """
    differing = tuple(held_texts(printed_by(page), pdf.texts()))
    again, why = _printed_again(page)
    if again is not None and again.producer != pdf.producer:
        why = f"drawn by {pdf.producer.split(' ')[0] or 'something else'}, here by {again.producer.split(' ')[0]}, which draw differently"
    if again is None or why:
        drawn = [text for place, text in said_by(page).items() if _PICTURE in place]
        return HeldPrint(differing, sum(len(numbers_in(one)) for one in drawn), f"pictures of the PDF: {why}")
    if differing:  # what is drawn differs because the text does
        return HeldPrint(differing)
    ours, theirs = again.drawings(), pdf.drawings()
    pages = max(len(ours), len(theirs))
    return HeldPrint(
        tuple(
            Differing(f"page {at + 1} › {_PICTURE}", "drawn differently", "as the store gives it")
            for at in range(pages)
            if ours[at : at + 1] != theirs[at : at + 1]
        )
    )


def _printed_again(page: str) -> tuple[PrintedPdf | None, str]:
    with tempfile.TemporaryDirectory() as folder:
        html, pdf = Path(folder) / "report.html", Path(folder) / "report.pdf"
        html.write_text(page, "utf-8")
        try:
            print_pdf(html, pdf)
        except NoPrinterError as error:
            return None, str(error)
        return PrintedPdf(pdf.read_bytes()), ""


def held_texts(expected: Sequence[PrintedText], pages: Sequence[str]) -> list[Differing]:
    """Where what is printed differs from what is expected, in the order of the page.

    Args:
        expected: runs of text.
        pages: text of each printed page.
    """
    texts = [_plain(one) for one in pages]
    stream, starts, at = "".join(texts), set(), 0
    for text in texts:
        starts.add(at)
        at += len(text)
    loose = _loose(stream)
    runs = [(one, _loose(_plain(one.text)), _loose(_plain(one.heads))) for one in expected]
    differing, at, run = [], 0, 0
    while run < len(runs):
        one, text, heads = runs[run]
        if loose.startswith(text, at):
            at, run = at + len(text), run + 1
        elif (
            heads and at in starts and loose.startswith(heads, at)
        ):  # a table's heads, again on its next page
            at += len(heads)
        else:
            found, again = _agreeing([each for _, each, _ in runs], run, loose, at)
            wanted = " ".join(_plain(each.text) for each, _, _ in runs[run:again])
            differing.append(Differing(one.place, stream[at:found], wanted))
            at, run = found, again
    if at < len(stream):
        differing.append(Differing("after the last line", stream[at:], ""))
    return differing


def _agreeing(texts: Sequence[str], run: int, loose: str, at: int) -> tuple[int, int]:
    """Where both agree again: the place in the stream, and the run; the end of both where they never do."""
    skipped = len(texts[run])
    for again in range(run + 1, min(run + _RUNS, len(texts))):
        anchor, upto = "", again
        while len(anchor) < _ANCHOR and upto < len(texts):
            anchor, upto = anchor + texts[upto], upto + 1
        found = loose.find(anchor, at, at + skipped + len(anchor) + _AHEAD)
        if found >= 0:
            return found, again
        skipped += len(texts[again])
    return len(loose), len(texts)


def _plain(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split())


def _loose(text: str) -> str:
    """The text with all Chinese characters alike."""
    return _HAN.sub("文", text)

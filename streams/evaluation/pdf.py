"""A page as a PDF: printed by the Chromium of this machine, so that it looks as it does on screen. There is no other engine to keep alive.

The PDF carries the page that it was printed from as an attachment: a printed number leads back to its rows as one on the page does.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from pypdf import PdfReader, PdfWriter
from pypdf.errors import PyPdfError

from streams.errors import InputError, StateError

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
_PATIENCE_S = 120
#: Chromium writes the time of printing; without it the same page gives the same bytes
_PRINTED_AT = re.compile(rb"(/(?:CreationDate|ModDate) \(D:)\d{14}")


#: under which name the page is in the PDF; every PDF viewer lists attachments
ATTACHED = "report.html"


class UnreadablePdfError(InputError):
    """Raised where a PDF cannot be read, or holds no page. The command line prints it."""


class NoPrinterError(StateError):
    """Raised where a page cannot be printed, for want of a Chromium or because it failed. The command line says what to do."""


def print_pdf(page: Path, to: Path) -> None:
    """Print the HTML file ``page`` to the PDF file ``to``, which holds the page itself as an attachment.

    Raises:
        NoPrinterError: there is no Chromium here, or it gave no PDF.
    """
    found = next((path for name in _NAMES if (path := shutil.which(name))), None)
    if found is None:
        raise NoPrinterError(
            "no Chromium or Chrome on this machine to print the PDF with: install chromium, or open the HTML page and print it"
        )
    with tempfile.TemporaryDirectory() as profile:
        command = [
            found,
            "--headless",
            "--disable-gpu",
            "--no-first-run",
            f"--user-data-dir={profile}",
            "--no-pdf-header-footer",
            f"--print-to-pdf={to.resolve()}",
            page.resolve().as_uri(),
        ]
        if os.geteuid() == 0:  # Chromium has no sandbox for root
            command.insert(1, "--no-sandbox")
        try:
            done = subprocess.run(command, capture_output=True, timeout=_PATIENCE_S, check=False)
        except subprocess.TimeoutExpired as error:
            raise NoPrinterError(f"{found} did not print within {_PATIENCE_S} s") from error
    if done.returncode or not to.exists():
        raise NoPrinterError(
            f"{found} printed nothing: {done.stderr.decode(errors='replace')[-300:].strip()}"
        )
    printed = _PRINTED_AT.sub(rb"\g<1>20000101000000", to.read_bytes())
    to.write_bytes(_with_attachment(printed, page.read_bytes()))


def _with_attachment(printed: bytes, page: bytes) -> bytes:
    writer, written = PdfWriter(clone_from=io.BytesIO(printed)), io.BytesIO()
    writer.add_attachment(ATTACHED, page)
    writer.write(written)
    return written.getvalue()


class PrintedPdf:
    """A PDF as whoever checks it reads it."""

    def __init__(self, content: bytes) -> None:
        """
        Raises:
            UnreadablePdfError: it is not a PDF that can be read.
        """
        try:
            self._reader = PdfReader(io.BytesIO(content))
            self._pages = list(self._reader.pages)
        except (PyPdfError, ValueError, KeyError, RecursionError, OSError) as error:
            raise UnreadablePdfError(f"cannot be read as a PDF: {error}") from error

    @property
    def attached(self) -> str:
        """The page that it was printed from.

        Raises:
            UnreadablePdfError: it holds none.
        """
        try:
            found = [one.content for one in self._reader.attachment_list if one.name == ATTACHED]
            return found[0].decode("utf-8")
        except (PyPdfError, ValueError, KeyError, IndexError, AttributeError) as error:
            raise UnreadablePdfError(
                f"holds no {ATTACHED}, so it does not say how its numbers came about: expected a PDF of `funnelwatch report` or "
                "`funnelwatch evaluate` as it was written, not printed again"
            ) from error

    @property
    def producer(self) -> str:
        """What drew it, with its version."""
        known = self._reader.metadata
        return f"{known.producer} {known.creator}" if known else ""

    def texts(self) -> list[str]:
        """The text of each page, in the order in which it was drawn."""
        return [page.extract_text() for page in self._pages]

    def drawings(self) -> list[bytes]:
        """All that is drawn on each page."""
        found = []
        for page in self._pages:
            content = page.get_contents()
            found.append(content.get_data() if content is not None else b"")
        return found

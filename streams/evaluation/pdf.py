"""A page as a PDF: printed by the Chromium of this machine, so that it looks as it does on screen. There is no other engine to keep alive."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from streams.errors import StateError

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
_PATIENCE_S = 120
#: Chromium writes the time of printing; without it the same page gives the same bytes
_PRINTED_AT = re.compile(rb"(/(?:CreationDate|ModDate) \(D:)\d{14}")


class NoPrinterError(StateError):
    """Raised where a page cannot be printed, for want of a Chromium or because it failed. The command line says what to do."""


def print_pdf(page: Path, to: Path) -> None:
    """Print the HTML file ``page`` to the PDF file ``to``.

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
    to.write_bytes(_PRINTED_AT.sub(rb"\g<1>20000101000000", to.read_bytes()))

"""An evaluation as a PDF: printed where there is a browser, said in words where there is none."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from streams.evaluation import pdf
from streams.evaluation.pdf import NoPrinterError, print_pdf


def test_without_a_browser_it_is_said_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoPrinterError, match="install chromium, or open the HTML page"):
        print_pdf(tmp_path / "page.html", tmp_path / "page.pdf")


def test_a_browser_that_prints_nothing_is_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "chromium"
    broken.write_text("#!/bin/sh\necho no display >&2\nexit 3\n", encoding="utf-8")
    broken.chmod(0o755)
    monkeypatch.setattr(pdf, "_NAMES", (str(broken),))
    with pytest.raises(NoPrinterError, match="printed nothing: no display"):
        print_pdf(tmp_path / "page.html", tmp_path / "page.pdf")


@pytest.mark.skipif(
    not any(map(shutil.which, pdf._NAMES)), reason="no Chromium on this machine (apt-get install chromium)"
)
def test_a_page_is_printed_and_the_same_page_gives_the_same_bytes(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text("<!doctype html><title>店铺评价</title><h1>评价</h1>", encoding="utf-8")
    for name in ("one.pdf", "two.pdf"):
        print_pdf(page, tmp_path / name)
    assert (tmp_path / "one.pdf").read_bytes().startswith(b"%PDF")
    assert (tmp_path / "one.pdf").read_bytes() == (tmp_path / "two.pdf").read_bytes()

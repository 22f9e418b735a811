"""``funnelwatch report check`` of a PDF: what it carries and what it prints are both derived again, and a changed number is found in either."""

from __future__ import annotations

import io
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from pypdf import PdfWriter
from typer.testing import CliRunner

from streams.cli.main import app
from streams.cli.report_check import UNDERIVED
from streams.evaluation import pdf, printed
from streams.evaluation.pdf import ATTACHED, NoPrinterError, PrintedPdf, print_pdf
from streams.evaluation.places import printed_by
from streams.evaluation.printed import held_texts
from tests.fixtures.exports import written

NEEDS_CHROMIUM = pytest.mark.skipif(
    not any(map(shutil.which, pdf._NAMES)), reason="no Chromium on this machine (apt-get install chromium)"
)
Check = Callable[[bytes], tuple[int, dict[str, object]]]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A folder of exports, and the folder of the reports made from it."""
    exports, out = tmp_path_factory.mktemp("exports"), tmp_path_factory.mktemp("out")
    written(exports, days_long=100)
    asked = ["evaluate", str(exports), "--zone", "Asia/Shanghai", "--out", str(out), "--format", "pdf"]
    done = CliRunner().invoke(app, [*asked, "--format", "html"])
    assert done.exit_code == 0, done.output
    return exports, out


@pytest.fixture
def check(report: tuple[Path, Path], tmp_path: Path) -> Check:
    def run(content: bytes) -> tuple[int, dict[str, object]]:
        file = tmp_path / "given.pdf"
        file.write_bytes(content)
        done = CliRunner().invoke(app, ["report", "check", str(file), "--files", str(report[0]), "--json"])
        return done.exit_code, json.loads(done.output)

    return run


def other(content: bytes, page: str) -> bytes:
    """The same PDF carrying another page."""
    writer, made = PdfWriter(clone_from=io.BytesIO(content)), io.BytesIO()
    for one in list(writer.attachment_list):
        one.delete()
    writer.add_attachment(ATTACHED, page.encode())
    writer.write(made)
    return made.getvalue()


@NEEDS_CHROMIUM
def test_every_number_that_a_pdf_prints_is_derived_again(report: tuple[Path, Path], check: Check) -> None:
    code, found = check((report[1] / "evaluation.pdf").read_bytes())
    assert (code, found["differ"], found["why"]) == (0, [], {})
    assert found["numbers"] == found["equal"]
    assert int(str(found["numbers"])) > 100


@NEEDS_CHROMIUM
@pytest.mark.parametrize("is_carried", [True, False])
def test_a_number_that_was_changed_in_a_pdf_is_found(
    report: tuple[Path, Path], check: Check, tmp_path: Path, is_carried: bool
) -> None:
    page = (report[1] / "evaluation.html").read_text("utf-8")
    shown = re.sub(r"<(template|style).*?</\1>", "", page, flags=re.DOTALL)
    number = re.findall(r"<td>([\d,]{3,})</td>", shown)[0]
    changed = page.replace(f"<td>{number}</td>", f"<td>{number[:-1]}{(int(number[-1]) + 1) % 10}</td>", 1)
    html, made = tmp_path / "changed.html", tmp_path / "changed.pdf"
    html.write_text(changed, "utf-8")
    print_pdf(html, made)
    content = (report[1] / "evaluation.pdf").read_bytes()
    code, found = check(other(content, changed) if is_carried else other(made.read_bytes(), page))
    assert code == 1
    (one,) = [each for each in found["differ"] if number in each["store"]]  # type: ignore[attr-defined]
    assert one["place"].startswith("printed › ") is not is_carried
    assert one["file"] != one["store"]


@NEEDS_CHROMIUM
def test_a_dot_that_was_moved_in_a_pdf_is_found(
    report: tuple[Path, Path], check: Check, tmp_path: Path
) -> None:
    page = (report[1] / "evaluation.html").read_text("utf-8")
    moved, count = re.subn(r'(<rect class="now"[^>]*width=")[\d.]+', r"\g<1>7", page, count=1)
    html, made = tmp_path / "moved.html", tmp_path / "moved.pdf"
    html.write_text(moved, "utf-8")
    print_pdf(html, made)
    code, found = check(other(made.read_bytes(), page))
    assert (count, code) == (1, 1)
    assert [re.sub(r"\d+", "N", one["place"]) for one in found["differ"]] == ["printed › page N › picture"]  # type: ignore[attr-defined]


@NEEDS_CHROMIUM
def test_pictures_that_cannot_be_drawn_again_are_counted_as_such(
    report: tuple[Path, Path], check: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(*_: Path) -> None:
        raise NoPrinterError("no Chromium")

    monkeypatch.setattr(printed, "print_pdf", none)
    code, found = check((report[1] / "evaluation.pdf").read_bytes())
    assert (code, found["differ"]) == (UNDERIVED, [])
    assert found["why"] == {"pictures of the PDF: no Chromium": found["underived"]}


@NEEDS_CHROMIUM
def test_a_pdf_that_was_printed_by_hand_says_what_is_expected(tmp_path: Path) -> None:
    writer, bare = PdfWriter(), tmp_path / "bare.pdf"
    writer.add_blank_page(100, 100)
    writer.write(bare)
    done = CliRunner().invoke(app, ["report", "check", str(bare)])
    assert (done.exit_code, "as it was written, not printed again" in done.output) == (1, True)
    assert PrintedPdf(bare.read_bytes()).texts() == [""]


def test_what_a_pdf_does_with_letters_is_not_taken_for_a_difference() -> None:
    page = "<h1>a</h1><p>officially 7</p><p>用车 8</p><details><summary>more</summary><p>9</p></details>"
    runs = printed_by(page)
    assert held_texts(runs, ["a oﬃcially", " 7 ⽤⻋ 8 more"]) == []
    (one,) = held_texts(runs, ["a oﬃcially 7 ⽤⻋ 6", "more"])
    assert (one.place, one.in_file, one.from_store) == ("a › p (2)", "用⻋6", "用车8")


def test_heads_of_a_table_repeated_on_its_next_page_are_not_taken_for_a_difference() -> None:
    page = "<table><tr><th>Name</th><th>n</th></tr><tr><td>x</td><td>1</td></tr><tr><td>a longer line</td><td>2</td></tr></table>"
    runs = printed_by(page)
    assert held_texts(runs, ["Name n x 1", "Name n a longer line 2"]) == []
    assert held_texts(runs, ["Name n x 1 Name n a longer line 2"]) != []
    assert [one.in_file for one in held_texts(runs, ["Name n x 1", "Name n a longer line 2 3"])] == ["3"]

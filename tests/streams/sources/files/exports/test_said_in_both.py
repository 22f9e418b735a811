"""What is said about a file is said in both languages: a page in Chinese showed reasons, notes and questions in English."""

from __future__ import annotations

import ast
import pickle
from pathlib import Path

from scoring.wording.text import Bilingual, in_language
from streams.errors import StateError
from streams.sources.files.exports import dry_run
from streams.sources.files.exports.dry_run import ImportChoices, summarize
from streams.sources.files.exports.layout import known_layouts
from streams.sources.files.exports.opening import opened

FOLDER = Path(dry_run.__file__).parent
#: function → which argument is read by people
_SAID = {"UnreadableExportError": 0, "Question": 1, "append": 0}


def said_in_english_alone(source: str) -> list[int]:
    """Lines that say something to people as a plain text."""
    found = []
    for call in (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)):
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        if name == "append" and not ast.unparse(call.func).endswith((".notes.append", ".why.append")):
            continue
        place = _SAID.get(name)
        if place is not None and isinstance(call.args[place], ast.Constant | ast.JoinedStr):
            found.append(call.lineno)
    return found


def test_no_reason_note_or_question_is_said_in_english_alone() -> None:
    assert said_in_english_alone('raise UnreadableExportError(f"line {n}")\na.notes.append("x")') == [1, 2]
    assert {
        path.name: found for path in FOLDER.glob("*.py") if (found := said_in_english_alone(path.read_text()))
    } == {}
    assert [one.name for one in known_layouts() if bool(one.rejected) != bool(one.rejected_zh)] == []


def test_what_is_wrong_keeps_both_languages_through_an_error_and_another_process(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(b"%PDF-1.7")
    with opened(file) as files:
        (summary,) = [one for each in files for one in summarize(each, ImportChoices())]
    text = str(pickle.loads(pickle.dumps(StateError(summary.trouble))))
    assert in_language(text, "zh") == "这是 PDF；请重新导出为 CSV 或 XLSX"
    assert in_language(text, "en") == "this is a PDF; export again as CSV or XLSX"
    assert type(summary.as_record()["error"]) is str
    assert not isinstance(in_language(text, "en"), Bilingual)
